"""What a delimited file looks like before anyone has said what it means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fingerprint.errors import ReadError
from fingerprint.ingestion.columns import describe, find_id
from fingerprint.ingestion.reader import Column, ColumnsLayout, CurveLayout, Layout, TableLayout, Unrecognised
from fingerprint.ingestion.text import Text, open_text
from fingerprint.ingestion.uncertainties import with_uncertainties

HEAD = 50  # rows that are looked at to tell curves from tables


def inspect(path: Path) -> Layout:
    """What a delimited file looks like.

    Raises:
        ReadError: it is damaged or empty, or what its commas are is open.
    """
    return layout_of(open_text(path))


def layout_of(text: Text) -> CurveLayout | ColumnsLayout | TableLayout | Unrecognised:
    """What rows of text look like.

    Raises:
        ReadError: they are damaged.
    """
    path = text.path
    curve = _curve(text)
    if curve is not None:
        return curve
    if text.header is None:
        return Unrecognised(path, f"{text.width} column(s) of numbers without a header that says what they are")
    named = [column for column, field in enumerate(text.header) if text.dialect.number(field) is None]
    points = text.width - len(named)
    try:
        strings = text.strings(named)
    except ReadError:
        if _is_prose(text):
            return Unrecognised(path, "text, not a table of numbers")
        raise
    decimal = text.dialect.decimal
    columns = tuple(describe(text.header[i], cells, None, decimal) for i, cells in zip(named, strings, strict=True))
    if points < 2 and not any(column.numeric for column in columns) and text.width < 2:
        return Unrecognised(path, "text, not a table")
    identity = find_id(columns)
    if identity is None and points > 1 and len(columns) == 1:
        identity = columns[0]
    ids = tuple(strings[columns.index(identity)]) if identity else ()
    return TableLayout(path, columns, points, identity, ids, _along(text, columns, strings, ids))


def _is_prose(text: Text) -> bool:
    """Whether hardly anything in the first lines is a number."""
    fields = [field for row in range(min(len(text.rows), HEAD)) for field in text.fields(row)]
    return 4 * sum(text.dialect.number(field) is not None for field in fields) < len(fields)


def _curve(text: Text) -> CurveLayout | ColumnsLayout | None:
    """Columns of numbers, the first of which rises or falls; None for anything else."""
    number = text.dialect.number
    head = [text.fields(row) for row in range(min(len(text.rows), HEAD))]
    good = [fields for fields in head if len(fields) == text.width and None not in map(number, fields)]
    if text.width < 2 or 2 * len(good) <= len(head):
        return None
    if text.header is None and text.width == 2:
        return CurveLayout(text.path, None, None)
    columns = [
        describe(text.label(place), [fields[place] for fields in good], None, text.dialect.decimal)
        for place in range(text.width)
    ]
    x, ys = columns[0], columns[1:]
    if not _is_monotonic([number(fields[0]) or 0.0 for fields in good]) or find_id(columns) is not None:
        return None
    if any(number(field) is not None for field in text.header or ()):
        return None
    owned = with_uncertainties(ys)
    if text.header is not None and len(owned) == 1:
        y, uncertainty = owned[0]
        return CurveLayout(text.path, x, y, uncertainty=uncertainty)
    return ColumnsLayout(text.path, x, tuple(ys), text.header is not None)


def _is_monotonic(numbers: Sequence[float]) -> bool:
    """Whether most steps go the same way."""
    steps = np.sign(np.diff(numbers))
    return len(numbers) > 1 and abs(float(steps.sum())) > 0.5 * len(steps)


def _along(
    text: Text, columns: Sequence[Column], strings: Sequence[Sequence[str]], ids: Sequence[str]
) -> Column | None:
    """The first column of numbers that rises or falls strictly within each of several repeated ids."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(ids):
        rows.setdefault(name, []).append(row)
    if not ids or min(map(len, rows.values())) < 2:
        return None
    for column, cells in zip(columns, strings, strict=True):
        if column.numeric and all(_strict(text, [cells[row] for row in own]) for own in rows.values()):
            return column
    return None


def _strict(text: Text, cells: Sequence[str]) -> bool:
    numbers = [text.dialect.number(cell) for cell in cells]
    if None in numbers:
        return False
    steps = np.sign(np.diff([number or 0.0 for number in numbers]))
    return abs(float(steps.sum())) == len(steps)
