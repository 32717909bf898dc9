"""A data block of JCAMP-DX -> one curve, once all that the block says twice agrees."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.curves import MOST_POINTS, Curve
from fingerprint.ingestion.jcamp_blocks import BlockOfRecords, Record
from fingerprint.ingestion.jcamp_table import Table, read_lines_of_ordinates, read_pairs
from fingerprint.ingestion.printed import Printed, agree
from fingerprint.ingestion.quantities import axis_quantity, column_of, value_quantity
from fingerprint.ingestion.reader import Column

SPECTRA = ("XYDATA", "XYPOINTS")
_FORM = re.compile(
    r"\(\s*(?:(?P<lines>X\s*\+\+\s*\(\s*Y\s*\.\.\s*Y\s*\))|(?P<pairs>XY\s*\.\.\s*XY))\s*\)?", re.IGNORECASE
)
_RATIOS = ("transmittance", "reflectance")
_IN_PERCENT = 2.0  # a ratio above this is a percentage
_HALF = 0.5  # of a step: points that are further off than this are others
_LAG = 0.1  # of a step: as abscissas lag behind when a writer adds up a rounded step
_EXACT = Printed(1.0, 0.0)


def curve_of(block: BlockOfRecords, most: int) -> Curve:
    """The spectrum of a data block.

    Args:
        most: how many points there may be.

    Raises:
        ReadError: with the line at fault: it cannot be decoded, is incomplete, or contradicts itself.
    """
    record = next((each for label in SPECTRA if (each := block.record(label))), None)
    assert record is not None
    if all(block.record(label) for label in SPECTRA):
        raise ReadError("two tables of points in one block", where=block.at(record.line))
    announced = _announced(block)
    table = _table(block, record, most if announced is None else min(announced + 1, most))
    count = len(table.ordinates)
    if not count:
        raise ReadError("there are no points", where=block.at(record.line))
    if announced is not None and count != announced:
        raise ReadError(
            f"there are {count} points, and ##NPOINTS= says {announced}",
            where=table.where(count - 1),
            expected=_one_too_many(block, table)
            if count > announced
            else "As many points as are announced; the file may be cut off.",
        )
    x_factor, y_factor = _factor(block, "XFACTOR"), _factor(block, "YFACTOR")
    if table.squeezed and block.number("YFACTOR") is None:
        raise ReadError("there is no ##YFACTOR=, and the ordinates are packed", where=block.at(block.line))
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large for a number is refused as infinite
        values = table.y * y_factor.value
        axis = _axis_of_pairs(block, table, x_factor) if table.abscissas else _even_axis(block, table, x_factor)
    _check_ordinates(block, table, values, y_factor)
    x, y = _quantities(block, values)
    return Curve(x, y, axis, values, table.where)


def _one_too_many(block: BlockOfRecords, table: Table) -> str:
    """What is known of a table with more points than are announced: some archives hold one too many in a first line."""
    first, last, announced = (block.number(label) for label in ("FIRSTX", "LASTX", "NPOINTS"))
    if first is None or last is None or announced is None or len(table.lines) < 3:
        return "As many points as are announced."
    step = (last.value - first.value) / announced.value
    beyond = [(line.abscissa.value - first.value) / step - line.point for line in table.lines[1:]] if step else []
    if not beyond or max(abs(each + 1) for each in beyond) > _HALF:
        return "As many points as are announced."
    return (
        "From the second line on each abscissa is one point behind: either the first line holds a point too many, or "
        f"all abscissas and ##NPOINTS= are one too low. Which it is, a step of {abs(step):.4g}, the file does not say."
    )


def is_list_of_peaks(block: BlockOfRecords) -> bool:
    """Whether what is called a table of points is the sticks of a mass spectrum, with nothing between them."""
    forms = [_FORM.match(block.text(label)) for label in SPECTRA]
    return "MASS" in block.text("DATATYPE").upper() and any(form and form["pairs"] for form in forms)


def _announced(block: BlockOfRecords) -> int | None:
    number = block.number("NPOINTS")
    if number is None:
        return None
    if number.value != int(number.value) or not 0 < number.value <= MOST_POINTS:
        record = block.record("NPOINTS")
        raise ReadError(
            f"##NPOINTS= {number.value:.15g}",
            where=block.at(record.line if record else block.line),
            expected=f"A whole number from 1 to {MOST_POINTS}.",
        )
    return int(number.value)


def _table(block: BlockOfRecords, record: Record, most: int) -> Table:
    form = _FORM.match(record.value)
    if form is None:
        raise ReadError(
            f"the table has the form {record.value[:40]!r}",
            where=block.at(record.line),
            expected="(X++(Y..Y)) or (XY..XY).",
        )
    rest = record.value[form.end() :].strip()
    lines = [(record.line, rest), *record.lines] if rest else record.lines
    return (read_pairs if form["pairs"] else read_lines_of_ordinates)(block.path, lines, most)


def _factor(block: BlockOfRecords, label: str) -> Printed:
    number = block.number(label) or _EXACT
    if not number.value:
        raise ReadError(f"##{label}= 0", where=block.at(block.line), expected="A factor that is not zero.")
    return number


def _even_axis(block: BlockOfRecords, table: Table, factor: Printed) -> NDArray[np.float64]:
    """The axis from ##FIRSTX= to ##LASTX=; the abscissas of the lines and ##DELTAX= must agree with it."""
    count = len(table.ordinates)
    first, last, delta = (block.number(label) for label in ("FIRSTX", "LASTX", "DELTAX"))
    if first is None or (last is None and delta is None):
        missing = "FIRSTX" if first is None else "LASTX"
        raise ReadError(f"there is no ##{missing}=", where=block.at(block.line), expected="It places the points.")
    if last is None:
        assert delta is not None
        last = Printed(first.value + delta.value * (count - 1), delta.digit * (count - 1))
    step = (last.value - first.value) / max(count - 1, 1)
    ends = max(first.digit, last.digit)
    if delta is not None and count > 1:
        slack = Printed(abs(step), 2 * ends / (count - 1))
        if not agree(slack, Printed(abs(delta.value), delta.digit)):
            raise _contradiction(block, "DELTAX", delta.value, f"{count} points from ##FIRSTX= to ##LASTX=", step)
    axis = np.linspace(first.value, last.value, count)
    found = np.array([each.abscissa.value for each in table.lines]) * factor.value
    digits = np.array([each.abscissa.digit for each in table.lines]) * abs(factor.value)
    expected = axis[[each.point for each in table.lines]]
    rounding = np.where(digits <= _HALF * abs(step), digits, _HALF * digits) + ends + _LAG * abs(step)
    bounds = np.minimum(rounding, _HALF * np.maximum(abs(step), digits) * (1 + 1e-9))
    wrong = np.flatnonzero(~(np.abs(found - expected) <= bounds)) if count > 1 else np.array([], dtype=int)
    if wrong.size:
        place = int(wrong[0])
        raise ReadError(
            f"the line begins at {found[place]:.10g}, and ##FIRSTX=, ##LASTX= and the number of points put "
            f"it at {expected[place]:.10g}",
            where=f"{block.path}:{table.lines[place].line}",
            expected="Points may be missing or doubled, or a header may belong to other data.",
        )
    return axis


