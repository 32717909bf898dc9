"""Sums of peaks."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Array, Component, Domain
from fingerprint.experts.library.axes import spacing, span
from fingerprint.experts.library.peak_search import Found, find
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family

Shape = Literal["gaussian", "lorentzian", "pseudo_voigt"]
Background = Literal["none", "constant", "linear"]
Positions = Literal["linear", "log"]

FAR = 0.7  # of the smallest exponent: numbers too small to be normal take ten times as long


@family("peaks")
def peaks(
    domain: Domain,
    *,
    count: int = 4,
    shape: Shape = "gaussian",
    background: Background = "none",
    positions: Positions = "linear",
) -> AbstractExpert:
    r"""A sum of peaks with heights, positions and full widths, on a background.

    $$y = \sum_i h_i\,s\left(\frac{t - p_i}{w_i}\right) + b + c\,(t - \bar t)$$

    With $x = (t - p)/w$ and w the full width at half maximum, a Gaussian is $s = 2^{-4x^2}$, a Lorentzian
    $s = 1/(1 + 4x^2)$, and a pseudo-Voigt peak $m$ times the latter and $1 - m$ times the former, m being `mixing`.

    Peaks are numbered in ascending order of position: where a fit begins, and again where its first search ends. From
    there they keep their number. Where the recipe fixes, begins or bounds a parameter by name, peaks keep the places
    that these give them.

    Shift along Z: with `positions = "log"` the parameter is $\ln p$ (p in the unit of t), and the recipe's
    `along_z = ["log position 1", ...]` makes it $\ln p + k \cdot Z$. The peak is then at $p\,e^{k \cdot Z}$, as
    Grueneisen's $\omega = \omega_0 e^{-\gamma \ln(V/V_0)}$ has it, and k is a Grueneisen parameter for each latent
    dimension. `along_z = ["position 1", ...]` with linear positions is the shift to first order.

    Source: Wertheim, Butler, West & Buchanan, Rev. Sci. Instrum. 45, 1369 (1974), pseudo-Voigt; Grueneisen, Annalen der
    Physik 344, 257 (1912), shift.

    Args:
        domain: one modality.
        count: how many peaks.
        shape: of all of them.
        background: none, a constant, or a line; the constant is its value at the mean of the axis.
        positions: whether the parameters are the positions or their logarithms.

    Raises:
        RecipeError: there is no peak, the axis has one point, or logarithms of positions are wanted on an axis that
            holds nothing positive.
    """
    if count < 1:
        raise RecipeError(f"{count} peaks are no peaks", where="count", expected="1 or more.")
    if len(domain.t) < 2:
        raise RecipeError(
            f"the axis has one point, {domain.t[0]:g}, and peaks have widths", expected="A curve of some points."
        )
    if positions == "log" and domain.t.max() <= 0:
        raise RecipeError("positions have no logarithm on this axis", where="positions", expected='"linear".')
    return Peaks(domain.only, count, shape, background, positions)


class Peaks(AbstractExpert):
    """Heights, positions, widths (and mixings) peak by peak, then the background; see `peaks`."""

    tries = 0
    single = True

    def __init__(
        self, component: Component, count: int, shape: Shape, background: Background, positions: Positions
    ) -> None:
        self._component, self._count = component, count
        self._shape, self._log = shape, positions == "log"
        self._t = torch.tensor(component.t, dtype=torch.float64)
        self._own = 4 if shape == "pseudo_voigt" else 3  # parameters of one peak
        each = [own for number in range(1, count + 1) for own in self._parameters_of(number)]
        line = [
            Parameter(0.0, unit="y", linear=True, name="background"),
            Parameter(0.0, unit="y/t", linear=True, name="slope"),
        ]
        terms = ("none", "constant", "linear").index(background)
        self.parameters = (*each, *line[:terms])
        self._line = torch.stack([torch.ones_like(self._t), self._t - self._t.mean()])[:terms]

    def curves(
        self,
        theta: Float[Tensor, "*many parameter"],
        z: Float[Tensor, "*many latent"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*many point"]:
        """The sum."""
        t, told = self._t.to(theta), theta[..., self._own * self._count :] @ self._line.to(theta)
        peaks = zip(*(each.unbind(-2) for each in self._of_peaks(theta)), strict=True)
        for height, position, width, *mixing in peaks:  # one by one: smaller arrays are several times faster
            told = told + height * self._profile((t - position) / width, *mixing)[0]
        return told

    def jacobian(
        self, theta: Float[Tensor, "*many parameter"]
    ) -> tuple[Float[Tensor, "*many point"], Float[Tensor, "*many point parameter"]]:
        """In closed form, since a peak's parameters change that peak alone."""
        height, position, width, *mixing = self._of_peaks(theta)
        x = (self._t.to(theta) - position) / width
        profile, slope = self._profile(x, *mixing)
        moved = -height * slope / width
        columns = [profile, moved * position if self._log else moved, moved * x]
        if mixing:
            columns.append(height * (_lorentzian(x)[0] - _gaussian(x)[0]))
        peaks, line = torch.stack(columns, -2).flatten(-3, -2), self._line.to(theta)
        return self.curves(theta), torch.cat([peaks, line.expand(*theta.shape[:-1], -1, -1)], -2).mT

    def starts(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "beginning *many parameter"]:
        """At the peaks that each curve shows: as wide as they seem, half, and twice; and at those of the mean."""
        t, many, mean = self._component.t, curves.reshape(-1, curves.shape[-1]).cpu().numpy(), self._component.mean
        found = [find(t, curve, self._count) for curve in many]
        own = [
            self._start(curve, each, factor)
            for factor in (1.0, 0.5, 2.0)
            for curve, each in zip(many, found, strict=True)
        ]
        if mean is not None:
            common = find(t, mean, self._count)
            own += [self._start(curve, common, 1.0) for curve in many]
        return torch.tensor(np.stack(own), device=curves.device).reshape(-1, *curves.shape[:-1], len(self.parameters))

    def _start(self, curve: Array, found: Found, factor: float) -> Array:
        """Parameters for a curve, with peaks where they were found, and so much wider."""
        t, start = self._component.t, np.array([each.start for each in self.parameters])
        own = start[: self._own * self._count].reshape(self._count, self._own)  # a view
        own[:, 0] = curve[np.abs(t - found.positions[:, None]).argmin(1)]
        own[:, 1] = np.log(np.maximum(found.positions, spacing(t))) if self._log else found.positions
        own[:, 2] = factor * found.widths
        return start.clip([each.lower for each in self.parameters], [each.upper for each in self.parameters])

    def in_order(self, theta: Float[Tensor, "*many parameter"]) -> Float[Tensor, "*many parameter"]:
        """Peaks in ascending order of their positions."""
        end = self._own * self._count
        own = theta[..., :end].unflatten(-1, (self._count, self._own))
        order = own[..., 1].argsort(dim=-1, stable=True).unsqueeze(-1).expand_as(own)
        return torch.cat([own.gather(-2, order).flatten(-2), theta[..., end:]], -1)

    def _of_peaks(self, theta: Tensor) -> tuple[Tensor, ...]:
        """Height, position, width and perhaps mixing of every peak, each [..., peak, 1]."""
        own = theta[..., : self._own * self._count].unflatten(-1, (self._count, self._own))
        height, position, *others = own.unsqueeze(-1).unbind(-2)
        return height, position.exp() if self._log else position, *others

    def _profile(self, x: Tensor, *mixing: Tensor) -> tuple[Tensor, Tensor]:
        """Peaks of height 1, and their derivative by x."""
        match self._shape:
            case "gaussian":
                return _gaussian(x)
            case "lorentzian":
                return _lorentzian(x)
            case _:
                narrow, wide = _gaussian(x), _lorentzian(x)
                return torch.lerp(narrow[0], wide[0], mixing[0]), torch.lerp(narrow[1], wide[1], mixing[0])

    def _parameters_of(self, number: int) -> tuple[Parameter, ...]:
        """Where no curve is shown, peaks begin evenly spread."""
        t = self._component.t
        least, first, last = spacing(t), float(t.min()), float(t.max())
        place = first + (last - first) * number / (self._count + 1)
        if self._log:
            low, high = math.log(max(first, min(least, last) / 2)), math.log(last)
            position = Parameter(max(low, math.log(max(place, least))), low, high, name=f"log position {number}")
        else:
            position = Parameter(place, first, last, unit="t", name=f"position {number}")
        width = Parameter(
            max(span(t) / (self._count + 1), least), least / 2, 2 * span(t), unit="t", name=f"width {number}"
        )
        return (
            Parameter(1.0, unit="y", linear=True, name=f"height {number}"),
            position,
            width,
            Parameter(0.5, 0.0, 1.0, name=f"mixing {number}"),
        )[: self._own]


def _gaussian(x: Tensor) -> tuple[Tensor, Tensor]:
    least = FAR * math.log(torch.finfo(x.dtype).tiny)
    profile = (-4 * math.log(2) * x.square()).clamp_min(least).exp()
    return profile, -8 * math.log(2) * x * profile


def _lorentzian(x: Tensor) -> tuple[Tensor, Tensor]:
    profile = 1 / (1 + 4 * x.square())
    return profile, -8 * x * profile.square()
