"""The loss of one batch: the ELBO averaged over the terms that the recipe asks for, and the alignment."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.model.posterior import product_of_experts
from fingerprint.recipe import AlignmentRecipe
from fingerprint.training.alignment import alignment
from fingerprint.training.batch import Batch
from fingerprint.training.modality_dropout import keep_one


class Objective(NamedTuple):
    """What one batch gives.

    Attributes:
        loss: to be minimised; the sum over seeds, so that no seed's gradient depends on another.
        reconstruction, kl: means over terms and specimens, for the record.
        q: the posterior of every term and specimen, one term after another; the first is the joint one, unless
            modalities are dropped at random or the posterior is a mixture.
        responsibilities: of these posteriors; 0 for those that do not count.
        known: what is known of each specimen's cluster: by the alignment, or else the first term's responsibilities.
    """

    loss: Float[Tensor, ""]
    reconstruction: Float[Tensor, " seed"]
    kl: Float[Tensor, " seed"]
    q: Gaussian
    responsibilities: Float[Tensor, "seed draw cluster"]
    known: Float[Tensor, "seed specimen cluster"]


def objective(model: PIMA, batch: Batch, kl_weight: float, aligned: AlignmentRecipe) -> Objective:
    """The mean negative ELBO over terms and the specimens that have something to say in each [Eq. 13], and the
    alignment in the same mean.

    A term's posterior is the product of its modalities' also where the posterior of all is a mixture of such products.
    A batch in which nobody has anything to say in any term contributes nothing.

    Args:
        model: all seeds.
        batch: of each seed.
        kl_weight: of the divergence from the prior; 1 is the bound itself.
        aligned: the alignment of the recipe.
    """
    unimodal = model.encode(batch.seen, batch.present, batch.complete, certainty=batch.certainty)
    stacked = torch.stack([batch.present[name] for name in model.names], 1).unsqueeze(1)
    kept, counts = keep_one(batch.terms.unsqueeze(-1).to(stacked), stacked)
    counts = counts * batch.active.unsqueeze(1)
    q = product_of_experts(Gaussian(unimodal.mean.unsqueeze(1), unimodal.log_variance.unsqueeze(1)), kept)
    flat = Gaussian(q.mean.flatten(1, 2), q.log_variance.flatten(1, 2))
    repeats = batch.terms.shape[1]
    bound = model.elbo(
        flat,
        batch.noise.flatten(1, 2),
        batch.values,
        {name: value.repeat(1, repeats) for name, value in batch.present.items()},
        kl_weight,
        batch.certainty,
    )
    share = counts.flatten(1) / counts.sum((1, 2)).clamp_min(1).unsqueeze(1)
    loss = -(share * bound.value(kl_weight)).sum()
    known = bound.responsibilities[:, : stacked.shape[-1]].detach()
    if aligned.weight:
        lesson, known = alignment(model, batch, aligned, bound.expected, share)
        loss = loss + aligned.weight * lesson.sum()
    return Objective(
        loss=loss,
        reconstruction=(share * bound.reconstruction).sum(1).detach(),
        kl=(share * bound.kl).sum(1).detach(),
        q=Gaussian(flat.mean.detach(), flat.log_variance.detach()),
        responsibilities=(bound.responsibilities * counts.flatten(1).unsqueeze(-1)).detach(),
        known=known * batch.active.unsqueeze(-1),
    )
