"""Ingest: all or nothing, idempotent, into the store's units; from files, arrays and frames alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fingerprint.errors import DatasetError, FingerprintError, ReadError, UnitError
from fingerprint.ingestion import ingest, ingest_arrays, ingest_frame, read_measurement
from fingerprint.ingestion.dataset import load_dataset
from fingerprint.ingestion.dataset_text import dump_dataset
from fingerprint.ingestion.writer import store_all
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import open_store

X = np.linspace(1.0, 20.0, 40)
NM = (400.0, 500.0, 600.0)
IDS = ("s1", "s2", "s3")
CM = 1e12 / 299792458e2  # THz in cm^-1


def spectra() -> np.ndarray:
    y = np.stack([np.exp(-0.5 * ((X - centre) / 2) ** 2) for centre in (6.0, 9.0, 12.0)])
    return y / np.trapezoid(y, X, axis=1)[:, None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three spectra, one file each, and a table of stresses."""
    data = tmp_path / "vdos"
    (data / "spectra").mkdir(parents=True)
    for name, y in zip(IDS, spectra(), strict=True):
        pd.DataFrame({"frequency (THz)": X, "vdos (1/THz)": y}).to_csv(data / "spectra" / f"{name}.csv", index=False)
    (data / "stress.csv").write_text("specimen,stress_gpa,route\ns1,1.5,cold\ns2,,hot\ns3,-2,cold\n")
    (data / "README.md").write_text("words")
    return data


def test_a_folder_explains_itself(folder: Path, tmp_path: Path) -> None:
    report = ingest(folder, tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert report.inferred
    assert store.modalities() == {
        "vdos": Modality("vdos", Kind.SPECTRUM, "1/THz", "", "frequency", "THz"),
        "stress": Modality("stress", Kind.SCALAR, "GPa"),
    }
    np.testing.assert_array_equal(store.read("vdos").blocks[0].values, spectra())
    assert store.read("stress").specimens == ("s1", "s3")
    assert report.modalities["stress"].missing == 1
    assert store.specimens()["s2"] == {"route": "hot"}
    assert [ignored.file for ignored in report.ignored] == [str(folder / "README.md")]


def test_the_inferred_dataset_toml_gives_the_same(folder: Path, tmp_path: Path) -> None:
    report = ingest(folder, tmp_path / "store", dry_run=True)
    assert not (tmp_path / "store").exists()
    (folder / "dataset.toml").write_text(report.dataset_toml)
    again = ingest(folder, tmp_path / "store")
    assert not again.inferred
    assert {name: each.read for name, each in again.modalities.items()} == {"vdos": 3, "stress": 2}
    spec = load_dataset(folder / "dataset.toml")
    (tmp_path / "copy.toml").write_text(dump_dataset(spec))
    assert load_dataset(tmp_path / "copy.toml") == spec


def test_ingesting_again_writes_nothing(folder: Path, tmp_path: Path) -> None:
    ingest(folder, tmp_path / "store")
    before = open_store(tmp_path / "store").snapshot()
    report = ingest(folder, tmp_path / "store")
    assert report.ingest is None
    assert (report.modalities["vdos"].new, report.modalities["vdos"].unchanged) == (0, 3)
    assert open_store(tmp_path / "store").snapshot() == before


def test_other_units_arrive_in_those_of_the_store(folder: Path, tmp_path: Path) -> None:
    ingest(folder, tmp_path / "store")
    ingest_arrays(tmp_path / "store", ["n"], X[::-1] * CM, spectra()[:1, ::-1] / CM, ("cm-1", "1/cm-1"), name="vdos")
    ingest_frame(tmp_path / "store", pd.DataFrame({"stress": [1500.0]}, index=["n"]), units={"stress": "MPa"})
    store = open_store(tmp_path / "store")
    block = store.read("vdos", specimens=["n"]).blocks[0]
    np.testing.assert_allclose(block.axis, X, rtol=1e-12)
    np.testing.assert_allclose(block.values[0], spectra()[0], rtol=1e-12)
    assert store.read("stress", specimens=["n"]).blocks[0].values == pytest.approx([1.5])


def test_another_sign_convention_is_refused(tmp_path: Path) -> None:
    ingest_arrays(tmp_path, ["a"], None, [1.0], "GPa", name="stress", sign="compression positive")
    before = open_store(tmp_path).snapshot()
    for sign in ("tension positive", ""):
        with pytest.raises(DatasetError, match="sign"):
            ingest_arrays(tmp_path, ["b"], None, [1.0], "GPa", name="stress", sign=sign)
    with pytest.raises(UnitError):
        ingest_arrays(tmp_path, ["b"], None, [1.0], "THz", name="stress", sign="compression positive")
    assert open_store(tmp_path).snapshot() == before


def test_one_bad_file_stops_all_of_it(folder: Path, tmp_path: Path) -> None:
    (folder / "spectra" / "s2.csv").write_text("frequency (THz),vdos (1/THz)\n1,2\n2,3\n3,oops\n4,5\n")
    with pytest.raises(ReadError) as refusal:
        ingest(folder, tmp_path / "store")
    assert refusal.value.where == f"{folder}/spectra/s2.csv:4"
    assert "'oops' is not a number" in refusal.value.what
    assert "--skip-bad" in refusal.value.next
    assert not open_store(tmp_path / "store", create=True).exists()


def test_skip_bad_stores_the_rest_and_lists_the_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "spectra" / "s2.csv").write_bytes(b"")
    report = ingest(folder, tmp_path / "store", skip_bad=True)
    assert [refused.where for refused in report.refused] == [f"{folder}/spectra/s2.csv:1"]
    assert open_store(tmp_path / "store").read("vdos").specimens == ("s1", "s3")


