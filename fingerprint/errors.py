"""What can go wrong, and how it is said.

    FingerprintError            refused: what, where, expected, next
    |-- ReadError               a measurement file cannot be read as what it claims to be
    |-- DatasetError            dataset.toml is wrong, or nothing measured is recognised
    |   `-- AmbiguousError      what the files mean cannot be known; carries a dataset.toml to edit
    |-- UnitError               a unit is unknown or cannot be converted
    |-- StoreError              the store is missing, newer than this version, or damaged
    |-- RecipeError             a recipe has an unknown key or an impossible value
    |-- DataError               the measurements cannot serve the recipe (too few, unknown modality, wrong axis)
    |-- RunError                a run is missing, unfinished, newer than this version, or damaged
    `-- DiskError               the disk is full or cannot be written

Each is raised where the cause is known and printed once, in `cli`, without a traceback.
"""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager


class FingerprintError(Exception):
    """Something was refused. Nothing that was stored before is changed.

    Args:
        what: what was found, in one sentence.
        where: file and line, dataset, table or key; empty when `what` says it.
        expected: what would have been right.
        next: what to do now, a command where there is one.
    """

    def __init__(self, what: str, *, where: str = "", expected: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.next = next

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return "\n".join(part for part in (head, self.expected, self.next) if part)


class ReadError(FingerprintError):
    """A measurement file cannot be read as what it claims to be."""


class DatasetError(FingerprintError):
    """`dataset.toml` is wrong, or nothing measured is recognised."""


class AmbiguousError(DatasetError):
    """What the files mean cannot be known. `proposal` is a dataset.toml to edit."""

    def __init__(self, what: str, *, where: str, proposal: str, next: str) -> None:
        super().__init__(
            what, where=where, expected=f"A dataset.toml that says so, such as this one:\n\n{proposal}", next=next
        )
        self.proposal = proposal


class UnitError(FingerprintError):
    """A unit is unknown or cannot be converted."""


class StoreError(FingerprintError):
    """The store is missing, newer than this version, or damaged."""


class RecipeError(FingerprintError):
    """A recipe has an unknown key or an impossible value."""


@contextmanager
def within(place: str) -> Generator[None]:
    """Put `place`, such as "modalities.vdos", before the place in it that a refused recipe names."""
    try:
        yield
    except RecipeError as error:
        error.where = f"{place}.{error.where}".removesuffix(".")
        raise


class DataError(FingerprintError):
    """The measurements cannot serve the recipe."""


class RunError(FingerprintError):
    """A run is missing, unfinished, newer than this version, or damaged."""


class DiskError(FingerprintError):
    """The disk is full or cannot be written."""


_DISK_MESSAGES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}


def disk_error(error: OSError, where: str = "") -> DiskError | None:
    """Translate an `OSError` about the disk into a `DiskError`, or None when it is about something else."""
    message = _DISK_MESSAGES.get(error.errno or 0)
    if message is None:
        return None
    return DiskError(
        message,
        where=where or str(error.filename or ""),
        expected="Nothing that was stored before is changed.",
        next="Free some space or choose another folder, then run the same command again.",
    )
