"""Lines above the data of a file that are data themselves, of which something cannot be read: refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fingerprint.errors import ReadError
from fingerprint.ingestion.text import EXPECTED

if TYPE_CHECKING:
    from fingerprint.ingestion.body import Body

_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,'\u2019]\d{3})+(?:[.,]\d+)?")
_JOINED = re.compile(r"[\d.+\-eEdD*]*(?:\d\.\d*(?:[eEdD][+-]?\d{2,3})?[+-]\d*\.\d|[\d.]\*{3})[\d.+\-eEdD*]*")


def refuse_number(body: Body, header: Sequence[str], path: Path, line: int) -> None:
    """Raise ReadError where what stands above the data is data too, of which something cannot be read."""
    if len(body.numeric) < body.width or body.dialect.number(header[0]) is None:
        return
    unread = next(field for field in header if body.dialect.number(field) is None)
    raise ReadError(f"{unread!r} is not a number", where=f"{path}:{line}", expected=EXPECTED[body.dialect.decimal])


def refuse_numbers_above(
    body: Body, above: Sequence[list[str]], adjoining: bool, path: Path, lines: Sequence[int]
) -> None:
    """Raise ReadError where lines of numbers would be taken for free text above the data.

    Args:
        above: the lines above the header or the data.
        adjoining: whether the data follow, without a header.
    """
    widths = [len(fields) if _are_numbers(body, fields) else 0 for fields in above]
    for row, width in enumerate(widths):
        last = row + 1 == len(widths)
        if width and ((last and adjoining) or (not last and widths[row + 1] == width)):
            raise ReadError(
                f"there are numbers here that are not like those from line {lines[len(above)]} on: "
                f"{' '.join(above[row])[:60]!r}",
                where=f"{path}:{lines[row]}",
                expected=f"{body.width} numbers in each line. {EXPECTED[body.dialect.decimal]}",
                next="Correct these lines, write each block into a file of its own, or remove what is no data.",
            )


def _are_numbers(body: Body, fields: Sequence[str]) -> bool:
    """Whether a line holds numbers and nothing else; run together or with separators of thousands, too."""
    if len(fields) == 1:
        return _JOINED.fullmatch(fields[0]) is not None
    number = [body.dialect.number(field) is not None for field in fields]
    like = [_GROUPED.fullmatch(field) or _JOINED.fullmatch(field) for field in fields]
    return any(number) and all(map(max, number, map(bool, like)))


def refuse_lost(body: Body, top: Sequence[list[str]], path: Path, lines: Sequence[int]) -> None:
    """Raise ReadError where a line that begins with a number stands below a header, or is as wide as the data.

    Args:
        top: the lines down to the first of the data.
        path, lines: for messages.
    """
    if len(body.numeric) < body.width:
        return
    named = False
    for row, fields in enumerate(top):
        if body.fits(fields):
            return
        numbers = [body.dialect.number(field) is not None for field in fields]
        unlike = named or len(fields) == body.width or sum(numbers) > 1
        if numbers[0] and len(fields) > 1 and unlike:
            raise ReadError(
                f"{fields[0]} begins a line that is unlike the others",
                where=f"{path}:{lines[row]}",
                expected=f"{body.width} numbers, or a header, or free text above it.",
            )
        named = named or len(fields) == body.width
