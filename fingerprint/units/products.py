"""Units that are products of others, of which some are known only where they are used: "y/t"."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, cast

from fingerprint.errors import UnitError
from fingerprint.units.names import canonical, harmless

if TYPE_CHECKING:
    from collections.abc import Mapping


def product(expression: str, known: Mapping[str, str]) -> str:
    """A unit in which some names stand for other units: "y/t" where y is um and t is h is "um/h".

    What is no product of powers, such as "%", stays as it is.

    Args:
        expression: a product of powers, such as "1/t", "y*t", "eV/t^2".
        known: unit of each name that is no unit by itself; "" for none.
    """
    if expression in known:
        return known[expression]
    total: dict[str, float] = {}
    for name, power in _powers(expression).items():
        for unit, own in _powers(known[name]).items() if name in known else [(name, 1)]:
            total[unit] = total.get(unit, 0) + own * power
    return _spelled(total)


def _powers(unit: str) -> dict[str, float]:
    """The powers in a product; a unit that is none is one by itself."""
    from pint.util import ParserHelper

    if not unit:
        return {}
    with suppress(Exception):  # pint raises whatever its parser stumbles over
        found = ParserHelper.from_string(harmless(unit))
        if found.scale == 1:
            return {name: cast("float", power) for name, power in found.items()}
    return {unit: 1}


def _spelled(powers: Mapping[str, float]) -> str:
    above, below = (
        [name if size == 1 else f"{name}^{size:g}" for name, power in powers.items() if (size := sign * power) > 0]
        for sign in (1, -1)
    )
    text = " ".join(above)
    if below:
        under = " ".join(below)
        text = f"{text or 1}/{under if len(below) == 1 else f'({under})'}"
    with suppress(UnitError):
        return canonical(text)
    return text
