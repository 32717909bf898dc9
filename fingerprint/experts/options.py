"""What laws ask of the numbers and units that a recipe gives as options."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fingerprint.errors import RecipeError, UnitError
from fingerprint.units import canonical, product


def number(value: float, where: str, *, above: float = -math.inf, least: float = -math.inf) -> float:
    """A finite number, as an option has it.

    Args:
        value: of the option.
        where: the option.
        above: it is greater than this.
        least: it is no less than this.

    Raises:
        RecipeError: it is not such a number.
    """
    if math.isfinite(value) and value > above and value >= least:
        return value
    limit = f" above {above:g}" if above > -math.inf else f", {least:g} or more" if least > -math.inf else ""
    raise RecipeError(f"{value:g} cannot serve", where=where, expected=f"A finite number{limit}.")


def units_of(units: Mapping[str, str] | None, names: Sequence[str]) -> Mapping[str, str]:
    """The option `units`: units of parameters, in which t and y stand for those of axis and measurement.

    Args:
        units: by parameter; none where None.
        names: of the parameters.

    Raises:
        RecipeError: one is of no parameter, or nobody knows it.
    """
    for name, unit in (units or {}).items():
        if name not in names:
            raise RecipeError(
                f"{name!r} is no parameter", where="options.units", expected=f"Of these: {', '.join(names)}."
            )
        try:
            canonical(product(unit, {"t": "", "y": ""}))
        except UnitError as error:
            raise RecipeError(
                f"the unit {unit!r} is not known: {error.what}",
                where=f"options.units.{name}",
                expected='Such as "1/t", "y*t", "eV", where t and y are the units of the axis and of the measurement.',
            ) from error
    return units or {}
