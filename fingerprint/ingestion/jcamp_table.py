"""The tables of JCAMP-DX: (X++(Y..Y)) in each of its encodings, and (XY..XY).

AFFN and PAC are numbers as people write them. In ASDF a letter is a sign and a first digit, and says what the number
is: SQZ an ordinate, DIF the difference to the one before, DUP how often the one before stands there. Where a line ends
in a difference, the next begins with its last ordinate again. McDonald & Wilks, Appl. Spectrosc. 42 (1988) 151.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.printed import Printed, printed

_LONGEST_LINE = 1 << 18
_FREE = re.compile(r"[\d\s+\-.,;EeDd?]*", re.ASCII)
_PACKED = re.compile(r"(?<=[\d.?])(?=[+\-?])|(?<=\?)(?=[\d.])", re.ASCII)
_SEPARATORS = re.compile(r"[\s,;]+", re.ASCII)
_SQUEEZED = re.compile(r"[@%A-CF-Za-cf-z]")
_PERHAPS_SQUEEZED = re.compile(r"[DEde](?![+-])")  # programs write exponents with a sign
_EXPONENT = re.compile(r"\.\d*[DEde]\d", re.ASCII)
_ABSCISSA = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})", re.ASCII)
_ITEM = re.compile(
    r"[\s,;]*(?:(?P<letter>[@%A-Za-s])(?P<rest>\d{0,17})|(?P<plain>[+-]?\d{1,18})|(?P<gap>\?))(?![\d.])", re.ASCII
)


class _Form(Enum):
    ORDINATE = "SQZ"
    DIFFERENCE = "DIF"
    REPEAT = "DUP"


_LETTERS = {
    letter: (form, sign + str(digit))
    for form, sign, letters, first in (
        (_Form.ORDINATE, "", "@ABCDEFGHI", 0),
        (_Form.ORDINATE, "-", "abcdefghi", 1),
        (_Form.DIFFERENCE, "", "%JKLMNOPQR", 0),
        (_Form.DIFFERENCE, "-", "jklmnopqr", 1),
        (_Form.REPEAT, "", "STUVWXYZs", 1),
    )
    for digit, letter in enumerate(letters, start=first)
}


class LineOfPoints(NamedTuple):
    """Where a line of a table begins.

    Attributes:
        line: its number in the file; text: what stands there.
        point: the point that its abscissa belongs to.
        abscissa: as printed, before ##XFACTOR=; of pairs, that of the first.
    """

    line: int
    text: str
    point: int
    abscissa: Printed


@dataclass
class Table:
    """The points of one table, before the factors.

    Attributes:
        path: the file.
        ordinates: NaN where a question mark stands.
        abscissas: of pairs; empty where only each line has one.
        lines: where each line begins.
        squeezed: whether it is ASDF.
    """

    path: Path
    squeezed: bool = False
    ordinates: array[float] = field(default_factory=lambda: array("d"))
    abscissas: array[float] = field(default_factory=lambda: array("d"))
    lines: list[LineOfPoints] = field(default_factory=list[LineOfPoints])

    @property
    def y(self) -> NDArray[np.float64]:
        """The ordinates."""
        return np.array(self.ordinates, dtype=np.float64)

    def where(self, point: int) -> str:
        """The file and line of a point."""
        return f"{self.path}:{self._line_of(point).line}"

    def ordinate(self, point: int) -> Printed:
        """An ordinate as it is printed; those of ASDF are whole numbers."""
        value = self.ordinates[point]
        if self.squeezed or math.isnan(value):
            return Printed(value, 1.0)
        place = point - self._line_of(point).point
        return self._token(point, 2 * place + 1 if self.abscissas else place + 1)

    def abscissa(self, point: int) -> Printed:
        """An abscissa of pairs as it is printed."""
        return self._token(point, 2 * (point - self._line_of(point).point))

    def _token(self, point: int, place: int) -> Printed:
        return printed(_tokens(self._line_of(point).text)[place]) or Printed(math.nan, 0.0)

    def _line_of(self, point: int) -> LineOfPoints:
        return self.lines[max(bisect_right(self.lines, point, key=lambda each: each.point) - 1, 0)]


def read_lines_of_ordinates(path: Path, lines: Sequence[tuple[int, str]], most: int) -> Table:
    """(X++(Y..Y)): each line has the abscissa of its first ordinate, and ordinates.

    Args:
        lines: (line, text).
        most: how many points there may be.

    Raises:
        ReadError: with the line at fault.
    """
    table = Table(path, squeezed=_is_squeezed([text for _, text in lines]))
    differs = False
    for line, text in lines:
        if table.squeezed:
            differs = _squeezed_line(table, line, text, most, differs)
        else:
            values, first = _free_line(path, line, text)
            if len(values) < 2 or first is None:
                raise _refusal(path, line, "an abscissa without an ordinate")
            table.lines.append(LineOfPoints(line, text, len(table.ordinates), first))
            table.ordinates.extend(values[1:])
        if len(table.ordinates) > most:
            raise _too_many(path, line)
    return table


def _is_squeezed(lines: Sequence[str]) -> bool:
    """Whether letters stand for digits. D and E may also begin an exponent."""
    if any(_SQUEEZED.search(text) for text in lines):
        return True
    return any(_PERHAPS_SQUEEZED.search(text) for text in lines) and not any(_EXPONENT.search(text) for text in lines)


def read_pairs(path: Path, lines: Sequence[tuple[int, str]], most: int) -> Table:
    """(XY..XY): abscissa and ordinate in turn.

    Raises:
        ReadError: with the line at fault.
    """
    table = Table(path)
    for line, text in lines:
        if any(len(_tokens(group)) % 2 for group in text.strip("; \t").split(";")):
            raise _refusal(path, line, "an abscissa without an ordinate", "Pairs of numbers.")
        values, first = _free_line(path, line, text)
        if first is None:
            raise _refusal(path, line, "an ordinate without an abscissa")
        table.lines.append(LineOfPoints(line, text, len(table.ordinates), first))
        table.abscissas.extend(values[::2])
        table.ordinates.extend(values[1::2])
        if len(table.ordinates) > most:
            raise _too_many(path, line)
    return table


def _free_line(path: Path, line: int, text: str) -> tuple[list[float], Printed | None]:
    """AFFN and PAC: numbers with blanks or commas between them, or their signs alone; and the first as printed."""
    if len(text) > _LONGEST_LINE:
        raise _refusal(path, line, f"{len(text)} letters in one line")
    if not _FREE.fullmatch(text):
        bad = next(token for token in _SEPARATORS.split(text) if not _FREE.fullmatch(token))
        raise _refusal(path, line, f"{bad[:40]!r} is not a number", "Numbers with a decimal point.")
    tokens = _tokens(text)
    first = printed(tokens[0]) if tokens else None
    try:
        return [float(token) for token in tokens], first
    except ValueError:  # a question mark, Fortran's D, or a fault
        pass
    values: list[float] = []
    for token in tokens:
        number = Printed(math.nan, 0.0) if token == "?" else printed(token)
        if number is None:
            raise _refusal(path, line, f"{token[:40]!r} is not a number", "Numbers with a decimal point.")
        values.append(number.value)
    return values, first


def _tokens(text: str) -> list[str]:
    return [token for token in _SEPARATORS.split(_PACKED.sub(" ", text)) if token]


def _squeezed_line(table: Table, line: int, text: str, most: int, differs: bool) -> bool:
    """Decode a line of ASDF.

    Args:
        differs: whether the line before ended in a difference.

    Returns:
        Whether this one does.
    """
    path, ordinates = table.path, table.ordinates
    begin = _ABSCISSA.match(text)
    abscissa = printed(begin.group()) if begin else None
    if begin is None or abscissa is None:
        raise _refusal(path, line, f"{text[:20]!r} does not begin with an abscissa")
    place, form, step, value, ends_differing = begin.end(), None, 0, None, False
    while place < len(text):
        form_before, item = form, _ITEM.match(text, place)
        if item is None or (item["letter"] and item["letter"] not in _LETTERS):
            raise _refusal(path, line, f"{text[place : place + 20]!r} is no number of a known encoding")
        place = item.end()
        form, number = _meaning(item)
        if form is _Form.ORDINATE:
            value, repeated = number, form_before is None and differs
            table_point = len(ordinates) - repeated
            if repeated and value != int(ordinates[-1]):
                raise _refusal(
                    path,
                    line,
                    f"the line begins with the ordinate {value}, and the line before ends with {ordinates[-1]:.0f}",
                    "After a line that ends in a difference, its last ordinate stands again.",
                )
            if form_before is None:
                table.lines.append(LineOfPoints(line, text, table_point, abscissa))
            if not repeated:
                ordinates.append(math.nan if value is None else value)
        elif form_before is None or number is None:
            raise _refusal(path, line, f"{item.group().strip()!r} without an ordinate before it")
        elif form is _Form.DIFFERENCE:
            if value is None:
                raise _refusal(path, line, "a difference to an ordinate that was not measured")
            value, step = value + number, number
            ordinates.append(value)
        else:
            if form_before is _Form.REPEAT or number < 1:
                raise _refusal(path, line, f"{item.group().strip()!r} repeats what cannot be repeated")
            if len(ordinates) + number - 1 > most:
                raise _too_many(path, line)
            value = _repeat(ordinates, value, step if form_before is _Form.DIFFERENCE else 0, number - 1)
        if form is not _Form.REPEAT:
            ends_differing = form is _Form.DIFFERENCE
        if len(ordinates) > most:
            raise _too_many(path, line)
    if form is None:
        raise _refusal(path, line, "an abscissa without an ordinate")
    return ends_differing


def _meaning(item: re.Match[str]) -> tuple[_Form, int | None]:
    """What one number of ASDF is; None where nothing was measured."""
    if item["gap"]:
        return _Form.ORDINATE, None
    if item["plain"]:
        return _Form.ORDINATE, int(item["plain"])
    form, digits = _LETTERS[item["letter"]]
    return form, int(digits + item["rest"])


def _repeat(ordinates: array[float], value: int | None, step: int, times: int) -> int | None:
    if value is None or not step:
        ordinates.extend([math.nan if value is None else value] * times)
        return value
    ordinates.extend(range(value + step, value + step * (times + 1), step))
    return value + step * times


def _too_many(path: Path, line: int) -> ReadError:
    return _refusal(path, line, "more points than are announced or can be read")


def _refusal(path: Path, line: int, what: str, expected: str = "") -> ReadError:
    return ReadError(what, where=f"{path}:{line}", expected=expected)
