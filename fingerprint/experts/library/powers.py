"""The power law."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.library.axes import not_negative
from fingerprint.experts.library.formula_law import FormulaLaw
from fingerprint.experts.options import number
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family


@family("power_law")
def power_law(domain: Domain, *, offset: bool = False, reference: float = 1.0) -> AbstractExpert:
    r"""A power law, as of creep, coarsening, growth by diffusion, fatigue lives.

    $$y = A\,(t/t_1)^n + y_0$$

    Where the axis holds t = 0 the exponent cannot be negative.

    Source: Hollomon, Trans. AIME 162, 268 (1945), for hardening; Basquin, Proc. ASTM 10, 625 (1910), for fatigue.

    Args:
        domain: one modality, t not negative.
        offset: whether there is $y_0$; else it is 0.
        reference: $t_1$, where the power is the amplitude; choose it within the axis, and the errors are least tied.

    Raises:
        RecipeError: some of the axis is negative, or the reference is not positive.
    """
    t = not_negative(domain.t, "a power law") / number(reference, "reference", above=0)
    positive = t[t > 0]
    steepest = 300 / max(float(np.abs(np.log(positive)).max()), 1e-3) if len(positive) else 20.0
    upper = min(20.0, steepest)
    lower = -upper if len(positive) == len(t) else 0.0

    def power(t: Tensor, amplitude: Tensor, exponent: Tensor, offset: Tensor | float = 0.0) -> Tensor:
        return amplitude * t**exponent + offset

    parameters = (
        Parameter(1.0, unit="y", linear=True, name="amplitude"),
        Parameter(min(1.0, upper), lower, upper, name="exponent"),
        *([Parameter(0.0, unit="y", linear=True, name="offset")] if offset else []),
    )
    tried = np.array([-8, -4, -3, -2, -1.5, -1, -0.6, -0.3, -0.1, 0.1, 0.3, 0.5, 0.8, 1.2, 1.6, 2, 3, 4, 6, 10])
    return FormulaLaw(power, t, parameters, [tried[(tried >= lower) & (tried <= upper)]])
