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

MOST_SPECIMENS = 256
MOST_NUMBERS = 2_000_000


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


def predict_moments(
    model: PIMA, preparation: Preparation, tensors: Tensors, target: str, given: Sequence[str]
) -> Moments:
    """Predict `target` from the modalities in `given`, for specimens that have all of them. [Eq. 12]

    The answer holds members * specimens * points numbers: of many specimens ask for `specimens_at_once` at a time.

    Args:
        model: in evaluation mode.
        preparation: of the target.
        tensors: the specimens.
        target: modality to predict.
        given: modalities that it is predicted from.
    """
    step = specimens_at_once(model.seeds, preparation.points)
    parts = [
        _moments(model, preparation, tensors.subset(range(start, min(start + step, len(tensors)))), target, given)
        for start in range(0, len(tensors), step)
    ]
    return Moments(
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.sd for part in parts]),
        np.concatenate([part.members for part in parts], axis=1),
    )


def specimens_at_once(seeds: int, points: int) -> int:
    """How many specimens are predicted together, so that a table of every member's points stays small."""
    return max(1, min(MOST_SPECIMENS, MOST_NUMBERS // (seeds * points)))


@torch.no_grad()
def _moments(model: PIMA, preparation: Preparation, tensors: Tensors, target: str, given: Sequence[str]) -> Moments:
    """Mean and variance over the cubature points, one point at a time (Welford, Technometrics 4 (1962) 419)."""
    points = cubature(embed(model, tensors, given).posterior)
    shape = (model.seeds, len(tensors), preparation.points)
    means, squares = np.zeros(shape), np.zeros(shape)
    decoder = np.zeros((*shape[:2], preparation.features))
    for number, point in enumerate(points, start=1):
        mean, variance = model.decode(point, target)
        decoder += (_array(variance) - decoder) / number
        offset = preparation.to_physical(_array(mean)) - means
        means += offset / number
        squares += (1 - 1 / number) * offset**2
    between = means.var(0) + squares.mean(0) / len(points)
    total = preparation.variance_to_physical(decoder).mean(0) + between
    return Moments(means.mean(0), np.sqrt(total), means)


def _array(tensor: Tensor) -> Array:
    return tensor.double().cpu().numpy()
