"""Append, replace, undo and snapshots against a plain model of what a store is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from store_measurements import VDOS, by_specimen, stress, vdos

from fingerprint.errors import StoreError
from fingerprint.modality import RawModality
from fingerprint.store import Counts, Snapshot, Store, open_store

IDS = st.sampled_from("abc")
FACTS = st.dictionaries(st.sampled_from(["t", "batch"]), st.one_of(st.none(), st.integers(0, 1), st.just("x")))
APPENDS = st.tuples(
    st.dictionaries(IDS, st.sampled_from([1.0, 2.0]), max_size=3), st.dictionaries(IDS, FACTS, max_size=2)
)
UNDO = st.just("undo the newest")


@given(st.lists(st.one_of(APPENDS, UNDO), min_size=2, max_size=6))
@settings(max_examples=12, deadline=None)
def test_any_history_agrees_with_a_model(steps: list[tuple[dict[str, float], dict] | str]) -> None:
    """The model: a list of what each ingest gave. What is seen is their union, the newest winning."""
    ingests: list[tuple[str, dict[str, float], dict]] = []
    past: list[tuple[Snapshot, dict[str, float], dict]] = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True)
        for step in steps:
            if isinstance(step, str):
                if ingests:
                    store.undo(ingests.pop()[0])
            else:
                receipt = store.append([stress(step[0])], step[1], "")
                if receipt.ingest is not None:
                    ingests.append((receipt.ingest, *step))
            values, facts = _merged(ingests)
            assert _seen(store, None) == (values, facts)
            past.append((store.snapshot(), values, facts))
        store.optimize()
        for snapshot, values, facts in past:
            assert _seen(store, snapshot) == (values, facts)


def _merged(ingests: list[tuple[str, dict[str, float], dict]]) -> tuple[dict[str, float], dict]:
    values: dict[str, float] = {}
    facts: dict[str, dict] = {}
    for _, measured, described in ingests:
        values |= measured
        for specimen in [*measured, *described]:
            facts.setdefault(specimen, {}).update(described.get(specimen, {}))
    return values, facts


def _seen(store: Store, at: Snapshot | None) -> tuple[dict[str, float], dict]:
    values: dict[str, float] = {}
    if "stress" in store.modalities(at):
        values = {specimen: float(value) for specimen, value, _ in store.read("stress", at=at).rows()}
    return values, store.specimens(at)


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    given = ([vdos(["a", "b"]), stress({"a": 1.0})], {"a": {"t": 1.5, "note": None, "hot": True}}, "x = 1")
    first = store.append(*given)
    assert first.counts == {"vdos": Counts(new=2), "stress": Counts(new=1)}
    assert (first.new_specimens, first.total_specimens) == (2, 2)
    before = sorted(tmp_path.rglob("*"))
    again = store.append(*given)
    assert again.ingest is None
    assert again.counts == {"vdos": Counts(unchanged=2), "stress": Counts(unchanged=1)}
    assert (again.new_specimens, again.total_specimens) == (0, 2)
    assert sorted(tmp_path.rglob("*")) == before


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([stress({"a": 1.0, "b": 2.0})], {}, "")
    receipt = store.append([stress({"a": 1.0, "b": 2.5, "c": 3.0})], {}, "")
    assert receipt.counts == {"stress": Counts(new=1, unchanged=1, replaced=1)}
    assert DeltaTable(tmp_path / "modalities/stress").count() == 4


@pytest.mark.parametrize("other", [vdos(["a"], points=4), vdos(["a"], dtype="float32")], ids=["axis", "precision"])
def test_axis_and_precision_are_part_of_a_measurement(tmp_path: Path, other: RawModality) -> None:
    store = open_store(tmp_path, create=True)
    store.append([vdos(["a"])], {}, "")
    assert store.append([other], {}, "").counts == {"vdos": Counts(replaced=1)}
    assert by_specimen(store.read("vdos")) == by_specimen(other)


def test_an_older_value_given_again_is_the_newest(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    for value in (1.0, 2.0, 1.0):
        store.append([stress({"a": value})], {}, "")
    assert store.read("stress").blocks[0].values.tolist() == [1.0]


def test_after_an_undo_a_modality_may_be_something_else(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    wrong = stress({"a": 1.0}, VDOS.__class__("vdos", stress({}).modality.kind))
    ingest = store.append([wrong], {}, "").ingest
    assert ingest is not None
    store.undo(ingest)
    assert store.modalities() == {}
    assert store.specimens() == {}
    store.append([vdos(["a"])], {}, "")
    assert by_specimen(store.read("vdos")) == by_specimen(vdos(["a"]))


def test_modalities_come_in_order_of_first_appearance(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([vdos(["a"]), stress({"a": 1.0})], {}, "")
    store.append([stress({"b": 1.0})], {}, "")
    assert list(store.modalities()) == ["vdos", "stress"]


def test_the_log_says_what_happened(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    receipt = store.append([vdos(["a"])], {}, 'name = "x"')
    assert receipt.ingest is not None
    undo = store.undo(receipt.ingest)
    first, second = store.log()
    assert (first.position, first.ingest, first.kind, first.undoes) == (1, receipt.ingest, "ingest", "")
    assert (first.modalities, first.counts) == ({"vdos": VDOS}, receipt.counts)
    assert first.dataset_toml == 'name = "x"'
    assert second == undo
    assert (second.position, second.kind, second.undoes) == (2, "undo", receipt.ingest)
    assert first.time <= second.time
    assert store.snapshot() == Snapshot(2, undo.ingest)


def test_undo_is_refused_where_there_is_nothing_to_undo(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    with pytest.raises(StoreError, match="no ingest 'x'"):
        store.undo("x")
    ingest = store.append([vdos(["a"])], {}, "").ingest
    assert ingest is not None
    with pytest.raises(StoreError) as refusal:
        store.undo("x")
    assert ingest in refusal.value.expected
    undo = store.undo(ingest)
    with pytest.raises(StoreError, match="undone already"):
        store.undo(ingest)
    with pytest.raises(StoreError, match="no ingest"):
        store.undo(undo.ingest)
    assert len(store.log()) == 2


def test_a_snapshot_of_another_store_is_refused(tmp_path: Path) -> None:
    here, there = open_store(tmp_path / "here", create=True), open_store(tmp_path / "there", create=True)
    here.append([stress({"a": 1.0})], {}, "")
    there.append([stress({"a": 1.0})], {}, "")
    with pytest.raises(StoreError, match="no state 1"):
        here.read("stress", at=there.snapshot())
    with pytest.raises(StoreError, match="no state 5"):
        here.specimens(at=Snapshot(5, here.snapshot().ingest))


def test_an_empty_store(tmp_path: Path) -> None:
    store = open_store(tmp_path / "nothing", create=True)
    assert store.snapshot() == Snapshot(0, "")
    assert (store.modalities(), store.specimens(), store.log(), store.optimize()) == ({}, {}, [], [])
    assert store.append([RawModality(VDOS, ())], {}, "").ingest is None
    with pytest.raises(StoreError) as refusal:
        store.read("vdos")
    assert "empty" in refusal.value.expected
    with pytest.raises(StoreError) as refusal:
        open_store(tmp_path / "nothing")
    assert refusal.value.next == "fingerprint ingest FOLDER"


def test_an_unknown_modality_names_the_known_ones(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([vdos(["a"]), stress({"a": 1.0})], {}, "")
    with pytest.raises(StoreError) as refusal:
        store.read("strain")
    assert "vdos, stress" in refusal.value.expected


def test_optimize_leaves_one_file_and_the_same_answers(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    for number in range(4):
        store.append([vdos([f"s{number}", "again"], seed=number)], {f"s{number}": {"n": number}}, "")
    read, specimens, log = by_specimen(store.read("vdos")), store.specimens(), store.log()
    compacted = {entry.table: (entry.files_before, entry.files_after) for entry in store.optimize()}
    assert compacted["modalities/vdos"] == (4, 1)
    assert compacted["ingests"] == (4, 1)
    assert (by_specimen(store.read("vdos")), store.specimens(), store.log()) == (read, specimens, log)
    store.append([vdos(["later"])], {}, "")
    assert [entry.position for entry in store.log()] == [1, 2, 3, 4, 5]
