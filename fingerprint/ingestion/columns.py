"""What a column holds: ids, numbers, text; and what its values are as metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fingerprint.ingestion.dataset import MISSING
from fingerprint.ingestion.dialect import as_number
from fingerprint.ingestion.reader import Cell, Column
from fingerprint.units import split_unit

_HEAD = 1000  # cells looked at to tell numbers from text
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_PADDED = re.compile(r"[+-]?0[0-9]")  # 007 is no number, but a name
_ID = re.compile(r"(?:specimen|sample|name|id)s?(?:[ _.-]?(?:id|name|no|nr|number|code|key))?\.?", re.IGNORECASE)


def describe(header: str, cells: Sequence[str], unit: str | None = None, decimal: str = ".") -> Column:
    """Describe a column; `unit` is one that the file states elsewhere than in the header."""
    name, stated = split_unit(header)
    present = [cell for cell in cells if cell.lower() not in MISSING]
    head = present[:_HEAD]
    numbers = sum(as_number(cell, decimal) is not None for cell in head)
    numeric = bool(head) and 2 * numbers > len(head)
    return Column(header, name, stated if unit is None else unit, numeric, len(set(cells)) == len(cells))


def is_id(header: str) -> bool:
    """Whether a column is called as ids are."""
    return _ID.fullmatch(header) is not None


def find_id(columns: Sequence[Column]) -> Column | None:
    """The column of ids: one named like an id, else the only column of text, if its values differ."""
    named = [column for column in columns if is_id(column.header)]
    if named:
        return named[0]
    unnamed = [column for column in columns if not column.header]
    text = [column for column in columns if not column.numeric]
    candidates = unnamed or text
    return candidates[0] if len(candidates) == 1 and candidates[0].unique else None


def metadata_values(cells: Sequence[str], missing: frozenset[str], decimal: str = ".") -> list[Cell]:
    """A column of metadata: whole numbers, numbers or text, as all its values are; None where missing."""
    present = [None if cell.lower() in missing else cell for cell in cells]
    words = [cell for cell in present if cell is not None]
    if all(_WHOLE.fullmatch(word) for word in words):
        return [None if cell is None else int(cell) for cell in present]
    if any(as_number(word, decimal) is None or _PADDED.match(word) for word in words):
        return list(present)
    return [None if cell is None else as_number(cell, decimal) for cell in present]
