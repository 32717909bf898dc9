"""The training loop: Algorithm 1, for several seeds at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.model import PIMA, Gaussian
from fingerprint.model.gaussian import draw
from fingerprint.model.prior import mean_field_responsibilities, responsibilities
from fingerprint.prediction.cross_modal import cubature
from fingerprint.prediction.embedding import embed
from fingerprint.prepare import Tensors
from fingerprint.recipe import LearnedVariance, PriorRecipe, Recipe, TrainingRecipe
from fingerprint.run import EpochRecord
from fingerprint.training.batch import Batch, BatchSource
from fingerprint.training.em import maximise, set_prior, streaming_update
from fingerprint.training.modality_dropout import all_terms
from fingerprint.training.objective import Objective, objective
from fingerprint.training.seeding import lay_out, reseed_dead, seed_clusters, seed_experts
from fingerprint.training.state import TrainingState

MOST_WATCHED = 1024  # specimens of the validation part, after every epoch
DEAD = 1e-3  # share of a cluster that is re-seeded


def make_optimizer(model: PIMA, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW; a learned decoder variance has its own rate; neither it nor an expert's parameters are decayed."""
    groups: list[dict[str, object]] = []
    own: set[int] = set()
    for name in model.names:
        decoder, variance = model.decoder(name), recipe.modalities[name].decoder.variance
        if isinstance(variance, LearnedVariance):
            parameter = decoder.variance.log_variance
            own.add(id(parameter))
            groups.append({"params": [parameter], "rate": variance.rate, "weight_decay": 0.0})
    experts = model.experts().values()
    undecayed = [*(each.value for each in experts), *(each.slope for each in experts), model.prior.logits]
    for parameter in undecayed:
        if isinstance(parameter, nn.Parameter):
            own.add(id(parameter))
            groups.append({"params": [parameter], "rate": 1.0, "weight_decay": 0.0})
    shared = [parameter for parameter in model.parameters() if id(parameter) not in own]
    groups.insert(0, {"params": shared, "rate": 1.0, "weight_decay": recipe.training.weight_decay})
    return torch.optim.AdamW(groups, lr=recipe.training.learning_rate, betas=recipe.training.betas, fused=True)


def learning_rate(step: int, steps: int, recipe: TrainingRecipe) -> float:
    """Linear warm-up, then half a cosine to zero; a function of the step alone, so that a resumed training agrees."""
    warm = min(1.0, (step + 1) / max(recipe.warmup, 1))
    return recipe.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def em_start(recipe: Recipe) -> int:
    """The epoch before which EM rests and the prior stays as it was laid out."""
    return round(recipe.prior.start * recipe.training.epochs)


def join_start(recipe: Recipe) -> int:
    """The epoch before which the experts alone tell the clusters, and are trusted."""
    return round(recipe.training.join * recipe.training.epochs)


def run_epochs(
    state: TrainingState,
    recipe: Recipe,
    source: BatchSource,
    validation: Tensors,
    on_epoch: Callable[[TrainingState], None],
) -> None:
    """Train from `state.epoch` to the recipe's last epoch. [Algorithm 1, section 2.4]

    Args:
        state: changed in place.
        recipe: planned (`prepare.plan`).
        source: of the training part's batches.
        validation: on the model's device.
        on_epoch: called after every epoch; what it raises ends the training with `state` whole.
    """
    watched = validation.thinned(MOST_WATCHED)
    while state.epoch < recipe.training.epochs:
        begin_epoch(state, recipe, source.train)
        record = _one_epoch(state, recipe, source)
        state.epoch += 1
        bounds = validation_elbo(state.model, watched).tolist()
        state.history.append(EpochRecord(state.epoch, *record, bounds))
        on_epoch(state)


@torch.no_grad()
def begin_epoch(state: TrainingState, recipe: Recipe, train: Tensors) -> None:
    """Lay the clusters out before the first epoch, seed them before EM begins, and EM over all data where it is asked
    for once an epoch (lines 2 to 6 of Algorithm 1).

    No measurement is doubted before the encoders have learned from those of the experts: encoders that know nothing
    yet would outvote every expert that is.
    """
    prior, model = recipe.prior, state.model.eval()
    if state.epoch == 0:
        lay_out(model.prior, prior, state.generators)
        seed_experts(model, train, prior, state.generators)
        model.outliers.zero_()
    if state.epoch == join_start(recipe):
        model.outliers.copy_(torch.tensor([recipe.modalities[name].outliers for name in model.names]))
    if state.epoch < em_start(recipe):
        return
    if state.epoch == em_start(recipe) and prior.layout == "standard" and prior.seeding == "latent":
        seed_clusters(
            model.prior,
            embed(model, train).posterior,
            state.generators,
            prior.floor,
            posterior_variance=prior.posterior_variance,
            improve=prior.split_merge,
        )
    if prior.update == "epoch":
        q, counts = em_posteriors(model, train, recipe)
        if prior.responsibilities == "draw":
            noise = torch.stack([torch.randn(q.mean.shape[1:], generator=each) for each in state.generators])
            gamma = responsibilities(draw(q, noise.to(q.mean)), model.prior)
        else:
            gamma = mean_field_responsibilities(q, model.prior)
        moments = maximise(q, gamma * counts, posterior_variance=prior.posterior_variance)
        set_prior(model.prior, *moments, prior.floor)
        model.prior.keep_weights()
    if prior.reseed:
        reseed_dead(model, DEAD)


