"""Numbers, and numbers with their uncertainty, as people read them."""

from __future__ import annotations

import math

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_MOST_DIGITS = 6  # before the point
_LEAST_SIZE = -4  # power of ten


def number(value: float | None, digits: int = 3) -> str:
    """A number with about three digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = _size(value)
    if _LEAST_SIZE <= size < _MOST_DIGITS:
        return f"{value:,.{max(digits - 1 - size, 0)}f}".replace("-", "−").replace(",", "\u202f")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}{_power(int(exponent))}".replace("-", "−")


def mean_and_sd(mean: float | None, sd: float | None, digits: int = 3) -> str:
    """A number and its standard deviation or error, which has two digits, to the same decimal place.

    Args:
        mean: a dash where there is none.
        sd: not shown where there is none.
        digits: of a number without any.
    """
    if mean is None or sd is None or not math.isfinite(mean) or not math.isfinite(sd) or sd <= 0:
        return number(mean, digits)
    place = _size(sd) - 1
    size = max(place + 1, _size(mean) if mean else place)
    if _LEAST_SIZE <= size < _MOST_DIGITS:
        decimals = max(-place, 0)
        return f"{mean:.{decimals}f} ± {sd:.{decimals}f}".replace("-", "−")
    decimals, unit = size - place, 10.0**size
    return f"({mean / unit:.{decimals}f} ± {sd / unit:.{decimals}f}){_power(size)}".replace("-", "−")


def _size(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _power(exponent: int) -> str:
    return f" × 10{str(exponent).translate(_SUPERSCRIPTS)}"
