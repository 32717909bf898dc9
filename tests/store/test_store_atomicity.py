"""An append happens as a whole or not at all: under failures, kills and a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from deltalake.exceptions import DeltaError
from store_measurements import VDOS, by_specimen, stress, vdos

from fingerprint.errors import DiskError, StoreError
from fingerprint.modality import Block, RawModality
from fingerprint.store import Store, delta, open_store, staging

WRITES = ["axes", "specimens", "modalities/vdos", "modalities/stress", "ingests"]


class Interruption(BaseException):
    """What no code catches, like a kill."""


def _give(store: Store) -> str | None:
    given = [vdos(["a", "b", "c"], points=6, seed=1), stress({"a": 9.0, "c": 3.0})]
    return store.append(given, {"a": {"t": 2}, "d": {}}, "").ingest


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path / "store", create=True)
    store.append([vdos(["a", "b"]), stress({"a": 1.0})], {"a": {"t": 1}}, "")
    return store


def _state(store: Store) -> object:
    names = store.modalities()
    return store.log(), store.specimens(), {name: by_specimen(store.read(name)) for name in names}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("table", WRITES)
def test_an_interruption_around_any_write(
    store: Store, table: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _state(store)
    written: list[str] = []

    def interrupted(write: Callable[..., None]) -> Callable[..., None]:
        def run(url: str, *arguments: object) -> None:
            is_it = url.endswith(f"/{table}")
            if is_it and not after:
                raise Interruption
            write(url, *arguments)
            written.append(url)
            if is_it:
                raise Interruption

        return run

    monkeypatch.setattr(delta, "append", interrupted(delta.append))
    monkeypatch.setattr(delta, "adopt", interrupted(delta.adopt))
    monkeypatch.setattr(delta, "append_next", interrupted(delta.append_next))
    with pytest.raises(Interruption):
        _give(store)
    monkeypatch.undo()
    assert len(written) == WRITES.index(table) + after
    if table == "ingests" and after:
        assert len(store.log()) == 2
        assert _give(store) is None
    else:
        assert _state(store) == before
        assert _give(store) is not None
    assert by_specimen(store.read("vdos")) == by_specimen(vdos(["a", "b", "c"], points=6, seed=1))
    assert store.specimens() == {"a": {"t": 2}, "b": {}, "c": {}, "d": {}}


def test_a_first_ingest_that_is_killed_leaves_no_store(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from fingerprint.store import delta, open_store\n"
        "from store_measurements import vdos\n"
        "delta.append_next = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "open_store(sys.argv[1], create=True).append([vdos(['a'])], {'a': {}}, '')\n"
    )
    path = tmp_path / "store"
    killed = subprocess.run([sys.executable, "-c", script, path], env=_environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (path / "modalities/vdos").is_dir()
    with pytest.raises(StoreError, match="there is no store"):
        open_store(path)
    store = open_store(path, create=True)
    assert store.append([vdos(["a"])], {}, "").counts["vdos"].new == 1
    assert store.read("vdos").specimens == ("a",)


@pytest.mark.parametrize(
    "failure",
    [
        OSError(28, "No space left on device"),
        DeltaError("Failed to parse parquet: Unable to copy data to file: No space left on device (os error 28)"),
    ],
    ids=["OSError", "DeltaError"],
)
@pytest.mark.parametrize("table", WRITES)
def test_a_full_disk_at_any_write(
    store: Store, table: str, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, files = _state(store), sorted(Path(store.path).rglob("*.parquet"))
    real = delta.write_deltalake

    def full(to: str | delta.DeltaTable, *arguments: object, **options: object) -> None:
        if str(to if isinstance(to, str) else to.table_uri).rstrip("/").endswith(table):
            raise failure
        real(to, *arguments, **options)

    class Full(pq.ParquetWriter):
        def write_table(self, *arguments: object, **options: object) -> None:
            if str(Path(self.where).parent).endswith(table):
                raise failure
            super().write_table(*arguments, **options)

    monkeypatch.setattr(delta, "write_deltalake", full)
    monkeypatch.setattr(staging.pq, "ParquetWriter", Full)
    with pytest.raises(DiskError, match="the disk is full") as refusal:
        _give(store)
    monkeypatch.undo()
    assert refusal.value.where.endswith(table)
    assert _state(store) == before
    if table not in ("specimens", "ingests"):
        assert sorted(Path(store.path).rglob("*.parquet")) == files
    assert _give(store) is not None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB of its own, where this user may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    store = open_store(small_disk / "store", create=True)
    store.append([vdos(["a", "b"])], {"a": {"t": 1}}, "")
    before = _state(store)
    noise = np.random.default_rng(0).normal(size=(2000, 100))
    large = RawModality(VDOS, (Block(tuple(map(str, range(2000))), noise, np.arange(100.0)),))
    with pytest.raises(DiskError, match="the disk is full"):
        store.append([large], {}, "")
    assert _state(store) == before
    filler = small_disk / "filler"
    refused = 0
    for free in range(0, 40_000, 4096):
        filler.write_bytes(b"")
        available = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(bytes(max(0, available - free)))
        try:
            store.append([vdos(["new"], seed=free)], {"new": {"free": free}}, "")
        except DiskError:
            refused += 1
            assert _state(store) == before
        else:
            before = _state(store)
    assert refused
    filler.unlink()
    assert store.append([vdos(["last"])], {}, "").ingest is not None


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
