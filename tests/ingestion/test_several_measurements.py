"""Several measurements of one specimen: from columns, names and folders of files, from Python; inferred or refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from fingerprint.errors import DatasetError, FingerprintError, ReadError, StoreError
from fingerprint.ingestion import ingest, ingest_arrays, ingest_frame
from fingerprint.ingestion.collecting import Collected, collect
from fingerprint.ingestion.file_names import readings
from fingerprint.ingestion.head import stated
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import JsonScalar, RawModality
from fingerprint.store import open_store

CURVE = "shift (cm^-1),counts\n400,1\n500,2\n600,{}\n"
RAMAN = """[modalities.raman]
kind = "spectrum"
files = "{files}"
specimens = "{specimens}"
{more}
axis = {{ name = "shift", unit = "cm^-1" }}
"""
HARDNESS = """[modalities.hardness]
kind = "scalar"
files = "h*.csv"
values = "hardness"
specimens = "id"
{}
"""
Known = Mapping[tuple[str, str], Mapping[str, JsonScalar]]


def collected(folder: Path, files: Mapping[str, str], toml: str = "") -> Collected:
    """What a folder of these files holds."""
    for name, text in (({"dataset.toml": toml} if toml else {}) | dict(files)).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = collect(find_sources([folder])[0], None)
    for _, error in found.refused:
        raise error
    return found


def one(folder: Path, files: Mapping[str, str], toml: str = "") -> RawModality:
    """The one modality of these files."""
    (raw,) = collected(folder, files, toml).modalities
    return raw


def last(raw: RawModality) -> dict[tuple[str, str], float]:
    """The last value of each measurement, by specimen and id."""
    return {
        key: float(np.ravel(values)[-1])
        for block in raw.blocks
        for key, values in zip(block.ids, block.values, strict=True)
    }


def facts(raw: RawModality) -> dict[tuple[str, str], Mapping[str, JsonScalar]]:
    """What is known of each measurement."""
    return {key: known for block in raw.blocks for key, known in zip(block.ids, block.facts, strict=True)}


# Columns


def test_a_column_tells_measurements_of_a_table_apart(tmp_path: Path) -> None:
    text = "id,rep,hardness,instrument,load\nA,1,9.0,N1,5\nA,2,9.4,N2,5\nB,1,7.0,N1,\nB,2,,N2,5\n"
    more = 'measurement = "rep"\nfacts = ["instrument", "load"]'
    raw = one(tmp_path, {"h.csv": text}, HARDNESS.format(more))
    assert last(raw) == {("A", "1"): 9.0, ("A", "2"): 9.4, ("B", "1"): 7.0}
    assert facts(raw) == {
        ("A", "1"): {"instrument": "N1", "load": 5},
        ("A", "2"): {"instrument": "N2", "load": 5},
        ("B", "1"): {"instrument": "N1"},
    }
    assert raw.blocks[0].sources[1] == f"{tmp_path}/h.csv:3"
    assert (raw.specimens, len(raw)) == (("A", "B"), 3)


def test_a_column_tells_measurements_of_a_wide_table_apart(tmp_path: Path) -> None:
    text = "id,scan,400,500,600\nA,a,1,2,3\nA,b,1,2,4\nB,a,5,6,7\n"
    raw = one(tmp_path, {"w.csv": text}, RAMAN.format(files="w.csv", specimens="id", more='measurement = "scan"'))
    assert last(raw) == {("A", "a"): 3, ("A", "b"): 4, ("B", "a"): 7}


def test_a_row_per_point(tmp_path: Path) -> None:
    text = "id,run,when,x,y\nA,1,May,1,1\nA,1,May,2,2\nA,2,June,1,3\nA,2,June,2,4\nA,2,June,3,5\n"
    toml = RAMAN.format(files="p.csv", specimens="id", more='measurement = "run"\nfacts = ["when"]\nvalues = "y"')
    toml = toml.replace('"shift"', '"shift", values = "x"')
    raw = one(tmp_path, {"p.csv": text}, toml)
    assert last(raw) == {("A", "1"): 2, ("A", "2"): 5}
    assert facts(raw) == {("A", "1"): {"when": "May"}, ("A", "2"): {"when": "June"}}
    with pytest.raises(ReadError, match="when is 'May' here and 'June'") as refusal:
        one(tmp_path, {"p.csv": text.replace("A,2,June,2,4", "A,2,May,2,4")}, toml)
    assert refusal.value.where == f"{tmp_path}/p.csv:5"


def test_several_rows_without_the_key_are_refused_and_told_of_it(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="specimen 'A' stands here again") as refusal:
        one(tmp_path, {"h.csv": "id,hardness\nA,9.0\nA,9.4\n"}, HARDNESS.format(""))
    assert refusal.value.where == f"{tmp_path}/h.csv:3"
    assert "measurement =" in refusal.value.next


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("A,1,9.0\nA,1,9.4\n", "measurement '1' of specimen 'A' stands here again"),
        ("A,1,9.0\nA,,9.4\n", "the measurement has no id"),
        ("A,1,9.0\nA,Mean,9.4\n", "'Mean' is not a .*, but a summary"),
    ],
)
def test_ids_of_measurements_are_told_apart(rows: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=fault) as refusal:
        one(tmp_path, {"h.csv": f"id,rep,hardness\n{rows}"}, HARDNESS.format('measurement = "rep"'))
    assert refusal.value.where == f"{tmp_path}/h.csv:3"


def test_rows_of_one_specimen_agree_on_how_it_was_made(tmp_path: Path) -> None:
    toml = '[specimens]\nfile = "h.csv"\nid = "id"\nmetadata = ["route"]\n' + HARDNESS.format('measurement = "rep"')
    text = "id,rep,hardness,route\nA,1,9.0,hot\nA,2,9.4,\nB,1,7.0,cold\n"
    assert collected(tmp_path, {"h.csv": text}, toml).metadata == {"A": {"route": "hot"}, "B": {"route": "cold"}}
    with pytest.raises(ReadError, match="route of specimen 'A' is 'warm' here and 'hot'") as refusal:
        collected(tmp_path, {"h.csv": text.replace("9.4,", "9.4,warm")}, toml)
    assert "facts" in refusal.value.next


def test_datasets_of_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "h.h5", "w") as file:
        file["id"], file["rep"], file["by"] = [b"A", b"A", b"B"], [1, 2, 1], [b"x", b"y", b"x"]
        file["hardness"] = [9.0, 9.4, 7.0]
    toml = HARDNESS.replace("h*.csv", "h.h5").format('measurement = "rep"\nfacts = ["by"]')
    raw = one(tmp_path, {}, toml)
    assert last(raw) == {("A", "1"): 9.0, ("A", "2"): 9.4, ("B", "1"): 7.0}
    assert facts(raw)["A", "2"] == {"by": "y"}


# Names and folders of files


@pytest.mark.parametrize(
    ("name", "pattern", "reading"),
    [
        ("A_2", "{id}_{measurement}", {("A", "2")}),
        ("S_01_2", "{id}_{measurement}", {("S_01", "2")}),
        ("2_S_01", "{measurement}_{id}", {("S_01", "2")}),
        ("A_raman_b", "{id}_raman_{measurement}", {("A", "b")}),
        ("day1-A-b", "*-{id}-{measurement}", {("A", "b")}),
        ("A", "{id}_{measurement}", set()),
        ("A_", "{id}_{measurement}", set()),
        ("A2", "{id}{measurement}", {("A", "2")}),
        ("Ab2", "{id}{measurement}", {("A", "b2"), ("Ab", "2")}),
        ("hardness_may", "hardness_{measurement}", {("", "may")}),
    ],
)
def test_readings_of_a_name(name: str, pattern: str, reading: set[tuple[str, str]]) -> None:
    assert readings(name, pattern) == reading


def test_a_part_of_the_files_names(tmp_path: Path) -> None:
    files = {f"raman/{name}.csv": CURVE.format(value) for value, name in enumerate(("S_1_a", "S_1_b", "S_2_a"))}
    toml = RAMAN.format(files="raman/*.csv", specimens="{id}_{measurement}", more="")
    assert last(one(tmp_path, files, toml)) == {("S_1", "a"): 0, ("S_1", "b"): 1, ("S_2", "a"): 2}
    with pytest.raises(ReadError, match="does not match"):
        one(tmp_path, {"raman/S.csv": CURVE.format(1)}, toml)


def test_a_folder_per_specimen(tmp_path: Path) -> None:
    files = {f"{name}.csv": CURVE.format(value) for value, name in enumerate(("A/1", "A/2", "B/1"))}
    toml = RAMAN.format(files="*/*.csv", specimens="{folder}", more='measurement = "{stem}"')
    assert last(one(tmp_path, files, toml)) == {("A", "1"): 0, ("A", "2"): 1, ("B", "1"): 2}


def test_a_folder_per_measurement(tmp_path: Path) -> None:
    files = {f"{name}.csv": CURVE.format(value) for value, name in enumerate(("1/A", "2/A", "1/B"))}
    toml = RAMAN.format(files="*/*.csv", specimens="{stem}", more='measurement = "{folder}"')
    assert last(one(tmp_path, files, toml)) == {("A", "1"): 0, ("A", "2"): 1, ("B", "1"): 2}


@pytest.mark.parametrize(("key", "ids"), [("{stem}", ("h_may", "h_june")), ("h_{measurement}", ("may", "june"))])
def test_a_table_per_measurement(key: str, ids: tuple[str, str], tmp_path: Path) -> None:
    files = {"h_may.csv": "id,hardness\nA,9.0\nB,7.0\n", "h_june.csv": "id,hardness\nA,9.4\n"}
    raw = one(tmp_path, files, HARDNESS.format(f'measurement = "{key}"'))
    assert last(raw) == {("A", ids[0]): 9.0, ("B", ids[0]): 7.0, ("A", ids[1]): 9.4}


def test_two_files_of_one_specimen_without_the_key_are_refused_and_told_of_it(tmp_path: Path) -> None:
    files = {"h_may.csv": "id,hardness\nA,9.0\n", "h_june.csv": "id,hardness\nA,9.4\n"}
    with pytest.raises(ReadError, match="'A' was measured before") as refusal:
        one(tmp_path, files, HARDNESS.format(""))
    assert 'measurement = "{stem}"' in refusal.value.next
    folders = {"a/1.csv": CURVE.format(1), "b/1.csv": CURVE.format(2)}
    toml = RAMAN.format(files="*/*.csv", specimens="*{id}", more='measurement = "{stem}"')
    with pytest.raises(ReadError, match="measurement '1' of specimen '1' was read before"):
        one(tmp_path / "x", folders, toml)


@pytest.mark.parametrize(
    "keys",
    [
        'specimens = "{measurement}"',
        'specimens = "{id}_{measurement}"\nmeasurement = "rep"',
        'specimens = "{id}_{measurement}_{measurement}"',
        'measurement = "{group}"',
    ],
)
def test_impossible_keys(keys: str, tmp_path: Path) -> None:
    toml = f'[modalities.h]\nkind = "scalar"\nfiles = "h.csv"\nvalues = "h"\n{keys}\n'
    with pytest.raises(DatasetError):
        collected(tmp_path, {"h.csv": "id,h\nA,1\n"}, toml)


@pytest.mark.parametrize("key", ['measurement = "rep"', 'facts = ["who"]'])
def test_files_without_columns_have_none_of_measurements(key: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", id=["A"], x=[1.0, 2.0], y=[[1.0, 2.0]])
    toml = RAMAN.format(files="a.npz", specimens="id", more=f'values = "y"\n{key}').replace(
        '"shift"', '"shift", values = "x"'
    )
    with pytest.raises(DatasetError) as refusal:
        one(tmp_path, {}, toml)
    assert key.split(" ")[0] in f"{refusal.value.what} {refusal.value.where}"


def test_several_spectra_or_pages_of_a_file(tmp_path: Path) -> None:
    from PIL import Image

    pages = [Image.fromarray(np.full((2, 3), value, np.uint8)) for value in (1, 2)]
    pages[0].save(tmp_path / "A_map.tif", save_all=True, append_images=pages[1:])
    toml = '[modalities.map]\nkind = "image"\nfiles = "*.tif"\nspecimens = "{id}_map"\nmeasurement = "{row}"\n'
    assert last(one(tmp_path, {}, toml)) == {("A", "00000"): 1, ("A", "00001"): 2}
    with pytest.raises(DatasetError, match=r"measurement = \"\{row\}\""):
        one(tmp_path, {}, toml.replace("{id}_map", "{stem}-{row}"))


def test_a_sheet_and_a_structured_array(tmp_path: Path) -> None:
    from openpyxl import Workbook

    rows = [("A", 1, 9.0), ("A", 2, 9.5)]
    book = Workbook()
    for row in [("id", "rep", "hardness"), *rows]:
        book.worksheets[0].append(row)
    book.save(tmp_path / "h.xlsx")
    np.save(tmp_path / "h.npy", np.array(rows, [("id", "U1"), ("rep", "i4"), ("hardness", "f8")]))
    for name in ("h.xlsx", "h.npy"):
        toml = HARDNESS.replace("h*.csv", name).format('measurement = "rep"')
        assert last(one(tmp_path, {}, toml)) == {("A", "1"): 9.0, ("A", "2"): 9.5}


# What files state above their numbers


def test_facts_from_the_head_of_a_file(tmp_path: Path) -> None:
    head = "# Instrument: NanoTest 3\n# Date = 2024-05-01\nLaser (nm);532\nAccumulations: 10\nNote:\n"
    toml = RAMAN.format(
        files="*.csv",
        specimens="{id}_{measurement}",
        more='facts = ["instrument", "Date", "Laser (nm)", "accumulations", "Note"]',
    )
    raw = one(tmp_path, {"A_1.csv": head + CURVE.format(3)}, toml)
    known = {"instrument": "NanoTest 3", "Date": "2024-05-01", "Laser (nm)": 532, "accumulations": 10}
    assert facts(raw) == {("A", "1"): known}
    with pytest.raises(ReadError, match="there is no 'instrument'"):
        one(tmp_path, {"A_1.csv": CURVE.format(3)}, toml)
    with pytest.raises(ReadError, match="'instrument' is stated 2 times"):
        one(tmp_path, {"A_1.csv": "# Instrument: B\n" + head + CURVE.format(3)}, toml)


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ('"Operator","M. Muster";', "M. Muster"),
        ("operator\tM: M", "M: M"),
        ("% OPERATOR =  007", "007"),
        ("Operator: 1.50", 1.5),
        ("Operator: 1.50 kV", "1.50 kV"),
        ("Operator: 12", 12),
        ("##operator=" + " " * 100_000 + "x" + ";" * 100_000, "x"),
    ],
)
def test_a_statement(line: str, fact: JsonScalar) -> None:
    assert stated([line, "Other: 1"], ["Operator"], "here", frozenset({""})) == {"Operator": fact}


def test_a_fact_is_of_one_type_above_the_numbers_and_in_a_column(tmp_path: Path) -> None:
    toml = (
        '[modalities.raman]\nkind = "spectrum"\nfiles = "*.csv"\nvalues = "counts"\nfacts = ["lab"]\n'
        'axis = { name = "shift", values = "shift" }\n'
    )
    for name, said in (("A", "1.50"), ("B", "007"), ("C", "7"), ("D", "-2e3")):
        above = facts(one(tmp_path, {f"{name}.csv": f"# lab: {said}\nshift\tcounts\n1\t2\n2\t3\n"}, toml))
        beside = facts(one(tmp_path, {f"{name}.csv": f"shift\tcounts\tlab\n1\t2\t{said}\n2\t3\t{said}\n"}, toml))
        assert above == beside
        assert type(above[name, ""]["lab"]) is type(beside[name, ""]["lab"])
        (tmp_path / f"{name}.csv").unlink()


def test_facts_of_jcamp_and_emsa(tmp_path: Path) -> None:
    jcamp = (
        "##TITLE= A\n##JCAMP-DX= 4.24\n##DATA TYPE= INFRARED SPECTRUM\n##ORIGIN= Lab 3\n##DATE= 24/05/01\n"
        "##XUNITS= 1/CM\n##YUNITS= ABSORBANCE\n##FIRSTX= 400\n##LASTX= 402\n##NPOINTS= 3\n##XFACTOR= 1\n##YFACTOR= 1\n"
        "##FIRSTY= 1\n##DELTAX= 1\n##XYDATA= (X++(Y..Y))\n400 1 2 3\n##END=\n"
    )
    emsa = (
        "#FORMAT      : EMSA/MAS Spectral Data File\n#VERSION     : 1.0\n#TITLE       : A\n#DATE        : 01-MAY-2024\n"
        "#OWNER       : Lab 3\n#NPOINTS     : 3\n#NCOLUMNS    : 1\n#XUNITS      : eV\n#YUNITS      : counts\n"
        "#DATATYPE    : Y\n#XPERCHAN    : 1\n#OFFSET      : 0\n#SPECTRUM    : data\n1,\n2,\n3,\n#ENDOFDATA   :\n"
    )
    toml = (
        '[modalities.ir]\nkind = "spectrum"\nfiles = "*.jdx"\nfacts = ["ORIGIN", "DATE"]\n'
        'axis = { name = "wavenumber", unit = "cm^-1" }\n'
        '[modalities.eds]\nkind = "spectrum"\nfiles = "*.msa"\nfacts = ["OWNER"]\n'
        'axis = { name = "energy", unit = "eV" }\n'
    )
    found = collected(tmp_path, {"A.jdx": jcamp, "A.msa": emsa}, toml)
    told = {raw.modality.name: facts(raw) for raw in found.modalities}
    assert told["ir"] == {("A", ""): {"ORIGIN": "Lab 3", "DATE": "24/05/01"}}
    assert told["eds"] == {("A", ""): {"OWNER": "Lab 3"}}


# What is inferred


def test_a_column_of_replicates_is_inferred(tmp_path: Path) -> None:
    text = "id,replicate,hardness,route,operator\nA,1,9.0,hot,M\nA,2,9.4,hot,N\nB,1,7.0,cold,M\nB,2,7.2,cold,N\n"
    found = collected(tmp_path, {"h.csv": text})
    (raw,) = found.modalities
    assert last(raw) == {("A", "1"): 9.0, ("A", "2"): 9.4, ("B", "1"): 7.0, ("B", "2"): 7.2}
    assert facts(raw)["A", "2"] == {"operator": "N"}
    assert found.metadata == {"A": {"route": "hot"}, "B": {"route": "cold"}}
    assert 'measurement = "replicate"' in found.dataset_toml
    assert "the ids in id repeat, and replicate tells their measurements apart" in found.dataset_toml


def test_a_column_of_replicates_with_a_row_per_point_is_inferred(tmp_path: Path) -> None:
    rows = [f"{name},{run},{x},{x * run}" for name in "AB" for run in (1, 2) for x in (0.1, 0.2, 0.3)]
    raw = one(tmp_path, {"p.csv": "id,run,strain,stress (GPa)\n" + "\n".join(rows) + "\n"})
    assert last(raw) == pytest.approx({(name, str(run)): 0.3 * run for name in "AB" for run in (1, 2)})


TABLE = "id,hardness\nA,9.0\nB,7.0\nC,8.0\n"


@pytest.mark.parametrize("ending", ["_{}", "-{}", "_rep{}", "_run_{}", " {}"])
def test_endings_that_other_files_do_not_know_are_measurements(ending: str, tmp_path: Path) -> None:
    names = [(name, number) for name in "AB" for number in "12"]
    files = {f"raman/{name}{ending.format(number)}.csv": CURVE.format(number) for name, number in names}
    found = collected(tmp_path, {"h.csv": TABLE, **files})
    raman = next(raw for raw in found.modalities if raw.modality.name == "counts")
    assert last(raman) == {(name, number): float(number) for name, number in names}
    pattern = "{id}" + ending.format("{measurement}")
    assert f'specimens = "{pattern}"' in found.dataset_toml
    assert f"other files know 'A' and not A{ending.format(1)}, A{ending.format(2)}" in found.dataset_toml
    assert "its id is the file's name" not in found.dataset_toml
    assert not [warning for warning in found.warnings if "specimen" in warning]


def test_without_evidence_each_file_is_a_specimen_and_a_warning_says_so(tmp_path: Path) -> None:
    files = {f"{name}_{number}.csv": CURVE.format(number) for name in "AB" for number in "12"}
    found = collected(tmp_path, files)
    assert len(found.modalities[0].specimens) == 4
    (warning,) = [each for each in found.warnings if "taken for a specimen" in each]
    assert 'specimens = "{id}_{measurement}"' in warning


@pytest.mark.parametrize(
    "names",
    [
        ("si_1", "si_2", "si_3"),  # one beginning: specimens are numbered
        ("si-0412", "si-0413", "al-0412", "al-0413"),
        ("A_1", "A_2", "B", "C"),
        ("A_1", "B_1", "C_2"),
    ],
)
def test_names_that_are_numbered_otherwise_are_left_alone(names: tuple[str, ...], tmp_path: Path) -> None:
    found = collected(tmp_path, {f"{name}.csv": CURVE.format(1) for name in names})
    assert found.modalities[0].specimens == tuple(sorted(names))
    assert not [each for each in found.warnings if "taken for a specimen" in each]


def test_whole_names_that_other_files_know_are_specimens(tmp_path: Path) -> None:
    files = {f"{name}_{number}.csv": CURVE.format(number) for name in "AB" for number in "12"}
    found = collected(tmp_path, {**files, "h.csv": "id,hardness\nA_1,1\nA_2,2\nB_1,3\n"})
    raman = next(raw for raw in found.modalities if raw.modality.name == "counts")
    assert raman.specimens == ("A_1", "A_2", "B_1", "B_2")
    assert not [each for each in found.warnings if "taken for a specimen" in each]


def test_names_that_are_known_with_and_without_their_ending_are_left_open(tmp_path: Path) -> None:
    """Two spectra of each A_1, A_2, and a table of A: pieces of A, or A measured twice in two ways?"""
    names = [f"{name}_{number}" for name in "AB" for number in "12"]
    files = {f"raman/{name}.csv": CURVE.format(1) for name in names}
    files |= {f"xrd/{name}.csv": CURVE.format(1).replace("counts", "intensity") for name in names}
    found = collected(tmp_path, {"h.csv": TABLE, **files})
    assert {raw.modality.name: raw.specimens for raw in found.modalities} == {
        "hardness": ("A", "B", "C"),
        "counts": tuple(names),
        "intensity": tuple(names),
    }
    assert len([each for each in found.warnings if "taken for a specimen" in each]) == 2


def test_the_same_table_twice_says_how_to_declare_it(tmp_path: Path) -> None:
    found = collected(tmp_path, {"may.csv": "id,hardness\nA,9.0\n", "june.csv": "id,hardness\nA,9.4\n"})
    assert len(found.modalities) == 2
    assert any('measurement = "{stem}"' in warning for warning in found.warnings)


def test_what_is_inferred_is_what_is_followed(tmp_path: Path) -> None:
    """The dataset.toml that is shown, saved, gives the same measurements."""
    files = {f"{name}_{number}.csv": CURVE.format(number) for name in "AB" for number in "12"}
    guessed = collected(tmp_path, {"h.csv": TABLE, **files})
    (tmp_path / "dataset.toml").write_text(guessed.dataset_toml)
    followed = collected(tmp_path, {})
    assert not followed.inferred
    assert [last(raw) for raw in followed.modalities] == [last(raw) for raw in guessed.modalities]


# Into the store


def test_ingests_over_time(tmp_path: Path) -> None:
    """A new measurement is new; a changed one is a conflict that is named; the same again is nothing."""
    folder, store = tmp_path / "lab", tmp_path / "store"
    folder.mkdir()
    (folder / "dataset.toml").write_text(HARDNESS.format('measurement = "rep"'))
    (folder / "h.csv").write_text("id,rep,hardness\nA,1,9.0\nA,2,9.4\nB,1,7.0\n")
    report = ingest(folder, store)
    counted = report.modalities["hardness"]
    assert (counted.read, counted.new, counted.missing, report.total_specimens) == (3, 3, 0, 2)
    (folder / "h.csv").write_text("id,rep,hardness\nA,1,9.0\nA,2,9.9\nA,3,9.2\n")
    with pytest.raises(StoreError, match=r"hardness of specimen 'A' \(measurement '2'\) differs"):
        ingest(folder, store)
    report = ingest(folder, store, on_conflict="keep").modalities["hardness"]
    assert (report.new, report.unchanged, report.kept) == (1, 1, 1)
    assert last(open_store(store).read("hardness")) == {("A", "1"): 9, ("A", "2"): 9.4, ("A", "3"): 9.2, ("B", "1"): 7}
    report = ingest(folder, store, on_conflict="replace").modalities["hardness"]
    assert (report.new, report.unchanged, report.replaced) == (0, 2, 1)
    assert ingest(folder, store).ingest is None


def test_two_folders_are_merged_by_specimen_and_measurement(tmp_path: Path) -> None:
    for name, rows in (("may", "A,1,9.0\n"), ("june", "A,2,9.4\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dataset.toml").write_text(HARDNESS.format('measurement = "rep"'))
        (tmp_path / name / "h.csv").write_text(f"id,rep,hardness\n{rows}")
    ingest([tmp_path / "may", tmp_path / "june"], tmp_path / "store")
    assert last(open_store(tmp_path / "store").read("hardness")) == {("A", "1"): 9.0, ("A", "2"): 9.4}
    (tmp_path / "june/h.csv").write_text("id,rep,hardness\nA,1,9.4\n")
    with pytest.raises(ReadError, match=r"hardness \(measurement '1'\) in two"):
        ingest([tmp_path / "may", tmp_path / "june"], tmp_path / "other")


def test_units_are_converted_and_facts_kept(tmp_path: Path) -> None:
    for name, unit, value in (("may", "MPa", 1000), ("june", "GPa", 2)):
        (tmp_path / name).mkdir()
        text = HARDNESS.format(f'measurement = "rep"\nfacts = ["by"]\nunit = "{unit}"')
        (tmp_path / name / "dataset.toml").write_text(text)
        (tmp_path / name / "h.csv").write_text(f"id,rep,hardness,by\nA,{name},{value},{name}\n")
        ingest(tmp_path / name, tmp_path / "store")
    raw = open_store(tmp_path / "store").read("hardness")
    assert last(raw) == {("A", "may"): 1000, ("A", "june"): 2000}
    assert facts(raw) == {("A", "may"): {"by": "may"}, ("A", "june"): {"by": "june"}}


def test_from_python(tmp_path: Path) -> None:
    x, y = [1.0, 2.0], [[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]
    y[1] = [np.nan, np.nan]
    ingest_arrays(
        tmp_path, ["A", "A", "A"], x, y, ("nm", ""), measurements=[1, 2, 3], facts=[{"by": "M"}, {}, {"by": "N"}]
    )
    raw = open_store(tmp_path).read("spectrum")
    assert last(raw) == {("A", "1"): 2.0, ("A", "3"): 6.0}
    assert facts(raw) == {("A", "1"): {"by": "M"}, ("A", "3"): {"by": "N"}}
    with pytest.raises(ReadError, match="stands here again") as refusal:
        ingest_arrays(tmp_path, ["A", "A"], x, [[1, 2], [2, 3]], ("nm", ""))
    assert "measurements" in refusal.value.next
    with pytest.raises(ReadError, match="measurements or facts"):
        ingest_arrays(tmp_path, ["A", "B"], x, [[1, 2], [2, 3]], ("nm", ""), measurements=["1"])


def test_from_a_frame(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": ["A", "A", "B"], "rep": [1, 2, 1], "h": [9.0, 9.4, 7.0], "route": ["hot"] * 3, "by": ["M", None, "M"]}
    )
    ingest_frame(tmp_path, frame, id="id", units={"h": "GPa"}, metadata=["route"], measurement="rep", facts=["by"])
    store = open_store(tmp_path)
    assert last(store.read("h")) == {("A", "1"): 9.0, ("A", "2"): 9.4, ("B", "1"): 7.0}
    assert facts(store.read("h"))["A", "2"] == {}
    assert store.specimens()["A"] == {"route": "hot"}
    frame.loc[1, "route"] = "cold"
    with pytest.raises(FingerprintError, match="route of specimen 'A' is 'cold' here"):
        ingest_frame(tmp_path, frame, id="id", units={"h": "GPa"}, metadata=["route", "by"], measurement="rep")
