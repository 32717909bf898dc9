"""EMSA/MAS (.msa, ISO 22029): one spectrum below keywords, its axis an offset and a step, or given point by point."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.curves import MOST_POINTS, Curve, layout_of, no_table, read_curves, text_lines
from fingerprint.ingestion.decoding import compressed
from fingerprint.ingestion.printed import Printed, agree, printed
from fingerprint.ingestion.quantities import axis_quantity, value_quantity
from fingerprint.ingestion.reader import Format, Layout, Request, Unrecognised
from fingerprint.modality import RawModality

_NOT_EMSA = "this is not an EMSA/MAS spectrum, though its name ends like that of one"
_KEYWORD = re.compile(r"#(?P<name>[A-Za-z]\w*)(?P<unit>[^:]*):(?P<value>.*)", re.ASCII | re.DOTALL)
_SEPARATORS = re.compile(r"[\s,;]+", re.ASCII)
_MOST_COLUMNS = 1000
_HALF = 0.5


class _Keyword(NamedTuple):
    value: str
    line: int


@dataclass
class _File:
    """What stands in a file.

    Attributes:
        keywords: name, in capitals -> what it says.
        lines: (line, text) between #SPECTRUM and #ENDOFDATA.
    """

    path: Path
    keywords: dict[str, _Keyword]
    lines: list[tuple[int, str]]

    def text(self, name: str) -> str:
        """What a keyword says, "" where there is none."""
        return self.keywords[name].value if name in self.keywords else ""

    def at(self, name: str) -> str:
        """The place of a keyword."""
        return f"{self.path}:{self.keywords[name].line if name in self.keywords else 1}"

    def number(self, name: str) -> Printed | None:
        """What a keyword says, as a number; None where there is none."""
        text = self.text(name)
        if not text:
            return None
        number = printed(text)
        if number is None:
            raise ReadError(f"#{name} {text[:40]!r} is not a number", where=self.at(name))
        return number

    def count(self, name: str, most: int) -> int | None:
        """What a keyword says, as a number of things."""
        number = self.number(name)
        if number is None:
            return None
        if number.value != int(number.value) or not 0 < number.value <= most:
            raise ReadError(
                f"#{name} {number.value:.15g}", where=self.at(name), expected=f"A whole number from 1 to {most}."
            )
        return int(number.value)


def read(request: Request) -> RawModality:
    """Read one EMSA/MAS file as one modality, in the units of the request.

    Raises:
        ReadError: with the line at fault.
        DatasetError: the request asks for what EMSA/MAS cannot hold.
    """
    lines = text_lines(request.path)
    if not _is_emsa(lines):
        raise ReadError(_NOT_EMSA, where=f"{request.path}:1", expected="#FORMAT : EMSA/MAS Spectral Data File")
    return read_curves(request, [_curve(_parse(lines, request.path))], lines)


def inspect(path: Path) -> Layout:
    """What an EMSA/MAS file looks like.

    Raises:
        ReadError: it is damaged, or contradicts itself.
    """
    lines = text_lines(path)
    if not _is_emsa(lines):
        return Unrecognised(path, _NOT_EMSA)
    return layout_of(path, [_curve(_parse(lines, path))], "EMSA/MAS")


def _is_emsa(lines: Sequence[str]) -> bool:
    first = next((line.strip() for line in lines if line.strip()), "")
    match = _KEYWORD.fullmatch(first)
    return match is not None and match["name"].upper() == "FORMAT" and "EMSA" in match["value"].upper()


def _parse(lines: Sequence[str], path: Path) -> _File:
    file, begun, ended = _File(path, {}, []), False, False
    for line, raw in enumerate(lines, start=1):
        text = raw.strip()
        if not text:
            continue
        if ended:
            raise ReadError("text after #ENDOFDATA", where=f"{path}:{line}", expected="One spectrum in a file.")
        if not text.startswith("#"):
            if not begun:
                raise ReadError(f"{text[:40]!r} before #SPECTRUM", where=f"{path}:{line}", expected="Keywords.")
            file.lines.append((line, text))
            continue
        if text[1:10].upper() == "ENDOFDATA":
            ended = True
            continue
        match = _KEYWORD.fullmatch(text)
        name = (match["name"] if match else text[1:].strip()).upper()
        if begun:
            raise ReadError(f"{text[:40]!r} among the points", where=f"{path}:{line}", expected="Numbers.")
        begun = name == "SPECTRUM"
        if match and not begun:
            value = match["value"].strip()
            known = file.keywords.setdefault(name, _Keyword(value, line))
            if known.value != value and name in _NEEDED:
                raise ReadError(f"#{name} stands here again", where=f"{path}:{line}", expected=f"Once: {known.value}")
    if not begun or not ended:
        missing = "#ENDOFDATA" if begun else "#SPECTRUM"
        raise ReadError(
            f"there is no {missing}",
            where=f"{path}:{len(lines)}",
            expected="The file may be cut off.",
            next="Copy the file again from where it was measured.",
        )
    return file


_NEEDED = frozenset({"NPOINTS", "NCOLUMNS", "XUNITS", "YUNITS", "DATATYPE", "XPERCHAN", "OFFSET", "CHOFFSET"})


def _curve(file: _File) -> Curve:
    kind = file.text("DATATYPE").upper()
    if kind not in ("Y", "XY"):
        raise ReadError(f"#DATATYPE {kind[:40]!r}", where=file.at("DATATYPE"), expected="Y or XY.")
    announced, columns = file.count("NPOINTS", MOST_POINTS), file.count("NCOLUMNS", _MOST_COLUMNS) or 1
    if announced is None:
        raise ReadError("there is no #NPOINTS", where=file.at("FORMAT"), expected="It says how many points there are.")
    numbers, places = _numbers(file, kind == "XY", columns, announced)
    per_point = 2 if kind == "XY" else 1
    count = len(numbers) // per_point
    if count != announced:
        raise ReadError(
            f"there are {count} points, and #NPOINTS says {announced}",
            where=f"{file.path}:{file.lines[-1][0]}" if file.lines else file.at("SPECTRUM"),
            expected="As many points as are announced; the file may be cut off.",
        )
    values = np.array([number.value for number in numbers[per_point - 1 :: per_point]])
    axis = _printed_axis(file, numbers[::2], places[::2]) if kind == "XY" else _even_axis(file, count)
    lines = places[::per_point]
    loss = file.text("SIGNALTYPE").upper().startswith(("ELS", "EELS"))
    x = axis_quantity(file.text("XUNITS") or "x", file.text("XLABEL").lower() or ("energy loss" if loss else ""))
    y = value_quantity(file.text("YUNITS") or "y", file.text("YLABEL").lower())
    return Curve(x, y, axis, values, lambda point: f"{file.path}:{lines[point]}")


def _numbers(file: _File, pairs: bool, columns: int, announced: int) -> tuple[list[Printed], list[int]]:
    """The numbers, and the line of each; the lines must have as many as #NCOLUMNS says."""
    numbers: list[Printed] = []
    places: list[int] = []
    # Of pairs some writers count the pairs of a line, and some its numbers.
    widths = ({2 * columns, columns} if columns % 2 == 0 else {2 * columns}) if pairs else {columns}
    for line, text in file.lines:
        where = f"{file.path}:{line}"
        found: list[Printed] = []
        tokens = [token for token in _SEPARATORS.split(text, maxsplit=2 * _MOST_COLUMNS + 1) if token]
        for token in tokens:
            number = printed(token)
            if number is None:
                raise ReadError(
                    f"{token[:40]!r} is not a number", where=where, expected="Numbers with a decimal point."
                )
            found.append(number)
        widths = {width for width in widths if len(found) == width} or widths
        last = line == file.lines[-1][0] and 0 < len(found) <= max(widths) and (not pairs or len(found) % 2 == 0)
        if len(found) not in widths and not last:
            each = "pairs" if pairs else "points"
            raise ReadError(
                f"{len(found)} numbers in a line, and #NCOLUMNS says {columns} {each}",
                where=where,
                expected="Numbers with a decimal point, and as many in each line as are announced.",
            )
        numbers.extend(found)
        places.extend([line] * len(found))
        if len(numbers) > announced * (2 if pairs else 1):
            raise ReadError(f"there are more points than the {announced} of #NPOINTS", where=where)
    return numbers, places


