"""Which modalities are fused in each term of the loss. (section 2.5, Dropout)"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def joint_and_unimodal(modalities: int) -> Float[Tensor, "term modality"]:
    """All modalities together, and each alone: every encoder learns to predict the whole by itself.

    Cures unimodal embeddings that lie far from the joint one. With a single modality there is one term.
    """
    joint = torch.ones(1, modalities)
    return joint if modalities == 1 else torch.cat([joint, torch.eye(modalities)])


def draw_non_empty(
    modalities: int, keep: float, generators: Sequence[torch.Generator]
) -> Float[Tensor, "seed modality"]:
    """Keep each modality with probability `keep`, given that at least one is kept.

    The paper's independent draws can drop every modality, and Eq. 5 then divides by zero (docs/deviations.md). Here
    a subset is drawn from the same distribution on condition that it is not empty, by its cumulative probability.

    Args:
        modalities: how many there are, M.
        keep: $p_m$, in (0, 1].
        generators: one per seed.
    """
    number = torch.arange(1, 2**modalities)
    subsets = (number.unsqueeze(1) >> torch.arange(modalities)) & 1
    kept = subsets.sum(1)
    weight = torch.as_tensor(keep, dtype=torch.float64) ** kept * (1 - keep) ** (modalities - kept)
    index = [torch.multinomial(weight, 1, generator=generator) for generator in generators]
    return subsets[torch.cat(index)].float()


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
