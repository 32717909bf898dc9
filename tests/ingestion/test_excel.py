"""Excel workbooks: a sheet reads as the table that it is, with all digits, and refuses what it does not hold."""

from __future__ import annotations

import datetime
import io
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from excel_files import CURVE, ROWS, edited, table, write
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged, survive
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from fingerprint.errors import AmbiguousError, DatasetError, ReadError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.ingestion.dataset import STEM, AxisSpec, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.excel import FORMAT
from fingerprint.ingestion.reader import CurveLayout, Request, TableLayout, Unrecognised, WorkbookLayout
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.store import open_store

MISSING = frozenset({"", "nan"})


def scalars(
    path: Path, values: str = "stress (GPa)", unit: str = "GPa", id: str = "specimen", sheet: str = ""
) -> RawModality:
    spec = ModalitySpec(Kind.SCALAR, path.name, unit, "", values, id, sheet=sheet)
    return FORMAT.read(Request(path, "stress", spec, MISSING))


def curve(path: Path) -> RawModality:
    axis = AxisSpec("frequency", "THz", "frequency (THz)")
    spec = ModalitySpec(Kind.SPECTRUM, path.name, "1/THz", "", "dos (1/THz)", STEM, axis)
    return FORMAT.read(Request(path, "dos", spec, MISSING))


def test_scalars_have_all_their_digits(tmp_path: Path) -> None:
    path = table(tmp_path / "a.xlsx")
    (block,) = scalars(path).blocks
    assert block.specimens == ("a1", "b-2", "c 3")
    assert block.values.tolist() == [1 / 3, -2.25e-3, 12.0]
    assert block.sources == tuple(f"{path}: Sheet1!{row}" for row in (2, 3, 4))
    spec = SpecimensSpec(path.name, "specimen", ("route",))
    assert FORMAT.read_metadata(path, spec, MISSING)["c 3"] == {"route": "hot"}
    layout = FORMAT.inspect(path)
    assert isinstance(layout, TableLayout)
    assert (layout.ids, layout.sheet, layout.notes) == (("a1", "b-2", "c 3"), "", ())
    assert [column.unit for column in layout.columns] == [None, "GPa", None]


def test_curves_have_all_their_digits(tmp_path: Path) -> None:
    path = table(tmp_path / "si-1.xlsx", CURVE)
    (block,) = curve(path).blocks
    assert block.specimens == ("si-1",)
    assert block.axis is not None
    assert block.axis.tolist() == [0.1, 0.1 + 0.2, 7.0]
    assert block.values.tolist() == [[1e-300, 5e-324, 123456789.12345679]]
    assert isinstance(FORMAT.inspect(path), CurveLayout)
    plain = table(tmp_path / "plain.xlsx", CURVE[1:])
    assert FORMAT.inspect(plain) == CurveLayout(plain, None, None)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_any_number_comes_back_as_it_was(numbers: list[float]) -> None:
    path = _PLACE[0] / "any.xlsx"
    table(path, [("specimen", "x"), *((f"s{i}", number) for i, number in enumerate(numbers))])
    assert scalars(path, "x", "").blocks[0].values.tolist() == numbers


def test_a_wide_table_is_read(tmp_path: Path) -> None:
    path = table(tmp_path / "wide.xlsx", [("id", 400, 400.5, 401), ("a", 1.5, 2, 3), ("b", None, None, None)])
    spec = ModalitySpec(Kind.SPECTRUM, path.name, specimens="id", axis=AxisSpec("wavelength", "nm"))
    (block,) = FORMAT.read(Request(path, "uv", spec, MISSING)).blocks
    assert block.axis is not None
    assert (block.specimens, block.axis.tolist(), block.values.tolist()) == (("a",), [400, 400.5, 401], [[1.5, 2, 3]])


def test_titles_units_empty_rows_and_columns_are_seen_through(tmp_path: Path) -> None:
    rows = [
        (None, "Stress of silicon cells"),
        (None, "operator", "Bo"),
        (),
        (None, "specimen", None, "stress", "route"),
        (None, None, None, "GPa", None),
        (None, "a", None, 1.5, "cold\nand wet"),
        (),
        (None, "b", None, None, 'a "hot"\tone'),
        *((None, name, None, 2, "cold") for name in "cdef"),
    ]
    path = table(tmp_path / "a.xlsx", rows)
    layout = FORMAT.inspect(path)
    assert isinstance(layout, TableLayout)
    assert [(column.header, column.unit) for column in layout.columns] == [
        ("specimen", None), ("stress [GPa]", "GPa"), ("route", None),
    ]  # fmt: skip
    raw = scalars(path, "stress [GPa]")
    assert raw.blocks[0].sources[0] == f"{path}: Sheet1!6"
    assert raw.blocks[0].values.tolist() == [1.5, 2, 2, 2, 2]
    spec = SpecimensSpec(path.name, "specimen", ("route",))
    routes = [row["route"] for row in FORMAT.read_metadata(path, spec, MISSING).values()]
    assert routes[:2] == ["cold and wet", 'a "hot" one']


