"""Vibrational densities of states of Debye's and Einstein's solids."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Array, Domain
from fingerprint.experts.library.axes import not_negative, spacing, span
from fingerprint.experts.library.formula_law import FormulaLaw
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family


@family("debye_density")
def debye_density(domain: Domain, *, edge: Literal["smooth", "sharp"] = "smooth") -> AbstractExpert:
    r"""Debye's density of states: a parabola up to a cut-off.

    $$g(f) = 3 A f^2 / f_D^3 \text{ for } f \le f_D, \text{ else } 0$$

    Its area is $A$. The edge is a jump: at a point of the axis the derivative by $f_D$ is that of $f_D^{-3}$ alone,
    and never says that the point would drop out, so that a fit ends between the two points where it began. With
    `edge = "smooth"` the density is convolved with a Gaussian whose standard deviation, `width`, is a parameter (fixed
    by the recipe where the resolution is known); then the cut-off has a derivative and an error. The density is
    continued to negative frequencies for it, so that the area on the axis stays $A$.

    Source: Debye, Annalen der Physik 344, 789 (1912).

    Args:
        domain: one modality over frequency or energy, in any unit.
        edge: smooth, or sharp as Debye has it.

    Raises:
        RecipeError: some of the axis is negative.
    """
    t = not_negative(domain.t, "Debye's density of states")
    last = float(t.max())
    parameters = (
        Parameter(1.0, unit="y*t", linear=True, name="area"),
        Parameter(0.7 * last, 0.01 * last, 10 * last, unit="t", name="cutoff"),
    )
    if edge == "sharp":
        return FormulaLaw(_sharp, t, parameters, [np.append((t[1:] + t[:-1]) / 2, last)])
    return FormulaLaw(_smooth, t, (*parameters, _width(t)), [np.linspace(0.1, 1.5, 57) * last, _widths(t)])


@family("einstein_density")
def einstein_density(domain: Domain) -> AbstractExpert:
    r"""Einstein's density of states: one frequency, seen through a Gaussian.

    $$g(f) = A\,\delta(f - f_E)$$

    convolved with a Gaussian whose standard deviation is `width`.

    Source: Einstein, Annalen der Physik 327, 180 (1907).

    Args:
        domain: one modality over frequency or energy, in any unit.

    Raises:
        RecipeError: some of the axis is negative.
    """
    t = not_negative(domain.t, "Einstein's density of states")
    last = float(t.max())
    parameters = (
        Parameter(1.0, unit="y*t", linear=True, name="area"),
        Parameter(0.5 * last, 0.0, 2 * last, unit="t", name="frequency"),
        _width(t),
    )
    return FormulaLaw(_line, t, parameters, [np.linspace(0.02, 1.1, 55) * last, _widths(t)])


def _width(t: Array) -> Parameter:
    return Parameter(max(span(t) / 30, spacing(t)), spacing(t) / 5, 2 * span(t), unit="t", name="width")


def _widths(t: Array) -> Array:
    return np.geomspace(max(span(t) / 200, spacing(t)), span(t) / 2, 5)


def _normal(x: Tensor) -> Tensor:
    return torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)


def _line(f: Tensor, area: Tensor, frequency: Tensor, width: Tensor) -> Tensor:
    return area / width * _normal((f - frequency) / width)


def _sharp(f: Tensor, area: Tensor, cutoff: Tensor) -> Tensor:
    return torch.where(f <= cutoff, 3 * area * f.square() / cutoff**3, 0.0)


def _smooth(f: Tensor, area: Tensor, cutoff: Tensor, width: Tensor) -> Tensor:
    r"""$\int_{-f_D}^{f_D} x^2\,N(f - x; w)\,dx$, in closed form, times $3 A / f_D^3$."""
    first, last = (-cutoff - f) / width, (cutoff - f) / width
    inside = torch.special.ndtr(last) - torch.special.ndtr(first)
    slopes = _normal(first) - _normal(last)
    curved = inside + first * _normal(first) - last * _normal(last)
    return 3 * area / cutoff**3 * (f.square() * inside + 2 * f * width * slopes + width.square() * curved)