def test_several_number_columns_stop_with_a_dataset_toml_that_works(folder: Path, tmp_path: Path) -> None:
    (folder / "stress.csv").write_text("specimen,stress_gpa,strain,route\ns1,1.5,0.1,cold\ns2,2,0.2,hot\n")
    with pytest.raises(DatasetError) as refusal:
        ingest(folder, tmp_path / "store")
    text = refusal.value.expected.split("\n\n", 1)[1]
    assert 'metadata = ["route", "stress_gpa", "strain"]' in text
    assert str(folder / "dataset.toml") in refusal.value.next
    (folder / "dataset.toml").write_text(text)
    assert list(ingest(folder, tmp_path / "store").modalities) == ["vdos", "stress", "strain"]


def test_a_dataset_toml_from_elsewhere_is_followed_exactly(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[modalities.pressure]\nkind = "scalar"\nunit = "GPa"\nfiles = "stress.csv"\nvalues = "stress_gpa"\n'
        'specimens = "specimen"\n'
    )
    report = ingest(folder, tmp_path / "store", dataset=tmp_path / "mine.toml")
    assert list(report.modalities) == ["pressure"]
    assert len(report.ignored) == 4
    assert all(ignored.reason == "no modality claims it" for ignored in report.ignored)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("modalities = 3", "no modality"),
        ("[modality.x]\n", "unknown key 'modality'"),
        ('[modalities.x]\nkind = "scalar"\nfiles = "a"\nvalues = "b"\nhue = 1', "unknown field `hue`"),
        ('[modalities.x]\nkind = "curve"\nfiles = "a"', "curve"),
        ('[modalities.x]\nkind = "spectrum"\nfiles = "a"', "needs an axis"),
        ('[modalities.x]\nkind = "scalar"\nfiles = "a"', "values is missing"),
        ('[modalities."a b"]\nkind = "scalar"\nfiles = "a"', "cannot name"),
        ("[modalities.x\n", "not TOML"),
    ],
)
def test_a_wrong_dataset_toml_names_file_and_key(text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "dataset.toml").write_text(text)
    with pytest.raises(DatasetError) as refusal:
        load_dataset(tmp_path / "dataset.toml")
    assert what in refusal.value.what
    assert refusal.value.where.startswith(str(tmp_path / "dataset.toml"))


def test_missing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "notes.txt").write_text("A sentence, with a comma.\nAnother one.\n")
    for name, what in (("nowhere", "no such"), ("empty", "empty"), ("words", "no measurements")):
        with pytest.raises(DatasetError, match=what):
            ingest(tmp_path / name, tmp_path / "store")


def test_an_unnamed_id_column_survives_the_dataset_toml(tmp_path: Path) -> None:
    (tmp_path / "nir").mkdir()
    (tmp_path / "nir" / "wide.csv").write_text(",850,852\na,1,2\nb,3,4\n")
    report = ingest(tmp_path / "nir", tmp_path / "store", dry_run=True)
    assert any("axis unit" in warning for warning in report.warnings)
    (tmp_path / "nir" / "dataset.toml").write_text(report.dataset_toml)
    assert ingest(tmp_path / "nir", tmp_path / "store").modalities["wide"].read == 2