def test_header_line_breaks_are_blanks(tmp_path: Path) -> None:
    path = table(tmp_path / "a.xlsx", [("specimen", "stress\n(GPa)"), ("a", 1)])
    assert scalars(path).blocks[0].values.tolist() == [1.0]


def test_whole_numbers_serve_as_ids_as_they_are_shown(tmp_path: Path) -> None:
    path = table(tmp_path / "a.xlsx", [("specimen", "stress (GPa)"), (7, 1), (12345678901, 2), (9.0, 3)])
    assert scalars(path).specimens == ("7", "12345678901", "9")


def test_dates_are_metadata_and_no_numbers(tmp_path: Path) -> None:
    day, time = datetime.date(2024, 5, 1), datetime.datetime(2024, 5, 1, 13, 30)
    path = table(tmp_path / "a.xlsx", [("specimen", "when", "x"), ("a", day, 1), ("b", time, datetime.time(1))])
    spec = SpecimensSpec(path.name, "specimen", ("when",))
    when = {name: row["when"] for name, row in FORMAT.read_metadata(path, spec, MISSING).items()}
    assert when == {"a": "2024-05-01", "b": "2024-05-01 13:30:00"}
    for column in ("when", "x"):
        with pytest.raises(ReadError, match="is not a number"):
            scalars(path, column, "")


def test_errors_of_excel_are_no_numbers(tmp_path: Path) -> None:
    path = table(tmp_path / "a.xlsx", [("specimen", "x"), ("a", 1), ("b", "#N/A"), ("c", 3)])
    assert scalars(path, "x", "").specimens == ("a", "c")
    table(path, [("specimen", "x"), ("a", 1), ("b", "#DIV/0!"), ("c", 3)])
    with pytest.raises(ReadError, match=re.escape("x '#DIV/0!' is not a number")) as error:
        scalars(path, "x", "")
    assert error.value.where == f"{path}: Sheet1!3"


def test_a_formula_has_its_stored_value_or_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.xlsx", [("specimen", "x"), ("a", 1), ("b", "=B2*2")])
    for look in (FORMAT.inspect, lambda path: scalars(path, "x", "")):
        with pytest.raises(ReadError, match="not stored") as error:
            look(path)
        assert error.value.where == f"{path}: Sheet1!B3"
    edited(path, r"<v\s*/>|<v></v>", "<v>2.5000000000000004</v>")
    assert scalars(path, "x", "").blocks[0].values.tolist() == [1.0, 2.5000000000000004]


def test_merged_cells_in_the_table_are_refused_and_in_a_title_not(tmp_path: Path) -> None:
    rows = [("Stress", None, None), *ROWS]
    path = table(tmp_path / "a.xlsx", rows, lambda sheet: sheet.merge_cells("A1:C1"))
    assert len(scalars(path)) == 3
    table(path, rows, lambda sheet: sheet.merge_cells("B3:B4"))
    with pytest.raises(ReadError, match="merged") as error:
        scalars(path)
    assert error.value.where == f"{path}: Sheet1!B3:B4"


def hide(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def test_hidden_rows_are_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = table(tmp_path / "data" / "a.xlsx", ROWS, hide)
    assert len(scalars(path)) == 3
    report = ingest(tmp_path / "data", tmp_path / "store")
    assert f"{path}: Sheet1!3: 1 hidden row(s) are read as all others" in report.warnings


def test_hidden_sheets_are_read_only_by_name(tmp_path: Path) -> None:
    def change(book: Workbook) -> None:
        book["old"].sheet_state = "hidden"

    path = write(tmp_path / "a.xlsx", {"old": ROWS, "new": ROWS[:2]}, change)
    assert len(scalars(path)) == 1
    assert len(scalars(path, sheet="old")) == 3
    layout = FORMAT.inspect(path)
    assert isinstance(layout, TableLayout)
    assert "old" in layout.notes[0]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "cells").mkdir()
    sheets = {"Stress": ROWS, "DOS": CURVE, "Notes": [("measured on a rainy day",)], "Empty": []}
    return write(tmp_path / "cells" / "si-1.xlsx", sheets)