def _even_axis(file: _File, count: int) -> NDArray[np.float64]:
    """#OFFSET is the first point, and #XPERCHAN the step; #CHOFFSET says again which channel is zero."""
    offset, step, zero = (file.number(name) for name in ("OFFSET", "XPERCHAN", "CHOFFSET"))
    if offset is None or step is None or not step.value:
        missing = "OFFSET" if offset is None else "XPERCHAN"
        raise ReadError(f"there is no #{missing}, or it is 0", where=file.at(missing), expected="It places the points.")
    if zero is not None and zero.value:
        channel = -offset.value / step.value
        if abs(channel - zero.value) > 1 + 1e-3 * abs(channel):
            raise ReadError(
                f"#CHOFFSET {zero.value:.10g}, and by #OFFSET and #XPERCHAN the channel of zero is {channel:.10g}",
                where=file.at("CHOFFSET"),
                next="Correct or remove the line that is wrong; without knowing which it is, leave the file out.",
            )
    return offset.value + step.value * np.arange(count, dtype=np.float64)


def _printed_axis(file: _File, printed: Sequence[Printed], lines: Sequence[int]) -> NDArray[np.float64]:
    """The abscissas; #OFFSET and #XPERCHAN must agree with them where they are there."""
    axis = np.array([number.value for number in printed])
    offset, step = file.number("OFFSET"), file.number("XPERCHAN")
    if len(axis) > 1 and offset is not None and step is not None and step.value:
        for point, number in enumerate(printed):
            expected = Printed(offset.value + step.value * point, offset.digit + step.digit * point)
            if abs(number.value - expected.value) > _HALF * abs(step.value) or not agree(number, expected):
                raise ReadError(
                    f"the point is at {number.value:.10g}, and #OFFSET and #XPERCHAN put it at {expected.value:.10g}",
                    where=f"{file.path}:{lines[point]}",
                    next="Correct or remove the line that is wrong; without knowing which it is, leave the file out.",
                )
    return axis


FORMAT = Format(
    "EMSA/MAS",
    compressed(".msa", ".emsa"),
    read,
    no_table,
    inspect,
    acts=("facts",),
)
