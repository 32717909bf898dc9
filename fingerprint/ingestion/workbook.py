"""An Excel workbook before it means anything: the sheets that hold something, each as rows of text."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fingerprint.errors import ReadError
from fingerprint.ingestion.archive import opened_archive
from fingerprint.ingestion.opening import tabulate
from fingerprint.ingestion.table import DIALECT, Table, as_row, as_text

if TYPE_CHECKING:
    from openpyxl import Workbook

_FAMILY = "Excel"
_MOST_CELLS = 4_000_000
_LAST_ROW, _LAST_COLUMN = 1 << 20, 1 << 14
_PERCENT = re.compile(r'%(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside quotes
_LONGEST_FORMAT = 1000  # letters; Excel writes 255 at most
_NOT_AVAILABLE = "#N/A"


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        name: of the sheet; hidden: whether Excel does not show it.
        rows: row number -> column number -> text, of the cells that hold something.
        hidden_rows: those that Excel does not show.
        merged: ranges of merged cells, (name, first row, last row, first column, last column).
        percent: column number -> the first cell that Excel shows as a percentage.
    """

    path: Path
    name: str
    hidden: bool
    rows: Mapping[int, Mapping[int, str]]
    hidden_rows: tuple[int, ...]
    merged: tuple[tuple[str, int, int, int, int], ...]
    percent: Mapping[int, str]

    @property
    def columns(self) -> list[int]:
        """The numbers of the columns in which more stands than one note."""
        filled = Counter(column for cells in self.rows.values() for column in cells)
        return sorted(column for column, count in filled.items() if count > 1) or sorted(filled)

    def where(self, place: object) -> str:
        """What messages call a place in the sheet."""
        return f"{self.path}: {self.name}!{place}"

    def table(self) -> Table:
        """The sheet as a table; rows in which nothing stands, and columns with one cell at most, are left out.

        Raises:
            ReadError: cells of the table are merged, there are too many, or there is a header and no data.
        """
        columns = self.columns
        if len(columns) * len(self.rows) > _MOST_CELLS:
            raise ReadError(
                f"{len(self.rows)} rows of {len(columns)} columns are more than {_MOST_CELLS} cells",
                where=f"{self.path}: {self.name}",
                next="Save the sheet as .csv.",
            )
        kept = {number: row for number, cells in self.rows.items() if any(row := [cells.get(i, "") for i in columns])}
        first = min(number for number, row in kept.items() if row[-1])
        for number, row in kept.items():
            while number < first and not row[-1]:  # titles, which do not reach to the last column
                row.pop()
        text = tabulate(self.path, [as_row(row) for row in kept.values()], list(kept), DIALECT)
        table = Table(**vars(text), sheet=self.name)
        begin = table.header_line or table.lines[0]
        for name, _, last, left, right in self.merged:
            if last >= begin and left <= columns[-1] and right >= columns[0]:
                raise ReadError(
                    "cells of the table are merged", where=self.where(name), next="Unmerge them, and fill each cell."
                )
        return table

    @property
    def has_numbers(self) -> bool:
        """Whether any cell is a number."""
        return any(DIALECT.number(text) is not None for cells in self.rows.values() for text in cells.values())

    def notes(self, table: Table) -> tuple[str, ...]:
        """What a person should know of it who sees only what Excel shows."""
        hidden = [number for number in table.lines if number in set(self.hidden_rows)]
        told = f"{self.where(hidden[0])}: {len(hidden)} hidden row(s) are read as all others" if hidden else ""
        return (told,) if told else ()


def read_sheets(path: Path, name: str = "") -> tuple[Sheet, ...]:
    """The sheets of a workbook in which anything stands, or the one of this name.

    Raises:
        ReadError: it is missing, damaged, too large, has no such sheet, or a formula in it has no stored value.
    """
    with opened_archive(path, _FAMILY) as archive, _translated(path):
        workbook = _workbook(archive)
        chosen = [each for each in workbook.worksheets if name in ("", each.title)]
        if not chosen:
            listed = ", ".join(each.title for each in workbook.worksheets)
            raise ReadError(f"there is no sheet {name!r}", where=str(path), expected=f"The sheets are {listed}.")
        sheets = [_sheet(workbook, each, path) for each in chosen]
    found = tuple(sheet for sheet in sheets if sheet.rows)
    if not found:
        raise ReadError("nothing stands in it", where=str(path), expected="At least one row of values.")
    return found


