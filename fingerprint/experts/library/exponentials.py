"""Exponential decay and growth, and relaxation that is spread over many rates."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.library.axes import not_negative, spacing, span
from fingerprint.experts.library.formula_law import FormulaLaw
from fingerprint.experts.options import number
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family

_FARTHEST = 100.0  # lengths of the axis
_LARGEST = 300.0  # its exponential is finite, and the square of that
_LOG_OF_ZERO = -1e4  # finite, and even a tenth of it is the logarithm of 0


@family("exponential")
def exponential(domain: Domain, *, origin: float = 0.0, offset: bool = True) -> AbstractExpert:
    r"""Exponential decay, or growth where the rate is negative.

    $$y = A\,e^{-k\,(t - t_0)} + y_\infty$$

    Source: Rutherford & Soddy, Philosophical Magazine 4, 370 (1902); first-order kinetics in general.

    Args:
        domain: one modality.
        origin: $t_0$, where the exponential is the amplitude; put it into the axis where that lies far from 0.
        offset: whether there is $y_\infty$; else it is 0.

    Raises:
        RecipeError: the axis lies a hundred times its own length from the origin, or farther.
    """
    t = domain.t - number(origin, "origin")
    if np.abs(t).max() > _FARTHEST * span(t):
        raise RecipeError(
            f"an exponential that counts from t = {origin:g} cannot be told on an axis from {domain.t[0]:g} to "
            f"{domain.t[-1]:g}",
            where="origin",
            expected=f"A value within the axis, such as {domain.t[0]:g}.",
        )
    before, after = max(-t.min(), 0.0), max(t.max(), 0.0)  # bounds: the exponential must be finite at both ends
    lower = -_LARGEST / after if after > 0 else -np.inf
    upper = _LARGEST / before if before > 0 else np.inf
    sizes = np.geomspace(0.1 / span(t), 2 / spacing(t), 25)
    rates = np.concatenate([sizes, -sizes])

    def decay(t: Tensor, amplitude: Tensor, rate: Tensor, offset: Tensor | float = 0.0) -> Tensor:
        return amplitude * torch.exp(-rate * t) + offset

    parameters = (
        Parameter(1.0, unit="y", linear=True, name="amplitude"),
        Parameter(min(1 / span(t), upper), lower, upper, unit="1/t", name="rate"),
        *([Parameter(0.0, unit="y", linear=True, name="offset")] if offset else []),
    )
    return FormulaLaw(decay, t, parameters, [rates[(rates >= lower) & (rates <= upper)]])


@family("stretched_exponential")
def stretched_exponential(domain: Domain, *, offset: bool = True) -> AbstractExpert:
    r"""Relaxation at many rates: the stretched exponential.

    $$y = A\,e^{-(t/\tau)^\beta} + y_\infty$$

    Source: Kohlrausch, Annalen der Physik 167, 179 (1854); Williams & Watts, Trans. Faraday Soc. 66, 80 (1970).

    Args:
        domain: one modality, from t = 0 on.
        offset: whether there is $y_\infty$; else it is 0.

    Raises:
        RecipeError: some of the axis is negative.
    """
    t = not_negative(domain.t, "a stretched exponential")
    shortest, longest = spacing(t) / 100, 100 * float(t.max())
    log_t = np.log(t, where=t > 0, out=np.full(len(t), _LOG_OF_ZERO))

    def relaxation(
        log_t: Tensor, amplitude: Tensor, time: Tensor, exponent: Tensor, offset: Tensor | float = 0.0
    ) -> Tensor:
        return amplitude * torch.exp(-torch.exp(exponent * (log_t - time.log()))) + offset

    parameters = (
        Parameter(1.0, unit="y", linear=True, name="amplitude"),
        Parameter(span(t) / 3, shortest, longest, unit="t", name="time"),
        Parameter(0.7, 0.1, 4.0, name="exponent"),
        *([Parameter(0.0, unit="y", linear=True, name="offset")] if offset else []),
    )
    scan = [np.geomspace(spacing(t) / 2, 3 * float(t.max()), 15), np.array([0.3, 0.5, 0.75, 1.0, 1.5, 2.5])]
    return FormulaLaw(relaxation, log_t, parameters, scan, beginnings=3)
