"""How a dataset is stored: whether all of it was written, and whether its filters can be undone in little memory."""

from __future__ import annotations

import math
import zlib
from typing import Any

import h5py

_MOST_BYTES = 128 << 20  # of one chunk
_HARMLESS = 128 << 10  # bytes that cannot grow beyond the size above, whatever they hold
_NAMES = {32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32015: "Zstandard", 32026: "Blosc2"}


def chunk_fault(dataset: h5py.Dataset, *, declared: bool) -> str:
    """Why its chunks cannot be read; "" where they can.

    Args:
        declared: whether it says which value stands where nothing was written.
    """
    if not dataset.id.get_storage_size():
        return "nothing was ever written into it"
    if not dataset.chunks:
        return ""
    size = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if size > _MOST_BYTES:
        return f"its chunks are of {size >> 20} MiB, and at most {_MOST_BYTES >> 20} are read: h5repack can divide them"
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
    for code, _, _, name in filters:
        if not h5py.h5z.filter_avail(code):
            known = _NAMES.get(code) or bytes(name).decode(errors="replace") or "unknown"
            return (
                f"it is compressed with {known} (HDF5 filter {code}), which is not installed: "
                "h5repack -f GZIP=4 IN OUT, where it was measured, makes a file that is read"
            )
    expected = math.prod(-(-all_ // one) for all_, one in zip(dataset.shape, dataset.chunks, strict=True))
    written = dataset.id.get_num_chunks()
    if written < expected and not declared:
        return f"{expected - written} of its {expected} chunks were never written: the measurement was cut short"
    codes = [code for code, *_ in filters if code != h5py.h5z.FILTER_FLETCHER32]  # which appends four bytes
    if h5py.h5z.FILTER_DEFLATE in codes[:-1]:
        return "it is compressed twice: h5repack -f GZIP=4 IN OUT makes a file that is read"
    packed = bool(codes) and codes[-1] == h5py.h5z.FILTER_DEFLATE
    if packed and _any_swells(dataset, size):
        return "a compressed chunk is larger than the file says: it is damaged"
    return ""


def _any_swells(dataset: h5py.Dataset, size: int) -> bool:
    """Whether a chunk that could fill the memory holds more than `size` bytes. Small ones cannot."""
    large: list[tuple[tuple[int, ...], int]] = []

    def look(chunk: Any) -> None:
        if chunk.size > _HARMLESS and not chunk.filter_mask:
            large.append((chunk.chunk_offset, chunk.size))

    dataset.id.chunk_iter(look)
    return any(packed > 2 * size + _HARMLESS or _swells(dataset, place, size) for place, packed in large)


def _swells(dataset: h5py.Dataset, place: tuple[int, ...], size: int) -> bool:
    stream = zlib.decompressobj()
    _, packed = dataset.id.read_direct_chunk(place)
    stream.decompress(packed, size + 16)
    return bool(stream.unconsumed_tail)