def test_folders_of_described_folders_are_not_guessed_at(folder: Path, tmp_path: Path) -> None:
    (folder / "dataset.toml").write_text(ingest(folder, tmp_path / "store", dry_run=True).dataset_toml)
    with pytest.raises(DatasetError) as refusal:
        ingest(folder.parent, tmp_path / "store")
    assert refusal.value.next == f"fingerprint ingest {folder}"


def test_a_damaged_file_is_refused_not_ignored(folder: Path, tmp_path: Path) -> None:
    (folder / "more.h5").write_bytes(b"\x89HDF\r\n\x1a\n cut off")
    with pytest.raises(ReadError, match="damaged"):
        ingest(folder, tmp_path / "store")


def test_ids_written_in_two_ways_are_noticed(folder: Path, tmp_path: Path) -> None:
    (folder / "stress.csv").write_text("specimen,stress_gpa\nS-1,1.5\nS-2,2\n")
    assert any("written alike" in warning for warning in ingest(folder, tmp_path / "store").warnings)


def test_two_folders_are_stored_in_one_step(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "more"
    other.mkdir()
    (other / "stress.csv").write_text("specimen,stress_mpa\ns9,2500\n")
    report = ingest([folder, other], tmp_path / "store")
    assert report.modalities["stress"].read == 3
    assert len(open_store(tmp_path / "store").log()) == 1
    stored = open_store(tmp_path / "store").read("stress", specimens=["s9"])
    assert stored.blocks[0].values == pytest.approx([2.5])
    (other / "stress.csv").write_text("specimen,stress_mpa\ns1,2500\n")
    with pytest.raises(ReadError, match="two of the given folders"):
        ingest([folder, other], tmp_path / "store")


def test_arrays_follow_the_same_rules(tmp_path: Path) -> None:
    y = np.array([[1.0, 2.0], [np.nan, np.nan]], dtype=np.float32)
    ingest_arrays(tmp_path, [1, 2], [2.0, 1.0], y, ("nm", ""))
    block = open_store(tmp_path).read("spectrum").blocks[0]
    assert block.specimens == ("1",)
    assert block.values.dtype == np.float32
    np.testing.assert_array_equal(block.values, [[2.0, 1.0]])
    cases: list[tuple[list[int], list[float] | None, object, object]] = [
        ([1, 2], [1.0, 2.0], [[1.0, np.nan], [1.0, 2.0]], ("nm", "")),
        ([1, 1], [1.0, 2.0], [[1.0, 3.0], [1.0, 2.0]], ("nm", "")),
        ([1], [1.0, 2.0], [[1.0, 3.0], [1.0, 2.0]], ("nm", "")),
        ([1], [1.0, 2.0, 3.0], [[1.0, 3.0]], ("nm", "")),
        ([1], [1.0, 2.0], [[1.0, 3.0]], "nm"),
        ([1], None, [[1.0, 3.0]], ""),
        ([1], [1.0, 1.0], [[1.0, 3.0]], ("nm", "")),
    ]
    for ids, x, values, units in cases:
        with pytest.raises(FingerprintError):
            ingest_arrays(tmp_path, ids, x, values, units)  # type: ignore[arg-type]


def test_a_frame_takes_only_named_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "hardness": [1.0, None], "route": ["cold", "hot"], "extra": [1, 2]})
    with pytest.raises(DatasetError, match="'extra' is named nowhere"):
        ingest_frame(tmp_path, frame, units={"hardness": "GPa"}, id="id", metadata=["route"])
    report = ingest_frame(tmp_path, frame, units={"hardness": "GPa"}, id="id", metadata=["route", "extra"])
    assert report.modalities["hardness"].read == 1
    assert open_store(tmp_path).specimens()["b"] == {"extra": 2, "route": "hot"}
    with pytest.raises(ReadError, match="not all values are numbers"):
        ingest_frame(tmp_path, frame[["id", "route"]], units={"route": "GPa"}, id="id")