def test_each_sheet_is_a_table_of_its_own(book: Path, tmp_path: Path) -> None:
    layout = FORMAT.inspect(book)
    assert isinstance(layout, WorkbookLayout)
    assert [type(sheet) for sheet in layout.sheets] == [TableLayout, CurveLayout, Unrecognised]
    report = ingest(book.parent, tmp_path / "store")
    assert report.dataset_toml.count('sheet = "Stress"') == 2
    store = open_store(tmp_path / "store")
    assert store.modalities() == {
        "stress": Modality("stress", Kind.SCALAR, "GPa"),
        "dos": Modality("dos", Kind.SPECTRUM, "1/THz", "", "frequency", "THz"),
    }
    assert store.read("stress").blocks[0].values.tolist() == [1 / 3, -2.25e-3, 12.0]
    assert store.specimens()["a1"] == {"route": "cold"}
    (book.parent / "dataset.toml").write_text(report.dataset_toml)
    again = ingest(book.parent, tmp_path / "store")
    assert (again.inferred, again.modalities["dos"].unchanged) == (False, 1)


def test_a_sheet_must_be_named_where_there_are_several(book: Path) -> None:
    with pytest.raises(ReadError, match="3 visible sheets hold something") as error:
        scalars(book)
    assert "Stress, DOS, Notes" in error.value.expected
    with pytest.raises(ReadError, match="no sheet 'XRD'"):
        scalars(book, sheet="XRD")


def test_a_workbook_for_a_prediction(book: Path, tmp_path: Path) -> None:
    modality = Modality("dos", Kind.SPECTRUM, "1/THz", "", "frequency", "GHz")
    (block,) = read_measurement(book, modality).raw.blocks
    assert block.axis is not None
    np.testing.assert_allclose(block.axis, [100, 300, 7000])
    (block,) = read_measurement(book, Modality("stress", Kind.SCALAR, "MPa")).raw.blocks
    assert block.values[2] == pytest.approx(12e3)
    with pytest.raises(ReadError, match="no picture is found"):
        read_measurement(book, Modality("picture", Kind.IMAGE))
    twice = write(tmp_path / "b.xlsx", {"one": ROWS, "two": ROWS})
    with pytest.raises(ReadError, match="sheets one, two"):
        read_measurement(twice, Modality("stress", Kind.SCALAR, "GPa"))


def test_a_sheet_per_specimen_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    write(tmp_path / "cells" / "all.xlsx", {"si-1": CURVE, "si-2": CURVE})
    with pytest.raises(DatasetError, match="no measurements were recognised") as error:
        ingest(tmp_path / "cells", tmp_path / "store")
    assert "save each as a file" in error.value.expected


def test_several_columns_of_numbers_are_ambiguous_as_in_text(tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    rows = [("specimen", "strain", "stress (GPa)"), ("a", 0.1, 1), ("b", 0.2, 2)]
    write(tmp_path / "cells" / "a.xlsx", {"Data": rows, "More": CURVE})
    with pytest.raises(AmbiguousError) as error:
        ingest(tmp_path / "cells", tmp_path / "store")
    assert 'sheet = "Data"' in error.value.proposal


@pytest.mark.parametrize(
    ("format", "unit", "refused"), [("0%", "%", True), ("0.0%", "", False), ("0.0", "%", False), ('0" %"', "%", False)]
)
def test_percentages_are_not_taken_for_their_hundredth(format: str, unit: str, refused: bool, tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        for row in (2, 3):
            sheet.cell(row, 2).number_format = format

    path = table(tmp_path / "a.xlsx", [("specimen", "strain"), ("a", 0.05), ("b", 0.1)], change)
    if not refused:
        assert scalars(path, "strain", unit).blocks[0].values.tolist() == [0.05, 0.1]
        return
    with pytest.raises(ReadError, match="percentage") as error:
        scalars(path, "strain", unit)
    assert error.value.where == f"{path}: Sheet1!B2"


@pytest.mark.parametrize("name", ["a.xls", "a.xlsb", "a.ods"])
def test_other_workbooks_are_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ReadError) as error:
        scalars(path)
    assert ".xlsx" in error.value.next
    layout = FORMAT.inspect(path)
    assert isinstance(layout, Unrecognised)
    assert ".xlsx" in layout.reason


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (r'<row r="2"', '<row r="2000000000000"'),
        (r'<row r="3"', '<row r="2"'),
        (r'r="B3"', 'r="B2"'),
        (r'r="B3"', 'r="ZZZZZ3"'),
        (r"</sheetData>", ""),
        (r"<sheetData>", "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><sheetData>"),
        (r"<v>12</v>", "<v>twelve</v>"),
        (r't="inlineStr"><is><t>hot</t></is>', 't="s"><v>900</v>'),
    ],
)
def test_a_damaged_sheet_is_refused(pattern: str, new: str, tmp_path: Path) -> None:
    path = edited(table(tmp_path / "a.xlsx"), pattern, new)
    with pytest.raises(ReadError) as error:
        FORMAT.inspect(path)
    assert error.value.where.startswith(str(path))


