"""What a delimited file looks like before anyone has said what it means."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion.columns import describe, find_id, is_id, is_moment_or_number
from fingerprint.ingestion.curve_layout import HEAD, curve_layout, rises_or_falls
from fingerprint.ingestion.decoding import read_lines
from fingerprint.ingestion.dialect import as_number
from fingerprint.ingestion.opening import open_text
from fingerprint.ingestion.reader import Column, ColumnsLayout, CurveLayout, Layout, TableLayout, Unrecognised
from fingerprint.ingestion.text import EXPECTED, Text
from fingerprint.units import is_time, unit_in_brackets

_WITH_UNIT = re.compile(r"[<>~]?[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?\s*([^\d\s.,+-]\S*)")
_AXIS = re.compile(
    r"time|strain|temperature|displacement|cycle|frequency|wavelength|wavenumber|energy|shift|angle|theta|axis",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\b(?:date|datum|time|timestamp|zeit|uhrzeit|month|day)\b", re.IGNORECASE)
_COUNT = re.compile(r"rep|repeat|replicate|repetition|run|trial|test|no|nr|number|index|count|#", re.IGNORECASE)
_REPLICATE = re.compile(
    r"(?:rep|repeat|replicate|repetition|measurement|run|trial|scan|test)s?(?:[ _.-]?(?:id|no|nr|number|#))?\.?",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(r"[<>~\u2264\u2265]?\s*[+-]?\d.*")
_TABLES = (".csv", ".tsv")  # a header alone is a table whose rows are lost
FEW = 5  # rows, as many as one specimen must have where the axis is not called like one and all have not the same


def inspect(path: Path) -> Layout:
    """What a delimited file looks like.

    Raises:
        ReadError: it is damaged or empty, or what its commas are is open.
    """
    try:
        return layout_of(open_text(path))
    except ReadError:
        if _is_note(path):
            return Unrecognised(path, "text without any number")
        raise


def _is_note(path: Path) -> bool:
    """Whether a file that is not called a table holds words and no digit."""
    if path.name.lower().startswith("readme"):
        return True
    if any(suffix in _TABLES for suffix in map(str.lower, path.suffixes)):
        return False
    try:
        content = "".join(read_lines(path))
    except ReadError:
        return False
    return bool(content.strip()) and not any(map(str.isdigit, content))


def layout_of(text: Text) -> CurveLayout | ColumnsLayout | TableLayout | Unrecognised:
    """What rows of text look like.

    Raises:
        ReadError: they are damaged.
    """
    path = text.path
    curve = curve_layout(text)
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
    _refuse_mixed_marks(text, columns, strings)
    identity = find_id(columns)
    if identity is None and points > 1 and len(columns) == 1:
        identity = columns[0]
    ids: tuple[str, ...] = tuple(strings[columns.index(identity)]) if identity else ()
    named = identity is not None and (not identity.header or is_id(identity.header))
    alone = points < 2 and identity is not None and not identity.numeric
    unlike = identity is not None and (_are_no_ids(identity, ids) or _look_measured(identity, ids))
    if identity is not None and ids and not named and alone and unlike:
        reason = f"{identity.header} ({ids[0]}, ...) does not look like a column of ids, but of times, dates or values"
        return Unrecognised(path, reason)
    if points > 1 and identity is not None and not is_id(identity.header):
        if _is_matrix(text, identity, ids, points):
            return Unrecognised(path, "the headers are numbers and so is the first column: which of them is the axis?")
        if _is_row_of_data(text, identity):
            reason = 'the first line looks like the others: is it a header? If so, call its first column "id"'
            return Unrecognised(path, reason)
    notes = text.notes + tuple(
        f"{column.header} of {path.name} is kept as text ({cells[0]!r}): leave nothing but numbers in its cells"
        for column, cells in zip(columns, strings, strict=True)
        if column is not identity and not column.numeric and _look_measured(column, cells)
    )
    layout = TableLayout(path, columns, points, identity, ids, notes=notes)
    return _with_repeats(layout, text, strings) if len(set(ids)) < len(ids) else layout


def _with_repeats(layout: TableLayout, text: Text, strings: Sequence[Sequence[str]]) -> TableLayout:
    """A table whose ids repeat: which column tells measurements of one specimen apart, and whether rows are points."""
    along = _along(text, layout.columns, strings, layout.ids)
    for column, cells in zip(layout.columns, strings, strict=True):
        if column == layout.id or not _REPLICATE.fullmatch(column.name) or not all(cells):
            continue
        pairs = list(zip(layout.ids, cells, strict=True))
        if len(set(pairs)) == len(pairs):
            varying = [
                each
                for each, own in zip(layout.columns, strings, strict=True)
                if each not in (layout.id, column) and not each.numeric and each.header and _varies(layout.ids, own)
            ]
            return replace(layout, measurement=column, varying=tuple(varying))
        within = None if along else _along(text, layout.columns, strings, pairs)
        if within is not None and within != column:
            return replace(layout, along=within, measurement=column)
    return replace(layout, along=along)


def _varies(ids: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a column says several things of one specimen."""
    return len({pair for pair in zip(ids, cells, strict=True) if pair[1]}) > len(set(ids))


