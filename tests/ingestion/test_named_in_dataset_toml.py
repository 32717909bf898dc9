"""What dataset.toml names is found, or refused: never left out in silence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import h5py
import numpy as np
import pytest

from fingerprint.errors import DatasetError, ReadError
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


def read(folder: Path, toml: str, files: Mapping[str, str] = MappingProxyType({})) -> RawModality:
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


# Curves side by side

COLUMNS = """[modalities.absorbance]
kind = "spectrum"
files = "*.csv"
specimens = "{{column}}"
axis = {{ name = "wavelength", unit = "nm" }}
{}
"""
PAIRS = "nm,A,nm,B\n" + "".join(f"{400 + row},{row},{400 + row},{row * row}\n" for row in range(9))
ONE_AXIS = PAIRS.replace("nm,A,nm,B", "nm,A,C,B")
both = pytest.mark.parametrize("text", [PAIRS, ONE_AXIS], ids=["pairs", "one axis"])


@both
@pytest.mark.parametrize("key", ["measurement", "uncertainty"])
def test_columns_that_are_specimens_have_no_column_beside_them(key: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"{key} = 'B' where each column is a specimen"):
        read(tmp_path, COLUMNS.format(f'{key} = "B"'), {"p.csv": text})


@both
def test_facts_above_columns_are_those_of_each_and_looked_for(text: str, tmp_path: Path) -> None:
    toml = COLUMNS.format('facts = ["Instrument"]')
    known = facts(read(tmp_path, toml, {"p.csv": f"# Instrument: X\n{text}"}))
    assert known["A", ""] == known["B", ""] == {"Instrument": "X"}
    with pytest.raises(ReadError, match="there is no 'Instrument'"):
        read(tmp_path, toml, {"p.csv": text})


def test_pairs_that_are_empty_all_along_are_no_curves_over_one_axis(tmp_path: Path) -> None:
    rows = "".join(f"{400 + row},nan,{400 + row},nan\n" for row in range(9))
    assert read(tmp_path, COLUMNS.format(""), {"p.csv": f"nm,A,nm,B\n{rows}"}).specimens == ()


# Columns that look like counters of rows

COUNTED = "Index,T,strength\n" + "".join(f"{row},{300 + row},{row % 7}\n" for row in range(1, 60))


def test_a_counter_that_is_called_the_id_of_a_scalar_is_read(tmp_path: Path) -> None:
    toml = '[modalities.strength]\nkind = "scalar"\nfiles = "*.csv"\nvalues = "strength"\nspecimens = "Index"\n'
    raw = read(tmp_path, toml, {"t.csv": COUNTED})
    assert len(raw.specimens) == 59
    assert raw.specimens[0] == "1"


def test_a_counter_that_is_called_the_axis_is_read(tmp_path: Path) -> None:
    toml = '[modalities.m]\nkind = "series"\nfiles = "*.csv"\nvalues = "strength"\n'
    toml += 'axis = {{ name = "point", values = "{}" }}\n'
    for name, first in (("Index", 1.0), ("T", 301.0)):
        (block,) = read(tmp_path, toml.format(name), {"t.csv": COUNTED}).blocks
        assert block.axis is not None
        assert block.axis[0] == first


def test_a_counter_that_is_called_the_id_of_metadata_is_read(tmp_path: Path) -> None:
    toml = '[modalities.strength]\nkind = "scalar"\nfiles = "*.csv"\nvalues = "strength"\nspecimens = "Index"\n'
    toml += '[specimens]\nfile = "*.csv"\nid = "Index"\nmetadata = ["T"]\n'
    (tmp_path / "t.csv").write_text(COUNTED)
    (tmp_path / "dataset.toml").write_text(toml)
    assert collect(find_sources([tmp_path])[0], None).metadata["7"] == {"T": 307}


def test_a_row_per_point_without_a_column_of_the_axis_names_the_missing_key(tmp_path: Path) -> None:
    toml = '[modalities.raman]\nkind = "spectrum"\nfiles = "*.csv"\nspecimens = "{stem}"\nmeasurement = "run"\n'
    toml += 'axis = { name = "shift", unit = "cm^-1" }\n'
    with pytest.raises(ReadError, match="names no column of the axis") as refusal:
        read(tmp_path, toml, {"a.csv": "run,shift,y\n1,400,2\n1,500,3\n2,400,2\n2,500,3\n"})
    assert 'values = "COLUMN" in axis of [modalities.raman]' in refusal.value.expected
