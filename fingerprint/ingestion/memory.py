"""What fits into the memory."""

from __future__ import annotations

import math
import os

from fingerprint.errors import ReadError

_WORKING_BYTES = 6  # of memory for one byte of a file: itself, a float, and what checks need


def refuse_larger_than_memory(size: int, what: str, where: str) -> None:
    """Raise ReadError where `size` bytes of numbers are more than the machine can work with."""
    if size * _WORKING_BYTES > memory():
        raise ReadError(f"{what} do not fit into the memory", where=where, next="Split the file.")


def memory() -> float:
    """Bytes of memory that the machine has; infinite where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf
