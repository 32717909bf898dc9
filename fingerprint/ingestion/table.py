"""Rows of cells that did not come from lines of text, in the same form: a sheet of a workbook, a structured array."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.assembling import EXACT
from fingerprint.ingestion.dialect import Dialect
from fingerprint.ingestion.text import Text

DIALECT = Dialect("\t", ".")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class Table(Text):
    """Rows of cells as text, of which nothing was lost.

    Attributes:
        sheet: of a workbook; "" where the rows are those of an array.
    """

    sheet: str = ""

    def at(self, line: int) -> str:
        """The place of a row: "stress.xlsx: Sheet1!118"."""
        return f"{self.path}: {self.sheet}!{line}" if self.sheet else f"{self.path}[{line}]"

    def head(self) -> list[str]:
        """Nothing: what stands above a table in a sheet is not looked at."""
        return []

    def numbers(self, columns: Sequence[int], missing: frozenset[str]) -> NDArray[np.float64]:
        """As of a text; a whole number that float64 does not hold exactly is refused."""
        numbers = super().numbers(columns, missing)
        for row, place in np.argwhere((np.abs(numbers) >= EXACT) & np.isfinite(numbers)):
            token = self.fields(int(row))[columns[place]]
            if re.fullmatch(r"-?\d+", token) and int(token) != int(numbers[row, place]):
                raise ReadError(
                    f"{self.label(columns[place])} {token} is too large a whole number to be kept exactly",
                    where=self.where(int(row)),
                )
        return numbers


def as_row(cells: Sequence[str]) -> str:
    """One row of a table, as `DIALECT` splits it."""
    row = io.StringIO()
    csv.writer(row, delimiter=DIALECT.delimiter, lineterminator="").writerow(cells)
    return row.getvalue()


def as_text(cell: object) -> str:
    """One cell as text that reads back as what it was; "" for nothing.

    Numbers have all their digits, whole ones no decimal point; dates are ISO 8601, and so no numbers.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool | int):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT else repr(cell)
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ")
    return _BLANKS.sub(" ", str(cell)).strip()
