"""Delimited text whose fields can be told apart: its header, its rows, their lines in the file, its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.decoding import read_lines
from fingerprint.ingestion.dialect import Dialect
from fingerprint.units import split_unit

EXPECTED = {
    ".": "Most numbers in this file have a decimal point, and none separates thousands.",
    ",": "Most numbers in this file have a decimal comma, and none separates thousands.",
}


@dataclass(frozen=True)
class Text:
    """A delimited file.

    Attributes:
        path: of the file.
        header: its fields; None where the file has none.
        header_line: the line number of the header.
        rows: the data lines, without comments and blank lines.
        lines: their line numbers, [row].
        dialect: what separates fields, and the decimal mark; runs of blanks were turned into tabs.
        width: fields in a row.
        above: the fields of the line above the header, or else above the data; () where there is none.
        notes: what the person should know of the file.
    """

    path: Path
    header: tuple[str, ...] | None
    header_line: int
    rows: Sequence[str]
    lines: Sequence[int]
    dialect: Dialect
    width: int
    above: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def rewritten(self, header: tuple[str, ...] | None, header_line: int, rows: Sequence[str], width: int) -> Text:
        """The same with other columns."""
        return replace(self, header=header, header_line=header_line, rows=rows, width=width)

    def at(self, line: int) -> str:
        """The place of a line: "vdos/stress.csv:118"."""
        return f"{self.path}:{line}"

    def where(self, row: int) -> str:
        """The place of a row."""
        return self.at(self.lines[row])

    def fields(self, row: int) -> list[str]:
        """The fields of a row, without surrounding blanks."""
        return self.dialect.split(self.rows[row])

    def label(self, column: int) -> str:
        """What a message calls a column."""
        return self.header[column] if self.header else f"column {column + 1}"

    @property
    def top(self) -> str:
        """The place of the header, or of the first row."""
        return self.at(self.header_line or self.lines[0])

    def head(self) -> list[str]:
        """The lines above the header and the numbers, comments among them."""
        return read_lines(self.path)[: (self.header_line or self.lines[0]) - 1]

    def has(self, name: str) -> bool:
        """Whether exactly one column is called so."""
        return len(self._places(name)) == 1

    def find(self, name: str) -> int:
        """The column of that header, or else of the same in another unit; "column 2" is the second of a file without.

        Raises:
            ReadError: there is none, or there are several.
        """
        places = self._places(name)
        if len(places) == 1:
            return places[0]
        labels = [self.label(column) for column in range(self.width)]
        listed = ", ".join(label or '""' for label in labels[:20]) + (", ..." if len(labels) > 20 else "")
        fault = f"column {name!r} stands {len(places)} times" if places else f"there is no column {name!r}"
        raise ReadError(fault, where=self.top, expected=f"The columns are {listed}.")

    def _places(self, name: str) -> list[int]:
        labels = [self.label(column) for column in range(self.width)]
        places = [column for column, label in enumerate(labels) if label == name]
        if places:
            return places
        wanted = split_unit(name)
        bare = [split_unit(label) for label in labels]
        alike = [each.name.lower() == wanted.name.lower() and None not in (each.unit, wanted.unit) for each in bare]
        places = [column for column, same in enumerate(alike) if same]
        return places or [column for column, label in enumerate(labels) if label.lower() == name.lower()]

    def strings(self, columns: Sequence[int]) -> list[list[str]]:
        """Columns of text, each [row]."""
        if not columns:
            return []
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
        try:
            table = self._parse({column: pa.float64() for column in columns}, _spellings(missing))
        except pa.ArrowInvalid:
            return self._without_missing(self._numbers_one_by_one(columns, missing), missing)
        arrays = [table.column(str(column)).to_numpy(zero_copy_only=False) for column in columns]
        numbers = np.stack(arrays, axis=1) if arrays else np.empty((len(self.rows), 0))
        return self._without_missing(numbers, missing)

    def _without_missing(self, numbers: NDArray[np.float64], missing: frozenset[str]) -> NDArray[np.float64]:
        """NaN for numbers that mean missing, however they are written: -99, " -99" and -99.0."""
        tokens = [number for number in map(self.dialect.number, missing) if number is not None and number == number]
        return np.where(np.isin(numbers, tokens), np.nan, numbers) if tokens else numbers

    def _parse(self, types: dict[int, pa.DataType], null_values: Sequence[str]) -> pa.Table:
        content, longest = self._content()
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            read_options=pyarrow.csv.ReadOptions(
                column_names=[str(i) for i in range(self.width)], block_size=max(1 << 20, 8 * longest)
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=self.dialect.delimiter, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={str(column): kind for column, kind in types.items()},
                include_columns=[str(column) for column in types],
                null_values=list(null_values),
                decimal_point=self.dialect.decimal,
                strings_can_be_null=False,
            ),
        )
        if len(table) != len(self.rows):
            raise ReadError(
                "a quoted field goes on in the next line", where=str(self.path), expected="One line per row."
            )
        return table

    def _content(self) -> tuple[bytes, int]:
        """The rows as bytes, and the length of the longest."""
        return "\n".join(self.rows).encode() + b"\n", max(map(len, self.rows))

    def _refuse_ragged(self) -> None:
        for row in range(len(self.rows)):
            count = len(self.fields(row))
            if count != self.width:
                cut = " (the file may be cut off)" if row == len(self.rows) - 1 else ""
                raise ReadError(
                    f"{count} fields where {self.width} are expected{cut}",
                    where=self.where(row),
                )

    def _numbers_one_by_one(self, columns: Sequence[int], missing: frozenset[str]) -> NDArray[np.float64]:
        """The slow pass, which knows where each token stands."""
        self._refuse_ragged()
        parsed = np.empty((len(self.rows), len(columns)))
        for row in range(len(self.rows)):
            fields = self.fields(row)
            for place, column in enumerate(columns):
                token = fields[column]
                absent = token.lower() in missing
                number = None if absent else self.dialect.number(token)
                if number is None and not absent:
                    raise ReadError(
                        f"{self.label(column)} {token!r} is not a number",
                        where=self.where(row),
                        expected=EXPECTED[self.dialect.decimal],
                    )
                parsed[row, place] = np.nan if number is None else number
        return parsed


@cache
def _spellings(missing: frozenset[str]) -> list[str]:
    return sorted({form for token in missing for form in (token, token.upper(), token.capitalize())})
