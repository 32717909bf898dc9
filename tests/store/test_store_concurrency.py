"""Several processes write to one store at once, and everything lands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from store_measurements import STRESS, stress, vdos

from fingerprint.errors import StoreError
from fingerprint.modality import Modality
from fingerprint.store import delta, open_store

SCRIPT = """
import sys
from fingerprint.store import open_store
from store_measurements import several, vdos
path, me = sys.argv[1], int(sys.argv[2])
store = open_store(path, create=True)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(4):
    name = f"{me}-{turn}"
    spectra = vdos([name, "everyone"], points=4 + me, seed=4 * me + turn, dtype=["float32", "float64"][me % 2])
    scalars = several({(name, ""): float(me), ("shared", name): float(turn)})
    store.append([spectra, scalars], {name: {"process": me}}, "")
"""


def test_processes_that_begin_a_store_together(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SCRIPT, tmp_path / "store", str(number)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.communicate("go\n", timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]

    store = open_store(tmp_path / "store")
    names = {f"{number}-{turn}" for number in range(3) for turn in range(4)}
    log = store.log()
    assert [entry.position for entry in log] == list(range(1, 13))
    assert len({entry.ingest for entry in log}) == 12
    assert set(store.read("stress").ids) == {(name, "") for name in names} | {("shared", name) for name in names}
    assert set(store.read("vdos").specimens) == names | {"everyone"}
    assert {name: facts["process"] for name, facts in store.specimens().items() if facts} == {
        name: int(name[0]) for name in names
    }


def test_what_another_process_defines_meanwhile_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = open_store(tmp_path, create=True), open_store(tmp_path, create=True)
    adopt = delta.adopt

    def overtaken(url: str, *arguments: object) -> None:
        monkeypatch.undo()
        other.append([stress({"b": 1.0}, Modality("stress", STRESS.kind, unit="MPa", sign=STRESS.sign))], {}, "")
        adopt(url, *arguments)

    monkeypatch.setattr(delta, "adopt", overtaken)
    with pytest.raises(StoreError, match="'GPa' differs from what the store holds, 'MPa'"):
        store.append([stress({"a": 1.0})], {}, "")
    assert store.read("stress").specimens == ("b",)


def test_an_undo_meanwhile_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = open_store(tmp_path, create=True), open_store(tmp_path, create=True)
    ingest = store.append([vdos(["a"])], {}, "").ingest
    assert ingest is not None
    adopt = delta.adopt

    def overtaken(url: str, *arguments: object) -> None:
        monkeypatch.undo()
        other.undo(ingest)
        adopt(url, *arguments)

    monkeypatch.setattr(delta, "adopt", overtaken)
    with pytest.raises(StoreError, match="undone at the same moment"):
        store.append([vdos(["a", "b"])], {}, "")
    assert store.append([vdos(["a", "b"])], {}, "").counts["vdos"].new == 2


def test_endless_conflicts_end_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta.time, "sleep", lambda _: None)

    def conflict(*_: object) -> None:
        raise delta.Conflict

    monkeypatch.setattr(delta, "append_next", conflict)
    with pytest.raises(StoreError, match="other processes kept writing"):
        open_store(tmp_path, create=True).append([vdos(["a"])], {}, "")


@pytest.mark.parametrize(("value", "conflict"), [(1.0, False), (2.0, True)])
def test_what_another_process_measured_otherwise_meanwhile_is_a_conflict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float, conflict: bool
) -> None:
    store, other = open_store(tmp_path, create=True), open_store(tmp_path, create=True)
    adopt = delta.adopt

    def overtaken(url: str, *arguments: object) -> None:
        monkeypatch.undo()
        other.append([stress({"a": value})], {}, "")
        adopt(url, *arguments)

    monkeypatch.setattr(delta, "adopt", overtaken)
    if conflict:
        with pytest.raises(StoreError, match="'a' differs from what is stored"):
            store.append([stress({"a": 1.0, "b": 3.0})], {}, "", on_conflict="error")
        assert open_store(tmp_path).read("stress").specimens == ("a",)
    else:
        store.append([stress({"a": 1.0, "b": 3.0})], {}, "", on_conflict="error")
        assert open_store(tmp_path).read("stress").specimens == ("a", "b")


def test_a_row_that_was_written_though_its_answer_was_lost_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As over a network: what was asked again finds its own row in the way."""
    store = open_store(tmp_path / "store", create=True)
    write = delta.append_next

    def answer_lost(url: str, rows: pa.Table, after: int) -> None:
        write(url, rows, after)
        raise delta.Conflict

    def written_twice(url: str, rows: pa.Table, after: int) -> None:
        write(url, rows, after)
        write(url, rows, after + 1)

    monkeypatch.setattr(delta, "append_next", answer_lost)
    receipt = store.append([stress({"a": 1.0})], {}, "")
    (entry,) = store.log()
    assert entry.ingest == receipt.ingest
    undone = store.undo(entry.ingest)
    assert [each.ingest for each in store.log()] == [entry.ingest, undone.ingest]
    monkeypatch.setattr(delta, "append_next", written_twice)
    again = store.append([stress({"a": 1.0})], {}, "")
    assert [each.ingest for each in store.log()] == [entry.ingest, undone.ingest, again.ingest]
    assert store.append([stress({"b": 2.0})], {}, "").counts["stress"].new == 1
    assert store.read("stress").specimens == ("a", "b")
