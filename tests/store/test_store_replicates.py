"""Several measurements of one specimen: each under its id, compared with its own, and read as it was written."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st
from store_measurements import STRESS, VDOS, several, stress, vdos

from fingerprint.errors import StoreError
from fingerprint.modality import Block, JsonScalar, RawModality
from fingerprint.store import Counts, ledger, open_store, summarise

Told = Mapping[tuple[str, str], tuple[float, Mapping[str, JsonScalar]]]


def told(measured: Told) -> RawModality:
    """Scalars and what is known of each, by specimen and measurement."""
    block = Block(
        tuple(specimen for specimen, _ in measured),
        np.array([value for value, _ in measured.values()]),
        measurements=tuple(own for _, own in measured),
        facts=tuple(facts for _, facts in measured.values()),
    )
    return RawModality(STRESS, (block,))


def read(raw: RawModality) -> dict[tuple[str, str], tuple[object, Mapping[str, JsonScalar]]]:
    """Values and facts by specimen and measurement."""
    return {
        key: (value.tolist(), facts)
        for block in raw.blocks
        for key, value, facts in zip(block.ids, block.values, block.facts or ({},) * len(block.specimens), strict=True)
    }


FACTS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=3),
    st.one_of(st.text(st.characters(codec="utf-8"), max_size=3), st.integers(-9, 9), st.booleans(), st.just(0.1)),
    max_size=2,
)
MEASURED = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.text(st.characters(codec="utf-8"), max_size=2)),
    st.tuples(st.floats(-1e9, 1e9), FACTS),
    min_size=1,
)


@given(MEASURED)
@settings(max_examples=25, deadline=None)
def test_what_is_read_is_what_was_written(measured: Told) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True)
        store.append([told(measured)], {}, "")
        found = store.read("stress")
        assert read(found) == dict(measured)
        for block in found.blocks:
            assert list(block.ids) == sorted(block.ids, key=lambda key: (key[0].encode(), key[1].encode()))
        assert len(found) == len(measured)
        assert set(found.specimens) == {specimen for specimen, _ in measured}
        again = store.append([told(measured)], {}, "")
        assert again.ingest is None
        assert again.counts["stress"] == Counts(unchanged=len(measured))


def test_a_new_id_is_a_further_measurement(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([several({("a", "1"): 1.0, ("a", "2"): 1.5, ("b", "1"): 2.0})], {}, "")
    receipt = store.append([several({("a", "1"): 1.0, ("a", "3"): 1.5})], {}, "", on_conflict="error")
    assert receipt.counts["stress"] == Counts(new=1, unchanged=1)
    assert receipt.new_specimens == 0
    found = read(store.read("stress", specimens=["a"]))
    assert {key: value for key, (value, _) in found.items()} == {("a", "1"): 1.0, ("a", "2"): 1.5, ("a", "3"): 1.5}


def test_the_same_id_with_other_values_is_a_conflict(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([several({("a", "1"): 1.0, ("a", "2"): 2.0})], {}, "")
    before = store.snapshot()
    other = several({("a", "2"): 2.5, ("a", "3"): 3.0})
    with pytest.raises(StoreError, match=r"stress of specimen 'a' \(measurement '2'\) differs"):
        store.append([other], {}, "", on_conflict="error")
    assert store.snapshot() == before
    assert store.append([other], {}, "", on_conflict="keep").counts["stress"] == Counts(new=1, kept=1)
    assert read(store.read("stress"))["a", "2"][0] == 2.0
    assert store.append([other], {}, "", on_conflict="replace").counts["stress"] == Counts(unchanged=1, replaced=1)
    assert read(store.read("stress"))["a", "2"][0] == 2.5
    assert len(store.read("stress")) == 3


def test_undo_and_earlier_states(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([several({("a", "1"): 1.0})], {}, "")
    first = store.snapshot()
    second = store.append([several({("a", "1"): 1.1, ("a", "2"): 2.0})], {}, "")
    after = store.snapshot()
    store.undo(second.ingest or "")
    store.optimize()
    assert read(store.read("stress")) == read(store.read("stress", at=first)) == {("a", "1"): (1.0, {})}
    assert read(store.read("stress", at=after)) == {("a", "1"): (1.1, {}), ("a", "2"): (2.0, {})}


@pytest.mark.parametrize("named_first", [True, False])
def test_one_measurement_is_not_stored_with_and_without_an_id(tmp_path: Path, named_first: bool) -> None:
    store = open_store(tmp_path, create=True)
    pair = [several({("a", "1"): 1.0, ("b", "1"): 2.0}), stress({"a": 1.0, "b": 2.5})]
    first, second = pair if named_first else pair[::-1]
    store.append([first], {}, "")
    with pytest.raises(StoreError, match="is stored already, " + ("under an id" if named_first else "without an id")):
        store.append([second], {}, "", on_conflict="error")
    assert store.append([second], {}, "", on_conflict="keep").counts["stress"] == Counts(new=1, kept=1)
    assert store.append([second], {}, "", on_conflict="replace").counts["stress"] == Counts(new=1, unchanged=1)
    assert len(store.read("stress", specimens=["a"])) == 2


@pytest.mark.parametrize("split", [True, False])
def test_nor_is_one_that_one_append_gives_with_and_without_an_id(tmp_path: Path, split: bool) -> None:
    store = open_store(tmp_path / "store", create=True)
    blocks = [each.blocks[0] for each in (stress({"a": 1.0, "b": 2.5}), several({("a", "1"): 1.0, ("b", "1"): 2.0}))]
    whole = several({("a", ""): 1.0, ("b", ""): 2.5, ("a", "1"): 1.0, ("b", "1"): 2.0})
    raw = RawModality(STRESS, tuple(blocks)) if split else whole
    for how in ("error", "keep"):
        with pytest.raises(StoreError, match="'a' is given twice, without an id and as measurement '1'"):
            store.append([raw], {}, "", on_conflict=how)
    assert list((tmp_path / "store").rglob("modalities/*/*.parquet")) == []
    assert store.append([raw], {}, "", on_conflict="replace").counts["stress"] == Counts(new=4)


def test_facts_are_united_and_are_no_conflict(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)

    def give(facts: Mapping[str, JsonScalar], **how: str) -> Counts:
        return store.append([told({("a", "1"): (1.0, facts)})], {}, "", **how).counts["stress"]  # type: ignore[arg-type]

    assert give({"operator": "M", "note": None, "load": np.nan}) == Counts(new=1)
    assert read(store.read("stress"))["a", "1"][1] == {"operator": "M"}
    assert give({"load": 5}, on_conflict="error") == Counts(replaced=1)
    assert give({"load": 5}) == give({}) == Counts(unchanged=1)
    assert give({"load": 6}, on_conflict="keep") == Counts(kept=1)
    assert read(store.read("stress")) == {("a", "1"): (1.0, {"operator": "M", "load": 5})}


def test_facts_without_an_id(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([told({("a", ""): (1.0, {"instrument": "A"}), ("b", ""): (1.0, {})})], {}, "")
    (block,) = store.read("stress").blocks
    assert block.measurements == ()
    assert block.facts == ({"instrument": "A"}, {})
    assert [entry.format_version for entry in store.log()] == [1]


def test_only_what_older_versions_would_lose_is_in_the_newer_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path, create=True)
    store.append([stress({"a": 1.0})], {}, "")
    store.append([], {"a": {"route": "hot"}}, "")
    monkeypatch.setattr(ledger, "FORMAT_VERSION", 1)
    assert len(store.read("stress")) == 1
    monkeypatch.undo()
    store.append([several({("b", "1"): 1.0})], {}, "")
    assert [entry.format_version for entry in store.log()] == [1, 1, 2]
    monkeypatch.setattr(ledger, "FORMAT_VERSION", 1)
    with pytest.raises(StoreError, match="newer format: 2"):
        store.read("stress")


def test_a_store_without_these_columns(tmp_path: Path) -> None:
    """As versions wrote it that knew one measurement per specimen."""
    store = open_store(tmp_path, create=True)
    store.append([stress({"a": 1.0, "b": 2.0})], {}, "")
    url = str(tmp_path / "modalities/stress")
    written = pa.table(DeltaTable(url).to_pyarrow_table()).drop_columns(["measurement", "facts"])
    write_deltalake(url, written, mode="overwrite", schema_mode="overwrite")
    assert read(store.read("stress")) == {("a", ""): (1.0, {}), ("b", ""): (2.0, {})}
    assert store.append([stress({"a": 1.0})], {}, "").counts["stress"] == Counts(unchanged=1)
    store.append([several({("a", "2"): 1.5})], {}, "", on_conflict="error")
    assert set(read(store.read("stress"))) == {("a", ""), ("a", "2"), ("b", "")}


def test_a_conflict_with_who_writes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path, create=True)
    store.append([several({("a", "1"): 1.0})], {}, "")
    following = ledger.Ledger.following
    meanwhile = [several({("a", "2"): 2.0}), several({("a", "3"): 3.0})]

    def interrupted(self: ledger.Ledger, *given: str, **facts: object) -> ledger.LedgerEntry:
        if meanwhile:
            open_store(tmp_path).append([meanwhile.pop()], {}, "")
        return following(self, *given, **facts)

    monkeypatch.setattr(ledger.Ledger, "following", interrupted)
    with pytest.raises(StoreError, match=r"'a' \(measurement '2'\) differs"):
        store.append([several({("a", "2"): 2.5})], {}, "", on_conflict="error")
    assert read(store.read("stress"))["a", "2"][0] == 2.0


def test_an_id_twice_or_of_no_text_is_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    block = Block(("a", "a"), np.array([1.0, 2.0]), measurements=("1", "1"))
    with pytest.raises(StoreError, match="'a' is measured twice under the id '1'"):
        store.append([RawModality(STRESS, (block,))], {}, "")
    with pytest.raises(StoreError, match="measured twice") as refusal:
        store.append([RawModality(STRESS, (replace(block, measurements=()),))], {}, "")
    assert "measurement" in refusal.value.next
    for wrong in ({"measurements": ("1",)}, {"measurements": ("1", "\ud800")}, {"facts": ({}, {"x": [1]})}):
        with pytest.raises(StoreError):
            store.append([RawModality(STRESS, (replace(block, **{"measurements": ("1", "2"), **wrong}),))], {}, "")
    assert not store.exists()


def test_the_spread_of_measurements_of_one_specimen(tmp_path: Path) -> None:
    """Known by hand: squares about the means of a and c, 2 and 2, with 1 and 2 degrees of freedom; b says nothing."""
    store = open_store(tmp_path, create=True)
    measured = {("a", "1"): 1.0, ("a", "2"): 3.0, ("b", ""): 9.0, ("c", "1"): 1.0, ("c", "2"): 2.0, ("c", "3"): 3.0}
    curves = vdos(["a", "b", "a", "a"], points=3)
    values = np.array([[0.0, 0, 0], [7, 7, 7], [2, 4, 6], [1, 2, 3]])
    curves = RawModality(VDOS, (replace(curves.blocks[0], values=values, measurements=("1", "1", "2", "3")),))
    store.append([several(measured), curves], {}, "")
    found = summarise(store)
    assert found.modalities["stress"].spread == pytest.approx(np.sqrt(4 / 3))
    assert (found.modalities["stress"].count, found.modalities["stress"].measurements) == (3, 6)
    own = np.array([[0.0, 0, 0], [2, 4, 6], [1, 2, 3]])
    assert found.modalities["vdos"].spread == pytest.approx(np.sqrt(own.var(axis=0, ddof=1).mean()))
    assert found.modalities["vdos"].missing == 1


def test_copies_are_named(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    curves = vdos(["a", "a", "b", "b"], points=3)
    values = np.array([[0.0, 1, 2], [0, 1, 2], [0, 0, 0], [0, 0, 0]])
    curves = RawModality(VDOS, (replace(curves.blocks[0], values=values, measurements=("1", "2", "1", "2")),))
    store.append([curves, several({("a", "1"): 1.0, ("a", "2"): 1.0})], {}, "")
    (warning,) = [each for each in summarise(store).warnings if "copy" in each]
    assert warning == "vdos of 'a' is stored twice with the same values ('1' and '2'): is it a copy?"


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_curves_on_any_axes_are_read_as_they_were_written(data: st.DataObject) -> None:
    """Measurements of one specimen may stand on different axes, in different precision, and so in different blocks."""
    keys = data.draw(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("123")), min_size=1, unique=True))
    written: dict[tuple[str, str], tuple[str, bytes, bytes]] = {}
    blocks: list[Block] = []
    for key in keys:
        points, precision = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(["float32", "float64"]))
        values, axis = np.random.default_rng(len(blocks)).normal(size=(1, points)).astype(precision), np.arange(points)
        blocks.append(Block(key[:1], values, axis.astype(np.float64), measurements=key[1:]))
        written[key] = (precision, values.tobytes(), blocks[-1].axis.tobytes())  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True)
        half = len(blocks) // 2
        for part in (blocks[:half], blocks[half:]):
            store.append([RawModality(VDOS, tuple(part))], {}, "")
        found = {
            key: (block.values.dtype.name, values.tobytes(), block.axis.tobytes())  # type: ignore[union-attr]
            for block in store.read("vdos").blocks
            for key, values in zip(block.ids, block.values, strict=True)
        }
    assert found == written


def test_once_each_has_no_spread(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([several({("a", "1"): 1.0, ("b", "7"): 2.0})], {}, "")
    assert summarise(store).modalities["stress"].spread is None


def test_the_spread_of_noise_is_its_standard_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the specimens' own values, and however few are looked at at once."""
    from fingerprint.store import spread as spread_module

    random = np.random.default_rng(1)
    specimens = tuple(f"s{number % 300}" for number in range(1200))
    values = np.array([hash(each) % 1000 for each in specimens])[:, None] + random.normal(0, 0.5, (1200, 8))
    raw = RawModality(VDOS, (Block(specimens, values, np.arange(8.0)),))
    whole, parts = spread_module.Spread(), spread_module.Spread()
    whole.add(raw)
    assert whole.value == pytest.approx(0.5, rel=0.03)
    monkeypatch.setattr(spread_module, "_NUMBERS_AT_ONCE", 50)
    for few in (raw.specimens[:100], raw.specimens[100:]):
        parts.add(raw.keeping(few))
    assert parts.value == pytest.approx(whole.value)
