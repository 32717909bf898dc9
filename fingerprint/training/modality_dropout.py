"""Which modalities are fused in each term of the loss. (section 2.5, Dropout)"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model.posterior import components
from fingerprint.recipe import Fusion, Recipe, Terms


def draw_terms(
    recipe: Recipe, names: Sequence[str], generators: Sequence[torch.Generator]
) -> Float[Tensor, "seed term modality"]:
    """Which modalities each term of the loss fuses, for one batch. (section 2.5)"""
    if recipe.training.terms == "dropout" and recipe.model.fusion == "product":
        keep = [recipe.modalities[name].keep or recipe.training.keep for name in names]
        return draw_non_empty(keep, generators).unsqueeze(1)
    return all_terms(recipe.model.fusion, recipe.training.terms, len(names)).expand(len(generators), -1, -1)


def all_terms(fusion: Fusion, terms: Terms, modalities: int) -> Float[Tensor, "term modality"]:
    """Which modalities the terms of the loss fuse; of modality dropout all together and each alone.

    A posterior that is a mixture has one term for each of its components: the bounds of MMVAE and MoPoE.
    """
    if fusion != "product":
        return components(fusion, modalities)
    return torch.ones(1, modalities) if terms == "joint" else joint_and_unimodal(modalities)


def joint_and_unimodal(modalities: int) -> Float[Tensor, "term modality"]:
    """All modalities together, and each alone: every encoder learns to predict the whole by itself.

    Cures unimodal embeddings that lie far from the joint one. With a single modality there is one term.
    """
    joint = torch.ones(1, modalities)
    return joint if modalities == 1 else torch.cat([joint, torch.eye(modalities)])


def draw_non_empty(keep: Sequence[float], generators: Sequence[torch.Generator]) -> Float[Tensor, "seed modality"]:
    """Keep each modality with its own probability, given that at least one is kept.

    The paper's independent draws can drop every modality, and Eq. 5 then divides by zero (docs/deviations.md). Here
    they are drawn again until one is kept.

    Args:
        keep: $p_m$ of each modality, in (0, 1].
        generators: one per seed.
    """
    p, rows = torch.as_tensor(keep), torch.zeros(len(generators), len(keep))
    for row, generator in zip(rows, generators, strict=True):
        while not row.any():
            row.copy_(torch.rand(len(keep), generator=generator) < p)
    return rows


def keep_one(
    kept: Float[Tensor, "*#many modality #specimen"], present: Float[Tensor, "*#many modality #specimen"]
) -> tuple[Float[Tensor, "*#many modality #specimen"], Float[Tensor, "*#many #specimen"]]:
    """Presence under a term, and whether the term counts for each specimen.

    A specimen with none of the term's modalities keeps all that it has (so that no posterior is empty) and does not
    count.

    Args:
        kept: the term's choice.
        present: 1 where measured; at least one modality of each specimen.
    """
    both = kept * present
    counts = (both.sum(-2) > 0).to(both.dtype)
    return torch.where(counts.unsqueeze(-2) > 0, both, present), counts
