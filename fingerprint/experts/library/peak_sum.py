"""Sums of peaks of one shape, and their gradient in closed form: what a training along Z computes at every step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

Shape = Literal["gaussian", "lorentzian", "pseudo_voigt"]

BLOCK = 65_536  # numbers of [curve, peak, point] at a time
FAR = 0.7


def peak_sum(
    t: Float[Tensor, " point"],
    shape: Shape,
    height: Float[Tensor, "*many peak"],
    position: Float[Tensor, "*many peak"],
    width: Float[Tensor, "*many peak"],
    *mixing: Float[Tensor, "*many peak"],
) -> Float[Tensor, "*many point"]:
    """The sum of peaks; its gradient needs a third of the passes over [*many, peak, point] of a recorded one.

    Args:
        t: the axis.
        shape: of all peaks.
        height: in the measurement's unit.
        position, width: in the unit of t; full width at half maximum.
        mixing: share of the Lorentzian in a pseudo-Voigt peak.
    """
    made: Tensor = _PeakSum.apply(t, shape, height, position, width, *mixing)  # pyright: ignore
    return made


def profile(shape: Shape, x: Tensor, *mixing: Tensor) -> Tensor:
    """Peaks of height 1 at x, the distance in full widths at half maximum."""
    match shape:
        case "gaussian":
            return _gaussian(x)
        case "lorentzian":
            return _lorentzian(x)
        case _:
            return torch.lerp(_gaussian(x), _lorentzian(x), *mixing)


def derivatives(shape: Shape, x: Tensor, *mixing: Tensor) -> tuple[Tensor, ...]:
    """Peaks of height 1, their derivative by x, and perhaps that by the mixing."""
    match shape:
        case "gaussian":
            value = _gaussian(x)
            return value, (x * value).mul_(-8 * math.log(2))
        case "lorentzian":
            value = _lorentzian(x)
            return value, (x * value.square()).mul_(-8)
        case _:
            (narrow, narrowing), (wide, widening) = derivatives("gaussian", x), derivatives("lorentzian", x)
            return torch.lerp(narrow, wide, *mixing), torch.lerp(narrowing, widening, *mixing), wide - narrow


def _gaussian(x: Tensor) -> Tensor:
    least = FAR * math.log(torch.finfo(x.dtype).tiny)  # numbers that are not normal are slow
    return x.square().mul_(-4 * math.log(2)).clamp_min_(least).exp_()


def _lorentzian(x: Tensor) -> Tensor:
    return x.square().mul_(4).add_(1).reciprocal_()


class _PeakSum(torch.autograd.Function):
    """Curves are taken a block at a time, so that [curve, peak, point] stays in the cache; nothing of it is kept."""

    @staticmethod
    def forward(ctx: Any, t: Tensor, shape: Shape, *given: Tensor) -> Tensor:
        ctx.shape = shape
        ctx.save_for_backward(t, *given)
        many, peaks = given[0].shape[:-1], given[0].shape[-1]
        told = given[0].new_empty((given[0].numel() // peaks, 1, len(t)))
        for rows, (height, position, width, *mixing) in _blocks(given, len(t)):
            torch.bmm(height.mT, profile(shape, (t - position).div_(width), *mixing), out=told[rows])
        return told.reshape(*many, len(t))

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *upstream: Tensor
    ) -> tuple[Tensor | None, ...]:
        t, *given = ctx.saved_tensors
        lines = upstream[0].reshape(-1, 1, len(t))
        found = torch.empty((len(lines), len(given), given[0].shape[-1])).to(given[0])
        for rows, (height, position, width, *mixing) in _blocks(given, len(t)):
            x, line, own = (t - position).div_(width), lines[rows], found[rows]
            value, slope, *mixed = derivatives(ctx.shape, x, *mixing)
            moved = (-height / width).squeeze(-1)
            own[:, 0] = value.mul_(line).sum(-1)
            own[:, 1] = slope.mul_(line).sum(-1).mul_(moved)
            own[:, 2] = slope.mul_(x).sum(-1).mul_(moved)
            for each in mixed:
                own[:, 3] = each.mul_(line).sum(-1).mul_(height.squeeze(-1))
        return None, None, *(each.reshape(given[0].shape) for each in found.unbind(1))


def _blocks(given: Sequence[Tensor], points: int) -> Iterator[tuple[slice, list[Tensor]]]:
    """Rows and what is given of them, each [curve, peak, 1]."""
    flat = [each.reshape(-1, each.shape[-1], 1) for each in given]
    curves, peaks = flat[0].shape[:2]
    size = max(1, BLOCK // (peaks * points))
    for first in range(0, curves, size):
        rows = slice(first, first + size)
        yield rows, [each[rows] for each in flat]
