"""IDX before it means anything: a header that is checked against the bytes that are there, and one array of numbers.

Two zero bytes, the type of number, the number of dimensions; the dimensions as 32-bit integers; the numbers. All
big-endian; the whole file may be compressed with gzip.
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.memory import refuse_larger_than_memory
from fingerprint.ingestion.shapes import shape_in_words

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_GZIP = b"\x1f\x8b"
_LARGEST_RATIO = 1032  # deflate writes at least one byte for so many
_CHUNK = 1 << 20
_MOST_DIMENSIONS, _MOST_NUMBERS = 32, 1 << 48  # what NumPy can hold, also of arrays that are empty


class NotIdx(ReadError):
    """The file does not begin as an IDX file does."""


def read_array(path: Path) -> NDArray[np.generic]:
    """The array in an IDX file, in the file's own type of number; memory grows with the bytes found, not announced.

    Raises:
        NotIdx: it does not begin as IDX.
        ReadError: it is missing, damaged, cut off, longer than its header says, or larger than the memory.
    """
    with _opened(path) as (stream, most):
        number, shape = _header(stream, path)
        size = math.prod(shape) * number.itemsize
        if math.prod(max(each, 1) for each in shape) > _MOST_NUMBERS or len(shape) > _MOST_DIMENSIONS:
            raise _cut_off(path, shape, size, "no array has this shape")
        if size > most:
            raise _cut_off(path, shape, size, f"a file of {path.stat().st_size} bytes cannot hold them")
        refuse_larger_than_memory(size, f"{shape_in_words(shape)} numbers", str(path))
        content = bytearray()
        while len(content) < size:
            chunk = stream.read(min(_CHUNK, size - len(content)))
            if not chunk:
                raise _cut_off(path, shape, size, f"{len(content)} are there")
            content += chunk
        if stream.read(1):
            raise ReadError(
                f"the file goes on after the {size} bytes of its {shape_in_words(shape)} numbers",
                where=str(path),
                next="Copy the file again from where it was measured.",
            )
    return np.frombuffer(content, number).reshape(shape)


@contextmanager
def _opened(path: Path) -> Generator[tuple[io.BufferedIOBase, int]]:
    """The content, decompressed where it is gzip whatever the name says, and how many bytes it can have at most."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if file.read(len(_GZIP)) == _GZIP:
                file.seek(0)
                with gzip.open(file) as stream:
                    yield stream, size * _LARGEST_RATIO
            else:
                file.seek(0)
                yield file, size
    except (FileNotFoundError, IsADirectoryError):
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ReadError(
            f"the compressed file is damaged or cut off: {error}",
            where=str(path),
            next="Copy the file again from where it was measured.",
        ) from None


def _header(stream: io.BufferedIOBase, path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """The type of number and the shape."""
    magic = stream.read(4)
    if len(magic) < 4:
        raise ReadError(f"the file ends after {len(magic)} bytes", where=str(path), expected="An IDX header.")
    if magic[:2] != b"\0\0" or magic[2] not in TYPES or not magic[3]:
        raise NotIdx(
            f"this is not IDX: it begins with {magic.hex(' ')}",
            where=f"{path}: byte 0",
            expected="00 00, the type of number (08, 09, 0b, 0c, 0d or 0e) and the number of dimensions.",
        )
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise ReadError(
            f"the file ends in its header, which announces {magic[3]} dimensions",
            where=f"{path}: byte {4 + len(sizes)}",
            next="Copy the file again from where it was measured.",
        )
    return np.dtype(TYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())


def _cut_off(path: Path, shape: tuple[int, ...], size: int, found: str) -> ReadError:
    return ReadError(
        f"the file is cut off or its header wrong: {shape_in_words(shape)} numbers take {size} bytes, and {found}",
        where=str(path),
        next="Copy the file again from where it was measured.",
    )
