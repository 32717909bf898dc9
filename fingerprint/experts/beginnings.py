"""Where fits begin: a law's own beginnings, and others spread around the first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.parameter import Parameter

SPREAD = 8.0  # factor around a start, to either side


def beginnings(
    expert: AbstractExpert, curves: Float[Tensor, "*many point"], weights: Float[Tensor, "*many point"]
) -> Float[Tensor, "beginning *many parameter"]:
    """The law's own, and as many as it asks for (`tries`) of a quasi-random sequence around its first.

    Within its bounds where a parameter has both; else within a factor of its start, or within as much to either side
    where it may have either sign. Linear parameters stay: they are solved for.

    Args:
        expert: a law.
        curves, weights: to be fitted; points without weight are taken from their neighbours.
    """
    from scipy.stats import qmc  # half a second, which opening a run need not take

    own = expert.starts(_filled(curves, weights)).double()
    free = [index for index, each in enumerate(expert.parameters) if not each.linear]
    if not free or not expert.tries:
        return own
    points = qmc.Halton(len(free), scramble=False).random(expert.tries + 1)[1:]
    tried = own[:1].repeat(expert.tries, *[1] * (own.ndim - 1))
    for column, index in zip(points.T, free, strict=True):
        where = torch.as_tensor(column).reshape(-1, *[1] * (own.ndim - 2))
        tried[..., index] = _spread(expert.parameters[index], own[0, ..., index], where.to(own.device))
    return torch.cat([own, tried])


def _spread(parameter: Parameter, start: Tensor, where: Tensor) -> Tensor:
    """Values of a parameter, for places in [0, 1)."""
    lower, upper = parameter.lower, parameter.upper
    if math.isfinite(lower) and math.isfinite(upper):
        return lower + where * (upper - lower) + 0 * start
    factor = SPREAD ** (2 * where - 1)
    size = torch.where(start == 0, 1.0, start.abs())
    if lower >= 0 or upper <= 0:
        return (factor * torch.where(start == 0, 1.0 if lower >= 0 else -1.0, start)).clamp(lower, upper)
    return (start + size * (2 * where - 1) * SPREAD / 2).clamp(lower, upper)


def _filled(curves: Tensor, weights: Tensor) -> Tensor:
    """Points without weight from their neighbours along the curve."""
    if bool((weights > 0).all()):
        return curves
    values, known = (each.reshape(-1, each.shape[-1]).cpu().numpy() for each in (curves, weights > 0))
    places = np.arange(values.shape[-1])
    rows: Sequence[np.ndarray] = [
        np.interp(places, places[has], row[has]) if has.any() else np.zeros_like(row)
        for row, has in zip(values, known, strict=True)
    ]
    return torch.as_tensor(np.stack(rows)).reshape(curves.shape).to(curves)