def test_entities_that_swell_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.xlsx")
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{levels}]>'
    edited(path, r"<worksheet", f"{bomb}<worksheet")
    edited(path, r"<v>12</v>", "<v>&e11;</v>")
    with pytest.raises(ReadError):
        FORMAT.inspect(path)


@pytest.mark.parametrize(("digits", "what"), [("9" * 400, "not a finite"), ("9007199254740993", "too large a whole")])
def test_whole_numbers_that_floats_do_not_hold_are_refused(digits: str, what: str, tmp_path: Path) -> None:
    path = edited(table(tmp_path / "a.xlsx"), r"<v>12</v>", f"<v>{digits}</v>")
    with pytest.raises(ReadError, match=what) as error:
        scalars(path)
    assert error.value.where == f"{path}: Sheet1!4"


def test_an_archive_that_swells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(200_000_000))
    with pytest.raises(ReadError, match="swell"):
        FORMAT.inspect(path)


def test_a_few_cells_far_apart_are_no_large_table(tmp_path: Path) -> None:
    path = table(tmp_path / "a.xlsx", [("specimen", "x"), ("a", 1), ("b", 2)])
    row = "".join(f'<c r="{get_column_letter(column)}{{0}}"><v>1</v></c>' for column in range(1, 16385))
    far = "".join(f'<row r="{number}"><c r="XFD{number}"><v>1</v></c></row>' for number in range(10, 400))
    rows = "".join(f'<row r="{number}">{row.format(number)}</row>' for number in (5, 6)) + far
    with pytest.raises(ReadError, match="more than 4000000 cells"):
        FORMAT.inspect(edited(path, r"</sheetData>", f"{rows}</sheetData>"))


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    for content in (b"", b"PK\3\4", b"specimen,x\na,1\n", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(ReadError, match="no Excel at all"):
            FORMAT.inspect(path)
    with pytest.raises(ReadError, match="no such file"):
        FORMAT.inspect(tmp_path / "b.xlsx")
    with pytest.raises(ReadError, match="nothing stands in it"):
        FORMAT.inspect(write(path, {"Empty": []}))
    with pytest.raises(ReadError, match="a header and no data"):
        scalars(table(path, [("specimen", "x"), ("a", 1)][:1]), "x", "")
    spec = ModalitySpec(Kind.IMAGE, path.name)
    with pytest.raises(DatasetError, match="images are read from"):
        FORMAT.read(Request(path, "picture", spec, MISSING))


def _sound() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return table(Path(folder) / "a.xlsx").read_bytes()


_PLACE: list[Path] = []


@pytest.fixture(scope="module", autouse=True)
def _place(tmp_path_factory: pytest.TempPathFactory) -> None:
    _PLACE[:] = [tmp_path_factory.mktemp("damaged")]


@settings(max_examples=300, deadline=None)
@given(damaged(_sound()))
def test_nothing_but_refusals_comes_out_of_damaged_workbooks(content: bytes) -> None:
    path = _PLACE[0] / "a.xlsx"
    spec = ModalitySpec(Kind.SCALAR, path.name, "GPa", "", "stress (GPa)", "specimen")
    for raw in survive(FORMAT, path, content, (Request(path, "stress", spec, MISSING),)):
        assert raw.blocks[0].values.tolist() == [1 / 3, -2.25e-3, 12.0]


def _sheet_xml() -> bytes:
    with zipfile.ZipFile(io.BytesIO(_sound())) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


@settings(max_examples=200, deadline=None)
@given(damaged(_sheet_xml()))
def test_nothing_but_refusals_comes_out_of_damaged_sheets(xml: bytes) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_sound())) as sound, zipfile.ZipFile(stream, "w") as archive:
        for name in sound.namelist():
            archive.writestr(name, xml if name == "xl/worksheets/sheet1.xml" else sound.read(name))
    path = _PLACE[0] / "b.xlsx"
    spec = ModalitySpec(Kind.SCALAR, path.name, "GPa", "", "stress (GPa)", "specimen")
    survive(FORMAT, path, stream.getvalue(), (Request(path, "stress", spec, MISSING),))