def _axis_of_pairs(block: BlockOfRecords, table: Table, factor: Printed) -> NDArray[np.float64]:
    """The abscissas; ##FIRSTX= and ##LASTX= must agree with the first and last."""
    axis = np.array(table.abscissas, dtype=np.float64) * factor.value
    for label, point, inner in (("FIRSTX", 0, 1), ("LASTX", len(axis) - 1, len(axis) - 2)):
        stated = block.number(label)
        if stated is None or len(axis) < 2:
            continue
        found = table.abscissa(point).times(factor.value)
        near = abs(axis[point] - stated.value) <= _HALF * abs(axis[point] - axis[inner])
        if not near or not agree(found, stated):
            raise _contradiction(block, label, stated.value, "the points", float(axis[point]))
    return axis


def _check_ordinates(block: BlockOfRecords, table: Table, values: NDArray[np.float64], factor: Printed) -> None:
    """##FIRSTY=, ##MAXY= and ##MINY= must be those of the table."""
    finite = np.isfinite(values)
    if not finite.all():
        return  # a gap, which is refused with its place
    places = {"FIRSTY": 0, "MAXY": int(values.argmax()), "MINY": int(values.argmin())}
    for label, point in places.items():
        stated = block.number(label)
        if stated is not None and not agree(table.ordinate(point).times(factor.value), stated):
            raise _contradiction(block, label, stated.value, "the table", float(values[point]))


def _contradiction(block: BlockOfRecords, label: str, stated: float, other: str, found: float) -> ReadError:
    record = block.record(label)
    return ReadError(
        f"##{label}= {stated:.10g}, and by {other} it is {found:.10g}",
        where=block.at(record.line if record else block.line),
        next="Correct or remove the line that is wrong; without knowing which it is, leave the file out.",
    )


def _quantities(block: BlockOfRecords, values: NDArray[np.float64]) -> tuple[Column, Column]:
    """What is measured over what, from the block's words.

    A Raman shift is a difference of wavenumbers, whatever the file calls it. A transmittance above 2 is in percent.
    """
    x = axis_quantity(block.text("XUNITS") or block.text("XLABEL") or "x")
    y = value_quantity(block.text("YUNITS") or block.text("YLABEL") or "y")
    if "RAMAN" in block.text("DATATYPE").upper() and x.name == "wavenumber":
        x = column_of("Raman shift", x.unit)
    if y.name in _RATIOS and y.unit == "" and np.nanmax(values, initial=0.0) > _IN_PERCENT:
        y = column_of(y.name, "%")
    return x, y
