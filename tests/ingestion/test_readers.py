"""One contract for every reader: the same measurements in every file family read as the same values."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from fingerprint.errors import ReadError, UnitError
from fingerprint.ingestion.collecting import collect
from fingerprint.ingestion.dataset import load_dataset
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import RawModality

IDS = ("a1", "b-2", "c 3")
AXIS = np.array([0.1, 0.25, 1.0, 7.5, 1 / 3 + 8])
VALUES = np.random.default_rng(3).normal(size=(3, 5)) * 10.0 ** np.arange(-2, 3)
STRESS = np.array([1.5, -2.25e-3, 1 / 3])

AXIS_LINE = 'axis = { name = "frequency", unit = "THz"%s }'
Writer = Callable[[Path, np.ndarray, np.ndarray], str]


def _toml(files: str, specimens: str, values: str = "", axis_values: str = "") -> str:
    lines = ["[modalities.dos]", 'kind = "spectrum"', 'unit = "1/THz"', f'files = "{files}"']
    lines += [f'specimens = "{specimens}"', *([f'values = "{values}"'] if values else [])]
    return "\n".join([*lines, AXIS_LINE % (f', values = "{axis_values}"' if axis_values else "")])


def write_wide(folder: Path, axis: np.ndarray, values: np.ndarray, delimiter: str = ",", id: str = "id") -> str:
    rows = [delimiter.join([id, *map(repr, axis.tolist())])]
    rows += [delimiter.join([name, *map(repr, row)]) for name, row in zip(IDS, values.tolist(), strict=True)]
    (folder / "wide.csv").write_text("\n".join(rows) + "\n")
    return _toml("wide.csv", id)


def write_semicolons(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    return write_wide(folder, axis, values, ";", id="Sample name")


def write_tabs(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    return write_wide(folder, axis, values, "\t")


def write_unnamed(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    return write_wide(folder, axis, values, id="")


def write_wide_gz(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    toml = write_wide(folder, axis, values)
    (folder / "wide.csv.gz").write_bytes(gzip.compress((folder / "wide.csv").read_bytes()))
    (folder / "wide.csv").unlink()
    return toml.replace("wide.csv", "wide.csv.gz")


def write_curves(folder: Path, axis: np.ndarray, values: np.ndarray, separator: str = ",", head: str = "") -> str:
    (folder / "dos").mkdir()
    for name, row in zip(IDS, values.tolist(), strict=True):
        lines = [f"{x!r}{separator}{y!r}" for x, y in zip(axis.tolist(), row, strict=True)]
        (folder / "dos" / f"{name}.txt").write_text("\n".join([head, *lines]) + "\n")
    return _toml("dos/*.txt", "{stem}")


def write_blanks(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    return write_curves(folder, axis, values, "   ", "# made by hand\n# frequency (THz)  dos (1/THz)\n")


def write_headed(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    write_curves(folder, axis, values, ",", "frequency_thz,dos [1/THz]")
    return _toml("dos/*.txt", "{stem}", "dos [1/THz]", "frequency_thz")


def write_hdf5(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    with h5py.File(folder / "dos.h5", "w") as file:
        file["dos"], file["frequency_thz"], file["id"] = values, axis, list(IDS)
        file["dos"].attrs["unit"] = "1/THz"
    return _toml("dos.h5", "id", "dos", "frequency_thz")


def write_jcamp(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    (folder / "dos").mkdir()
    for name, row in zip(IDS, values.tolist(), strict=True):
        points = [f"{x!r}, {y!r}" for x, y in zip(axis.tolist(), row, strict=True)]
        head = ["##TITLE= a", "##XUNITS= THZ", f"##NPOINTS= {len(row)}", "##XYPOINTS= (XY..XY)"]
        (folder / "dos" / f"{name}.jdx").write_text("\n".join([*head, *points, "##END=", ""]))
    return _toml("dos/*.jdx", "{stem}")


def write_emsa(folder: Path, axis: np.ndarray, values: np.ndarray) -> str:
    (folder / "dos").mkdir()
    for name, row in zip(IDS, values.tolist(), strict=True):
        points = [f"{x!r}, {y!r}" for x, y in zip(axis.tolist(), row, strict=True)]
        head = ["#FORMAT : EMSA/MAS Spectral Data File", f"#NPOINTS : {len(row)}.", "#DATATYPE : XY", "#XUNITS : THz"]
        text = "\n".join([*head, "#SPECTRUM : here", *points, "#ENDOFDATA :", ""])
        (folder / "dos" / f"{name}.msa").write_text(text)
    return _toml("dos/*.msa", "{stem}")


WRITERS = [
    write_wide, write_semicolons, write_tabs, write_unnamed, write_wide_gz, write_curves, write_blanks,
    write_headed, write_hdf5, write_jcamp, write_emsa,
]  # fmt: skip


def read(folder: Path, toml: str) -> RawModality:
    (folder / "dataset.toml").write_text(toml)
    collected = collect(find_sources([folder])[0], None)
    for _, error in collected.refused:
        raise error
    return collected.modalities[0]


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("write", WRITERS)
def test_every_family_reads_the_same_values(write: Writer, direction: int, tmp_path: Path) -> None:
    toml = write(tmp_path, AXIS[::direction], VALUES[:, ::direction])
    raw = read(tmp_path, toml)
    assert len(raw.blocks) == 1
    block = raw.blocks[0]
    assert (raw.modality.unit, raw.modality.axis_unit) == ("1/THz", "THz")
    assert block.specimens == IDS
    assert len(block.sources) == len(IDS)
    np.testing.assert_array_equal(block.values, VALUES)
    np.testing.assert_array_equal(block.axis, AXIS)


def _expect(folder: Path, toml: str, where: str, what: str) -> ReadError:
    with pytest.raises(ReadError) as refusal:
        read(folder, toml)
    assert refusal.value.where == f"{folder}/{where}"
    assert what in refusal.value.what
    return refusal.value


@pytest.mark.parametrize("write", WRITERS)
def test_a_repeated_axis_point_is_refused(write: Writer, tmp_path: Path) -> None:
    axis = AXIS.copy()
    axis[2] = axis[1]
    with pytest.raises(ReadError, match="repeats"):
        read(tmp_path, write(tmp_path, axis, VALUES))


@pytest.mark.parametrize("write", WRITERS)
def test_an_axis_that_turns_back_is_refused(write: Writer, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="turns back"):
        read(tmp_path, write(tmp_path, AXIS[[0, 2, 1, 3, 4]], VALUES))


@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.parametrize("write", WRITERS)
def test_a_gap_or_an_infinity_inside_a_spectrum_is_refused(write: Writer, bad: float, tmp_path: Path) -> None:
    values = VALUES.copy()
    values[1, 3] = bad
    with pytest.raises(ReadError) as refusal:
        read(tmp_path, write(tmp_path, AXIS, values))
    assert refusal.value.where


def test_float32_stays_float32(tmp_path: Path) -> None:
    raw = read(tmp_path, write_hdf5(tmp_path, AXIS, VALUES.astype(np.float32)))
    assert raw.blocks[0].values.dtype == np.float32


def test_a_row_without_any_value_was_not_measured(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[1] = np.nan
    raw = read(tmp_path, write_wide(tmp_path, AXIS, values))
    assert raw.specimens == ("a1", "c 3")
    np.testing.assert_array_equal(raw.blocks[0].values, VALUES[[0, 2]])


def test_another_axis_is_another_block(tmp_path: Path) -> None:
    toml = write_curves(tmp_path, AXIS, VALUES)
    (tmp_path / "dos" / "d.txt").write_text("1,2\n3,4\n")
    raw = read(tmp_path, toml)
    assert [block.specimens for block in raw.blocks] == [IDS, ("d",)]


SCALAR = """
[modalities.stress]
kind = "scalar"
unit = "GPa"
files = "stress.csv"
values = "stress_gpa"
specimens = "id"
"""


def scalars(folder: Path, *rows: str, header: str = "id,stress_gpa") -> str:
    (folder / "stress.csv").write_text("\n".join([header, *rows]) + "\n")
    return SCALAR


def test_scalars_are_read_exactly_and_missing_ones_are_absent(tmp_path: Path) -> None:
    rows = [f"{name},{value!r}" for name, value in zip(IDS, STRESS.tolist(), strict=True)]
    raw = read(tmp_path, scalars(tmp_path, rows[0], "x,", "y,N/A", "z,nan", "# a comment", "", *rows[1:]))
    assert raw.specimens == IDS
    np.testing.assert_array_equal(raw.blocks[0].values, STRESS)
    assert raw.blocks[0].sources[1] == f"{tmp_path}/stress.csv:8"


def test_hdf5_scalars_agree_with_a_table(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["stress_gpa"], file["id"] = STRESS, [7, 8, 9]
    raw = read(tmp_path, SCALAR.replace("stress.csv", "s.h5"))
    assert raw.specimens == ("7", "8", "9")
    np.testing.assert_array_equal(raw.blocks[0].values, STRESS)


def test_hdf5_images_are_read(tmp_path: Path) -> None:
    images = np.arange(24.0).reshape(2, 3, 4)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["picture"], file["id"] = images, ["a", "b"]
    toml = '[modalities.picture]\nkind = "image"\nfiles = "s.h5"\nvalues = "picture"\nspecimens = "id"\n'
    np.testing.assert_array_equal(read(tmp_path, toml).blocks[0].values, images)


@pytest.mark.parametrize(
    ("rows", "line", "what"),
    [
        (("a,1", "b,abc", "c,2"), 3, "stress_gpa 'abc' is not a number"),
        (("a,1", "b,1_000"), 3, "stress_gpa '1_000' is not a number"),
        (("a,1", "# note", "b,inf"), 4, "inf is not a finite number"),
        (("a,1", "b"), 3, "1 fields where 2 are expected (the file may be cut off)"),
        (("a,1", "b,2,3", "c,1"), 3, "3 fields where 2"),
        (("a,1", ",2"), 3, "has no id"),
        (("a,1", "b,1", "a,2"), 4, "'a' stands here again"),
        ((), 1, "a header and no data"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(rows: tuple[str, ...], line: int, what: str, tmp_path: Path) -> None:
    _expect(tmp_path, scalars(tmp_path, *rows), f"stress.csv:{line}", what)


def test_a_delimiter_at_the_end_of_every_line_is_no_column(tmp_path: Path) -> None:
    toml = write_curves(tmp_path, AXIS, VALUES)
    (tmp_path / "dos" / "a1.txt").write_text("1,2,\n3,4,\n")
    np.testing.assert_array_equal(read(tmp_path, toml).blocks[0].values, [[2.0, 4.0]])


def test_a_quoted_line_break_is_refused(tmp_path: Path) -> None:
    toml = scalars(tmp_path, 'a,1,"two', 'lines"', "b,2,one", header="id,stress_gpa,note")
    _expect(tmp_path, toml, "stress.csv", "goes on in the next line")


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    error = _expect(tmp_path, scalars(tmp_path, "a,1", header="id,strain"), "stress.csv:1", "'stress_gpa'")
    assert "id, strain" in error.expected


def test_a_header_that_contradicts_the_declared_unit_is_refused(tmp_path: Path) -> None:
    toml = scalars(tmp_path, "a,1").replace('"GPa"', '"MPa"')
    _expect(tmp_path, toml, "stress.csv:1", "is in GPa here, but MPa is declared")


def test_a_specimen_in_two_files_is_refused(tmp_path: Path) -> None:
    scalars(tmp_path, "a,1")
    (tmp_path / "stress2.csv").write_text("id,stress_gpa\na,2\n")
    _expect(tmp_path, SCALAR.replace("stress.csv", "stress*.csv"), "stress2.csv", "measured before")


@pytest.mark.parametrize(
    ("content", "what"), [(b"", "no data"), (b"# only\n\n", "no data"), (b"id,stress_gpa\n\0\0", "not text")]
)
def test_a_file_without_data_is_refused(content: bytes, what: str, tmp_path: Path) -> None:
    toml = scalars(tmp_path)
    (tmp_path / "stress.csv").write_bytes(content)
    with pytest.raises(ReadError, match=what):
        read(tmp_path, toml)


def test_cut_off_files_are_refused(tmp_path: Path) -> None:
    toml = write_hdf5(tmp_path, AXIS, VALUES)
    path = tmp_path / "dos.h5"
    path.write_bytes(path.read_bytes()[:-200])
    _expect(tmp_path, toml, "dos.h5", "damaged")
    path.write_text("not HDF5")
    _expect(tmp_path, toml, "dos.h5", "damaged")
    toml = write_wide_gz(tmp_path, AXIS, VALUES)
    path = tmp_path / "wide.csv.gz"
    path.write_bytes(path.read_bytes()[:-20])
    _expect(tmp_path, toml, "wide.csv.gz", "damaged or cut off")


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("id", ["a", "b"], "3 rows for the 2 ids"),
        ("id", ["a", "b", "a"], "'a' stands here again"),
        ("frequency_thz", AXIS[:-1], "5 points on an axis of 4"),
        ("dos", VALUES[0], "the shape is (5,)"),
        ("dos", np.empty((0, 5)), "empty"),
    ],
)
def test_hdf5_datasets_must_fit_together(key: str, value: object, what: str, tmp_path: Path) -> None:
    toml = write_hdf5(tmp_path, AXIS, VALUES)
    with h5py.File(tmp_path / "dos.h5", "a") as file:
        del file[key]
        file[key] = value
    with pytest.raises(ReadError) as refusal:
        read(tmp_path, toml)
    assert what in refusal.value.what


def test_an_unknown_declared_unit_is_refused_at_its_key(tmp_path: Path) -> None:
    (tmp_path / "dataset.toml").write_text(SCALAR.replace("GPa", "furlong per"))
    with pytest.raises(UnitError) as refusal:
        load_dataset(tmp_path / "dataset.toml")
    assert "[modalities.stress]" in refusal.value.where
