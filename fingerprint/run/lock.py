"""Who trains a run: one process at a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fingerprint.errors import RunError

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold a run while it is trained. The system releases it when the process ends, however it ends.

    Raises:
        RunError: it is being trained already.
    """
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunError(
            "the run is being trained by another process",
            where=str(folder),
            next="Wait for it to end, or train another: fingerprint train.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_free(folder: Path) -> bool:
    """Whether nobody trains the run now."""
    try:
        with locked(folder):
            return True
    except (RunError, OSError):
        return False
