"""Numbers as a file prints them: what they are, and how finely they are printed."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

_NUMBER = re.compile(r"[+-]?(?P<whole>\d{0,30})(?:\.(?P<part>\d{0,30}))?(?:[EeDd](?P<power>[+-]?\d{1,4}))?", re.ASCII)
_EXPONENT = str.maketrans("dD", "ee")


class Printed(NamedTuple):
    """A number and the worth of its last digit: 0.01 for 1.50, 100 for 1.5e3."""

    value: float
    digit: float

    def times(self, factor: float) -> Printed:
        """The number and its last digit in other units."""
        return Printed(self.value * factor, self.digit * abs(factor))


def printed(text: str) -> Printed | None:
    """The finite number that a text is, or None. A decimal comma, "nan" and separators of thousands are none."""
    match = _NUMBER.fullmatch(text)
    if match is None or not (match["whole"] or match["part"]):
        return None
    value = float(text.translate(_EXPONENT))
    digit = float(f"1e{int(match['power'] or 0) - len(match['part'] or '')}")
    return Printed(value, digit) if math.isfinite(value) and math.isfinite(digit) else None


def agree(found: Printed, stated: Printed) -> bool:
    """Whether a stated number is another one rounded or cut off, and the other itself no more exact than printed."""
    beyond = (found.value - stated.value) * math.copysign(1.0, stated.value)
    slack = found.digit + 1e-5 * abs(stated.value)
    return -(0.5 * stated.digit + slack) <= beyond <= stated.digit + slack
