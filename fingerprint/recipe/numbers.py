"""Numbers that a recipe may hold: infinity and nan are no choices."""

from __future__ import annotations

import sys
from typing import Annotated

from msgspec import Meta

LARGEST = sys.float_info.max

Positive = Annotated[int, Meta(ge=1)]
NonNegative = Annotated[int, Meta(ge=0)]
Seed = Annotated[int, Meta(ge=0, lt=2**62)]
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
PositiveNumber = Annotated[float, Meta(gt=0, le=LARGEST)]
NonNegativeNumber = Annotated[float, Meta(ge=0, le=LARGEST)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
BelowOne = Annotated[float, Meta(ge=0, lt=1)]
