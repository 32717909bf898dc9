"""What is read is what was written, bit by bit, and other tools find it in columns of the same precision."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from store_measurements import MAP, STRESS, VDOS, by_specimen, stress, vdos

from fingerprint.modality import Block, RawModality
from fingerprint.store import open_store
from fingerprint.store import rows as rows_module
from fingerprint.store.comparing import Stored, compared

IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@st.composite
def spectra(draw: st.DrawFn) -> RawModality:
    """Specimens with any ids, spread over blocks of different axes and precisions."""
    ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    blocks: list[Block] = []
    while ids:
        size = draw(st.integers(1, len(ids)))
        points = draw(st.integers(1, 4))
        dtype = draw(st.sampled_from(["float32", "float64"]))
        width = 32 if dtype == "float32" else 64
        elements = st.floats(width=width, allow_nan=False, allow_infinity=False)
        values = draw(hnp.arrays(dtype, (size, points), elements=elements))
        axis = draw(hnp.arrays("float64", points, elements=st.floats(-1e9, 1e9), unique=True))
        sources = tuple(f"spectra.h5:{row}" for row in range(size))
        blocks.append(Block(tuple(ids[:size]), values, np.sort(axis), sources))
        ids = ids[size:]
    return RawModality(VDOS, tuple(blocks))


@given(spectra())
@settings(max_examples=25, deadline=None)
def test_spectra_of_mixed_axes_and_precisions(written: RawModality) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True)
        store.append([written], {}, "")
        read = store.read("vdos")
    assert read.modality == VDOS
    assert by_specimen(read) == by_specimen(written)
    sources = {key: source for b in written.blocks for key, source in zip(b.specimens, b.sources, strict=True)}
    assert {key: source for b in read.blocks for key, source in zip(b.specimens, b.sources, strict=True)} == sources


@given(st.dictionaries(IDS, st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None)
def test_scalars(values: dict[str, float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True)
        store.append([stress(values)], {}, "")
        (block,) = store.read("stress").blocks
    assert block.specimens == tuple(sorted(values))
    assert block.axis is None
    assert block.values.dtype == np.float64
    assert block.values.tobytes() == np.array([values[key] for key in sorted(values)]).tobytes()


def test_images_of_different_shapes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    flat, tall = rng.normal(size=(2, 2, 6)), rng.normal(size=(1, 4, 3)).astype(np.float32)
    written = RawModality(MAP, (Block(("b", "a"), flat), Block(("c",), tall)))
    store = open_store(tmp_path, create=True)
    store.append([written], {}, "")
    first, second = store.read("map").blocks
    np.testing.assert_array_equal(first.values, flat[::-1], strict=True)
    np.testing.assert_array_equal(second.values, tall, strict=True)


def test_many_images_come_back_sorted_each_with_its_own_numbers(tmp_path: Path) -> None:
    count = 30_000
    order = np.random.default_rng(1).permutation(count)
    values = np.stack([order, -order], axis=1)[:, None].astype(np.float32)
    ids = [f"{number:05}" for number in order]
    store = open_store(tmp_path, create=True)
    store.append([RawModality(MAP, (Block(tuple(ids), values),))], {}, "")
    store.append([RawModality(MAP, (Block(tuple(ids[:9000]), values[:9000] + 0.5),))], {}, "")
    (block,) = store.read("map").blocks
    expected = np.stack([np.arange(count), -np.arange(count)], axis=1)[:, None].astype(np.float32)
    expected[order[:9000]] += 0.5
    assert block.specimens == tuple(f"{number:05}" for number in range(count))
    np.testing.assert_array_equal(block.values, expected, strict=True)


def test_one_block_per_axis_with_specimens_in_order(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([vdos(["d", "a"], points=5)], {}, "")
    store.append([vdos(["c"], points=3)], {}, "")
    store.append([vdos(["b"], points=5)], {}, "")
    blocks = store.read("vdos").blocks
    assert [block.specimens for block in blocks] == [("a", "b", "d"), ("c",)]


def test_chosen_specimens(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([stress({"a": 1.0, "b": 2.0, "c": 3.0})], {}, "")
    assert store.read("stress", specimens=["c", "a", "nobody"]).specimens == ("a", "c")
    assert store.read("stress", specimens=[]).blocks == ()


def test_a_source_that_is_no_unicode_is_escaped(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([RawModality(STRESS, (Block(("a",), np.ones(1), None, ("caf\udce9.csv",)),))], {}, "")
    assert store.read("stress").blocks[0].sources == ("caf\\udce9.csv",)


def test_other_numbers_become_float64(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    counts = np.array([[1, 2, 3]], np.int32)
    big_endian = np.array([[0.1, 0.2, 0.3]], ">f4")
    axis = np.arange(3.0)
    store.append([RawModality(VDOS, (Block(("i",), counts, axis), Block(("e",), big_endian, axis)))], {}, "")
    read = {specimen: values for specimen, values, _ in store.read("vdos").rows()}
    np.testing.assert_array_equal(read["i"], np.array([1.0, 2.0, 3.0]), strict=True)
    np.testing.assert_array_equal(read["e"], np.array([0.1, 0.2, 0.3], np.float32), strict=True)


def test_columns_keep_the_precision_of_the_source(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.append([vdos(["a"], dtype="float32"), stress({"a": 1.0})], {}, "")
    assert "values_float64" not in _columns(tmp_path / "modalities/vdos")
    store.append([vdos(["b"], dtype="float64")], {}, "")
    columns = _columns(tmp_path / "modalities/vdos")
    assert columns["values_float32"] == "array<float>"
    assert columns["values_float64"] == "array<double>"
    assert _columns(tmp_path / "modalities/stress")["value"] == "double"
    assert _columns(tmp_path / "axes")["values"] == "array<double>"


def test_an_axis_is_stored_once(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    for specimen in "abc":
        store.append([vdos([specimen])], {}, "")
    assert DeltaTable(tmp_path / "axes").count() == 1


def test_batches_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "_NUMBERS_PER_BATCH", 12)
    store = open_store(tmp_path, create=True)
    written = vdos([f"s{number:02}" for number in range(23)], points=5)
    parts, _ = compared(written, Stored({}, {}, {}), "replace")
    reader = rows_module.row_reader(VDOS.kind, parts, "x")
    assert [batch.num_rows for batch in reader] == [2] * 11 + [1]
    store.append([written], {}, "")
    assert by_specimen(store.read("vdos")) == by_specimen(written)


def test_a_url_reaches_deltalake_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def version(url: str) -> int:
        asked.append(url)
        return -1

    monkeypatch.setattr("fingerprint.store.delta.version", version)
    open_store("s3://bucket/folder/", create=True)
    assert asked == ["s3://bucket/folder/ingests"]
    monkeypatch.undo()
    store = open_store(f"file://{tmp_path}/by-url", create=True)
    store.append([stress({"a": 1.0})], {}, "")
    assert open_store(tmp_path / "by-url").read("stress").specimens == ("a",)
    assert store.modalities()["stress"] == STRESS


def _columns(table: Path) -> dict[str, str]:
    return {
        field.name: f"array<{field.type.element_type.type}>" if hasattr(field.type, "element_type") else field.type.type
        for field in DeltaTable(table).schema().fields
    }
