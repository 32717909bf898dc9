"""A NeXus file of a store: read back bit by bit, and laid out as NeXus wants it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from measured_store import MAP, METADATA, RAMAN, STRAIN, STRESS, VDOS, contents, facts, fill

from fingerprint import ingest, to_nexus
from fingerprint.errors import ReadError, StoreError
from fingerprint.ingestion import read_measurement
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import Store, open_store

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return fill(tmp_path / "store")


def test_what_is_ingested_from_it_is_what_was_stored(store: Store, tmp_path: Path, call: Call) -> None:
    code, out, err = call("store", "export", tmp_path / "all.nxs", "--store", store.path, "--json")
    assert (code, json.loads(out)["files"]) == (0, [str(tmp_path / "all.nxs")]), err
    code, _, err = call("ingest", tmp_path / "all.nxs", "--store", tmp_path / "again")
    assert code == 0, err
    again = open_store(tmp_path / "again")
    assert again.modalities() == store.modalities() == {each.name: each for each in (VDOS, RAMAN, STRAIN, STRESS, MAP)}
    for name in store.modalities():
        assert contents(again, name) == contents(store, name)
    assert facts(again, "raman") == {
        ("a", "1"): {"instrument": "R 1", "laser _ nm": 532.0},
        ("b", "2"): {"instrument": "R 2", "laser _ nm": 633.5},
    }
    known = {
        specimen: {k: v for k, v in facts.items() if v is not None} for specimen, facts in again.specimens().items()
    }
    slashed = METADATA["d ü"] | {"step 1_2 (h)": 1.5}
    del slashed["step 1/2 (h)"]
    assert known == {**METADATA, "c": {}, "d ü": slashed}
    assert {type(facts["batch"]) for facts in known.values() if facts} <= {int, float}


def test_it_is_stored_as_unchanged_where_it_came_from(store: Store, tmp_path: Path) -> None:
    to_nexus(store, tmp_path / "all.nxs", ["vdos", "pull", "stress_gpa", "map"])
    report = ingest(tmp_path / "all.nxs", store)
    assert {name: each.unchanged for name, each in report.modalities.items()} == {
        name: len(store.read(name)) for name in ("vdos", "pull", "stress_gpa", "map")
    }


def test_viewers_find_the_plot(store: Store, tmp_path: Path) -> None:
    to_nexus(store, tmp_path / "all.nxs")
    with h5py.File(tmp_path / "all.nxs") as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        assert [str(each.attrs["NX_class"]) for each in (file, entry, data)] == ["NXroot", "NXentry", "NXdata"]
        signal = data[data.attrs["signal"]]
        ids, axis = (data[name] for name in data.attrs["axes"])
        assert signal.shape == (len(ids), len(axis))
        assert (signal.attrs["units"], axis.attrs["units"]) == ("1/THz", "THz")
        assert data["vdos_errors"].shape == signal.shape
        for name in ("vdos", "pull", "stress_gpa", "map"):
            for block in (item for item in file[name].values() if isinstance(item, h5py.Group)):
                assert len(block.attrs["axes"]) == block[block.attrs["signal"]].ndim
        assert sum(isinstance(item, h5py.Group) for item in file["vdos"].values()) == 3
        assert file["specimens/metadata"].attrs["NX_class"] == "NXcollection"
        assert file["specimens/metadata/step 1_2 (h)"].attrs["long_name"] == "step 1/2 (h)"


def test_some_modalities_at_an_earlier_state(store: Store, tmp_path: Path, call: Call) -> None:
    before = contents(store, "stress_gpa")
    store.append([RawModality(STRESS, (Block(("a",), np.array([9.0])),))], {}, "")
    out = tmp_path / "some.nxs"
    code, _, err = call("store", "export", out, "--modalities", "stress_gpa", "--at", 1, "--store", store.path)
    assert code == 0, err
    ingest(out, tmp_path / "again")
    assert contents(open_store(tmp_path / "again"), "stress_gpa") == before
    assert list(open_store(tmp_path / "again").modalities()) == ["stress_gpa"]


def test_a_file_that_is_there_is_replaced_only_if_told(store: Store, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "mine.nxs"
    out.write_text("mine")
    code, _, err = call("store", "export", out, "--store", store.path)
    assert (code, out.read_text()) == (1, "mine")
    assert "--overwrite" in err
    assert call("store", "export", out, "--store", store.path, "--overwrite")[0] == 0
    assert h5py.is_hdf5(out)
    assert call("store", "export", tmp_path / "mine.csv", "--store", store.path)[0] == 2


def test_a_refusal_leaves_no_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no modality 'nir'"):
        to_nexus(store, tmp_path / "x.nxs", ["nir"])
    store.append([RawModality(VDOS, (Block(("n\0l",), np.ones((1, 3)), np.arange(3.0)),))], {}, "")
    with pytest.raises(StoreError, match="cannot stand in HDF5"):
        to_nexus(store, tmp_path / "x.nxs")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize("name", ["specimens", "specimen", "source", "measurement"])
def test_a_modality_called_like_what_stands_beside_it_is_refused(tmp_path: Path, name: str) -> None:
    store = open_store(tmp_path / "s", create=True)
    store.append([RawModality(Modality(name, Kind.SCALAR), (Block(("a",), np.ones(1)),))], {}, "")
    with pytest.raises(StoreError, match="so is something else"):
        to_nexus(store, tmp_path / "x.nxs")


@pytest.mark.parametrize("axis", ["vdos", "specimen", "2θ/°", "Raman shift", "", "vdos_errors"])
def test_axes_of_any_name(tmp_path: Path, axis: str) -> None:
    store = open_store(tmp_path / "s", create=True)
    raw = RawModality(
        Modality("vdos", Kind.SPECTRUM, axis_name=axis), (Block(("a",), np.ones((1, 3)), np.arange(3.0)),)
    )
    store.append([raw], {}, "")
    to_nexus(store, tmp_path / "x.nxs")
    ingest(tmp_path / "x.nxs", tmp_path / "again")
    again = open_store(tmp_path / "again")
    assert contents(again, "vdos") == contents(store, "vdos")
    assert again.modalities() == store.modalities()


def test_a_measurement_for_a_prediction_is_found_in_it(store: Store, tmp_path: Path) -> None:
    to_nexus(store, tmp_path / "all.nxs")
    found = read_measurement(tmp_path / "all.nxs", VDOS).raw
    assert set(found.specimens) == {"a", "b", "c", "d ü"}


def test_a_description_that_is_none_is_refused(store: Store, tmp_path: Path) -> None:
    to_nexus(store, tmp_path / "all.nxs")
    with h5py.File(tmp_path / "all.nxs", "r+") as file:
        del file["specimens/dataset_toml/data"]
        file["specimens/dataset_toml/data"] = "no = toml ="
    with pytest.raises(ReadError, match="not TOML"):
        ingest(tmp_path / "all.nxs", tmp_path / "again")


def test_an_uncertainty_that_is_none_is_refused(store: Store, tmp_path: Path) -> None:
    to_nexus(store, tmp_path / "all.nxs")
    with h5py.File(tmp_path / "all.nxs", "r+") as file:
        file["pull/block_1/pull_errors"][0, 1] = -1.0
    with pytest.raises(ReadError, match="the uncertainty is -1"):
        ingest(tmp_path / "all.nxs", tmp_path / "again")


def test_what_could_not_be_read_back_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store", create=True)
    sizes = [Block((f"s{side}",), np.ones((1, side, side))) for side in (3, 4)]
    store.append([RawModality(MAP, tuple(sizes))], {}, "")
    with pytest.raises(StoreError, match="images of 2 sizes: 3 x 3, 4 x 4"):
        to_nexus(store, tmp_path / "x.nxs")
    for number, block in enumerate(
        (
            Block((" a",), np.ones(1)),
            Block(("a",), np.ones(1), measurements=("1 ",)),
        )
    ):
        blank = open_store(tmp_path / f"blank-{number}", create=True)
        blank.append([RawModality(STRESS, (block,))], {}, "")
        with pytest.raises(StoreError, match="begins or ends with a blank"):
            to_nexus(blank, tmp_path / "x.nxs")
    assert not (tmp_path / "x.nxs").exists()
