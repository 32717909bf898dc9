"""What a column holds: ids, numbers, text; and what its values are as metadata."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from fingerprint.errors import ReadError
from fingerprint.ingestion.dataset import MISSING
from fingerprint.ingestion.dialect import as_number
from fingerprint.ingestion.reader import Cell, Column
from fingerprint.units import split_unit

_HEAD = 1000  # cells looked at to tell numbers from text
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_PADDED = re.compile(r"[+-]?0[0-9]")  # 007 is no number, but a name
_ID = re.compile(r"(?:specimen|sample|name|id)s?(?:[ _.-]?(?:id|name|no|nr|number|code|key|label))?\.?", re.IGNORECASE)
_DOUBTFUL = re.compile(r"[<>~\u2264\u2265]?\s*[+-]?\d[\d.,]*\s*(?:\(\d+\)|(?:\u00b1|\+/-).*)?|\([\d.,]+\)")
_MOMENT = re.compile(  # a time, a date, or both
    r"\d{1,4}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[ap]m)?"
    r"|(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})(?:[T ]+\d{1,2}:\d\d.*)?",
    re.IGNORECASE,
)


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


def is_moment_or_number(cells: Sequence[str]) -> bool:
    """Whether most of some cells are times, dates, or numbers with either decimal mark: of points, not specimens; or
    the last of them numbers that rise or fall, as below lines of words."""
    head = [cell for cell in cells[:_HEAD] if cell]
    numbers = [as_number(cell, ".") for cell in head]
    unlike = [
        number is not None or as_number(cell, ",") is not None or _MOMENT.fullmatch(cell) or _DOUBTFUL.fullmatch(cell)
        for cell, number in zip(head, numbers, strict=True)
    ]
    last = [number for number in numbers[-5:] if number is not None]
    runs = len(last) == 5 and (last in (sorted(set(last)), sorted(set(last), reverse=True)))
    return runs or 2 * sum(map(bool, unlike)) > len(head)


def metadata_values(cells: Sequence[str], missing: frozenset[str], decimal: str = ".") -> list[Cell]:
    """A column of metadata: whole numbers, numbers or text, as all its values are; None where missing."""
    present = [None if cell.lower() in missing else cell for cell in cells]
    words = [cell for cell in present if cell is not None]
    if all(_WHOLE.fullmatch(word) for word in words):
        return [None if cell is None else int(cell) for cell in present]
    if any(as_number(word, decimal) is None or _PADDED.match(word) for word in words):
        return list(present)
    return [None if cell is None else as_number(cell, decimal) for cell in present]


def by_specimen(
    ids: Sequence[str], columns: Mapping[str, Sequence[Cell]], where: Callable[[int], str]
) -> dict[str, dict[str, Cell]]:
    """What columns say of each specimen: id -> column -> value; rows of the same specimen must agree.

    Args:
        ids: of the specimens, [row].
        columns: by name, each [row].
        where: names the place of row i.

    Raises:
        ReadError: two rows of one specimen say different things.
    """
    found: dict[str, dict[str, Cell]] = {}
    told: dict[tuple[str, str], int] = {}
    for row, name in enumerate(ids):
        own = found.setdefault(name, dict.fromkeys(columns))
        for key, column in columns.items():
            if column[row] is None:
                continue
            first = told.setdefault((name, key), row)
            if column[row] != column[first]:
                raise ReadError(
                    f"{key} of specimen {name!r} is {column[row]!r} here and {column[first]!r} at {where(first)}",
                    where=where(row),
                    expected="One value for each specimen.",
                    next="What differs between measurements of one specimen belongs to facts of their modality.",
                )
            own[key] = column[row]
    return found


def metadata_by_id(
    ids: Sequence[str], columns: Mapping[str, Sequence[str]], missing: frozenset[str], where: str
) -> dict[str, dict[str, Cell]]:
    """Columns of metadata as what they say of each specimen: id -> column -> value.

    Args:
        ids: of the specimens.
        columns: as long as the ids.
        missing: lower-case tokens that mean "not measured".
        where: the ids, for messages.

    Raises:
        ReadError: an id is empty, rows of one specimen contradict each other, or a column has another length.
    """
    for row, name in enumerate(ids):
        if not name:
            raise ReadError("the specimen has no id", where=f"{where}[{row}]")
    for name, cells in columns.items():
        if len(cells) != len(ids):
            raise ReadError(f"{name} has {len(cells)} values for {len(ids)} specimens", where=where)
    typed = {name: metadata_values(cells, missing) for name, cells in columns.items()}
    return by_specimen(ids, typed, lambda row: f"{where}[{row}]")
