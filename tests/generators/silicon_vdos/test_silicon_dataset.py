"""Sets of specimens: the same numbers however they are made, and nothing finished is lost."""

from __future__ import annotations

import os
import tomllib
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from fingerprint.errors import FingerprintError
from fingerprint.generators import silicon_vdos
from fingerprint.generators.silicon_vdos import dataset
from fingerprint.generators.silicon_vdos.tables import Measured, read_folder
from fingerprint.generators.silicon_vdos.workers import in_processes

# 64 sites, and cells that need no melting: quick.
make = partial(silicon_vdos.make, seed=1, repeats=2)


def same(cell: Measured, other: Measured) -> bool:
    one, two = dict(vars(cell)), dict(vars(other))
    return bool((one.pop("vdos") == two.pop("vdos")).all()) and one == two


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cells made in one process."""
    folder = tmp_path_factory.mktemp("alone") / "vdos"
    make(folder, 3)
    return folder


def test_two_processes_make_the_same_as_one(alone: Path, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    make(tmp_path / "vdos", 3, jobs=2, on_progress=lambda *now: progress.append(now))
    assert progress == [(0, 3), (1, 3), (2, 3), (3, 3)]
    for name in ("stress.csv", "dataset.toml"):
        assert (tmp_path / "vdos" / name).read_bytes() == (alone / name).read_bytes()
    assert all(map(same, read_folder(tmp_path / "vdos"), read_folder(alone)))


def test_the_three_files_hold_what_dataset_toml_says(alone: Path) -> None:
    described = tomllib.loads((alone / "dataset.toml").read_text(encoding="utf-8"))
    header, *rows = (alone / "stress.csv").read_text(encoding="utf-8").splitlines()
    columns = header.split(",")
    spectrum, stress = described["modalities"]["vdos"], described["modalities"]["stress"]
    assert {stress["values"], stress["specimens"], described["specimens"]["id"]} <= set(columns)
    assert set(described["specimens"]["metadata"]) == set(columns) - {"specimen", "stress_gpa"}
    with h5py.File(alone / spectrum["files"]) as file:
        ids = file[spectrum["specimens"]].asstr()[:].tolist()
        assert file[spectrum["values"]].shape == (3, len(file[spectrum["axis"]["values"]]))
        assert file[spectrum["values"]].dtype == np.float32
    assert ids == [row.split(",")[0] for row in rows] == ["si-1-0000", "si-1-0001", "si-1-0002"]
    assert not (alone / ".parts").exists()


def test_an_interruption_loses_only_the_running_cell(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*progress: int) -> None:
        if progress == (2, 3):
            raise KeyboardInterrupt

    folder = tmp_path / "vdos"
    with pytest.raises(KeyboardInterrupt):
        make(folder, 3, on_progress=interrupt)
    assert not (folder / "dataset.toml").exists()

    made: list[int] = []
    make_cell = dataset.make_cell

    def counted(seed: int, cell: int, repeats: int) -> Measured:
        made.append(cell)
        return make_cell(seed, cell, repeats)

    monkeypatch.setattr(dataset, "make_cell", counted)
    make(folder, 3)
    assert made == [2]
    assert all(map(same, read_folder(folder), read_folder(alone)))


def test_a_set_can_be_made_larger_and_never_smaller(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "vdos"
    make(folder, 1)
    make(folder, 3)
    make(folder, 2)
    assert (folder / "stress.csv").read_bytes() == (alone / "stress.csv").read_bytes()


def test_a_folder_with_other_data_is_left_alone(alone: Path, tmp_path: Path) -> None:
    before = (alone / "stress.csv").read_bytes()
    with pytest.raises(FingerprintError, match="another data set"):
        make(alone, 3, seed=2)
    with pytest.raises(FingerprintError, match="another data set"):
        make(alone, 3, repeats=3)
    assert (alone / "stress.csv").read_bytes() == before

    (tmp_path / "dataset.toml").write_text("name = 'mine'")
    with pytest.raises(FingerprintError, match="another data set"):
        make(tmp_path, 1)
    with pytest.raises(FingerprintError, match="not a folder"):
        make(tmp_path / "dataset.toml", 1)


def fail(number: int) -> None:
    raise OSError(28, f"No space left for {number}")


def die(number: int) -> None:
    os._exit(number)


def test_what_goes_wrong_in_a_process_is_raised_here() -> None:
    with pytest.raises(OSError, match="No space left for 5"):
        list(in_processes(fail, [5], jobs=1))
    with pytest.raises(FingerprintError, match="ended from outside"):
        list(in_processes(die, [9], jobs=1))


def test_every_number_is_done_once_whatever_the_number_of_processes() -> None:
    assert sorted(in_processes(abs, range(5), jobs=2)) == [0, 1, 2, 3, 4]
    assert list(in_processes(abs, [], jobs=2)) == []
