"""Spectra side by side, each a pair of columns: axis and values, as spectrometers export what was measured together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.checks import axis_order, check_ids, complete_rows, refuse_infinite
from fingerprint.ingestion.text import Text
from fingerprint.modality import Block
from fingerprint.units import split_unit


@dataclass(frozen=True)
class Pairs:
    """The pairs of columns of a text, which are the 1st and 2nd, the 3rd and 4th, and so on.

    Attributes:
        names: of the specimens, one per pair; () where the file does not give each its own.
    """

    names: tuple[str, ...]


def find_pairs(text: Text) -> Pairs | None:
    """The pairs of columns that a text is; None where it is none.

    It is where every other header is the same, with a name for each pair in the headers between them, or in the line
    above, where those are the same too.
    """
    header = list(text.header or ())
    if text.width < 4 or text.width % 2 or len(set(header[::2])) != 1 or not header[0]:
        return None
    values = [split_unit(each) for each in header[1::2]]
    if len({each.unit for each in values}) > 1:
        return None
    if len({each.name for each in values}) == len(values):
        return Pairs(tuple(each.name for each in values))
    if len(set(header[1::2])) > 1:
        return None
    above = [*text.above, *[""] * (text.width - len(text.above))]
    told = [{each for each in above[place : place + 2] if each} for place in range(0, text.width, 2)]
    names = [next(iter(each)) for each in told if len(each) == 1]
    return Pairs(tuple(names) if len(names) == len(told) == len(set(names)) else ())


def read_pairs(text: Text, missing: frozenset[str]) -> list[Block]:
    """The curves of a text of pairs; what is empty below the end of one that is shorter than others is left out.

    Raises:
        ReadError: a pair has no name of its own, or its axis or values are not fit to be stored.
    """
    pairs = find_pairs(text)
    if pairs is None or not pairs.names:
        raise ReadError(
            f"{text.width // 2} pairs of columns, and not each has a name of its own",
            where=text.at(text.header_line or text.lines[0]),
            expected="A name for each pair in the line above the headers.",
            next="Export each spectrum into a file of its own, or write the names above the pairs.",
        )
    check_ids(pairs.names, lambda row: f"{text.at(text.header_line)}: column {2 * row + 1}")
    numbers = text.numbers(range(text.width), missing)
    found = [_curve(text, numbers[:, place : place + 2], place, pairs.names) for place in range(0, text.width, 2)]
    return [block for block in found if block is not None]


def _curve(text: Text, numbers: NDArray[np.float64], place: int, names: Sequence[str]) -> Block | None:
    filled = np.flatnonzero(~np.isnan(numbers).all(axis=1))
    if not filled.size:
        return None
    own = numbers[: filled[-1] + 1]

    def where(index: tuple[int, ...]) -> str:
        return f"{text.where(index[-1])}: column {place + 2}"

    refuse_infinite(own[:, 1], where)
    order = axis_order(own[:, 0], lambda point: f"{text.where(point)}: column {place + 1}")
    if not complete_rows(own[None, :, 1], where).all():
        return None
    source = f"{text.path}: column {place + 2}"
    return Block((names[place // 2],), own[order, 1][None].copy(), own[order, 0].copy(), (source,))
