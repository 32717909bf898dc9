"""One NumPy array as `numpy.save` writes it: a header that is checked against the bytes that are there, and numbers.

Read without numpy.load, which makes room for whatever the header promises; and never with pickle.
"""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.memory import refuse_larger_than_memory
from fingerprint.ingestion.shapes import shape_in_words

_MAGIC = b"\x93NUMPY"
_LARGEST_HEADER = 1 << 16
_LARGEST = 1 << 48  # bytes
_KEYS = {"descr", "fortran_order", "shape"}
_MOST_DIMENSIONS = 32
_AGAIN = "Copy the file again from where it was made."


class Header(NamedTuple):
    """What an array is.

    Attributes:
        dtype: of its elements.
        shape: of the array.
        fortran: whether the first index runs fastest.
        begin: bytes before the first element.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    begin: int

    @property
    def size(self) -> int:
        """Bytes of all elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def fault(self) -> str:
        """Why its elements are not read; "" where they are."""
        if self.dtype.hasobject:
            return (
                "an array of Python objects, which only pickle reads, and pickle may run any program; "
                "save texts with dtype=str and numbers with dtype=float"
            )
        if not self.dtype.itemsize:
            return f"an array of {self.dtype}, which holds nothing"
        return ""


def read_npy(path: Path) -> NDArray[Any]:
    """The array in a .npy file.

    Raises:
        ReadError: it is missing, damaged, cut off, longer than its header says, larger than the memory, or holds
            Python objects.
    """
    try:
        with path.open("rb") as stream:
            return read_array(stream, path.stat().st_size, str(path))
    except (FileNotFoundError, IsADirectoryError):
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None


def read_array(stream: IO[bytes], size: int, where: str) -> NDArray[Any]:
    """The array in a stream of `size` bytes; `where` names it in messages.

    Raises:
        ReadError: as `read_npy`.
    """
    header = read_header(stream, where)
    if header.fault:
        raise ReadError(f"this is {header.fault}", where=where)
    shape = shape_in_words(header.shape)
    if header.begin + header.size != size:
        raise ReadError(
            f"the file is cut off, too long, or its header wrong: {shape} elements of {header.dtype} take "
            f"{header.size} bytes after a header of {header.begin}, and the file has {size}",
            where=where,
            next=_AGAIN,
        )
    refuse_larger_than_memory(header.size, f"{shape} elements", where)
    content = stream.read(header.size)
    if len(content) < header.size or stream.read(1):
        raise ReadError("the file changes while it is read", where=where, next=_AGAIN)
    if not content:
        return np.empty(header.shape, header.dtype)
    return np.frombuffer(content, header.dtype).reshape(header.shape, order="F" if header.fortran else "C")


def read_header(stream: IO[bytes], where: str) -> Header:
    """The header at the beginning of a stream.

    Raises:
        ReadError: it is none, or damaged.
    """
    head = stream.read(8)
    if head[:6] != _MAGIC or len(head) < 8:
        raise ReadError(
            f"this is no NumPy array: it begins with {head.hex(' ') or 'nothing'}",
            where=where,
            expected="A file that numpy.save or numpy.savez wrote.",
        )
    width = {1: 2, 2: 4, 3: 4}.get(head[6])
    if width is None or head[7]:
        raise ReadError(f"version {head[6]}.{head[7]} of the format is not known", where=where)
    length = int.from_bytes(stream.read(width), "little")
    if length > _LARGEST_HEADER:
        raise ReadError(f"its header would have {length} bytes", where=where, next=_AGAIN)
    text = stream.read(length)
    try:
        return _parsed(text.decode("utf-8" if head[6] == 3 else "latin-1"), 8 + width + length)
    except Exception as error:  # whatever NumPy's dtype and Python's literals say to nonsense
        raise ReadError(f"the header is damaged: {error or type(error).__name__}", where=where, next=_AGAIN) from None


def _parsed(text: str, begin: int) -> Header:
    table = ast.literal_eval(text.strip())
    if not isinstance(table, dict) or set(table) != _KEYS:
        raise ValueError("its keys are not descr, fortran_order and shape")
    shape, fortran = table["shape"], table["fortran_order"]
    sizes = isinstance(shape, tuple) and all(type(each) is int and each >= 0 for each in shape)
    if not sizes or len(shape) > _MOST_DIMENSIONS or not isinstance(fortran, bool):
        raise ValueError(f"the shape is {str(shape)[:100]}")
    dtype = np.lib.format.descr_to_dtype(table["descr"])
    if math.prod(max(each, 1) for each in shape) * dtype.itemsize > _LARGEST:
        raise ValueError(f"{str(shape)[:100]} of {dtype} are more than any machine holds")
    return Header(dtype, shape, fortran, begin)
