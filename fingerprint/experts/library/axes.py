"""What laws ask of an axis: its span, its spacing, and that it is where they have a meaning."""

from __future__ import annotations

import numpy as np

from fingerprint.errors import RecipeError
from fingerprint.experts.domain import Array, Domain
from fingerprint.units import canonical


def span(t: Array) -> float:
    """From the first point to the last; 1 where there is one point."""
    return float(np.ptp(t)) or 1.0


def spacing(t: Array) -> float:
    """Between the two points that are nearest to one another."""
    return float(np.diff(np.sort(t)).min()) if len(t) > 1 else 1.0


def not_negative(t: Array, law: str) -> Array:
    """The axis.

    Raises:
        RecipeError: some of it is negative.
    """
    if (t < 0).any():
        raise RecipeError(
            f"{law} has no meaning at t = {t.min():g}",
            expected="An axis that is nowhere negative.",
        )
    return t


def temperatures(domain: Domain, law: str) -> Array:
    """The axis in K.

    Raises:
        UnitError: it is no temperature.
        RecipeError: some of it is below 0 K.
    """
    return not_negative(domain.t_in("K"), law)


def strains(domain: Domain) -> Array:
    """The axis as a plain ratio: one in % is divided by 100, one without unit is a ratio already.

    Raises:
        UnitError: it is no ratio.
    """
    return domain.t_in("%") / 100 if canonical(domain.only.t_unit) else domain.t
