"""The loss of one batch: the ELBO averaged over the terms that the recipe asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.model.posterior import product_of_experts
from fingerprint.recipe import TrainingRecipe
from fingerprint.training.modality_dropout import draw_non_empty, joint_and_unimodal, keep_one


class Objective(NamedTuple):
    """What one batch gives.

    Attributes:
        loss: to be minimised; the sum over seeds, so that no seed's gradient depends on another.
        reconstruction, kl: means over terms and specimens, for the record.
        q: the first term's posterior (the joint one, unless modalities are dropped at random).
        responsibilities: of that posterior.
    """

    loss: Float[Tensor, ""]
    reconstruction: Float[Tensor, " seed"]
    kl: Float[Tensor, " seed"]
    q: Gaussian
    responsibilities: Float[Tensor, "seed specimen cluster"]


def draw_terms(
    recipe: TrainingRecipe, modalities: int, generators: Sequence[torch.Generator]
) -> Float[Tensor, "seed term modality"]:
    """Which modalities each term of the loss fuses. (section 2.5)"""
    match recipe.terms:
        case "joint":
            terms = torch.ones(1, modalities)
        case "unimodal":
            terms = joint_and_unimodal(modalities)
        case "dropout":
            return draw_non_empty(modalities, recipe.keep, generators).unsqueeze(1)
    return terms.expand(len(generators), -1, -1)


def objective(
    model: PIMA,
    values: Mapping[str, Float[Tensor, "seed specimen _"]],
    present: Mapping[str, Float[Tensor, "seed specimen"]],
    terms: Float[Tensor, "seed term modality"],
    noise: Float[Tensor, "seed term specimen latent"],
    kl_weight: float,
) -> Objective:
    """The mean negative ELBO over terms and the specimens that have something to say in each. [Eq. 13]

    A batch in which nobody has anything to say in any term contributes nothing.

    Args:
        model: all seeds.
        values, present: the batch of each seed.
        terms: modalities fused in each term; whatever a term fuses, it reconstructs everything that was measured.
        noise: N(0, I), one draw per term and specimen.
        kl_weight: of the divergence from the prior; 1 is the bound itself.
    """
    unimodal = model.encode(values, present)
    stacked = torch.stack([present[name] for name in model.names], 1).unsqueeze(1)
    kept, counts = keep_one(terms.unsqueeze(-1).to(stacked), stacked)
    q = product_of_experts(Gaussian(unimodal.mean.unsqueeze(1), unimodal.log_variance.unsqueeze(1)), kept)
    flat = Gaussian(q.mean.flatten(1, 2), q.log_variance.flatten(1, 2))
    repeats = terms.shape[1]
    bound = model.elbo(
        flat,
        noise.flatten(1, 2),
        {name: value.repeat(1, repeats, 1) for name, value in values.items()},
        {name: value.repeat(1, repeats) for name, value in present.items()},
        kl_weight,
    )
    share = counts.flatten(1) / counts.sum((1, 2)).clamp_min(1).unsqueeze(1)
    specimens = q.mean.shape[2]
    return Objective(
        loss=-(share * bound.value(kl_weight)).sum(),
        reconstruction=(share * bound.reconstruction).sum(1).detach(),
        kl=(share * bound.kl).sum(1).detach(),
        q=Gaussian(q.mean[:, 0].detach(), q.log_variance[:, 0].detach()),
        responsibilities=bound.responsibilities[:, :specimens],
    )