def read_sheet(path: Path, name: str) -> Sheet:
    """The sheet of this name; for "" the only visible one in which anything stands.

    Raises:
        ReadError: as `read_sheets`, or there are several.
    """
    sheets = read_sheets(path, name)
    chosen = sheets if name else [sheet for sheet in sheets if not sheet.hidden]
    if len(chosen) == 1:
        return chosen[0]
    raise ReadError(
        f"{len(chosen)} visible sheets hold something",
        where=str(path),
        expected=f"The sheets are {', '.join(sheet.name for sheet in sheets)}.",
        next='Name one in dataset.toml: sheet = "...".',
    )


@contextmanager
def _translated(path: Path) -> Generator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are not kept
            yield
    except (ReadError, zipfile.BadZipFile, OSError):
        raise
    except Exception as error:  # openpyxl says what is wrong with damaged XML in many ways
        raise ReadError(
            f"the workbook is damaged, or not of this kind: {error or type(error).__name__}",
            where=str(path),
            next="Open it in Excel or LibreOffice, and save it as .xlsx.",
        ) from None


def _workbook(archive: zipfile.ZipFile) -> Workbook:
    from openpyxl import load_workbook

    if archive.fp is None:
        raise ReadError("the file was closed", where=str(archive.filename))
    archive.fp.seek(0)
    return load_workbook(archive.fp, read_only=True, data_only=True, keep_links=False)  # pyright: ignore[reportArgumentType]


def _sheet(workbook: Any, sheet: Any, path: Path) -> Sheet:
    rows: dict[int, dict[int, str]] = {}
    percent: dict[int, str] = {}
    percentages = _percent_styles(workbook)
    count = 0
    with sheet._get_source() as source:
        parser = _parser(workbook, sheet, source)
        for number, cells in parser.parse():
            count += len(cells) + 1
            outside = number > _LAST_ROW or any(cell["column"] > _LAST_COLUMN for cell in cells)
            if outside or count > _MOST_CELLS or number in rows:
                raise ReadError(
                    f"there are more than {_MOST_CELLS} cells, or row {number} stands where a sheet has none",
                    where=f"{path}: {sheet.title}",
                    next="Save the sheet as .csv.",
                )
            filled = {cell["column"]: text for cell in cells if (text := _text(cell, path, sheet.title))}
            if len({cell["column"] for cell in cells}) < len(cells) or any(cell["row"] != number for cell in cells):
                raise ReadError("cells stand in the wrong row or twice", where=f"{path}: {sheet.title}!{number}")
            if filled:
                rows[number] = filled
            for cell in cells:
                if cell["style_id"] in percentages and cell["data_type"] == "n" and cell["value"] is not None:
                    percent.setdefault(cell["column"], _name(cell))
    hidden = tuple(int(row) for row, told in parser.row_dimensions.items() if told.get("hidden") in ("1", "true"))
    merged = tuple(
        (each.coord, each.min_row, each.max_row, each.min_col, each.max_col)
        for each in (parser.merged_cells.mergeCell if parser.merged_cells else ())
    )
    ordered = dict(sorted(rows.items()))
    return Sheet(path, sheet.title, sheet.sheet_state != "visible", ordered, hidden, merged, percent)


def _text(cell: Mapping[str, Any], path: Path, sheet: str) -> str:
    value, kind = cell["value"], cell["data_type"]
    if kind == "f":
        raise ReadError(
            "the value of this formula was not stored",
            where=f"{path}: {sheet}!{_name(cell)}",
            next="Open the workbook in Excel or LibreOffice, and save it there.",
        )
    if kind == "e":
        return "nan" if value == _NOT_AVAILABLE else str(value)
    return as_text(value)


def _name(cell: Mapping[str, Any]) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(cell['column'])}{cell['row']}"


def _percent_styles(workbook: Any) -> frozenset[int]:
    """The styles of cells that Excel shows as percentages."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    def is_percent(number: int) -> bool:
        own = number - BUILTIN_FORMATS_MAX_SIZE
        known = workbook._number_formats[own] if 0 <= own < len(workbook._number_formats) else ""
        return bool(_PERCENT.search(BUILTIN_FORMATS.get(number, known)[:_LONGEST_FORMAT]))

    return frozenset(i for i, style in enumerate(workbook._cell_styles) if is_percent(style.numFmtId))


def _parser(workbook: Any, sheet: Any, source: Any) -> Any:
    """openpyxl's own parser of a sheet, which also tells a formula without a stored value from an empty cell."""
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> dict[str, Any]:
            cell = super().parse_cell(element)
            if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                cell["data_type"] = "f"
            return cell

    return Parser(
        source,
        sheet._shared_strings,
        data_only=True,
        epoch=workbook.epoch,
        date_formats=workbook._date_formats,
        timedelta_formats=workbook._timedelta_formats,
    )