def test_a_file_for_a_prediction_is_what_the_store_holds(folder: Path, tmp_path: Path) -> None:
    ingest(folder, tmp_path / "store")
    store = open_store(tmp_path / "store")
    modality = store.modalities()["vdos"]
    stored = store.read("vdos", specimens=["s2"]).blocks[0]
    found = read_measurement(folder / "spectra" / "s2.csv", modality)
    assert found.axis_unit_stated
    assert found.raw.specimens == ("s2",)
    np.testing.assert_array_equal(found.raw.blocks[0].values, stored.values)
    np.testing.assert_array_equal(found.raw.blocks[0].axis, stored.axis)

    bare = tmp_path / "bare.csv"
    np.savetxt(bare, np.stack([X * CM, stored.values[0] / CM], axis=1))
    unstated = read_measurement(bare, modality)
    assert not unstated.axis_unit_stated
    np.testing.assert_array_equal(unstated.raw.blocks[0].axis, X * CM)
    said = read_measurement(bare, modality, x_unit="cm^-1").raw.blocks[0]
    np.testing.assert_allclose(said.axis, X, rtol=1e-12)
    np.testing.assert_allclose(said.values, stored.values, rtol=1e-12)

    stress = store.modalities()["stress"]
    (tmp_path / "one.csv").write_text("stress_mpa\n1500\n")
    assert read_measurement(tmp_path / "one.csv", stress).raw.blocks[0].values == pytest.approx([1.5])
    assert read_measurement(folder / "stress.csv", stress).raw.specimens == ("s1", "s3")
    with pytest.raises(ReadError, match="no vdos"):
        read_measurement(folder / "stress.csv", modality)


def test_metadata_of_several_folders_and_tables_are_united_key_by_key(folder: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "hardness.csv").write_text("specimen,hardness_gpa,lab,route\ns1,9,north,\ns2,8,south,warm\ns3,7,north,\n")
    store = open_store(tmp_path / "store", create=True)
    ingest([folder, more], store)
    assert store.specimens() == {
        "s1": {"route": "cold", "lab": "north"},
        "s2": {"route": "warm", "lab": "south"},
        "s3": {"route": "cold", "lab": "north"},
    }


def test_the_ledger_keeps_what_was_read(tmp_path: Path) -> None:
    """Every file that was read, by its SHA-256; not one that was ignored or refused."""
    import hashlib

    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "a.csv").write_text("frequency (THz),dos\n1,2\n2,3\n")
    (lab / "b.csv").write_text("frequency (THz),dos\n1,2\n2,x\n3,1\n4,1\n")
    (lab / "notes.md").write_text("ignored")
    ingest([lab], tmp_path / "store", skip_bad=True)
    (entry,) = open_store(tmp_path / "store").log()
    assert entry.files == {str(lab / "a.csv"): hashlib.sha256((lab / "a.csv").read_bytes()).hexdigest()}


def test_a_name_that_is_no_unicode_is_matched_by_a_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    path = folder / "caf\udce9 [1].csv"
    try:
        path.write_text("id,stress (GPa)\na,1\nb,2\n")
    except OSError:
        pytest.skip("this file system has Unicode only")
    report = ingest(folder, tmp_path / "store")
    assert 'files = "caf? [[]1].csv"' in report.dataset_toml
    (folder / "dataset.toml").write_text(report.dataset_toml, encoding="utf-8")
    assert ingest(folder, tmp_path / "store").modalities["stress"].unchanged == 2
    assert open_store(tmp_path / "store").log()[0].dataset_toml == report.dataset_toml


def test_a_dry_run_tells_of_one_unit_where_not_all_can_be_had_in_that_of_the_store(tmp_path: Path) -> None:
    stored = Modality("edge", Kind.SPECTRUM, "", "", "energy", "eV")
    own = Modality("edge", Kind.SPECTRUM, "", "", "wavelength", "nm")
    blocks = [Block((name,), np.ones((1, 3)), np.array(axis)) for name, axis in (("a", NM), ("b", [0.0, *NM[:2]]))]
    store = open_store(tmp_path / "store", create=True)
    store.append([RawModality(stored, (Block(("z",), np.ones((1, 3)), np.array([1.0, 2.0, 3.0])),))], {}, "")
    report = store_all([RawModality(own, tuple(blocks))], {}, "", store, dry_run=True)
    axis = report.modalities["edge"].axis
    assert axis is not None
    assert (axis.unit, axis.first, axis.last, axis.distinct) == ("nm", 0.0, 600.0, 2)
    assert report.modalities["edge"].read == 2
    assert "will refuse this" in report.warnings[0]
