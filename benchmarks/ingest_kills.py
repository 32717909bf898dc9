"""Ingests stopped by SIGKILL at random moments, and four at once: does the store hold all of each or nothing?

    python benchmarks/ingest_kills.py [--kills 100] [--files 300]

A store holds one folder; the ingest of another one is killed, every other time after it has begun to write and before
it would have committed, or soon after. Then the store is opened and compared, measurement by measurement, with what it
held before and with what it holds after an undisturbed ingest; and the command is run again, to its end. After that
four processes ingest four folders into one store at once, and the same folder all together.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from record import record

from fingerprint.store import open_store

POINTS = 200
AT_ONCE = 4
LONGEST = 300.0

Held = dict[str, dict[str, tuple[bytes, bytes]]]


class Kill(NamedTuple):
    """One ingest that was killed.

    Attributes:
        seconds: after which it was killed, or had ended.
        writing: whether it had begun to write.
        committed: whether the store held its measurements then.
        whole: whether the store held all of it or nothing.
        completed: whether the command, run again, completed it.
    """

    seconds: float
    writing: bool
    committed: bool
    whole: bool
    completed: bool


def make_folder(folder: Path, files: int, first: int) -> Path:
    """Spectra of two columns, one per file, and a table of stresses with a column of words."""
    (folder / "vdos").mkdir(parents=True)
    rng = np.random.default_rng(first)
    axis = np.linspace(0, 20, POINTS)
    rows = ["specimen,stress (GPa),route"]
    for number in range(first, first + files):
        pairs = zip(axis.tolist(), rng.normal(size=POINTS).tolist(), strict=True)
        lines = ["frequency (THz),vdos (1/THz)", *(f"{x!r},{y!r}" for x, y in pairs)]
        (folder / "vdos" / f"si-{number:05d}.csv").write_text("\n".join(lines) + "\n")
        rows.append(f"si-{number:05d},{rng.normal()!r},{'cold' if number % 2 else 'hot'}")
    (folder / "stress.csv").write_text("\n".join(rows) + "\n")
    return folder


def start(folder: Path, store: Path) -> subprocess.Popen[bytes]:
    """Begin to ingest a folder."""
    command = [sys.executable, "-m", "fingerprint", "ingest", str(folder), "--store", str(store), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(processes: Iterable[subprocess.Popen[bytes]]) -> list[str]:
    """Wait for them; what those that failed said."""
    told = [(process, process.communicate(timeout=LONGEST)[1].decode()) for process in list(processes)]
    return [message for process, message in told if process.returncode]


def held(store: Path) -> Held:
    """All that a store holds, bit by bit; of a specimen without measurements, its metadata."""
    opened = open_store(store)
    found: Held = {"": {name: (repr(facts).encode(), b"") for name, facts in opened.specimens().items()}}
    for name in opened.modalities():
        found[name] = {
            specimen: (values.tobytes(), b"" if axis is None else axis.tobytes())
            for specimen, values, axis in opened.read(name).rows()
        }
    return found


def killed(base: Path, folder: Path, store: Path, after: float, writing: bool, states: tuple[Held, Held]) -> Kill:
    """Copy the store `base`, ingest into it, kill that, look, and run it again.

    Args:
        after: seconds after the beginning, or, with `writing`, after the first file that it writes.
        states: what the store may hold, before and after.
    """
    shutil.copytree(base, store)
    there = _files(store)
    begun = time.perf_counter()
    process = start(folder, store)
    while writing and process.poll() is None and _files(store) == there:
        time.sleep(0.001)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    seconds, began = time.perf_counter() - begun, _files(store) > there
    found = held(store)
    failed = finish([start(folder, store)])
    completed = not failed and held(store) == states[1] and len(open_store(store).log()) == 2
    shutil.rmtree(store)
    return Kill(seconds, began, found == states[1], found in states, completed)


def _files(store: Path) -> int:
    return sum(1 for _ in store.rglob("*"))


def _moments(folder: Path, store: Path) -> tuple[float, float]:
    """The seconds after which an undisturbed ingest begins to write, and commits."""
    there, committed = _files(store), _files(store / "ingests" / "_delta_log")
    begun = time.perf_counter()
    process = start(folder, store)
    while process.poll() is None and _files(store) == there:
        time.sleep(0.001)
    writing = time.perf_counter() - begun
    while process.poll() is None and _files(store / "ingests" / "_delta_log") == committed:
        time.sleep(0.001)
    commit = time.perf_counter() - begun
    assert not finish([process])
    return writing, commit


def kills(root: Path, count: int, files: int, rng: random.Random) -> list[Kill]:
    """Kill that many ingests."""
    first, second = make_folder(root / "first", files, 0), make_folder(root / "second", files, files)
    base, whole = root / "base", root / "whole"
    assert not finish([start(first, base)])
    shutil.copytree(base, whole)
    begins, commits = _moments(second, whole)
    states = held(base), held(whole)
    rows: list[Kill] = []
    for number in range(count):
        writing = number % 2 == 0
        after = 1.2 * rng.uniform(0, commits - begins if writing else commits)
        rows.append(killed(base, second, root / "killed", after, writing, states))
        print(rows[-1], flush=True)
    return rows


def at_once(root: Path, files: int, same: bool) -> list[str]:
    """Let several processes ingest at once; what was lost."""
    count = 1 if same else AT_ONCE
    folders = [make_folder(root / f"folder-{place}", files, place * files) for place in range(count)]
    failed = finish([start(folders[place % count], root / "together") for place in range(AT_ONCE)])
    for folder in folders:
        failed += finish([start(folder, root / "alone")])
    if held(root / "together") != held(root / "alone"):
        failed.append("the store does not hold what one after another give")
    return failed


def main() -> None:
    """Kill, compare, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--files", type=int, default=300)
    options = parser.parse_args()
    together: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        rows = kills(Path(name), options.kills, options.files, random.Random(0))
        for turn in range(max(2, options.kills // 10)):
            root = Path(name) / f"turn-{turn}"
            failed = at_once(root, options.files // AT_ONCE, same=bool(turn % 2))
            together.append({"same_folder": bool(turn % 2), "failed": failed})
            print(together[-1], flush=True)
            shutil.rmtree(root)
    record(
        "ingest_kills",
        {
            "seeds": [0],
            "failures": [row._asdict() for row in rows if not (row.whole and row.completed)]
            + [row for row in together if row["failed"]],
            "files": options.files,
            "rows": [row._asdict() for row in rows],
            "at_once": together,
        },
    )


if __name__ == "__main__":
    main()
