"""Hostile files for every reader: is each of them read or refused, soon, in little memory, and nothing else?

    python benchmarks/hostile_files.py [--count 10000] [--readers HDF5 IDX ...]
    python benchmarks/hostile_files.py --again READER NUMBER FOLDER     writes one of them, to look into it

Sound files (tests/ingestion/sound_files.py) are damaged (hostile_damage.py), each by its reader's name and its number,
and pass through `collect`, as `ingest` has it: inspected, inferred, read; half of them by the dataset.toml of the sound
file, so that they are read whatever they look like. What was read of every tenth is stored and read back. Child
processes take one file after another; the parent watches the clock. Before each file, the child limits its address
space (RLIMIT_AS) to what it takes up by then, with all readers imported, and 1 GiB.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hostile_damage import DAMAGES, IDS, NUMBER, SOUND, Hostile, Sound, hostile
from record import record

from fingerprint.errors import AmbiguousError, FingerprintError
from fingerprint.ingestion.collecting import Collected, collect
from fingerprint.ingestion.dataset import FILE_NAME
from fingerprint.ingestion.formats import FORMATS, find_format
from fingerprint.ingestion.sources import find_sources
from fingerprint.ingestion.writer import store_all
from fingerprint.store import open_store

SECONDS = 5.0
MEMORY = 1 << 30
STORED = 10  # every how many of those that are read are stored
MOST_FAILURES = 100  # of one reader in the record
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
OUTCOMES = ("read", "refused", "foreign", "outside", "memory", "died", "hang")


class Answer(NamedTuple):
    """What became of one file.

    Attributes:
        outcome: "read", "refused"; or a failure: a "foreign" exception, something written "outside" the store or stored
            under another id, "memory" beyond the limit, a process that "died", a "hang".
        what: the traceback's end, or what was written.
        memory: how many bytes of memory it took at its peak, beyond what the child took before.
        stored: whether it was stored and read back.
    """

    reader: str
    number: int
    damage: str
    file: str
    outcome: str
    what: str
    seconds: float
    memory: int
    stored: bool = False


def sound_files(folder: Path) -> dict[str, list[Sound]]:
    """The sound files of each reader; every one has some."""
    found: dict[str, list[Sound]] = {each.name: [] for each in FORMATS}
    for sound in SOUND:
        path = folder / sound.name
        path.write_bytes(sound.make(IDS, NUMBER))
        family = find_format(path)
        assert family is not None
        found[family.name].append(sound)
        path.unlink()
    assert all(found.values())
    return found


def made(reader: str, number: int, sound: Sequence[Sound]) -> tuple[Hostile, random.Random]:
    """The file of this number, and the random numbers that follow."""
    rng = random.Random(f"{reader} {number}")
    damage = list(DAMAGES)[number % len(DAMAGES)]
    return hostile(rng, sound[number // len(DAMAGES) % len(sound)], damage), rng


class Child:
    """Works on files in a folder of its own: `case/FOLDER/NAME`, and the store beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sound = sound_files(root)
        self.written: list[str] = []
        self.case, self.store = root / "a" / "b" / "case", root / "a" / "b" / "store"
        self.case.mkdir(parents=True)
        self.told = {sound.name: self._dataset(sound) for each in self.sound.values() for sound in each}
        self._stored(self._collected(SOUND[0].name, "f", SOUND[0].make(IDS, NUMBER), None))
        sys.addaudithook(self._audit)

    def answer(self, reader: str, number: int) -> Answer:
        """Make the file, and see what becomes of it."""
        case, rng = made(reader, number, self.sound.get(reader, SOUND))
        toml = self.told[case.sound.name] if rng.random() < 0.5 else None
        begun, before, outcome, what, stored = time.perf_counter(), _memory(), "read", "", False
        self.written.clear()
        try:
            with _limited(), warnings.catch_warnings():
                warnings.simplefilter("error")
                if reader == PROBE:
                    PROBES[number][1](self)
                found = self._collected(case.name, case.folder, case.content, toml)
            if found.modalities and number // len(DAMAGES) % STORED == 0:
                stored = True
                what = self._stored(found)
            outcome = "outside" if what else "read" if found.modalities else "refused"
        except FingerprintError:
            outcome = "refused"
        except MemoryError:
            outcome, what = "memory", traceback.format_exc()
        except Exception:
            outcome, what = "foreign", traceback.format_exc()
        finally:
            shutil.rmtree(self.case, ignore_errors=True)
            self.case.mkdir()
        beside = [path for path in self.root.rglob("*") if not self._own(path)]
        if self.written or beside:
            outcome, what = "outside", f"written: {self.written}, {beside}"
            for path in beside:
                path.unlink(missing_ok=True)
        grown = _memory(peak=True) - before
        return Answer(reader, number, case.damage, case.sound.name, outcome, what[-1500:], _since(begun), grown, stored)

    def _collected(self, name: str, folder: str, content: bytes, toml: str | None) -> Collected:
        path = self.case / folder / name
        path.parent.mkdir()
        path.write_bytes(content)
        if toml is not None:
            (path.parent / FILE_NAME).write_text(toml, encoding="utf-8")
        return collect(find_sources([path.parent])[0], None)

    def _dataset(self, sound: Sound) -> str | None:
        """The dataset.toml that a sound file suggests, for files of any name; None where it suggests none."""
        try:
            toml = self._collected(sound.name, "f", sound.make(IDS, NUMBER), None).dataset_toml
        except AmbiguousError as error:
            toml = error.proposal
        except FingerprintError:
            return None
        finally:
            shutil.rmtree(self.case / "f")
        return toml.replace(json.dumps(glob.escape(sound.name)), '"*"')

    def _stored(self, found: Collected) -> str:
        """Store it and read it back; what is not as it was."""
        try:
            store_all(found.modalities, found.metadata, found.dataset_toml, self.store)
            store = open_store(self.store)
            for raw in found.modalities:
                if sorted(store.read(raw.modality.name).specimens) != sorted(raw.specimens):
                    return f"other ids of {raw.modality.name} are stored"
        finally:
            shutil.rmtree(self.store, ignore_errors=True)
            self.written = [path for path in self.written if not Path(path).is_relative_to(self.store)]
        return ""

    def _own(self, path: Path) -> bool:
        return path == self.case or path in self.case.parents or path.is_relative_to(self.store)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = (
                any(letter in mode for letter in "wax+") if mode else flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
        else:
            writes, path = event in ("os.mkdir", "os.rename", "os.link", "os.symlink"), arguments and arguments[0]
        if writes and isinstance(path, str | os.PathLike) and not Path(path).is_relative_to(self.case):
            self.written.append(str(path))


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Let this process take up 1 GiB of addresses more than it does."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _memory(peak: bool = False) -> int:
    """The memory that this process takes now, or took at its peak since this was last asked without `peak`."""
    if not peak:
        Path("/proc/self/clear_refs").write_text("5")
    told = Path("/proc/self/status").read_text()
    return int(told.partition("VmHWM:" if peak else "VmRSS:")[2].split()[0]) * 1024


# What must be noticed: each is done in a child in place of a reader.
PROBE = "(probe)"
PROBES: tuple[tuple[str, Callable[[Child], object]], ...] = (
    ("foreign", lambda child: {}["no such key"]),
    ("foreign", lambda child: warnings.warn("odd", RuntimeWarning, stacklevel=1)),
    ("memory", lambda child: bytes(2 * MEMORY)),
    ("outside", lambda child: (child.root / "hostile").write_text("")),
    ("outside", lambda child: subprocess.run(["touch", child.case.parent / "hostile"], check=True)),
    ("died", lambda child: os.kill(os.getpid(), signal.SIGSEGV)),
    ("hang", lambda child: time.sleep(2 * SECONDS)),
)


def work() -> None:
    """Be a child: take READER and NUMBER from each line of the standard input, and answer with one line."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        child = Child(Path(folder))
        print("ready", file=answers)
        for line in sys.stdin:
            print(json.dumps(child.answer(*json.loads(line))), file=answers)


class Worker:
    """A child and the watch over it; another one takes its place when it hangs or dies."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, reader: str, number: int) -> Answer:
        """What becomes of one file."""
        process = self.process or self._begin()
        assert process.stdin is not None
        begun = time.perf_counter()
        process.stdin.write(json.dumps([reader, number]).encode() + b"\n")
        process.stdin.flush()
        line = _line(process, SECONDS)
        if line:
            return Answer(*json.loads(line))
        self.process = None
        process.kill()
        process.communicate()
        outcome = "hang" if line is None else "died"
        told = "" if line is None else f"exit code {process.returncode}"
        return Answer(reader, number, list(DAMAGES)[number % len(DAMAGES)], "", outcome, told, _since(begun), 0)

    def _begin(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {f"{each}_NUM_THREADS": "1" for each in ("OMP", "OPENBLAS", "MKL")}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if not _line(self.process, 300):
            raise RuntimeError("a child did not begin")
        return self.process

    def end(self) -> None:
        """Let the child go."""
        if self.process is not None:
            self.process.communicate()


def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The next line of a child, empty when it has died; None when it takes too long."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline() if ready else None


def _since(begun: float) -> float:
    return time.perf_counter() - begun


def answers(
    readers: Sequence[str], count: int, workers: int, tell: Callable[[Answer], object] = lambda _: None
) -> list[Answer]:
    """What becomes of `count` files of each reader."""
    cases = iter([(reader, number) for reader in readers for number in range(count)])
    lock, found, errors = threading.Lock(), list[Answer](), list[BaseException]()

    def run() -> None:
        worker = Worker()
        try:
            while True:
                with lock:
                    case = next(cases, None)
                if case is None:
                    return
                answer = worker.ask(*case)
                with lock:
                    found.append(answer)
                    tell(answer)
        except BaseException as error:
            errors.append(error)
        finally:
            worker.end()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error
    return sorted(found, key=lambda answer: (answer.reader, answer.number))


def rows(found: Sequence[Answer], readers: Sequence[str]) -> list[dict[str, Any]]:
    """For each reader: how many files had which outcome, the slowest, and the most memory."""
    result: list[dict[str, Any]] = []
    for reader in readers:
        own = [answer for answer in found if answer.reader == reader]
        counted = Counter(answer.outcome for answer in own)
        slowest = max(own, key=lambda answer: answer.seconds)
        result.append(
            {"reader": reader, "files": len(own)}
            | {outcome: counted[outcome] for outcome in OUTCOMES}
            | {"stored": sum(answer.stored for answer in own)}
            | {"most_seconds": slowest.seconds, "slowest": slowest.number}
            | {"most_bytes": max(answer.memory for answer in own)}
        )
    return result


def failures(found: Sequence[Answer]) -> list[Answer]:
    """Those that were neither read nor refused."""
    return [answer for answer in found if answer.outcome not in ("read", "refused")]


def again(reader: str, number: int, folder: Path) -> None:
    """Write the file of this number, with the dataset.toml by which it is read, if there is one."""
    with tempfile.TemporaryDirectory() as root:
        child = Child(Path(root))
        case, rng = made(reader, number, child.sound[reader])
        toml = child.told[case.sound.name] if rng.random() < 0.5 else None
    path = folder / case.folder / case.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.content)
    if toml is not None:
        (path.parent / FILE_NAME).write_text(toml, encoding="utf-8")
    print(f"{path}: {case.sound.name}, {case.damage}")


def main() -> None:
    """Make the files, count, and write the record."""
    names = [each.name for each in FORMATS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="of each reader")
    parser.add_argument("--readers", nargs="+", choices=names, default=names)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--again", nargs=3, metavar=("READER", "NUMBER", "FOLDER"))
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work()
    elif options.again:
        again(options.again[0], int(options.again[1]), Path(options.again[2]))
    else:
        begun = time.perf_counter()
        found = answers(
            options.readers, options.count, options.workers, lambda each: failures([each]) and print(each, flush=True)
        )
        told = [answer._asdict() for reader in names for answer in failures(found) if answer.reader == reader]
        kept = [each for reader in names for each in [x for x in told if x["reader"] == reader][:MOST_FAILURES]]
        record(
            "hostile_files",
            {
                "seeds": ["the reader's name and the number of the file"],
                "failures": kept,
                "rows": rows(found, options.readers),
                "seconds": _since(begun),
            },
        )


if __name__ == "__main__":
    main()
