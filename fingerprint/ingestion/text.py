"""Delimited text before it means anything: lines, their numbers in the file, the delimiter, the header."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.units import split_unit

_HEAD = 50  # lines looked at to find the delimiter
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_COMMENT_FIELD = re.compile(r"[^\s(\[]+(?:\s*(?:\([^)]*\)|\[[^\]]*\]))?")
_POINT = "Numbers are written with a decimal point; a decimal comma is not read."


@dataclass(frozen=True)
class Text:
    """A delimited file.

    Attributes:
        path: of the file.
        header: its fields; None where the file has none.
        header_line: the line number of the header.
        rows: the data lines, without comments and blank lines.
        lines: their line numbers, [row].
        delimiter: between fields; runs of blanks were turned into tabs.
        width: fields in a row.
    """

    path: Path
    header: tuple[str, ...] | None
    header_line: int
    rows: Sequence[str]
    lines: Sequence[int]
    delimiter: str
    width: int

    def where(self, row: int) -> str:
        """The place of a row: "vdos/stress.csv:118"."""
        return f"{self.path}:{self.lines[row]}"

    def fields(self, row: int) -> list[str]:
        """The fields of a row, without surrounding blanks."""
        return split(self.rows[row], self.delimiter)

    def label(self, column: int) -> str:
        """What a message calls a column."""
        return self.header[column] if self.header else f"column {column + 1}"

    def strings(self, columns: Sequence[int]) -> list[list[str]]:
        """Columns of text, each [row]."""
        try:
            table = self._parse({column: pa.string() for column in columns}, ())
        except pa.ArrowInvalid as error:
            self._refuse_ragged()
            raise ReadError(f"the table cannot be taken apart: {error}", where=str(self.path)) from None
        return [[cell.strip() for cell in table.column(str(column)).to_pylist()] for column in columns]

    def numbers(self, columns: Sequence[int], missing: frozenset[str]) -> NDArray[np.float64]:
        """Columns of numbers, [row, column], NaN where a token means missing.

        Raises:
            ReadError: a row has another number of fields, or a token is not a number; with line and column.
        """
        tokens = {form for token in missing for form in (token, token.upper(), token.capitalize())}
        try:
            table = self._parse({column: pa.float64() for column in columns}, sorted(tokens))
        except pa.ArrowInvalid:
            return self._numbers_one_by_one(columns, missing)
        arrays = [table.column(str(column)).to_numpy(zero_copy_only=False) for column in columns]
        return np.stack(arrays, axis=1) if arrays else np.empty((len(self.rows), 0))

    def _parse(self, types: dict[int, pa.DataType], null_values: Sequence[str]) -> pa.Table:
        content = "\n".join(self.rows).encode() + b"\n"
        longest = max(map(len, self.rows))
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            read_options=pyarrow.csv.ReadOptions(
                column_names=[str(i) for i in range(self.width)], block_size=max(1 << 20, 8 * longest)
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=self.delimiter, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={str(column): kind for column, kind in types.items()},
                include_columns=[str(column) for column in types],
                null_values=list(null_values),
                strings_can_be_null=False,
            ),
        )
        if len(table) != len(self.rows):
            raise ReadError(
                "a quoted field goes on in the next line", where=str(self.path), expected="One line per row."
            )
        return table

    def _refuse_ragged(self) -> None:
        for row in range(len(self.rows)):
            count = len(self.fields(row))
            if count != self.width:
                cut = " (the file may be cut off)" if row == len(self.rows) - 1 else ""
                raise ReadError(
                    f"{count} fields where {self.width} are expected{cut}",
                    where=self.where(row),
                    expected=_POINT if self.delimiter == "," and count == 2 * self.width else "",
                )

    def _numbers_one_by_one(self, columns: Sequence[int], missing: frozenset[str]) -> NDArray[np.float64]:
        """The slow pass, which knows where each token stands."""
        self._refuse_ragged()
        parsed = np.empty((len(self.rows), len(columns)))
        for row in range(len(self.rows)):
            fields = self.fields(row)
            for place, column in enumerate(columns):
                token = fields[column]
                number = as_number(token)
                if number is None and token.lower() not in missing:
                    raise ReadError(
                        f"{self.label(column)} {token!r} is not a number",
                        where=self.where(row),
                        expected=_POINT if _DECIMAL_COMMA.fullmatch(token) else "",
                    )
                parsed[row, place] = np.nan if number is None else number
        return parsed


def as_number(token: str) -> float | None:
    """The number that a token is, or None."""
    try:
        return None if "_" in token else float(token)
    except ValueError:
        return None


def split(line: str, delimiter: str) -> list[str]:
    """The fields of one line, without surrounding blanks."""
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))]


def open_text(path: Path) -> Text:
    """Read a delimited file, .gz or plain; lines that begin with # are comments.

    Raises:
        ReadError: the file is damaged, not text, or holds no data line.
    """
    rows: list[str] = []
    lines: list[int] = []
    comments: list[tuple[int, str]] = []
    for number, line in enumerate(_decode(path).splitlines(), start=1):
        if line.startswith("#"):
            if not rows:
                comments.append((number, line.lstrip("# \t")))
        elif line.strip():
            rows.append(line)
            lines.append(number)
    if not rows:
        raise ReadError("the file holds no data", where=f"{path}:1", expected="At least one line of values.")
    delimiter = _sniff(rows[:_HEAD], path, lines)
    if delimiter == " ":
        rows, delimiter = ["\t".join(row.split()) for row in rows], "\t"
    if all(row.endswith(delimiter) for row in rows):
        rows = [row.removesuffix(delimiter) for row in rows]
    first = split(rows[0], delimiter)
    numeric = [as_number(field) is not None for field in first]
    if all(numeric) or (len(first) == 2 and any(numeric)):
        width = Counter(len(split(row, delimiter)) for row in rows[:_HEAD]).most_common(1)[0][0]
        header, line = _comment_header(comments, width)
        return Text(path, header, line, rows, lines, delimiter, width)
    if len(rows) == 1:
        raise ReadError("there is a header and no data", where=f"{path}:{lines[0]}", expected="At least one row.")
    return Text(path, tuple(first), lines[0], rows[1:], lines[1:], delimiter, len(first))


def _decode(path: Path) -> str:
    try:
        content = gzip.decompress(path.read_bytes()) if path.name.lower().endswith(".gz") else path.read_bytes()
    except FileNotFoundError:
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ReadError(f"the compressed file is damaged or cut off: {error}", where=str(path)) from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        raise ReadError("this is not text", where=str(path), expected="Delimited text.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _sniff(head: Sequence[str], path: Path, lines: Sequence[int]) -> str:
    """The delimiter; a blank stands for runs of blanks."""
    found = " "
    for delimiter in "\t;,":
        width, rows = Counter(len(split(row, delimiter)) for row in head).most_common(1)[0]
        if width > 1 and 2 * rows >= len(head):
            found = delimiter
            break
    commas = [number for number, row in enumerate(head) if _has_decimal_comma(row, found)]
    if 2 * len(commas) > len(head):
        raise ReadError("the numbers have a decimal comma", where=f"{path}:{lines[commas[0]]}", expected=_POINT)
    return found


def _has_decimal_comma(row: str, delimiter: str) -> bool:
    blanks = row.split()
    fields = blanks if delimiter == " " else split(row, delimiter)
    between_blanks = len(blanks) > 1 and all(_DECIMAL_COMMA.fullmatch(field) for field in blanks)
    return between_blanks or any(_DECIMAL_COMMA.fullmatch(field) for field in fields)


def _comment_header(comments: Sequence[tuple[int, str]], width: int) -> tuple[tuple[str, ...] | None, int]:
    """The last comment before the data, where it names as many columns as there are and states a unit."""
    if comments:
        line, comment = comments[-1]
        for fields in (
            *(split(comment, delimiter) for delimiter in "\t;,"),
            _COMMENT_FIELD.findall(comment),
        ):
            if len(fields) == width and any(split_unit(field).unit is not None for field in fields):
                return tuple(fields), line
    return None, 0
