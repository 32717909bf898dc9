"""One modality from others: embed, decode, average over members. (section 3.2, dropout inference)"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.prediction.embedding import embed
from fingerprint.prepare import Preparation, Tensors
from fingerprint.prepare.preparation import Array

CHUNK = 256


@dataclass(frozen=True)
class Moments:
    """A predicted modality in physical units on the common grid.

    Attributes:
        mean: average over members and the posterior, [specimen, point].
        sd: square root of the total variance: the decoder's, the posterior's and that between members.
        members: each member's own mean, [seed, specimen, point].
    """

    mean: Array
    sd: Array
    members: Array


def cubature(q: Gaussian) -> Float[Tensor, "draw *many latent"]:
    r"""Points whose plain average integrates polynomials up to degree 3 against q exactly.

    $\mu \pm \sqrt{l}\,\sigma_j e_j$ for the l latent directions: the spherical-radial rule of degree 3 (Arasaratnam &
    Haykin, IEEE Trans. Autom. Control 54 (2009) 1254). Predictions use it instead of random draws.
    """
    latent = q.mean.shape[-1]
    step = math.sqrt(latent) * torch.diag_embed(torch.exp(0.5 * q.log_variance))
    offsets = torch.movedim(torch.cat([step, -step], dim=-2), -2, 0)
    return q.mean + offsets


@torch.no_grad()
def predict_moments(
    model: PIMA, preparation: Preparation, tensors: Tensors, target: str, given: Sequence[str]
) -> Moments:
    """Predict `target` from the modalities in `given`, for specimens that have all of them. [Eq. 12]

    Args:
        model: in evaluation mode.
        preparation: of the target.
        tensors: the specimens.
        target: modality to predict.
        given: modalities that it is predicted from.
    """
    parts: list[Moments] = []
    for start in range(0, len(tensors), CHUNK):
        chunk = tensors.subset(range(start, min(start + CHUNK, len(tensors))))
        points = cubature(embed(model, chunk, given).posterior)
        decoded = [model.decode(point, target) for point in points]
        means = np.stack([preparation.to_physical(_array(mean)) for mean, _ in decoded])
        inner = np.stack([preparation.variance_to_physical(_array(variance)) for _, variance in decoded])
        total = inner.mean((0, 1)) + means.var((0, 1))
        parts.append(Moments(means.mean((0, 1)), np.sqrt(total), means.mean(0)))
    return Moments(
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.sd for part in parts]),
        np.concatenate([part.members for part in parts], axis=1),
    )


def _array(tensor: Tensor) -> Array:
    return tensor.double().cpu().numpy()
