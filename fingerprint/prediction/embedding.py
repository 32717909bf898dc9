"""Where specimens lie in the latent space, and in which clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.model.prior import mean_field_responsibilities
from fingerprint.prepare import Tensors

MOST_SPECIMENS = 1024
MOST_NUMBERS = 400_000


class Embedding(NamedTuple):
    """The posterior of every specimen under every member.

    Attributes:
        posterior: q(Z|X), each [seed, specimen, latent].
        responsibilities: q(C=c|X), [seed, specimen, cluster].
    """

    posterior: Gaussian
    responsibilities: Float[Tensor, "seed specimen cluster"]


@torch.no_grad()
def embed(model: PIMA, tensors: Tensors, given: Sequence[str] | None = None) -> Embedding:
    """Embed specimens from what was measured, or from some of it. [Eq. 3, Eq. 5, section 3.2]

    They go through the encoders in groups, so that the layers stay small in memory.

    Args:
        model: in evaluation mode.
        tensors: every specimen has at least one of the modalities used.
        given: the modalities to use; all where None.
    """
    seen = tensors if given is None else tensors.keeping(given)
    most = max(value.shape[-1] for value in seen.values.values())
    step = max(16, min(MOST_SPECIMENS, MOST_NUMBERS // most))
    parts: list[Embedding] = []
    for start in range(0, max(len(seen), 1), step):
        rows = slice(start, start + step)
        values = {name: value[rows].unsqueeze(0) for name, value in seen.values.items()}
        present = {name: value[rows].unsqueeze(0) for name, value in seen.present.items()}
        posterior = model.embed(values, present)
        parts.append(Embedding(posterior, mean_field_responsibilities(posterior, model.prior)))
    return Embedding(
        Gaussian(
            torch.cat([part.posterior.mean for part in parts], 1),
            torch.cat([part.posterior.log_variance for part in parts], 1),
        ),
        torch.cat([part.responsibilities for part in parts], 1),
    )
