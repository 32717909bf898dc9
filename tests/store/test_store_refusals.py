"""What may not enter a store, and stores that cannot be read."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from store_measurements import MAP, STRESS, VDOS, stress, vdos

from fingerprint.errors import DiskError, StoreError
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import Store, ledger, open_store

AXIS = np.arange(3.0)
ONES = np.ones((1, 3))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


def _one(modality: Modality, *blocks: Block) -> RawModality:
    return RawModality(modality, blocks)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "/etc", "a\\b", "a b", "-a", "_delta_log", "a.b", "σ", "a=b", "a,b", "x\n", "x" * 101],
)
def test_names_that_cannot_name_a_folder(store: Store, name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be the name of a modality"):
        store.append([stress({"a": 1.0}, replace(STRESS, name=name))], {}, "")
    assert not list(tmp_path.iterdir())


def test_the_name_that_results_use_for_all_modalities(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"'joint' .* stands for all modalities together"):
        store.append([stress({"a": 1.0}, replace(STRESS, name="joint"))], {}, "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (_one(VDOS, Block(("a",), ONES)), "without an axis"),
        (_one(STRESS, Block(("a",), np.ones(1), AXIS)), "with an axis"),
        (_one(VDOS, Block(("a",), ONES, AXIS[:2])), r"axis of shape \(2,\)"),
        (_one(VDOS, Block(("a",), ONES, AXIS[::-1])), "an axis"),
        (_one(VDOS, Block(("a",), ONES, np.array([0.0, 1.0, 1.0]))), "an axis"),
        (_one(VDOS, Block(("a",), ONES, np.array([0.0, 1.0, np.nan]))), "an axis"),
        (_one(VDOS, Block(("a",), ONES[:, :0], AXIS[:0])), "no points"),
        (_one(VDOS, Block(("a", "b"), ONES, AXIS)), r"shape \(1, 3\).*2 specimens"),
        (_one(STRESS, Block(("a",), ONES)), "shape"),
        (_one(MAP, Block(("a",), ONES)), "shape"),
        (_one(MAP, Block(("a",), np.ones((1, 0, 3)))), "no points"),
        (_one(STRESS, Block(("a",), np.array([1j]))), "complex128"),
        (_one(STRESS, Block(("a",), np.array(["x"]))), "type <U1"),
        (_one(STRESS, Block(("a", "b"), np.array([1.0, np.nan]))), "specimen 'b' has values that are not finite"),
        (_one(VDOS, Block(("a",), np.array([[1.0, np.inf, 2.0]]), AXIS)), "specimen 'a' has values"),
        (_one(STRESS, Block(("a",), np.ones(1), None, ("x", "y"))), "2 sources"),
        (_one(STRESS, Block(("",), np.ones(1))), "cannot be the id"),
        (_one(STRESS, Block(("\udcff",), np.ones(1))), "cannot be the id"),
        (_one(STRESS, Block(("a", "a"), np.ones(2))), "'a' is measured twice"),
        (_one(VDOS, Block(("a",), ONES, AXIS), Block(("a",), ONES[:, :2], AXIS[:2])), "'a' is measured twice"),
    ],
)
def test_measurements_that_are_not_what_they_say(store: Store, raw: RawModality, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        store.append([vdos(["good"]) if raw.modality.name != "vdos" else stress({"good": 1.0}), raw], {}, "")
    assert not store.exists()


def test_one_modality_given_twice(store: Store) -> None:
    with pytest.raises(StoreError, match="given twice"):
        store.append([stress({"a": 1.0}), stress({"b": 1.0})], {}, "")


@pytest.mark.parametrize("metadata", [{"a": {"t": [1]}}, {"a": {"t": np.float64(1)}}, {"": {}}])
def test_metadata_that_is_not_plain(store: Store, metadata: dict) -> None:
    with pytest.raises(StoreError):
        store.append([], metadata, "")
    assert not store.exists()


def test_metadata_that_is_not_finite_is_nothing(store: Store) -> None:
    metadata = {"a": {"t": float("nan"), "n": 1, "f": 1.0, "b": True, "s": "1"}}
    store.append([], metadata, "")
    facts = store.specimens()["a"]
    assert facts == {"t": None, "n": 1, "f": 1.0, "b": True, "s": "1"}
    assert [type(value) for value in facts.values()] == [type(None), int, float, bool, str]
    assert store.append([], metadata, "").ingest is None
    assert store.append([], {"a": {"n": 1.0}}, "").ingest is not None


@pytest.mark.parametrize(
    ("change", "both"),
    [
        ({"kind": Kind.SERIES}, ("series", "spectrum")),
        ({"unit": "1/cm"}, ("1/cm", "1/THz")),
        ({"sign": "up"}, ("'up'", "''")),
        ({"axis_unit": "cm"}, ("'cm'", "'THz'")),
        ({"name": "VDOS"}, ("'VDOS'", "'vdos'")),
    ],
)
def test_a_modality_stays_what_it_is(store: Store, change: dict, both: tuple[str, str]) -> None:
    store.append([vdos(["a"])], {}, "")
    before = store.snapshot()
    with pytest.raises(StoreError) as refusal:
        store.append([replace(vdos(["b"]), modality=replace(VDOS, **change))], {}, "")
    assert all(word in refusal.value.what for word in both)
    assert store.snapshot() == before


def test_a_store_of_a_newer_format(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append([stress({"a": 1.0})], {}, "")
    following = ledger.Ledger.following
    monkeypatch.setattr(
        ledger.Ledger,
        "following",
        lambda self, ingest, **facts: replace(following(self, ingest, **facts), format_version=3),
    )
    store.append([stress({"b": 1.0})], {}, "")
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer format: 3") as refusal:
        open_store(store.path)
    assert "upgrade" in refusal.value.next.lower()
    with pytest.raises(StoreError, match="newer format: 3"):
        store.append([stress({"c": 1.0})], {}, "")


def test_a_damaged_store_says_so(store: Store) -> None:
    store.append([stress({"a": 1.0})], {}, "")
    (file,) = Path(store.path, "modalities/stress").glob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[:20])
    with pytest.raises(StoreError, match="cannot be read"):
        store.read("stress")
    file.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        store.read("stress")
    file.write_bytes(content)
    Path(store.path, "modalities/stress").rename(Path(store.path, "lost"))
    with pytest.raises(StoreError, match="0 of the 1 rows"):
        store.read("stress")


def test_a_store_without_its_axes_says_so(store: Store) -> None:
    store.append([vdos(["a"])], {}, "")
    Path(store.path, "axes").rename(Path(store.path, "lost"))
    with pytest.raises(StoreError, match="axis of specimen 'a' is missing"):
        store.read("vdos")


def test_what_plainly_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = namedtuple("free", "total used free")(0, 0, 10)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: free)
    store = open_store(tmp_path / "a" / "store", create=True)
    with pytest.raises(DiskError, match="full"):
        store.append([stress({"a": 1.0, "b": 2.0, "c": 3.0})], {}, "")
    assert not (tmp_path / "a").exists()
