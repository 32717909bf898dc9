"""Texts of free length stand in global heaps, and a damaged one can keep the HDF5 library busy for ever.

A heap is "GCOL", a version, three zero bytes and its size; then objects, each an index, a count of references, four
zero bytes and a size. Object 0 is free space, whose size includes these 16 bytes.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from fingerprint.errors import ReadError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAP = b"GCOL\x01"
_HEADER = struct.Struct("<HHIQ")
_NEGATIVE = 2**63  # where a pointer would be moved backwards
_FIRST = 16  # bytes before the first object
_WINDOW = 4 << 20  # bytes that are looked through at once


def longest_text(path: Path) -> int:
    """The bytes of the longest object in the heaps of a file, so that no text of free length is longer.

    Raises:
        ReadError: with the byte at fault, where a heap does not get on from one object to the next.
    """
    told = path.stat()
    return _longest(path, told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=8)
def _longest(path: Path, changed: int, size: int) -> int:
    del changed
    if not size:
        raise ReadError("the file is empty", where=str(path))
    longest = 0
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if _sizes(content) not in (None, (8, 8)):
            raise ReadError("addresses are not of 8 bytes", where=str(path), next="Write it anew with h5repack.")
        for start in _heaps(stream):
            fault, own = _objects(content, start)
            longest = max(longest, own)
            if fault >= 0:
                raise ReadError(
                    "the HDF5 file is damaged: a heap of texts has an object that does not end",
                    where=f"{path}: byte {fault}",
                    next="Copy the file again from where it was measured.",
                )
    return longest


def _heaps(stream: BinaryIO) -> Iterator[int]:
    """Where heaps begin."""
    first, window = 0, stream.read(_WINDOW)
    while len(window) >= len(_HEAP):
        start = window.find(_HEAP)
        while start >= 0:
            yield first + start
            start = window.find(_HEAP, start + 1)
        tail = window[1 - len(_HEAP) :]
        first += len(window) - len(tail)
        window = tail + stream.read(_WINDOW)


def _sizes(content: mmap.mmap) -> tuple[int, int] | None:
    """Bytes of an address and of a length, as the superblock states them; None where there is none."""
    start = 0
    while start + 24 <= len(content):
        if content[start : start + 8] == _SIGNATURE:
            place = start + (13 if content[start + 8] < 2 else 9)
            return content[place], content[place + 1]
        start = max(512, 2 * start)
    return None


def _objects(content: mmap.mmap, start: int) -> tuple[int, int]:
    """Where the object of a heap begins after which there is no next one, -1 where there is none such; and the bytes of
    the longest object."""
    longest = 0
    if start + _FIRST > len(content):
        return -1, 0
    size = int.from_bytes(content[start + 8 : start + _FIRST], "little")
    end = start + size
    if end > len(content):
        return -1, 0  # the library refuses it
    place = start + _FIRST
    while place + _HEADER.size <= end:
        index, _, _, length = _HEADER.unpack_from(content, place)
        step = _HEADER.size + (length + 7) // 8 * 8 if index else length
        if step < _HEADER.size or length >= _NEGATIVE:
            return place, longest
        longest = max(longest, length if index else 0)
        place += step
    return -1, longest
