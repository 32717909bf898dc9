"""How fast files come into the store, each as a ratio to a bare loop in the same run. Time nothing else meanwhile.

    python benchmarks/ingest_rate.py [--parts csv,hdf5,million] [--files 20000] [--gigabytes 10] [--scalars 1000000]

csv: spectra of 2,000 points, one file each, with a dataset.toml and without; the bare loop is pyarrow.csv and one
    Parquet file
hdf5: one dataset [specimen, point] of so many gigabytes, nearly all of it zeros; the bare loop is h5py and Parquet
million: a store of so many scalars; the time of appending one more specimen, of opening, of summing up as `info` does

Each is a process of its own, in turn with the bare loop; the time is without its imports, the memory its greatest
resident size. Parts that are not asked for stay in the record as they were.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from record import RESULTS, commit, record

from fingerprint.errors import FingerprintError
from fingerprint.ingestion import ingest as ingest_files
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import open_store, summarise

POINTS = 2000
ROWS = 100  # of a chunk
REPEATS = 3
STRESS = Modality("stress", Kind.SCALAR, unit="GPa")
PARTS = ("csv", "hdf5", "million")
DATASET = """
[modalities.vdos]
kind = "spectrum"
unit = "1/THz"
files = "*.csv"
axis = { name = "frequency", unit = "THz" }
"""


def make_csv(folder: Path, files: int) -> None:
    """Spectra of two columns with all their digits."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    axis = list(map(repr, np.linspace(0, 20, POINTS).tolist()))
    for number in range(files):
        pairs = zip(axis, rng.normal(size=POINTS).tolist(), strict=True)
        text = "".join(f"{x},{y!r}\n" for x, y in pairs)
        (folder / f"si-{number:06d}.csv").write_text("frequency (THz),vdos (1/THz)\n" + text)


