"""What a file of curves holds beside them: a counter of rows in front, columns without a cell, a log below."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from fingerprint.ingestion.axis_names import is_called_axis
from fingerprint.ingestion.columns import is_id
from fingerprint.ingestion.dataset import ModalitySpec, SpecimensSpec
from fingerprint.ingestion.dialect import Dialect
from fingerprint.ingestion.text import Text
from fingerprint.modality import Kind

_COUNTER = re.compile(
    r"index|pt|(?:data[ _]?)?points?(?:[ _]?(?:no|nr|number)\.?)?|rec(?:ord)?(?:[ _]?(?:id|#|no\.?))?", re.IGNORECASE
)
_NAMELESS = re.compile(r"|unnamed: ?0|n[or]\.?|#|row|x1", re.IGNORECASE)
_FEWEST_POINTS = 20  # of a curve whose rows are counted; fewer rows may be specimens
_HEAD = 50  # rows that are looked at first
_MOST_LOG = 10_000  # lines below the data
_NUMBER_FIRST = re.compile(r"[<>~+\-\u2212]?\s*[\d.,]")


def without_spare(text: Text, spec: ModalitySpec | SpecimensSpec | None = None) -> Text:
    """The text of curves without columns that are empty all along, and without a counter of its rows in front.

    Tables of specimens are left as they are, and columns that dataset.toml calls by their headers stay. A counter is a
    first column that is called so, or not at all, and holds 0, 1, 2, ... or 1, 2, 3, ..., with a column behind it that
    rises or falls all along.

    Args:
        text: of any file.
        spec: what dataset.toml says of it, where it is known.
    """
    if text.width < 3 or any(map(is_id, text.header or ())):
        return text
    named = set() if spec is None or text.header is None else _named(text, spec)
    if named is None:
        return text
    head = [text.fields(row) for row in range(min(len(text.rows), _HEAD))]
    if any(len(fields) != text.width for fields in head):
        return text
    kept = [column for column in range(text.width) if any(fields[column] for fields in head)]
    number = text.dialect.number
    numbers = [sum(number(fields[column]) is not None for fields in head) for column in kept]
    if len(kept) < 2 or any(2 * count <= len(head) for count in numbers):
        return text
    header = text.header or _one_shorter(text)
    enough = len(kept) > 2 and len(text.rows) >= _FEWEST_POINTS
    counted = enough and header is not None and _counts([fields[kept[0]] for fields in head])
    counted = counted and _runs([number(fields[kept[1]]) for fields in head])
    if counted and header and kept[0] not in named and _is_counter(header[kept[0]].strip(), header[kept[1]]):
        kept, counter = kept[1:], kept[0]
    else:
        counter, header = None, text.header
    kept = sorted({*kept, *named})
    if len(kept) == text.width:
        return text
    rows = [text.fields(row) for row in range(len(text.rows))]
    dropped = [column for column in range(text.width) if column not in kept and column != counter]
    if any(len(fields) != text.width or any(fields[column] for column in dropped) for fields in rows):
        return text
    if counter is not None and not _counts([fields[counter] for fields in rows]):
        return text
    return text.rewritten(
        None if header is None else tuple(header[column] for column in kept),
        text.header_line or (text.lines[0] - 1 if header else 0),
        [_joined([fields[column] for column in kept], text.dialect) for fields in rows],
        len(kept),
    )


def _named(text: Text, spec: ModalitySpec | SpecimensSpec) -> set[int] | None:
    """The columns that dataset.toml calls by their headers; None for any of them, where it describes a table."""
    if isinstance(spec, SpecimensSpec) or spec.kind is Kind.SCALAR:
        return None
    names = [spec.values, spec.specimens, spec.measurement, spec.uncertainty, *spec.facts]
    names += [spec.axis.values] if spec.axis else []
    return {text.find(name) for name in names if text.has(name)}


def _is_counter(header: str, behind: str) -> bool:
    """Whether a column is called like a counter of points; one of rows must stand before what is called as an axis."""
    called = _COUNTER.fullmatch(header) is not None
    return called or (_NAMELESS.fullmatch(header) is not None and is_called_axis(behind))


def _runs(numbers: Sequence[float | None]) -> bool:
    """Whether numbers rise all along, or fall all along."""
    known = [each for each in numbers if each is not None]
    ordered = sorted(set(known))
    return len(known) == len(numbers) and known in (ordered, ordered[::-1])


def _one_shorter(text: Text) -> tuple[str, ...] | None:
    """The header as R writes it, without a field for the counter; None where there is none."""
    above = text.above
    return ("", *above) if len(above) == text.width - 1 and text.dialect.number(above[0]) is None else None


def _counts(cells: Sequence[str]) -> bool:
    """Whether these are 0, 1, 2, ... or 1, 2, 3, ..."""
    return cells[0] in ("0", "1") and all(cell == str(row) for row, cell in enumerate(cells, start=int(cells[0])))


def _joined(fields: Sequence[str], dialect: Dialect) -> str:
    row = io.StringIO()
    csv.writer(row, delimiter=dialect.delimiter, lineterminator="").writerow(fields)
    return row.getvalue()


def rows_before_log(fields: Sequence[list[str]], lines: Sequence[int], dialect: Dialect, width: int) -> int:
    """How many rows stand before a text below the data, as instruments write what they were set to; else all of them.

    Such a text is parted from the data by an empty line, or holds no digit, and none of its lines is like one of data
    or begins with a number.

    Args:
        fields: the last rows of the file.
        lines: their numbers.
        width: of a row of data.
    """
    number, last = dialect.number, len(fields)
    while last and not (len(fields[last - 1]) == width and _only_numbers(fields[last - 1], dialect)):
        last -= 1
    log = fields[last:]
    if not log or not last or len(log) > _MOST_LOG:
        return len(fields)
    begins = [row[0] if row else "" for row in log]
    if any(_NUMBER_FIRST.match(first) or (number(first) is not None) for first in begins) or not begins[0]:
        return len(fields)
    parted = lines[last] - lines[last - 1] > 1
    words = not any(character.isdigit() for row in log for field in row for character in field)
    return last if parted or (words and all(len(row) != width for row in log)) else len(fields)


def _only_numbers(fields: Sequence[str], dialect: Dialect) -> bool:
    filled = [field for field in fields if field]
    return bool(filled) and all(dialect.number(field) is not None for field in filled)
