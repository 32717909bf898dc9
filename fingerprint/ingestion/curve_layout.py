"""Whether a delimited file holds curves over its first column, before anyone has said what it means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fingerprint.ingestion.axis_names import is_called_axis, is_called_values
from fingerprint.ingestion.columns import describe, find_id
from fingerprint.ingestion.pairs import find_pairs
from fingerprint.ingestion.reader import Column, ColumnsLayout, CurveLayout, Unrecognised
from fingerprint.ingestion.text import Text
from fingerprint.ingestion.uncertainties import is_strain, with_uncertainties

_XYE = ("axis", "intensity", "uncertainty")  # the columns of every .xye
HEAD = 50  # rows that are looked at to tell curves from tables


def curve_layout(text: Text) -> CurveLayout | ColumnsLayout | Unrecognised | None:
    """Columns of numbers, the first of which rises or falls; None for anything else."""
    number = text.dialect.number
    head = [text.fields(row) for row in range(min(len(text.rows), HEAD))]
    good = [fields for fields in head if len(fields) == text.width and None not in map(number, fields)]
    if text.width < 2 or 2 * len(good) <= len(head):
        return None
    if text.header is None and text.width == 2:
        return CurveLayout(text.path, None, None, notes=text.notes)
    columns = [
        describe(text.label(place), [fields[place] for fields in good], None, text.dialect.decimal)
        for place in range(text.width)
    ]
    x, ys = columns[0], columns[1:]
    pairs = find_pairs(text)
    if pairs is not None:
        if not pairs.names:
            reason = f"{text.width // 2} pairs of columns ({x.header}, {ys[0].header}), not each with a name of its own"
            return Unrecognised(text.path, f"{reason}; write the names above, or each into a file of its own")
        return ColumnsLayout(text.path, x, tuple(ys[::2]), named=True, notes=text.notes, pairs=True)
    if any(number(field) is not None for field in text.header or ()):
        return None
    if text.width == 3 and _is_xye(text.path):
        if text.header is None:
            columns = [column._replace(name=name) for column, name in zip(columns, _XYE, strict=True)]
        return CurveLayout(text.path, columns[0], columns[1], uncertainty=columns[2], notes=text.notes)
    if text.header is not None and _is_unnamed_axis(text, columns, [fields[0] for fields in good]):
        return Unrecognised(
            text.path, 'the first column has no name: call it "id", or say what it measures if it is an axis'
        )
    if find_id(columns) is not None:
        return None
    if not _is_monotonic([number(fields[0]) or 0.0 for fields in good]):
        if text.header is None or not is_called_axis(x.header):
            return None
        reason = f"{x.header} turns back or repeats, and an axis rises or falls all along"
        return Unrecognised(text.path, f"{reason}; write each branch into a file of its own")
    if text.header is not None and is_called_values(x.header) and is_called_axis(ys[0].header) and len(ys) == 1:
        reason = f"{ys[0].header} is called as an axis is, and {x.header} before it is not: which of them is the axis?"
        return Unrecognised(text.path, f"{reason} Say it in dataset.toml: axis.values and values")
    owned = [(y, None) for y in ys] if _is_stress_over_strain(x, ys) else with_uncertainties(ys)
    if text.header is not None and len(owned) == 1:
        y, uncertainty = owned[0]
        return CurveLayout(text.path, x, y, uncertainty=uncertainty, notes=text.notes)
    return ColumnsLayout(text.path, x, tuple(ys), text.header is not None, notes=text.notes)


def _is_xye(path: Path) -> bool:
    return ".xye" in (suffix.lower() for suffix in path.suffixes)


def _is_stress_over_strain(x: Column, ys: Sequence[Column]) -> bool:
    """Whether sigma may be a stress and not an uncertainty."""
    return is_strain(x.name) and any(y.name.lower() in ("sigma", "σ") for y in ys)


def _is_monotonic(numbers: Sequence[float]) -> bool:
    """Whether most steps go the same way."""
    steps = np.sign(np.diff(numbers))
    return len(numbers) > 1 and abs(float(steps.sum())) > 0.5 * len(steps)


def _is_unnamed_axis(text: Text, columns: Sequence[Column], cells: Sequence[str]) -> bool:
    """Whether a first column without name rises or falls all along and does not count rows from 0 or 1."""
    if columns[0].header or not columns[0].numeric or len(cells) < 2 or not rises_or_falls(text, cells):
        return False
    numbers = [text.dialect.number(cell) or 0.0 for cell in cells]
    return numbers[0] not in (0.0, 1.0) or set(np.diff(numbers)) != {1.0}


def rises_or_falls(text: Text, cells: Sequence[str]) -> bool:
    """Whether cells are numbers that rise all along, or fall all along."""
    numbers = [text.dialect.number(cell) for cell in cells]
    if None in numbers:
        return False
    steps = np.sign(np.diff([number or 0.0 for number in numbers]))
    return abs(float(steps.sum())) == len(steps)
