"""A task for each of many numbers, in several processes.

Each process is handed one number at a time over its own pipe. When the parent is gone, however it ended, a
process finds its pipe closed and ends too; when a process is killed, the parent finds that and says so.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from fingerprint.errors import FingerprintError


def in_processes(task: Callable[[int], object], numbers: Iterable[int], jobs: int) -> Iterator[int]:
    """Do `task` for each number in `jobs` processes, and yield each number once it is done, in any order.

    Args:
        task: can be pickled; what it returns is dropped.
        numbers: what to do it for.
        jobs: how many processes.

    Raises:
        FingerprintError: a process was ended from outside.
        Exception: whatever the task raised, the first of them.
    """
    context = multiprocessing.get_context("spawn")
    waiting = iter(numbers)
    busy: dict[Connection, int] = {}
    processes: list[SpawnProcess] = []
    try:
        for number in islice(waiting, jobs):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, task), daemon=True)
            with _interrupts_held():
                process.start()
            processes.append(process)
            theirs.close()
            _hand(ours, number)
            busy[ours] = number
        while busy:
            ready = wait(list(busy))
            for pipe in [pipe for pipe in busy if pipe in ready]:
                yield _finished(pipe, busy.pop(pipe))
                for number in islice(waiting, 1):
                    _hand(pipe, number)
                    busy[pipe] = number
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _hand(pipe: Connection, number: int) -> None:
    try:
        pipe.send(number)
    except BrokenPipeError:
        raise _ended(number) from None


def _finished(pipe: Connection, number: int) -> int:
    try:
        failure = pipe.recv()
    except (EOFError, ConnectionResetError):
        raise _ended(number) from None
    if failure is not None:
        raise failure
    return number


def _ended(number: int) -> FingerprintError:
    return FingerprintError(
        f"the process that worked on number {number} was ended from outside, perhaps for want of memory",
        next="Run the same command again, perhaps with fewer --jobs: what was finished is kept.",
    )


def _serve(pipe: Connection, task: Callable[[int], object]) -> None:
    """Do what the pipe says until it is closed. An interrupt is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            number = pipe.recv()
        except EOFError:
            return
        try:
            task(number)
        except Exception as failure:
            pipe.send(failure)
            return
        pipe.send(None)


@contextmanager
def _interrupts_held() -> Generator[None]:
    """Hold interrupts back, so that a process that starts is not torn down half-way with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
