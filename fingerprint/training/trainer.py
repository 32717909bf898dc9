"""The training loop: Algorithm 1, for several seeds at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.prediction.cross_modal import cubature
from fingerprint.prepare import Tensors
from fingerprint.recipe import LearnedVariance, Recipe, TrainingRecipe
from fingerprint.run import EpochRecord
from fingerprint.training.em import seed_clusters, streaming_update
from fingerprint.training.objective import draw_terms, objective
from fingerprint.training.state import TrainingState


def make_optimizer(model: PIMA, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW; a learned decoder variance has its own rate and is not decayed."""
    groups: list[dict[str, object]] = []
    own: set[int] = set()
    for name, decoder in zip(model.names, model.decoders, strict=True):
        variance = recipe.modalities[name].decoder.variance
        if isinstance(variance, LearnedVariance):
            parameter = decoder.log_variance
            own.add(id(parameter))
            groups.append({"params": [parameter], "rate": variance.rate, "weight_decay": 0.0})
    shared = [parameter for parameter in model.parameters() if id(parameter) not in own]
    groups.insert(0, {"params": shared, "rate": 1.0, "weight_decay": recipe.training.weight_decay})
    return torch.optim.AdamW(groups, lr=recipe.training.learning_rate, betas=recipe.training.betas)


def learning_rate(step: int, steps: int, recipe: TrainingRecipe) -> float:
    """Linear warm-up, then half a cosine to zero; a function of the step alone, so that a resumed training agrees."""
    warm = min(1.0, (step + 1) / max(recipe.warmup, 1))
    return recipe.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def em_start(recipe: Recipe) -> int:
    """The epoch before which clusters are laid out; until then the prior is N(0, I)."""
    return round(recipe.prior.start * recipe.training.epochs)


def run_epochs(
    state: TrainingState,
    recipe: Recipe,
    train: Tensors,
    validation: Tensors,
    on_epoch: Callable[[TrainingState], None],
) -> None:
    """Train from `state.epoch` to the recipe's last epoch. [Algorithm 1, section 2.4]

    Args:
        state: changed in place.
        recipe: planned (`prepare.plan`).
        train, validation: on the model's device.
        on_epoch: called after every epoch; what it raises ends the training with `state` whole.
    """
    training, prior = recipe.training, recipe.prior
    batches = math.ceil(len(train) / training.batch)
    while state.epoch < training.epochs:
        if state.epoch == em_start(recipe):
            with torch.no_grad():
                q = state.model.eval().embed(*whole(train))
            seed_clusters(
                state.model.prior, q, state.generators, prior.floor, posterior_variance=prior.posterior_variance
            )
        record = _one_epoch(state, recipe, train, batches, em=state.epoch >= em_start(recipe))
        state.epoch += 1
        state.history.append(EpochRecord(state.epoch, *record, validation_elbo(state.model, validation).tolist()))
        on_epoch(state)


def _one_epoch(
    state: TrainingState, recipe: Recipe, train: Tensors, batches: int, *, em: bool
) -> tuple[list[float], list[float]]:
    """All batches once, in each seed's own order: an Adam step, then a step of EM."""
    training, prior = recipe.training, recipe.prior
    model, device = state.model.train(), next(state.model.parameters()).device
    order = torch.stack([torch.randperm(len(train), generator=g) for g in state.generators]).to(device)
    seeds = len(state.generators)
    sums = torch.zeros(2, seeds, device=device)
    for batch, rows in enumerate(order.tensor_split(batches, dim=1)):
        rate = learning_rate(state.epoch * batches + batch, training.epochs * batches, training)
        for group in state.optimizer.param_groups:
            group["lr"] = rate * group["rate"]
        terms = draw_terms(training, len(model.names), state.generators).to(device)
        shape = (terms.shape[1], rows.shape[1], recipe.model.latent)
        noise = torch.stack([torch.randn(shape, generator=g) for g in state.generators]).to(device)
        values, present = train.rows(rows)
        result = objective(model, values, present, terms, noise, training.kl_weight)
        state.optimizer.zero_grad()
        result.loss.backward()
        state.optimizer.step()
        if em:
            streaming_update(
                model.prior,
                result.q,
                result.responsibilities,
                prior.rate,
                prior.floor,
                posterior_variance=prior.posterior_variance,
            )
        sums += torch.stack([result.reconstruction, result.kl]) * rows.shape[1] / len(train)
    return sums[0].tolist(), sums[1].tolist()


@torch.no_grad()
def validation_elbo(model: PIMA, tensors: Tensors) -> Tensor:
    """Weighted ELBO given everything measured, nats per specimen, [seed]; empty for no specimens. [Eq. 13]

    The expectation over the posterior is taken by the cubature points that predictions use, not by a random draw. With
    reconstruction weights other than 1 it compares members of one recipe, and nothing else.
    """
    if not len(tensors):
        return torch.empty(0)
    values, present = whole(tensors)
    q = model.eval().embed(values, present)
    standard = Gaussian(torch.zeros_like(q.mean), torch.zeros_like(q.log_variance))
    bounds = [model.elbo(q, noise, values, present).value().mean(1) for noise in cubature(standard)]
    return torch.stack(bounds).mean(0)


def whole(tensors: Tensors) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """All rows with a leading seed axis of one."""
    values = {name: value.unsqueeze(0) for name, value in tensors.values.items()}
    return values, {name: value.unsqueeze(0) for name, value in tensors.present.items()}
