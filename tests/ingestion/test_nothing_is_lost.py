"""Numbers that could vanish, or change, without a word: each is read as it stands, or refused."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from fingerprint.errors import AmbiguousError, FingerprintError, ReadError
from fingerprint.ingestion import ingest
from fingerprint.ingestion.collecting import collect
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import RawModality
from fingerprint.store import open_store

CURVE = '[modalities.c]\nkind = "spectrum"\nfiles = "a.csv"\nspecimens = "{stem}"\naxis = { name = "w" }\n'
SCALAR = '[modalities.h]\nkind = "scalar"\n%sfiles = "a.csv"\nvalues = "h"\nspecimens = "id"\n'


def read(folder: Path, text: str, toml: str = "") -> RawModality:
    """The one modality of a file."""
    (folder / "a.csv").write_text(text)
    if toml:
        (folder / "dataset.toml").write_text(toml)
    found = collect(find_sources([folder])[0], None)
    for _, error in found.refused:
        raise error
    (raw,) = found.modalities
    return raw


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1,1\n2,2\n!3,50\n4,4\n", 3),
        ("1,1\n2,2\n#3,50\n4,4\n", 3),
        ("1,1\n2,2\n# 3,50\n4,4\n", 3),
        ("w,A\n200,OVER\n201,OVER\n202,3.1\n203,3.2\n204,3.3\n", 2),
        ("w,A\n200,1.1,x\n201,1.2\n202,1.3\n203,1.4\n", 2),
        ("200,1.1,\n201,1.2\n202,1.3\n203,1.4\n204,1.5\n", None),
    ],
)
def test_a_point_that_is_marked_or_unlike_the_others_is_refused(text: str, line: int | None, tmp_path: Path) -> None:
    with pytest.raises(ReadError) as refusal:
        read(tmp_path, text, CURVE)
    assert line is None or refusal.value.where == f"{tmp_path}/a.csv:{line}"


@pytest.mark.parametrize("mark", ["@", "!", "%"])
def test_an_id_may_begin_like_a_comment(mark: str, tmp_path: Path) -> None:
    raw = read(tmp_path, f"id,h\n{mark}1,1\n{mark}C,2\n", SCALAR % "")
    assert raw.specimens == (f"{mark}1", f"{mark}C")


def test_a_comment_among_the_numbers_stays_one(tmp_path: Path) -> None:
    raw = read(tmp_path, "1,1\n# lamp changed, here\n2,2\n#\n3,3\n", CURVE)
    np.testing.assert_array_equal(raw.blocks[0].values, [[1, 2, 3]])


def test_a_header_may_begin_with_a_percent_sign(tmp_path: Path) -> None:
    raw = read(tmp_path, "id,%Cr\nA,1\nB,2\n")
    assert raw.modality.name == "cr"
    (tmp_path / "a.csv").write_text("%Cr,hardness (HV)\n1,200\n2,210\n3,220\n")
    (found,) = collect(find_sources([tmp_path])[0], None).modalities
    assert (found.modality.name, found.modality.unit, found.modality.axis_name) == ("hardness", "HV", "cr")


@pytest.mark.parametrize("text", ["id,h\nA,-99\nB,3.0D0\n", "id, h\nA, -99\nB, 3\n", "id,h\nA,-99\nB,3\n"])
def test_a_number_that_means_missing_is_missing(text: str, tmp_path: Path) -> None:
    raw = read(tmp_path, text, 'missing = ["-99"]\n' + SCALAR % "")
    assert raw.specimens == ("B",)
    assert raw.blocks[0].values.tolist() == [3.0]


@pytest.mark.parametrize("cell", ["N/A", "na", "none", "-"])
def test_a_first_specimen_without_a_value_is_no_line_of_units(cell: str, tmp_path: Path) -> None:
    raw = read(tmp_path, f"id,h\nA,{cell}\nB,3.2\nC,3.3\n")
    assert (raw.modality.name, raw.modality.unit, raw.specimens) == ("h", "", ("B", "C"))


@pytest.mark.parametrize("text", ["id, h\nA1, 200\nA2, 210\n", "id;h;note\nA1;200;\nA2;210;\n"])
def test_ordinary_tables_are_ordinary(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text).blocks[0].values.tolist() == [200.0, 210.0]


def test_a_last_column_that_is_mostly_empty_is_a_column(tmp_path: Path) -> None:
    rows = "".join(f"S{number},0.5,\n" for number in range(200))
    assert len(read(tmp_path, f"id,h,note\n{rows}Sx,0.7,cracked\n")) == 201


@pytest.mark.parametrize(
    ("text", "toml"),
    [
        ("id,h,h_err_mpa\nA,3.1,100\n", SCALAR % 'unit = "GPa"\nuncertainty = "h_err_mpa"\n'),
        ("w,A (MPa),B\n1,1,2\n2,3,4\n", CURVE.replace("{stem}", "{column}").replace("kind", 'unit = "GPa"\nkind')),
    ],
)
def test_units_that_only_some_columns_state_are_refused(text: str, toml: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        read(tmp_path, text, toml)


@pytest.mark.parametrize(
    "header", ["id,Pb,Se", "id,Fe_at%,Dy_at%", "id,E_gpa,sigma_gpa", "time (s),force,sigma", "w (nm),counts,err (%)"]
)
def test_what_may_be_a_quantity_of_its_own_is_asked_about(header: str, tmp_path: Path) -> None:
    first = ("A", "B", "C") if header.startswith("id") else ("1", "2", "3")
    rows = "".join(f"{name},{place}.5,{3 - place}.25\n" for place, name in enumerate(first))
    with pytest.raises(AmbiguousError):
        read(tmp_path, f"{header}\n{rows}")


def test_names_that_look_like_numbers_stay_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,h,batch,lot,year\nA,1,007,2024_01,2024\nB,2,010,2024_02,2025\n")
    (tmp_path / "dataset.toml").write_text(
        '[specimens]\nfile = "a.csv"\nid = "id"\nmetadata = ["batch", "lot", "year"]\n' + SCALAR % ""
    )
    ingest([tmp_path], tmp_path / "store")
    assert open_store(tmp_path / "store").specimens()["A"] == {"batch": "007", "lot": "2024_01", "year": 2024}


@pytest.mark.parametrize(("name", "value"), [("scale_factor", 0.01), ("add_offset", 273.15), ("scaling_factor", 2.0)])
def test_numbers_that_are_still_to_be_scaled_are_refused(name: str, value: float, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["frequency"], file["dos"] = [1.0, 2.0, 3.0], np.arange(3, dtype=np.int16)
        file["dos"].attrs[name] = value
    with pytest.raises(FingerprintError, match="to be scaled"):
        ingest([tmp_path / "a.h5"], tmp_path / "store")


def test_an_uncertainty_is_converted_without_new_digits(tmp_path: Path) -> None:
    toml = SCALAR % 'unit = "K"\nuncertainty = "h_err"\n'
    text = "id,h (degC),h_err (degC)\nA,20,0.1\n"
    raw = read(tmp_path, text, toml.replace('values = "h"', 'values = "h (degC)"').replace("h_err", "h_err (degC)"))
    assert np.asarray(raw.blocks[0].uncertainty).tolist() == [0.1]


def test_a_file_of_which_something_was_ignored_was_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["id"], file["frequency_thz"], file["dos"] = ["a", "b", "c"], np.arange(5.0), np.ones((3, 5))
        file["stray"] = np.zeros((4, 2))
    ingest([tmp_path / "a.h5"], tmp_path / "store")
    assert list(open_store(tmp_path / "store").log()[0].files) == [str(tmp_path / "a.h5")]
