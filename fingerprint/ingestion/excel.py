"""Excel workbooks: each sheet is a table, as delimited text is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion.dataset import SpecimensSpec
from fingerprint.ingestion.delimited import metadata_of, read_text, refuse_images
from fingerprint.ingestion.delimited_layout import layout_of
from fingerprint.ingestion.reader import (
    BOTH_ACTS,
    Cell,
    ColumnsLayout,
    CurveLayout,
    Format,
    Layout,
    Request,
    TableLayout,
    Unrecognised,
    WorkbookLayout,
)
from fingerprint.ingestion.spare import without_spare
from fingerprint.ingestion.table import Table
from fingerprint.ingestion.workbook import Sheet, read_sheet, read_sheets
from fingerprint.modality import RawModality
from fingerprint.units import canonical, split_unit

_READ = (".xlsx", ".xlsm")
_OTHER = (".xls", ".xlsb", ".ods")
_HUNDREDTHS = ("%", "wt%", "at%")
_SAVE = "Open it in Excel or LibreOffice, and save it as .xlsx."


def read(request: Request) -> RawModality:
    """Read one sheet as one modality, in the units of the request.

    Raises:
        ReadError: with the row and column at fault.
        DatasetError: the request asks for what a sheet cannot hold.
    """
    refuse_images(request)
    sheet, table = _open(request.path, request.spec.sheet)
    _refuse_percentages(sheet, table, request)
    return read_text(without_spare(table, request.spec), request)


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What a sheet says about how the specimens were made: id -> column -> value.

    Raises:
        ReadError: a column is not there, or an id is empty or repeated.
    """
    return metadata_of(_open(path, spec.sheet)[1], spec, missing)


def inspect(path: Path) -> Layout:
    """What a workbook looks like: hidden sheets are left out.

    Raises:
        ReadError: it is damaged or empty, or has merged cells or formulas without values.
    """
    if path.suffix.lower() in _OTHER:
        return Unrecognised(path, f"a workbook of a kind that is not read; {_SAVE}")
    sheets = read_sheets(path)
    visible = [sheet for sheet in sheets if not sheet.hidden]
    hidden = ", ".join(sheet.name for sheet in sheets if sheet.hidden)
    note = (f"{path}: hidden sheets are not read unless dataset.toml names them: {hidden}",) if hidden else ()
    if not visible:
        return Unrecognised(path, f"all its sheets are hidden: {hidden}")
    layouts = [_layout(sheet, note if sheet is visible[0] else ()) for sheet in visible]
    if len(layouts) == 1:
        return layouts[0]
    named = [
        layout if isinstance(layout, Unrecognised) else replace(layout, sheet=sheet.name)
        for sheet, layout in zip(visible, layouts, strict=True)
    ]
    return WorkbookLayout(path, tuple(named))


def _layout(sheet: Sheet, note: tuple[str, ...]) -> CurveLayout | ColumnsLayout | TableLayout | Unrecognised:
    try:
        table = sheet.table()
        layout = layout_of(without_spare(table))
    except ReadError as error:
        if sheet.has_numbers:
            raise
        return Unrecognised(sheet.path, f"{sheet.name}: text, not a table ({error.what})")
    if isinstance(layout, Unrecognised):
        return Unrecognised(layout.path, f"{sheet.name}: {layout.reason}")
    return replace(layout, notes=(*note, *sheet.notes(table)))


def _open(path: Path, name: str) -> tuple[Sheet, Table]:
    if path.suffix.lower() in _OTHER:
        raise ReadError("this is a workbook of a kind that is not read", where=str(path), next=_SAVE)
    sheet = read_sheet(path, name)
    return sheet, sheet.table()


def _refuse_percentages(sheet: Sheet, table: Table, request: Request) -> None:
    """Refuse numbers in per cent that Excel shows as percentages: 5 % is stored as 0.05."""
    spec = request.spec
    asked = [(spec.values, spec.unit)]
    asked += [(spec.axis.values, spec.axis.unit)] if spec.axis else []
    asked += [(spec.uncertainty, spec.unit)] if spec.uncertainty else []
    for column, cell in sheet.percent.items():
        header = table.header[sheet.columns.index(column)] if table.header else ""
        own = split_unit(header)
        for name, unit in asked:
            alike = name in ("", header) or split_unit(name).name == own.name
            if canonical(unit if own.unit is None else own.unit) in _HUNDREDTHS and alike:
                raise ReadError(
                    f"{name or 'the value'} is to be in {unit}, and Excel shows this cell as a percentage but stores a "
                    "hundredth of it",
                    where=sheet.where(cell),
                    next='Write unit = "" (the numbers are fractions), or change the format of the cells to General '
                    "and the numbers to per cent.",
                )


FORMAT = Format("Excel", (*_READ, *_OTHER), read, read_metadata, inspect, acts=BOTH_ACTS)
