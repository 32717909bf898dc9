"""What a store holds, in numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from store_measurements import MAP, stress, vdos

from fingerprint.modality import Block, RawModality
from fingerprint.store import AxisSummary, open_store, summarise


def test_numbers_agree_with_numpy(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    long, short = vdos(["a", "b"], points=5, seed=1), vdos(["c"], points=3, seed=2, dtype="float32")
    store.append([long, stress({"a": 1.0, "d": 4.0})], {"e": {"t": 1, "n": None}, "a": {"t": 2}}, "")
    store.append([short], {}, "")
    summary = summarise(store)
    values = np.concatenate([block.values.ravel() for raw in (long, short) for block in raw.blocks])
    assert (summary.specimens, summary.snapshot, summary.metadata) == (5, store.snapshot(), {"t": 2})
    spectra = summary.modalities["vdos"]
    assert (spectra.count, spectra.missing, spectra.axis) == (3, 2, AxisSummary(0.0, 20.0, 5, 2))
    assert (spectra.minimum, spectra.maximum) == (values.min(), values.max())
    assert spectra.mean == pytest.approx(values.mean(dtype=float), rel=1e-6)
    scalars = summary.modalities["stress"]
    assert (scalars.axis, scalars.count, scalars.mean) == (None, 2, 2.5)
    assert summary.warnings == ("1 of 5 specimens have metadata but no measurement",)


def test_images_tell_each_shape_once(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    blocks = [Block((name,), np.ones((1, *shape))) for name, shape in (("a", (2, 3)), ("b", (1, 4)), ("c", (2, 3)))]
    store.append([RawModality(MAP, tuple(blocks)), stress({"a": 1.0})], {}, "")
    summaries = summarise(store).modalities
    assert (summaries["map"].shapes, summaries["stress"].shapes) == (((1, 4), (2, 3)), ())


def test_warnings(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    ingest = store.append([stress({"c": 5.0})], {}, "").ingest
    assert ingest is not None
    store.undo(ingest)
    store.append([vdos(["x", "y"]), stress({"a": 7.0, "b": 7.0})], {}, "")
    undone, constant, unrelated = summarise(store).warnings
    assert ingest in undone
    assert "stress is constant" in constant
    assert "7.0" in constant
    assert "measured in two ways" in unrelated


def test_an_empty_store_has_no_numbers(tmp_path: Path) -> None:
    summary = summarise(open_store(tmp_path, create=True))
    assert (summary.specimens, summary.modalities, summary.warnings) == (0, {}, ())


def test_what_looks_wrong_is_told(tmp_path: Path) -> None:
    """One scalar at 1e6, one flat spectrum, and ids that do not agree; but nothing of a long tail."""
    store = open_store(tmp_path, create=True)
    values = dict(zip("abcdefghijkl", np.linspace(1.0, 2.0, 12).tolist(), strict=True))
    spectra = vdos(["a", "b", "x", "y"], points=5, seed=1)
    (block,) = spectra.blocks
    flat = block.values.copy()
    flat[1] = 0.5
    odd = RawModality(spectra.modality, (Block(block.specimens, flat, block.axis),))
    store.append([stress(values | {"c": 1e6}), odd], {}, "")
    assert set(summarise(store).warnings) == {
        "stress of 'c' is 1e+06, and the median 1.59091: is it right?",
        "vdos of 1 specimens is the same value at every point ('b', ...)",
        "12 of 14 specimens were measured in one way only; do the ids agree between the modalities?",
    }
    tail = np.exp(2 * np.random.default_rng(0).normal(size=200)).tolist()
    other = open_store(tmp_path / "other", create=True)
    other.append([stress({str(row): value for row, value in enumerate(tail)})], {}, "")
    assert summarise(other).warnings == ()