def _refuse_mixed_marks(text: Text, columns: Sequence[Column], strings: Sequence[Sequence[str]]) -> None:
    """Raise ReadError where a column is text only because its numbers have the other decimal mark."""
    own, other = (",", ".") if text.dialect.decimal == "," else (".", ",")
    for column, cells in zip(columns, strings, strict=True):
        if column.numeric or is_id(column.header):
            continue
        like = [other in cell and as_number(cell, other) is not None for cell in cells[:HEAD] if cell]
        if like and 2 * sum(like) > len(like):
            raise ReadError(
                f"the numbers in {column.header!r} ({cells[0]}) have {other!r} where others have {own!r}",
                where=text.where(0),
                expected=EXPECTED[text.dialect.decimal],
                next="Write all of them with the same decimal mark.",
            )


def _are_no_ids(column: Column, cells: Sequence[str]) -> bool:
    """Whether a column of text says when something was measured, or how much, rather than of which specimen."""
    if not any(character.isalpha() for cell in cells for character in cell):
        return True
    return column.unit is not None or _WHEN.search(column.name) is not None or is_moment_or_number(cells)


def _look_measured(column: Column, cells: Sequence[str]) -> bool:
    """Whether most of some cells are a number and its unit ("12.3 GPa", "5 %"), or begin with one where a unit stands
    in the header ("5.431(2)", "<0.01")."""
    found = [_WITH_UNIT.fullmatch(cell) for cell in cells[:HEAD]]
    known = [match is not None and unit_in_brackets(match[1]) is not None for match in found]
    if column.unit is not None:
        known = [_NUMBER_FIRST.fullmatch(cell) is not None for cell in cells[:HEAD]]
    return 2 * sum(known) > len(known)


def _is_row_of_data(text: Text, identity: Column) -> bool:
    """Whether the numbers in the header lie within or near those below them, as in a table without header."""
    if not identity.header or len(text.rows) < 2:
        return False
    head = [text.fields(row) for row in range(min(len(text.rows), HEAD))]
    for place, field in enumerate(text.header or ()):
        number = text.dialect.number(field)
        if number is None:
            continue
        below = [text.dialect.number(fields[place]) for fields in head if len(fields) == text.width]
        known = [each for each in below if each is not None]
        span = max(max(known) - min(known), 0.5 * max(map(abs, known))) if known else 0.0
        if not known or not min(known) - span <= number <= max(known) + span:
            return False
    return True


def _is_matrix(text: Text, identity: Column, ids: Sequence[str], points: int) -> bool:
    """Whether the ids are numbers that rise or fall all along: columns over an axis, whose headers are numbers too."""
    numbers = [text.dialect.number(each) for each in ids]
    if len(ids) < 2 or None in numbers or not rises_or_falls(text, ids):
        return False
    counted = all(each.isdigit() for each in ids)
    return bool(identity.header) or not counted or len(ids) > points


def _is_prose(text: Text) -> bool:
    """Whether hardly anything in the first lines is a number."""
    fields = [field for row in range(min(len(text.rows), HEAD)) for field in text.fields(row)]
    return 4 * sum(text.dialect.number(field) is not None for field in fields) < len(fields)


def _along(
    text: Text, columns: Sequence[Column], strings: Sequence[Sequence[str]], ids: Sequence[Hashable]
) -> Column | None:
    """The first column of numbers that rises or falls strictly within each of several repeated ids."""
    rows: dict[Hashable, list[int]] = {}
    for row, name in enumerate(ids):
        rows.setdefault(name, []).append(row)
    if not ids or min(map(len, rows.values())) < 2:
        return None
    for column, cells in zip(columns, strings, strict=True):
        if not column.numeric or _COUNT.fullmatch(column.name):
            continue
        axes = [tuple(text.dialect.number(cells[row]) for row in own) for own in rows.values()]
        shared = len(axes) > 1 and len(axes[0]) > 2 and len(set(axes)) == 1
        named = _AXIS.search(column.name) or (column.unit and is_time(column.unit))
        if not (shared or named) and max(map(len, axes)) < FEW:
            continue  # more likely the same measured again
        if all(rises_or_falls(text, [cells[row] for row in own]) for own in rows.values()):
            return column
    return None
