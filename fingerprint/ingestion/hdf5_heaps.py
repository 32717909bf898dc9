"""Texts of free length stand in global heaps, and a damaged one can keep the HDF5 library busy for ever.

A heap is "GCOL", a version, three zero bytes and its size; then objects, each an index, a count of references, four
zero bytes and a size. Object 0 is free space, whose size includes these 16 bytes.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from fingerprint.errors import ReadError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAP = b"GCOL\x01"
_HEADER = struct.Struct("<HHIQ")
_NEGATIVE = 2**63  # where a pointer would be moved backwards
_FIRST = 16  # bytes before the first object


def check_heaps(path: Path) -> None:
    """Refuse a file with a heap that does not get on from one object to the next.

    Raises:
        ReadError: with the byte at fault.
    """
    if not path.stat().st_size:
        raise ReadError("the file is empty", where=str(path))
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if _sizes(content) not in (None, (8, 8)):
            raise ReadError("addresses are not of 8 bytes", where=str(path), next="Write it anew with h5repack.")
        start = content.find(_HEAP)
        while start >= 0:
            fault = _fault(content, start)
            if fault >= 0:
                raise ReadError(
                    "the HDF5 file is damaged: a heap of texts has an object that does not end",
                    where=f"{path}: byte {fault}",
                    next="Copy the file again from where it was measured.",
                )
            start = content.find(_HEAP, start + 1)


def _sizes(content: mmap.mmap) -> tuple[int, int] | None:
    """Bytes of an address and of a length, as the superblock states them; None where there is none."""
    start = 0
    while start + 24 <= len(content):
        if content[start : start + 8] == _SIGNATURE:
            place = start + (13 if content[start + 8] < 2 else 9)
            return content[place], content[place + 1]
        start = max(512, 2 * start)
    return None


def _fault(content: mmap.mmap, start: int) -> int:
    """Where the object begins after which there is no next one; -1 where there is none such."""
    if start + _FIRST > len(content):
        return -1
    size = int.from_bytes(content[start + 8 : start + _FIRST], "little")
    end = start + size
    if end > len(content):
        return -1  # the library refuses it
    place = start + _FIRST
    while place + _HEADER.size <= end:
        index, _, _, length = _HEADER.unpack_from(content, place)
        step = _HEADER.size + (length + 7) // 8 * 8 if index else length
        if step < _HEADER.size or length >= _NEGATIVE:
            return place
        place += step
    return -1
