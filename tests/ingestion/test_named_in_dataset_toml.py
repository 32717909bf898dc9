"""What dataset.toml names is found, or refused: never left out in silence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest

from fingerprint.errors import DatasetError, FingerprintError, ReadError
from fingerprint.ingestion.collecting import collect
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import JsonScalar, RawModality

GROUPS = """[modalities.raman]
kind = "spectrum"
files = "*.h5"
values = "*/y"
specimens = "*/ids"
axis = {{ name = "shift", unit = "cm^-1", values = "*/x" }}
{}
"""


def read(folder: Path, toml: str, files: Mapping[str, str] = {}) -> RawModality:
    """The one modality of a folder."""
    for name, text in {"dataset.toml": toml, **files}.items():
        (folder / name).write_text(text)
    found = collect(find_sources([folder])[0], None)
    for _, error in found.refused:
        raise error
    (raw,) = found.modalities
    return raw


def facts(raw: RawModality) -> dict[tuple[str, str], Mapping[str, JsonScalar]]:
    """What is known of each measurement."""
    return {key: known for block in raw.blocks for key, known in zip(block.ids, block.facts, strict=True)}


def groups(path: Path) -> None:
    """Two groups of two measurements, of which only the first knows the laser."""
    with h5py.File(path, "w") as file:
        for place, name in enumerate("ab"):
            file[f"{name}/ids"] = [f"{name}{row}" for row in range(2)]
            file[f"{name}/run"] = ["1", "2"]
            file[f"{name}/x"] = np.arange(5.0)
            file[f"{name}/y"] = np.arange(10.0).reshape(2, 5) + place
            file[f"{name}/err"] = np.ones((2, 5))
        file["a/laser"] = file["a/q/laser"] = [532, 633]


# HDF5


@pytest.mark.parametrize("key", ['uncertainty = "*/errr"', 'measurement = "*/runn"', 'facts = ["*/laserr"]'])
def test_what_is_in_no_group_is_refused(key: str, tmp_path: Path) -> None:
    groups(tmp_path / "m.h5")
    with pytest.raises(ReadError, match=r"there is no dataset '\*/"):
        read(tmp_path, GROUPS.format(key))


def test_a_single_group_may_lack_a_fact(tmp_path: Path) -> None:
    groups(tmp_path / "m.h5")
    known = facts(read(tmp_path, GROUPS.format('facts = ["*/laser"]')))
    assert known["a1", ""] == {"laser": 633}
    assert known["b1", ""] == {}


def test_facts_are_called_by_the_last_part_of_their_paths_which_must_differ(tmp_path: Path) -> None:
    groups(tmp_path / "m.h5")
    toml = GROUPS.replace("*/", "a/")
    assert facts(read(tmp_path, toml.format('facts = ["a/laser"]')))["a0", ""] == {"laser": 532}
    for each in (GROUPS.format('facts = ["*/laser", "*/q/laser"]'), toml.format('facts = ["a/laser", "a/q/laser"]')):
        with pytest.raises(DatasetError, match="both called 'laser'"):
            read(tmp_path, each)
