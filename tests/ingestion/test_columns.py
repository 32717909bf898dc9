"""Tables in which the columns have to be told apart: uncertainties, several curves, a row per point."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from fingerprint.errors import AmbiguousError, ReadError, UnitError
from fingerprint.ingestion import ingest
from fingerprint.ingestion.collecting import collect
from fingerprint.ingestion.reader import Column
from fingerprint.ingestion.sources import find_sources
from fingerprint.ingestion.uncertainties import with_uncertainties
from fingerprint.modality import Kind, RawModality
from fingerprint.store import open_store

CURVE = "time (s),load (kN),load_err (kN)\n0,1.5,0.1\n1,2.5,0.2\n2,4,0.3\n"
SEVERAL = "wavelength (nm),S1,S2 (a.u.)\n400,1,5\n410,2,6\n420,3,7\n"
TIDY = "specimen,t (s),strain (%),route\na,0,1,cold\na,1,2,cold\nb,2,7,hot\nb,1,8,hot\nb,0,9,hot\n"


def folder(path: Path, text: str, toml: str = "") -> Path:
    """A folder of one file."""
    (path / "lab").mkdir()
    (path / "lab" / "a.csv").write_text(text)
    if toml:
        (path / "lab" / "dataset.toml").write_text(toml)
    return path / "lab"


def read(path: Path, text: str, toml: str = "") -> dict[str, RawModality]:
    """What it holds, by modality."""
    found = collect(find_sources([folder(path, text, toml)])[0], None)
    for _, error in found.refused:
        raise error
    return {raw.modality.name: raw for raw in found.modalities}


def named(*names: str, unit: str | None = None) -> list[Column]:
    return [Column(name, name, unit, numeric=True, unique=True) for name in names]


@pytest.mark.parametrize(
    ("names", "owners"),
    [
        (("load", "load_err"), {"load": "load_err"}),
        (("load", "err"), {"load": "err"}),
        (("load", "sigma load", "strain", "strain.std"), {"load": "sigma load", "strain": "strain.std"}),
        (("err_b", "a", "b"), {"a": None, "b": "err_b"}),
        (("load", "err_strain"), {"load": None, "err_strain": None}),
        (("load", "strain"), {"load": None, "strain": None}),
        (("verror", "terra"), {"verror": None, "terra": None}),
        (("Pb", "Se"), {"Pb": None, "Se": None}),
        (("Fe", "Dy"), {"Fe": None, "Dy": None}),
        (("force", "sigma"), {"force": None, "sigma": None}),
        (("Se", "Se_sd"), {"Se": "Se_sd"}),
        (("I", "sigma"), {"I": "sigma"}),
        (("strain", "I", "sigma"), {"strain": None, "I": None, "sigma": None}),
        (("kappa", "sigma"), {"kappa": None, "sigma": None}),
        (("y", "yerr"), {"y": "yerr"}),
        (("pha", "phase"), {"pha": None, "phase": None}),
        (("err", "load"), {"err": None, "load": None}),
        (("load", "err", "std"), {"load": "err", "std": None}),
    ],
)
def test_an_uncertainty_belongs_to_the_column_of_its_name_or_before_it(
    names: tuple[str, ...], owners: dict[str, str | None]
) -> None:
    found = {column.name: error and error.name for column, error in with_uncertainties(named(*names))}
    assert found == owners


def test_an_uncertainty_of_another_unit_is_none() -> None:
    for unit in (None, "%"):
        columns = [*named("strain", unit=unit), *named("strain_err", unit="MPa")]
        assert [error for _, error in with_uncertainties(columns)] == [None, None]


def test_a_third_column_of_uncertainties_is_stored_with_its_curve(tmp_path: Path) -> None:
    ingest([folder(tmp_path, CURVE)], tmp_path / "store")
    raw = open_store(tmp_path / "store").read("load")
    (block,) = raw.blocks
    assert (raw.modality.unit, raw.modality.axis_unit) == ("kN", "s")
    np.testing.assert_array_equal(block.values, [[1.5, 2.5, 4.0]])
    assert block.uncertainty is not None
    np.testing.assert_array_equal(block.uncertainty, [[0.1, 0.2, 0.3]])
    again = ingest([tmp_path / "lab"], tmp_path / "store")
    assert again.ingest is None, "the same again writes nothing"
    (tmp_path / "lab" / "a.csv").write_text(CURVE.replace("0.3", "0.4"))
    report = ingest([tmp_path / "lab"], tmp_path / "store", on_conflict="replace")
    assert report.modalities["load"].replaced == 1


def test_uncertainties_are_converted_as_differences_are(tmp_path: Path) -> None:
    toml = (
        '[modalities.T]\nkind = "scalar"\nunit = "degC"\nfiles = "*.csv"\nvalues = "T (degC)"\n'
        'specimens = "id"\nuncertainty = "T_err (degC)"\n'
    )
    path = folder(tmp_path, "id,T (degC),T_err (degC)\na,20,0.5\nb,30,0.25\n", toml.replace("degC", "K"))
    (path / "a.csv").write_text("id,T (K),T_err (K)\na,293.15,0.5\n")
    ingest([path], tmp_path / "store")
    (path / "a.csv").write_text("id,T (degC),T_err (degC)\nb,30,0.25\n")
    (path / "dataset.toml").write_text(toml)
    ingest([path], tmp_path / "store")
    raw = open_store(tmp_path / "store").read("T")
    found = {
        name: (float(value), float(error))
        for block in raw.blocks
        for name, value, error in zip(block.specimens, block.values, np.asarray(block.uncertainty), strict=True)
    }
    assert found == {"a": (293.15, 0.5), "b": (pytest.approx(303.15), pytest.approx(0.25))}


def test_uncertainties_of_reciprocals_are_not_converted(tmp_path: Path) -> None:
    toml = (
        '[modalities.edge]\nkind = "scalar"\nunit = "nm"\nfiles = "*.csv"\nvalues = "edge"\n'
        'specimens = "id"\nuncertainty = "err"\n'
    )
    path = folder(tmp_path, "id,edge,err\na,1.5,0.1\n", toml.replace("nm", "eV"))
    ingest([path], tmp_path / "store")
    (path / "a.csv").write_text("id,edge,err\nb,600,5\n")
    (path / "dataset.toml").write_text(toml)
    with pytest.raises(UnitError, match="uncertainties in nm are not converted into eV, which is a reciprocal"):
        ingest([path], tmp_path / "store")


def test_measurements_with_and_without_uncertainty_stand_side_by_side(tmp_path: Path) -> None:
    path = folder(tmp_path, CURVE)
    (path / "b.csv").write_text("time (s),load (kN)\n0,1\n1,2\n2,3\n")
    ingest([path / "a.csv"], tmp_path / "store")
    ingest([path / "b.csv"], tmp_path / "store")
    raw = open_store(tmp_path / "store").read("load")
    assert {block.specimens: block.uncertainty is None for block in raw.blocks} == {("a",): False, ("b",): True}
    kept = raw.keeping({"a"}).blocks[0].uncertainty
    assert kept is not None
    assert kept.shape == (1, 3)


@pytest.mark.parametrize("bad", ["-0.1", "", "nan"])
def test_a_value_without_an_uncertainty_is_refused(bad: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="uncertainty is") as refusal:
        read(tmp_path, CURVE.replace("0.2", bad))
    assert refusal.value.where.endswith("a.csv:3")


def test_several_columns_over_an_axis_are_asked_about_and_then_read(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousError) as refusal:
        read(tmp_path, SEVERAL)
    assert "2 columns over wavelength (nm) (S1, S2 (a.u.)): are they specimens?" in refusal.value.what
    (tmp_path / "lab" / "dataset.toml").write_text(refusal.value.proposal)
    (raw,) = collect(find_sources([tmp_path / "lab"])[0], None).modalities
    (block,) = raw.blocks
    assert block.specimens == ("S1", "S2")
    np.testing.assert_array_equal(block.values, [[1, 2, 3], [5, 6, 7]])
    np.testing.assert_array_equal(block.axis, [400, 410, 420])
    assert raw.modality.axis_unit == "nm"


def test_a_third_column_without_a_name_is_never_a_second_spectrum(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousError, match="3 columns without headers") as refusal:
        read(tmp_path, "400 1 0.1\n410 2 0.2\n420 3 0.3\n")
    (tmp_path / "lab" / "dataset.toml").write_text(refusal.value.proposal)
    (raw,) = collect(find_sources([tmp_path / "lab"])[0], None).modalities
    (block,) = raw.blocks
    np.testing.assert_array_equal(block.values, [[1, 2, 3]])
    np.testing.assert_array_equal(np.asarray(block.uncertainty), [[0.1, 0.2, 0.3]])


def test_a_row_per_point(tmp_path: Path) -> None:
    raw = read(tmp_path, TIDY)["strain"]
    found = {block.specimens: (block.axis, block.values) for block in raw.blocks}
    assert {ids: np.asarray(axis).tolist() for ids, (axis, _) in found.items()} == {("a",): [0, 1], ("b",): [0, 1, 2]}
    assert {ids: values.tolist() for ids, (_, values) in found.items()} == {("a",): [[1, 2]], ("b",): [[9, 8, 7]]}
    assert (raw.modality.unit, raw.modality.axis_unit) == ("%", "s")


def test_files_of_other_units_are_one_modality(tmp_path: Path) -> None:
    path = folder(tmp_path, CURVE)
    (path / "b.csv").write_text("time (ms),load (N),load_err (N)\n0,1500,100\n1000,2500,200\n2000,4000,300\n")
    ingest([path], tmp_path / "store")
    raw = open_store(tmp_path / "store").read("load")
    assert raw.modality.kind is Kind.SERIES
    for block in raw.blocks:
        np.testing.assert_allclose(np.asarray(block.axis), [0, 1, 2], rtol=1e-14)
        for values, uncertainty in zip(block.values, np.asarray(block.uncertainty), strict=True):
            np.testing.assert_allclose(values, [1.5, 2.5, 4.0], rtol=1e-14)
            np.testing.assert_allclose(uncertainty, [0.1, 0.2, 0.3], rtol=1e-12)
    assert sorted(raw.specimens) == ["a", "b"]


def test_a_density_follows_the_unit_of_its_own_axis(tmp_path: Path) -> None:
    """|dx/dx'|: the area stays 1, stated by value or by axis alone."""
    path = folder(tmp_path, "frequency (THz),dos (1/THz)\n0,0.5\n1,0.5\n2,0.5\n")
    (path / "b.csv").write_text("frequency (cm^-1),dos (1/cm^-1)\n0,0.02\n50,0.02\n100,0.02\n")
    ingest([path], tmp_path / "store")
    for block in open_store(tmp_path / "store").read("dos").blocks:
        for values in block.values:
            area = np.trapezoid(values, np.asarray(block.axis))
            assert area == pytest.approx({"a": 1.0, "b": 2.0}[block.specimens[0]])


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("{id}_raman", "A1_raman.csv", "A1"),
        ("2024-*-s{id}", "2024-05-01-sA-7.csv", "A-7"),
        ("2024-*-{id}", "2024-05-01-A-7.csv", None),
        ("s{id}.x", "s12.x.csv.gz", "12"),
        ("{id}_raman", "A1_xrd.csv", None),
        ("{id}_*", "_raman.csv", None),
    ],
)
def test_an_id_may_be_a_part_of_the_file_name(pattern: str, name: str, found: str | None, tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    text = b"1,2\n2,3\n"
    (tmp_path / "lab" / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    axis = 'axis = { name = "x" }'
    (tmp_path / "lab" / "dataset.toml").write_text(
        f'[modalities.a]\nkind = "spectrum"\nfiles = "*.csv*"\nspecimens = "{pattern}"\n{axis}\n'
    )
    source = find_sources([tmp_path / "lab"])[0]
    if found is None:
        with pytest.raises(ReadError, match="does not match"):
            collect(source, None)
        return
    assert collect(source, None).modalities[0].specimens == (found,)


def test_a_table_with_the_uncertainty_of_its_one_scalar_is_not_ambiguous(tmp_path: Path) -> None:
    raw = read(tmp_path, "specimen,stress_gpa,stress_err_gpa\na,1,0.1\nb,2,0.2\n")["stress"]
    np.testing.assert_array_equal(np.asarray(raw.blocks[0].uncertainty), [0.1, 0.2])


def test_notes_among_the_spectra_do_no_harm(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    for name in ("apple", "zebra", "m [1]"):
        (lab / f"{name}.txt").write_text("x (nm),y\n1,2\n2,3\n3,4\n")
    (lab / "line.txt").write_text("Cleaned the lens.\n")
    (lab / "README.txt").write_text("2024, 3, 5: first run\n")
    (lab / "notes.txt").write_text("The lamp was changed on Monday, and the detector cooled.\nNothing else.\n")
    (lab / "other [2].txt").write_text("energy (eV),counts\n1,2\n2,3\n3,4\n")
    found = collect(find_sources([lab])[0], None)
    assert {raw.modality.name: sorted(raw.specimens) for raw in found.modalities} == {
        "y": ["apple", "m [1]", "zebra"],
        "counts": ["other [2]"],
    }
    (lab / "dataset.toml").write_text(found.dataset_toml)
    again = collect(find_sources([lab])[0], None)
    assert [raw.specimens for raw in again.modalities] == [raw.specimens for raw in found.modalities]


def test_files_of_specimens_may_be_left_out(tmp_path: Path) -> None:
    toml = (
        '[specimens]\nfile = "*.csv"\nid = "id"\nmetadata = ["route"]\nexclude = ["b*.csv"]\n'
        '[modalities.h]\nkind = "scalar"\nfiles = "a.csv"\nvalues = "h"\nspecimens = "id"\n'
    )
    lab = folder(tmp_path, "id,h,route\nA,1,cold\nB,2,hot\n", toml)
    (lab / "b.csv").write_text("id,other\nA,1\n")
    found = collect(find_sources([lab])[0], None)
    assert not found.refused
    assert found.metadata == {"A": {"route": "cold"}, "B": {"route": "hot"}}


def test_columns_in_different_units_are_quantities_of_one_specimen(tmp_path: Path) -> None:
    rows = "0;20,5;1,25\n1;21,5;1,5\n2;22,5;1,75\n"
    found = read(tmp_path, f"Time (s);Temperature (degC);DSC (mW/mg)\n{rows}")
    assert {name: (raw.modality.unit, raw.specimens) for name, raw in found.items()} == {
        "temperature": ("degC", ("a",)),
        "dsc": ("mW/mg", ("a",)),
    }
    np.testing.assert_array_equal(found["dsc"].blocks[0].values, [[1.25, 1.5, 1.75]])
    np.testing.assert_array_equal(np.asarray(found["dsc"].blocks[0].axis), [0, 1, 2])


REPEATED = """[modalities.dos]
kind = "spectrum"
unit = "1/THz"
files = "*.csv"
values = "dos"
uncertainty = "err"
axis = { name = "frequency", unit = "THz", values = "f", repeated = "average" }
"""


def test_points_measured_twice_are_averaged_where_that_is_asked_for(tmp_path: Path) -> None:
    """Their uncertainty is that of a mean; neighbours alone, and nothing without the word."""
    (tmp_path / "a.csv").write_text("f,dos,err\n3,5,0.1\n2,4,0.3\n2,6,0.4\n1,1,0.1\n", encoding="utf-8")
    (tmp_path / "dataset.toml").write_text(REPEATED, encoding="utf-8")
    ingest(tmp_path, tmp_path / "store")
    (block,) = open_store(tmp_path / "store").read("dos").blocks
    assert block.axis is not None
    assert block.axis.tolist() == [1, 2, 3]
    assert block.values.tolist() == [[1, 5, 5]]
    assert block.uncertainty is not None
    np.testing.assert_allclose(block.uncertainty, [[0.1, 0.25, 0.1]])
    (tmp_path / "dataset.toml").write_text(REPEATED.replace(', repeated = "average"', ""), encoding="utf-8")
    with pytest.raises(ReadError, match="the axis repeats 2") as refused:
        ingest(tmp_path, tmp_path / "other")
    assert refused.value.where.endswith("a.csv:4")
    assert "repeated" in refused.value.next
    (tmp_path / "a.csv").write_text("f,dos,err\n1,5,1\n2,4,1\n1,1,1\n3,1,1\n", encoding="utf-8")
    (tmp_path / "dataset.toml").write_text(REPEATED, encoding="utf-8")
    with pytest.raises(ReadError, match="turns back at 1") as refused:
        ingest(tmp_path, tmp_path / "other")
    assert refused.value.where.endswith("a.csv:4")
