"""Files that end too soon, or whose data begin elsewhere than they say."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from fingerprint.errors import ReadError
from fingerprint.ingestion.text import Text

_COUNTED = re.compile(r"Nb header lines\s*:\s*(\d{1,6})\s*", re.IGNORECASE)  # as EC-Lab writes it
_BANK = re.compile(r"BANK\s+\d+\s+\d+\s+\d+\s")
_DIGITS = re.compile(r"[+-]?\d*(?:[.,](?P<part>\d*))?(?:[eEdD][+-]?(?P<power>\d*))?", re.ASCII)
_BEFORE = 20  # lines that the last one is compared with


def cut_off(text: Text) -> tuple[str, ...]:
    """What is said of a file whose last line has no end, and a last number with fewer digits than all before it."""
    rows = range(max(len(text.rows) - 1 - _BEFORE, 0), len(text.rows))
    fields = [text.fields(row) for row in rows]
    if len(fields) < 3 or any(len(row) != text.width for row in fields):
        return ()
    before = [_digits(row[-1]) for row in fields[:-1]]
    part, power = _digits(fields[-1][-1])
    fewest = [min(found) for found in zip(*before, strict=True)]
    if part >= fewest[0] and power >= fewest[1]:
        return ()
    return (
        f"{text.where(len(text.rows) - 1)}: the last line has no end, and {fields[-1][-1]} has fewer digits than the "
        "numbers above it: the file may be cut off",
    )


def _digits(token: str) -> tuple[int, int]:
    """How many digits stand behind the decimal mark, and in the exponent."""
    match = _DIGITS.fullmatch(token)
    return (0, 0) if match is None else (len(match["part"] or ""), len(match["power"] or ""))


def check_first_row(text: Text) -> None:
    """Raise ReadError where the first of two columns without header begins with how many rows follow."""
    if text.width != 2 or text.header is not None or len(text.rows) < _BEFORE // 2:
        return
    heads = [text.dialect.number(text.fields(row)[0]) for row in range(4)]
    if heads[0] != len(text.rows) - 1 or None in heads:
        return
    steps = [abs((after or 0.0) - (before or 0.0)) for before, after in itertools.pairwise(heads)]
    if steps[0] > 2 * max(steps[1:]):
        raise ReadError(
            f"the first number, {heads[0]:g}, may be how many points follow, and no point",
            where=text.where(0),
            next="Remove the line if it is no data.",
        )


def check_first_lines(text: Text, first: Sequence[str]) -> None:
    """Raise ReadError where the first lines say that others stand above the data, or none at all."""
    for line in first:
        if _BANK.match(line):
            raise ReadError(
                "powder data of GSAS, whose angles are hundredths of a degree or of which only the counts stand there",
                where=text.at(1),
                next="Convert it into columns of angle and counts (.xy or .xye).",
            )
        counted = _COUNTED.fullmatch(line)
        if counted and int(counted[1]) != (text.header_line or text.lines[0] - 1):
            raise ReadError(
                f"{counted[1]} lines are said to stand above the data, and these begin otherwise",
                where=text.where(0),
                expected="The file as EC-Lab exported it; it may have been edited or cut off.",
            )