def _one_epoch(state: TrainingState, recipe: Recipe, source: BatchSource) -> tuple[list[float], list[float]]:
    """All batches once, in each seed's own order. (lines 7 to 10 of Algorithm 1)"""
    training = recipe.training
    model, device = state.model.train(), next(state.model.parameters()).device
    count = len(source.train)
    batches = math.ceil(count / training.batch)
    order = torch.stack([torch.randperm(count, generator=g) for g in state.generators]).to(device)
    sums = torch.zeros(2, model.seeds, device=device)
    for number, rows in enumerate(order.tensor_split(batches, dim=1)):
        rate = learning_rate(state.epoch * batches + number, training.epochs * batches, training)
        result = train_batch(state, recipe, source, rows, rate)
        sums += torch.stack([result.reconstruction, result.kl]) * rows.shape[1] / count
    return sums[0].tolist(), sums[1].tolist()


def train_batch(
    state: TrainingState, recipe: Recipe, source: BatchSource, rows: Int[Tensor, "seed specimen"], rate: float
) -> Objective:
    """An Adam step on one batch, then the closed forms: the whole of what an epoch repeats.

    Args:
        state: its model in training mode; changed in place.
        recipe: planned.
        source: of the batch.
        rows: of the training part.
        rate: the learning rate.
    """
    training, prior, model = recipe.training, recipe.prior, state.model
    for group in state.optimizer.param_groups:
        group["lr"] = rate * group["rate"]
    joined = state.epoch >= join_start(recipe)
    hint = state.hint if state.epoch < prior.hint_epochs else None
    batch = source.draw(rows, state.generators, joined=joined, hint=hint)
    with torch.autocast(rows.device.type, torch.bfloat16, enabled=training.precision == "bfloat16"):
        result = objective(model, batch, training.kl_weight, recipe.alignment)
    state.optimizer.zero_grad()
    result.loss.backward()
    state.optimizer.step()
    model.prior.keep_weights()
    follow_batch(model, batch, result, prior, em=prior.update == "streaming" and state.epoch >= em_start(recipe))
    return result


@torch.no_grad()
def follow_batch(model: PIMA, batch: Batch, result: Objective, prior: PriorRecipe, *, em: bool) -> None:
    """The closed forms of one batch: experts, shares of outliers, and the mixture where EM runs. [Eq. 15, Eq. 16]"""
    trusted: dict[str, Tensor] = {}
    for name in (each for expert in model.experts().values() for each in expert.law.names):
        outlier = model.outlier_given_cluster(name, batch.values, batch.certainty)
        gamma = result.known * batch.present[name].unsqueeze(-1)
        trusted[name] = gamma * (1 - outlier)
        if name in model.doubted and not batch.told:
            model.follow_outliers(name, outlier, gamma, prior.rate)
    for expert in model.experts().values():
        if expert.fitted:
            own = {name: trusted[name] for name in expert.law.names}
            expert.follow(own, batch.values, model.noise(own), prior.rate, batch.certainty)
        else:
            expert.keep_within_bounds()
    if em:
        joint = prior.points == "joint" and model.fusion == "product"  # a mixture is that of its terms
        used = batch.active.shape[1] if joint else result.q.mean.shape[1]
        streaming_update(
            model.prior,
            Gaussian(result.q.mean[:, :used], result.q.log_variance[:, :used]),
            result.responsibilities[:, :used],
            prior.rate,
            prior.floor,
            posterior_variance=prior.posterior_variance,
        )


@torch.no_grad()
def em_posteriors(model: PIMA, tensors: Tensors, recipe: Recipe) -> tuple[Gaussian, Float[Tensor, "seed draw 1"]]:
    """The posteriors that EM over all data is about, and 1 for those that count.

    The mixture that maximises the loss is that of all its terms' posteriors; a posterior that is a mixture is that of
    its terms in any case.
    """
    if recipe.prior.points == "joint" and model.fusion == "product":
        q = embed(model, tensors).posterior
        return q, torch.ones_like(q.mean[..., :1])
    posteriors: list[Gaussian] = []
    counts: list[Tensor] = []
    for term in all_terms(model.fusion, recipe.training.terms, len(model.names)):
        given = [name for name, kept in zip(model.names, term.tolist(), strict=True) if kept]
        posteriors.append(embed(model, tensors, given, "product").posterior)
        has = torch.stack([tensors.present[name] for name in given]).sum(0) > 0
        counts.append(has.to(posteriors[-1].mean).expand(model.seeds, -1))
    whole_q = Gaussian(
        torch.cat([each.mean for each in posteriors], 1), torch.cat([each.log_variance for each in posteriors], 1)
    )
    finite = torch.cat(counts, 1).unsqueeze(-1)
    return Gaussian(torch.where(finite > 0, whole_q.mean, 0), torch.where(finite > 0, whole_q.log_variance, 0)), finite


@torch.no_grad()
def validation_elbo(model: PIMA, tensors: Tensors) -> Tensor:
    """Weighted ELBO given everything measured, nats per specimen, [seed]; empty for no specimens. [Eq. 13]

    The expectation over the posterior is taken by the cubature points that predictions use, not by a random draw. With
    reconstruction weights other than 1 it compares members of one recipe, and nothing else.
    """
    if not len(tensors):
        return torch.empty(0)
    values, present, certainty = tensors.whole()
    q = model.eval().embed(values, present, certainty=certainty)
    standard = Gaussian(torch.zeros_like(q.mean), torch.zeros_like(q.log_variance))
    bounds = [
        model.elbo(q, noise, values, present, certainty=certainty).value().mean(1) for noise in cubature(standard)
    ]
    return torch.stack(bounds).mean(0)
