r"""Alignment: every posterior is taught to tell the clusters, beside the ELBO. (section 3.2)

The paper trains new unimodal encoders afterwards, on the clusters that the joint posterior found. Here the same lesson
is part of the loss: the cross-entropy between what is known of a specimen's cluster, $t_c$, and what each term's
posterior q(Z|X_S) says of it, $p_c \propto \pi_c \exp(\beta\, E_{q(Z|X_S)} \log p(Z|c))$.

What is known comes from the experts where their modality was measured (Eq. 18), and from the unchanged measurement's
own posterior elsewhere; then it says that a changed measurement (shifted, turned, or moved in the direction that alters
the clusters most) belongs to the same cluster, and the mutual information between specimens and clusters keeps the
clusters distinct and of comparable size: self-augmented training of Hu et al., ICML 2017 (arXiv:1702.08720) with the
virtual adversarial direction of Miyato et al. (arXiv:1704.03976), here with the mixture prior as classifier.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA
from fingerprint.model.convolutions import running_moments_kept
from fingerprint.model.posterior import fuse
from fingerprint.model.prior import MixturePrior
from fingerprint.recipe import AlignmentRecipe
from fingerprint.training.batch import Batch, Values

HINT = 20.0  # nats by which a first cluster is preferred
PROBE = 1.0  # size of the random change from which the adversarial direction is found, in model units


def cluster_logits(
    expected: Float[Tensor, "seed specimen cluster"], prior: MixturePrior, sharpness: float
) -> Float[Tensor, "seed specimen cluster"]:
    r"""$\log\pi_c + \beta\, E_{q(Z)} \log p(Z|c)$, but for a constant.

    Args:
        expected: `prior.expected_log_density` of posteriors.
        prior: the mixture.
        sharpness: $\beta$.
    """
    return prior.log_weights_per_specimen() + sharpness * expected


def cross_entropy(
    known: Float[Tensor, "seed specimen cluster"], logits: Float[Tensor, "seed draw cluster"]
) -> Float[Tensor, "seed draw"]:
    """-sum_c t_c log p_c for every specimen, of each of several draws one after another."""
    draws = logits.shape[1] // known.shape[1]
    return -(known.repeat(1, draws, 1) * torch.log_softmax(logits, -1)).sum(-1)


def lack_of_information(
    logits: Float[Tensor, "seed specimen cluster"], share: Float[Tensor, "seed specimen"], balance: float
) -> Float[Tensor, " seed"]:
    r"""$H(C|X) - \mu H(C)$: low where every specimen is in one cluster and all clusters are of a size.

    Args:
        logits: of the clusters of every specimen.
        share: of each specimen in the means; sums to 1, or is zero for a seed that has none.
        balance: $\mu$; at 1 this is minus the mutual information.
    """
    log_p = torch.log_softmax(logits, -1)
    p = log_p.exp()
    conditional = -(share * (p * log_p).sum(-1)).sum(-1)
    marginal = (share.unsqueeze(-1) * p).sum(1)
    return conditional + balance * (marginal * marginal.clamp_min(1e-12).log()).sum(-1)


def adversarial_change(
    divergence: Callable[[Tensor], Float[Tensor, ""]],
    random: Float[Tensor, "seed specimen feature"],
    size: float,
) -> Float[Tensor, "seed specimen feature"]:
    """The change of that size which alters the clusters of each specimen most, by one power iteration.

    Args:
        divergence: of the clusters under a change, summed over specimens.
        random: N(0, I): where the search begins.
        size: Euclidean length of the change, model units.
    """
    probe = (PROBE * torch.nn.functional.normalize(random, dim=-1)).requires_grad_()
    (gradient,) = torch.autograd.grad(divergence(probe), probe)
    return size * torch.nn.functional.normalize(gradient, dim=-1)


def free_modalities(model: PIMA) -> list[str]:
    """The modalities of which only the latent space tells the cluster: those that do not themselves, or all."""
    telling = model.telling()
    return [name for name in model.names if name not in telling] or list(model.names)


def free_logits(model: PIMA, batch: Batch, values: Values, sharpness: float) -> Float[Tensor, "seed specimen cluster"]:
    """What the free modalities say of the clusters; the mixture weights where none of them was measured.

    Args:
        model: all seeds.
        batch: of each seed.
        values: what the encoders are shown.
        sharpness: as in `cluster_logits`.
    """
    kept = _free_presence(model, batch)
    has = kept.sum(1) > 0
    safe = torch.where(has.unsqueeze(1), kept, torch.ones_like(kept))
    unimodal = model.encode(values, batch.present, batch.complete, free_modalities(model), batch.certainty)
    q = fuse(unimodal, safe, model.fusion)
    return torch.where(
        has.unsqueeze(-1),
        cluster_logits(model.prior.expected_log_density(q), model.prior, sharpness),
        model.prior.log_weights_per_specimen(),
    )


def alignment(
    model: PIMA,
    batch: Batch,
    recipe: AlignmentRecipe,
    expected: Float[Tensor, "seed draw cluster"],
    share: Float[Tensor, "seed draw"],
) -> tuple[Float[Tensor, " seed"], Float[Tensor, "seed specimen cluster"]]:
    """Cross-entropy over the terms and, where an expert does not tell every specimen's cluster, under adversarial
    changes, and the lack of information.

    Args:
        model: all seeds.
        batch: of each seed.
        recipe: how; `recipe.weight` itself is left to the caller.
        expected: `prior.expected_log_density` of the posterior of every term and specimen, one term after another.
        share: of each of them in the mean.

    Returns:
        The alignment of each seed, and what is known of each specimen's cluster.
    """
    with torch.no_grad():
        evidence = model.cluster_evidence(batch.values, batch.present, batch.certainty)
        if batch.hint is not None:
            evidence = evidence + HINT * torch.nn.functional.one_hot(batch.hint, evidence.shape[-1])
    log_weights = model.prior.log_weights_per_specimen()
    if batch.told:
        known = torch.softmax(evidence + log_weights, -1).detach()
        return (share * cross_entropy(known, cluster_logits(expected, model.prior, recipe.sharpness))).sum(-1), known
    with torch.set_grad_enabled(bool(recipe.information)):
        own = free_logits(model, batch, batch.values, recipe.sharpness)
    known = torch.softmax(evidence + own, -1).detach()
    total = (share * cross_entropy(known, cluster_logits(expected, model.prior, recipe.sharpness))).sum(-1)
    has = batch.active * (_free_presence(model, batch).sum(1) > 0)
    if recipe.adversarial:
        total = total + _adversarial(model, batch, recipe, known, _shares(has))
    if recipe.information:
        silent = has * (evidence.amax(-1) == evidence.amin(-1))
        total = total + recipe.information * lack_of_information(own, _shares(silent), recipe.balance)
    return total, known


def _adversarial(
    model: PIMA,
    batch: Batch,
    recipe: AlignmentRecipe,
    known: Float[Tensor, "seed specimen cluster"],
    share: Float[Tensor, "seed specimen"],
) -> Float[Tensor, " seed"]:
    """Cross-entropy to what is known under the change of the free modalities that alters it most."""
    names = free_modalities(model)
    sizes = [batch.values[name].shape[-1] for name in names]

    def divergence(change: Tensor) -> Tensor:
        parts = change.split(sizes, -1)
        moved = {name: batch.values[name] + part for name, part in zip(names, parts, strict=True)}
        return cross_entropy(known, free_logits(model, batch, {**batch.values, **moved}, recipe.sharpness))

    random = torch.cat([batch.directions[name] for name in names], -1)
    with running_moments_kept(model):
        change = adversarial_change(lambda tried: divergence(tried).sum(), random, recipe.adversarial)
        return (share * divergence(change)).sum(-1)


def _free_presence(model: PIMA, batch: Batch) -> Float[Tensor, "seed free_modality specimen"]:
    return torch.stack([batch.present[name] for name in free_modalities(model)], 1)


def _shares(counted: Float[Tensor, "seed specimen"]) -> Float[Tensor, "seed specimen"]:
    """Of each specimen in the mean; zeros where none counts."""
    return counted / counted.sum(-1, keepdim=True).clamp_min(1)
