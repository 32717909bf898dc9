"""The page about the store says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable
from store_measurements import MAP, stress, vdos

from fingerprint.modality import Block, RawModality
from fingerprint.store import Store, open_store

PAGE = (Path(__file__).parents[2] / "docs/store.md").read_text(encoding="utf-8")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    store = open_store("fingerprint-store", create=True)
    image = RawModality(MAP, (Block(("a",), np.ones((1, 2, 2))),))
    store.append([stress({"a": 1.0, "b": 2.0}), vdos(["a"]), vdos_float32(), image], {"a": {"t": 1}}, "")
    store.append([stress({"b": 3.0, "c": 4.0})], {}, "")
    undone = store.append([stress({"c": 5.0, "d": 6.0})], {}, "").ingest
    assert undone is not None
    store.undo(undone)
    return store


def vdos_float32() -> RawModality:
    """A second spectrum, in single precision."""
    raw = vdos(["a"], dtype="float32")
    return RawModality(raw.modality.__class__("single", raw.modality.kind), raw.blocks)


def test_every_python_block_runs(store: Store) -> None:
    found = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    names: dict[str, object] = {}
    for block in found:
        exec(block, names)
    assert {specimen: float(value) for specimen, value, _ in store.read("stress").rows()} == {
        "a": 1.0,
        "b": 3.0,
        "c": 4.0,
    }


def test_every_column_is_documented(store: Store) -> None:
    rows = dict(re.findall(r"^\| `([\w/]+)` \| (.*) \|$", PAGE, re.MULTILINE))
    for path in ["ingests", "specimens", "axes", "modalities/stress", "modalities/vdos", "modalities/map"]:
        documented = rows["modalities/NAME" if path.startswith("modalities") else path]
        for field in DeltaTable(f"{store.path}/{path}").schema().fields:
            assert f"`{field.name}`" in documented, f"{path}: {field.name}"
