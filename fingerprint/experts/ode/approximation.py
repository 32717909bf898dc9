"""Approximation: a smooth function through measured points, with its derivatives and its antiderivative. [Eq. 23]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.ode.basis import Basis, Fourier, Legendre
from fingerprint.experts.ode.partition import PartitionOfUnity

Kind = Literal["legendre", "fourier", "pou", "smooth_pou"]

_MOST = 100  # functions
_ROUNDING = 1e-15
_SINGULAR = 1e-12  # directions that much weaker than the strongest say nothing


@dataclass(frozen=True)
class Approximation:
    """Sums of the functions of a basis. [Eq. 23]

    Attributes:
        basis: the functions.
        coefficients: of each curve.
    """

    basis: Basis
    coefficients: Float[Tensor, "*many function"]

    def at(self, t: Float[Tensor, " point"]) -> Float[Tensor, "*many point"]:
        """The value at any points of the axis."""
        return self.derivative(t, 0)

    def derivative(self, t: Float[Tensor, " point"], order: int = 1) -> Float[Tensor, "*many point"]:
        """The exact derivative of the approximation."""
        return self.coefficients @ self.basis.design(t, order).T

    def antiderivative(self, t: Float[Tensor, " point"], start: float) -> Float[Tensor, "*many point"]:
        """The integral of the approximation from `start`."""
        origin = torch.tensor([start], dtype=t.dtype, device=t.device)
        return self.coefficients @ (self.basis.design(t, -1) - self.basis.design(origin, -1)).T


def approximate(
    kind: Kind,
    t: Float[Tensor, " point"],
    values: Float[Tensor, "*many point"],
    weights: Float[Tensor, "*#many point"] | None = None,
    *,
    parts: int = 32,
    degree: int = 6,
) -> Approximation:
    """Fit by least squares; of Legendre's and Fourier's functions as many as cross-validation wants.

    Args:
        kind: "legendre" and "fourier" polynomials; "pou" is the paper's POUNet, "smooth_pou" one without kinks.
        t: the axis.
        values: measured there; whatever where the weight is 0.
        weights: 1 / variance up to a factor; 0 where nothing was measured.
        parts: of a POUNet; fewer where there are not two points for each of its functions.
        degree: of its polynomials.
    """
    weights = torch.ones_like(t) if weights is None else weights
    values = torch.where(weights > 0, values, 0.0)
    if bool((weights == weights.reshape(-1, len(t))[0]).all()):
        weights = weights.reshape(-1, len(t))[0]  # one matrix for all curves
    lower, upper, count = float(t.min()), float(t.max()), len(t)
    fine = max(1, min(_MOST, count // 2))
    match kind:
        case "legendre":
            basis: Basis = Legendre(lower, upper, fine)
        case "fourier":
            basis = Fourier(lower, 2 * (upper - lower), fine)
        case "pou" | "smooth_pou":
            parts = max(2, min(parts, count // (2 * (degree + 1))))
            centres = torch.linspace(lower, upper, parts, dtype=t.dtype, device=t.device)
            width = (upper - lower) / (parts - 1)
            basis = PartitionOfUnity(centres, width, degree, "exponential" if kind == "pou" else "gaussian")
    root = weights.sqrt()
    design, scaled = root[..., None] * basis.design(t), root * values
    solve = _nested if basis.nested else _least_squares
    return Approximation(basis, solve(design, scaled))


def _least_squares(design: Tensor, values: Tensor) -> Tensor:
    left, strengths, right = torch.linalg.svd(design, full_matrices=False)
    inverse = torch.where(strengths > _SINGULAR * strengths[..., :1], 1 / strengths, 0.0)
    projected = (left.mT @ values[..., None])[..., 0] * inverse
    return (right.mT @ projected[..., None])[..., 0]


def _nested(design: Tensor, values: Tensor) -> Tensor:
    """The first functions alone, each curve as many as tell each point best from the others (PRESS)."""
    orthonormal, triangle = torch.linalg.qr(design)
    projected = (orthonormal.mT @ values[..., None])[..., 0]
    misfit = (values[..., None] - (orthonormal * projected[..., None, :]).cumsum(-1)).abs()
    rounding = _ROUNDING * values.abs().amax(-1)[..., None, None] * (design[..., :1] != 0)
    certain = (1 - orthonormal.square().cumsum(-1)).clamp_min(_ROUNDING)
    press = ((misfit + rounding) / certain).square().sum(-2)
    diagonal = triangle.diagonal(dim1=-2, dim2=-1)
    told_apart = (diagonal.abs() > _SINGULAR * diagonal[..., :1].abs()).cumprod(-1).bool()
    best = torch.where(told_apart, press, torch.inf).argmin(-1, keepdim=True)
    kept = torch.arange(design.shape[-1], device=design.device) <= best
    triangle = triangle.triu(1) + torch.diag_embed(torch.where(told_apart, diagonal, 1.0))
    return torch.linalg.solve_triangular(triangle, (projected * kept)[..., None], upper=True)[..., 0]
