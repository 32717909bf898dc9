"""A store as a tree of xarray: labelled, in units, and nothing filled up."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured_store import METADATA, contents, fill

from fingerprint import to_xarray
from fingerprint.errors import StoreError
from fingerprint.store import Store

xarray = pytest.importorskip("xarray", reason="xarray is not installed")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return fill(tmp_path / "store")


def test_every_measurement_is_there_bit_by_bit(store: Store) -> None:
    tree = to_xarray(store)
    assert set(tree.children) == {"vdos", "raman", "pull", "stress_gpa", "map", "specimens"}
    for name in store.modalities():
        found = {}
        for node in tree[name].leaves:
            variable, errors = node[name], node.get(f"{name}_errors")
            axis = b"" if name in ("stress_gpa", "map") else node[variable.dims[1]].values.tobytes()
            own = node["measurement"].values if "measurement" in node else [""] * variable.sizes["specimen"]
            for row, ids in enumerate(zip(node["specimen"].values, own, strict=True)):
                uncertain = b"" if errors is None else errors.values[row].tobytes()
                found[ids] = (variable.dtype.name, variable.values[row].tobytes(), axis, uncertain)
        assert found == contents(store, name)
    assert tree["pull"]["pull"].dims == ("specimen", "strain")
    assert tree["stress_gpa/block_1"]["stress_gpa"].attrs["sign_convention"].startswith("compression positive")
    assert tree["raman"]["Raman_shift"].attrs == {"units": "cm^-1", "long_name": "Raman shift"}
    unknown, *known = tree["raman"]["instrument"].values.tolist()
    assert unknown != unknown or unknown is None  # as pandas has it
    assert known == ["R 1", "R 2"]
    assert tree.attrs["snapshot_position"] == 1


def test_metadata_join_the_measurements(store: Store) -> None:
    tree = to_xarray(store, ["pull", "map"])
    assert set(tree.children) == {"pull", "map", "specimens"}
    joined = tree["map"].to_dataset().merge(tree["specimens"].to_dataset(), join="left")
    assert joined["route"].values.tolist() == [METADATA["a"]["route"], METADATA["b"]["route"]]
    assert np.isnan(joined["temperature"].sel(specimen="b"))


def test_without_xarray_the_extra_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name == "xarray" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(StoreError, match=r"pima-fingerprint\[xarray\]"):
        to_xarray(store)