def make_hdf5(folder: Path, gigabytes: float) -> None:
    """A table of spectra, of which one point in a hundred or fewer is not zero; compressed, in chunks."""
    folder.mkdir()
    rows = max(ROWS, round(gigabytes * 2**30 / POINTS / 8))
    rng = np.random.default_rng(0)
    with h5py.File(folder / "cells.h5", "w") as file:
        file["frequency_thz"] = np.linspace(0, 20, POINTS)
        file["id"] = [f"si-{row:07d}" for row in range(rows)]
        shape = {"shape": (rows, POINTS), "chunks": (ROWS, POINTS)}
        dataset = file.create_dataset("vdos", dtype="f8", compression="gzip", compression_opts=1, **shape)
        for row in range(0, rows, ROWS):
            values = np.zeros((min(ROWS, rows - row), POINTS))
            places = rng.integers(0, values.size, values.size // 100)
            values.flat[places] = rng.normal(size=len(places))
            dataset[row : row + ROWS] = values


def ingest(folder: Path, out: Path) -> None:
    """What is measured: what the files are is inferred."""
    ingest_files(folder, out)


def described(folder: Path, out: Path) -> None:
    """The same where a dataset.toml says what they are."""
    told = folder.parent / "dataset.toml"
    told.write_text(DATASET)
    ingest_files(folder, out, dataset=told)


def bare_csv(folder: Path, out: Path) -> None:
    """Each file by pyarrow, all into one Parquet file."""
    names, axes, values = list[str](), list[Any](), list[Any]()
    for path in sorted(folder.iterdir()):
        table = pyarrow.csv.read_csv(path)
        names.append(path.stem)
        axes.append(table[0].to_numpy())
        values.append(table[1].to_numpy())
    pq.write_table(pa.table({"specimen": names, "axis": axes, "values": values}), out)


def bare_hdf5(folder: Path, out: Path) -> None:
    """The dataset by h5py, some rows at a time, into one Parquet file."""
    kind = pa.list_(pa.float64(), POINTS)
    with h5py.File(folder / "cells.h5") as file, pq.ParquetWriter(out, pa.schema([("values", kind)])) as writer:
        dataset = file["vdos"]
        for row in range(0, len(dataset), 10 * ROWS):
            flat = pa.array(dataset[row : row + 10 * ROWS].ravel())
            writer.write_table(pa.table({"values": pa.FixedSizeListArray.from_arrays(flat, POINTS)}))


def scalars(count: int, store: Path) -> dict[str, list[float]]:
    """A store of so many scalars: seconds of what is done to it."""
    values = np.random.default_rng(0).normal(size=count)
    block = Block(tuple(f"si-{number:07d}" for number in range(count)), values)
    seconds: dict[str, list[float]] = {"write": [], "append": [], "open": [], "info": []}

    def timed(name: str, action: Callable[[], object]) -> None:
        begun = time.perf_counter()
        action()
        seconds[name].append(time.perf_counter() - begun)

    timed("write", lambda: open_store(store, create=True).append([RawModality(STRESS, (block,))], {}, ""))
    for number in range(REPEATS):
        one = RawModality(STRESS, (Block((f"new-{number}",), np.array([1.5])),))
        timed("append", lambda one=one: open_store(store).append([one], {}, ""))
        timed("open", lambda: open_store(store).modalities())
        timed("info", lambda: summarise(open_store(store)))
    return seconds


def child(task: str, given: str, out: str) -> None:
    """Do one thing, and tell on the standard output how long it took and what it needed."""
    actions = {"ingest": ingest, "described": described, "bare_csv": bare_csv, "bare_hdf5": bare_hdf5}
    told: dict[str, Any] = {}
    begun = time.perf_counter()
    try:
        if task == "scalars":
            told["of"] = scalars(int(given), Path(out))
        else:
            actions[task](Path(given), Path(out))
    except FingerprintError as error:
        told["refused"] = str(error).replace(f"{Path(given).parent}/", "")
    told["seconds"] = time.perf_counter() - begun
    told["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(told))


def measured(task: str, given: object, out: Path) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--child", task, str(given), str(out)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
    shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)
    return told


def compared(folder: Path, bare: str, *ways: str) -> dict[str, Any]:
    """Ingests and the bare loop, in turn.

    Returns:
        `rate_to_bare`: by way of ingesting, the median rate as a part of the bare loop's; None where it is refused.
    """
    out = folder.parent / "out"
    names = {**dict(zip(ways, ways, strict=True)), "bare": bare}
    turns = [{name: measured(task, folder, out) for name, task in names.items()} for _ in range(REPEATS)]
    seconds = {name: statistics.median(turn[name]["seconds"] for turn in turns) for name in names}
    refused = next((turn[way]["refused"] for turn in turns for way in ways if "refused" in turn[way]), None)
    size = sum(path.stat().st_size for path in folder.iterdir())
    rates = {way: None if refused else seconds["bare"] / seconds[way] for way in ways}
    return {"file_bytes": size, "turns": turns, "refused": refused, "rate_to_bare": rates}


def measure(part: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One part."""
    if part == "csv":
        make_csv(folder / "csv", options.files)
        return {"files": options.files, **compared(folder / "csv", "bare_csv", "ingest", "described")}
    if part == "hdf5":
        make_hdf5(folder / "hdf5", options.gigabytes)
        return {"gigabytes": options.gigabytes, **compared(folder / "hdf5", "bare_hdf5", "ingest")}
    return {"scalars": options.scalars, **measured("scalars", options.scalars, folder / "store")}


def main() -> None:
    """Measure and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS), help="some of csv, hdf5, million")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--scalars", type=int, default=1_000_000)
    parser.add_argument("--dry-run", action="store_true", help="print, and write no record")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    chosen = options.parts.split(",")
    if not set(chosen) <= set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}")
    earlier = RESULTS / "ingest_rate.json"
    known: dict[str, Any] = json.loads(earlier.read_text(encoding="utf-8"))["parts"] if earlier.is_file() else {}
    for part in chosen:
        with tempfile.TemporaryDirectory() as name:
            known[part] = {"commit": commit(), **measure(part, Path(name), options)}
        print(json.dumps({part: {key: each for key, each in known[part].items() if key != "turns"}}), flush=True)
    told = [f"{part}: {found['refused']}" for part, found in known.items() if found.get("refused")]
    if not options.dry_run:
        record(
            "ingest_rate",
            {"seeds": [0], "failures": told, "parts": {part: known[part] for part in PARTS if part in known}},
        )


if __name__ == "__main__":
    main()
