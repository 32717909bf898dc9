"""Rows wait in files of their own until all have been read; what stays of them, and of an append that fails."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
from store_measurements import MAP, VDOS, by_specimen, stress, vdos

from fingerprint.errors import DiskError, StoreError
from fingerprint.modality import Block, Modality, RawModality
from fingerprint.store import delta, open_store, staging, summarise
from fingerprint.store.axes import axis_id
from fingerprint.store.checks import check_space


class Usage(NamedTuple):
    """Of a disk, in bytes."""

    total: int
    used: int
    free: int


@dataclass(frozen=True)
class Read:
    """Measurements that are read while they are stored."""

    modality: Modality
    blocks: Iterator[Block]


def blocks(count: int, fails: bool = False) -> Iterator[Block]:
    """Spectra of two specimens each, of both types of number."""
    for number in range(count):
        kind = ("float64", "float32")[number % 2]
        yield vdos([f"{number}-a", f"{number}-b"], points=50, seed=number, dtype=kind).blocks[0]
    if fails:
        raise StoreError("the last one")


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_blocks_are_read_once_and_stored_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "GROUP_BYTES", 2000)
    store = open_store(tmp_path / "store", create=True)
    receipt = store.append([Read(VDOS, blocks(9))], {}, "")
    assert (receipt.counts["vdos"].new, receipt.total_specimens) == (18, 18)
    assert by_specimen(store.read("vdos")) == by_specimen(RawModality(VDOS, tuple(blocks(9))))
    groups = [pq.ParquetFile(path).num_row_groups for path in (tmp_path / "store/modalities/vdos").glob("*.parquet")]
    assert max(groups) > 1
    again = store.append([Read(VDOS, blocks(10))], {}, "")
    assert (again.counts["vdos"].new, again.counts["vdos"].unchanged, again.new_specimens) == (2, 18, 2)


@pytest.mark.parametrize("is_new", [True, False])
def test_a_failure_at_the_end_leaves_nothing(is_new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "GROUP_BYTES", 2000)
    store = open_store(tmp_path / "store", create=True)
    if not is_new:
        store.append([stress({"a": 1.0})], {}, "")
    before = files(tmp_path)
    with pytest.raises(StoreError, match="the last one"):
        store.append([stress({"b": 1.0}), Read(VDOS, blocks(100, fails=True))], {"b": {"t": 1}}, "")
    with pytest.raises(StoreError, match="measured twice"):
        store.append([Read(VDOS, iter([*blocks(50), *blocks(1)]))], {}, "")
    assert files(tmp_path) == before


def test_a_store_as_it_was_written_before_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """deltalake wrote all files of a table, as it still does in an object store."""
    given = [vdos(["a", "b"]), stress({"a": 1.0}), RawModality(MAP, (Block(("a",), np.ones((1, 2, 3))),))]
    store = open_store(tmp_path / "store", create=True)
    with monkeypatch.context() as patched:
        patched.setattr(staging.Staging, "is_folder", False)
        patched.setattr(staging.tempfile, "tempdir", str(tmp_path / "waiting"))
        (tmp_path / "waiting").mkdir()
        store.append(given, {"a": {"t": 1}}, "")
    assert not files(tmp_path / "waiting")
    assert store.append(given, {"a": {"t": 1}}, "").ingest is None
    store.append([vdos(["c"], dtype="float32"), stress({"b": 2.0})], {}, "")
    expected = by_specimen(given[0]) | by_specimen(vdos(["c"], dtype="float32"))
    assert by_specimen(store.read("vdos")) == expected
    before = by_specimen(store.read("vdos"))
    store.optimize()
    assert by_specimen(store.read("vdos")) == before


def test_the_digest_is_that_of_all_versions(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store", create=True)
    raw = vdos(["a"])
    store.append([raw], {}, "")
    (block,) = raw.blocks
    assert block.axis is not None
    head = f"float64 (5,) {axis_id(block.axis)}".encode()
    (file,) = (tmp_path / "store/modalities/vdos").glob("*.parquet")
    assert pq.read_table(file, columns=["digest"])["digest"].to_pylist() == [
        blake2b(head + block.values[0].tobytes(), digest_size=16).hexdigest()
    ]


def test_pieces_are_the_whole(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store", create=True)
    names = [f"s{number:03d}" for number in np.random.default_rng(0).permutation(600)]
    store.append([vdos(names, seed=1), stress(dict.fromkeys(names, 1.0) | {"it's": 2.0})], {}, "")
    store.append([vdos(names[:300], seed=2)], {}, "")
    pieces = list(store.pieces("vdos", size=4000))
    assert len(pieces) > 3
    assert [name for piece in pieces for name in piece.specimens] == sorted(names)
    whole = by_specimen(store.read("vdos"))
    assert {key: each for piece in pieces for key, each in by_specimen(piece).items()} == whole
    assert store.read("stress", specimens=["it's", "nobody"]).specimens == ("it's",)
    assert summarise(store).modalities["vdos"].count == 600


def test_lost_rows_are_looked_for_once_and_not_for_every_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "store", create=True)
    store.append([vdos([f"s{number:03d}" for number in range(600)])], {}, "")
    asked: list[str] = []
    count = delta.rows_by_ingest
    monkeypatch.setattr(delta, "rows_by_ingest", lambda url: asked.append(url) or count(url))
    assert len(list(store.pieces("vdos", size=4000))) > 3
    assert len(asked) == 1
    monkeypatch.setattr(delta, "rows_by_ingest", lambda url: dict.fromkeys(count(url), 599))
    with pytest.raises(StoreError, match="599 of the 600 rows"):
        next(store.pieces("vdos"))


@pytest.mark.parametrize("where", ["store", "s3://bucket/store"])
def test_a_full_disk_is_told_of_what_comes_next(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: asked.append(folder) or Usage(100, 90, 10))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    asked: list[Path] = []
    path = where if "://" in where else str(tmp_path / where)
    check_space(path, 20)
    with pytest.raises(DiskError, match="the disk is full") as refusal:
        check_space(path, 21)
    assert asked == [tmp_path, tmp_path]
    assert "The next 0.0 MB of measurements need half of that" in refusal.value.expected


def test_what_a_kill_left_is_deleted_after_a_week(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store", create=True)
    store.append([vdos(["a", "b"])], {}, "")
    table = tmp_path / "store/modalities/vdos"
    (own,) = table.glob("*.parquet")
    for name, age in (("old", 8), ("young", 1)):
        (table / f"part-{name}.parquet").write_bytes(own.read_bytes())
        os.utime(table / f"part-{name}.parquet", (time.time() - age * 86400,) * 2)
    assert store.read("vdos").specimens == ("a", "b")
    store.optimize()
    assert {path.name for path in table.glob("*.parquet")} == {own.name, "part-young.parquet"}


def test_a_store_that_may_not_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "store", create=True)
    store.append([vdos(["a"])], {}, "")
    before = files(tmp_path)

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(staging.pq, "ParquetWriter", refused)
    with pytest.raises(DiskError, match="the disk is read-only"):
        store.append([vdos(["b"])], {}, "")
    monkeypatch.undo()
    assert files(tmp_path) == before
