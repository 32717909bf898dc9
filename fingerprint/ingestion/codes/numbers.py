"""Rows of numbers as Fortran and C print them."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError

_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eEdD]([+-]?\d+)|([+-]\d{3}))?", re.ASCII)


def number(token: str) -> float | None:
    """The number that a token is, or None; Fortran's 1.5D-3 counts, and its 1.234-101 is 1.234e-101."""
    match = _NUMBER.fullmatch(token)
    if match is None:
        return None
    mantissa, exponent, bare = match.groups()
    value = float(f"{mantissa}e{exponent or bare or 0}")
    return value if math.isfinite(value) else None


def rows_of_numbers(lines: Sequence[str], width: int, where: Callable[[int], str]) -> NDArray[np.float64]:
    """A block of numbers, [row, column].

    Args:
        where: names the place of line i.

    Raises:
        ReadError: a line has another number of fields than `width`, or one that is not a finite number.
    """
    numbers = array("d")
    for row, line in enumerate(lines):
        fields = line.split()
        if len(fields) != width:
            raise ReadError(f"{len(fields)} fields where {width} are expected", where=where(row))
        numbers.extend(_quickly(line, fields) or [_number_of(field, where(row)) for field in fields])
    return np.frombuffer(numbers, np.float64).reshape(len(lines), width) if numbers else np.empty((0, width))


def _quickly(line: str, fields: Sequence[str]) -> list[float] | None:
    """The fields as Python reads them, unless one is more, or less, than a finite number."""
    try:
        values = list(map(float, fields))
    except ValueError:
        return None
    plain = line.isascii() and "_" not in line and all(map(math.isfinite, values))
    return values if plain else None


def _number_of(field: str, where: str) -> float:
    value = number(field)
    if value is None:
        overflow = ": the number did not fit into its field" if set(field) == {"*"} else ""
        raise ReadError(f"{field[:40]!r} is not a finite number{overflow}", where=where)
    return value
