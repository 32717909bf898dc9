"""PNG and TIFF files made by hand, byte by byte: also the kinds that no library writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

_FORMATS = {"u": 1, "i": 2, "f": 3, "b": 1}


def png(bits: int, colour: int, width: int, rows: Sequence[bytes], *chunks: tuple[bytes, bytes]) -> bytes:
    """The bytes of a PNG file; `chunks` stand before the pixels."""
    head = struct.pack(">IIBBBBB", width, len(rows), bits, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", head), *chunks, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def grey_png(array: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """An image [row, column] of 8 or 16 bits."""
    big = array.astype(array.dtype.newbyteorder(">"))
    return png(8 * array.dtype.itemsize, 0, array.shape[1], [row.tobytes() for row in big], *chunks)


def tiff(*pages: np.ndarray, order: str = "<", **tags: int | Sequence[int] | str) -> bytes:
    """The bytes of an uncompressed TIFF file of pages [row, column] or [row, column, band]; `tags` t277 and so on."""
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 0))
    pointer = 4
    for page in pages:
        bands = page.shape[2] if page.ndim == 3 else 1
        bits = 1 if page.dtype == bool else 8 * page.dtype.itemsize
        data = (
            np.packbits(page, axis=1) if page.dtype == bool else page.astype(page.dtype.newbyteorder(order))
        ).tobytes()
        begin = len(out)
        out += data + b"\0" * (len(data) % 2)
        entries: dict[int, int | Sequence[int] | str] = {
            256: page.shape[1], 257: page.shape[0], 258: [bits] * bands, 259: 1, 262: 2 if bands > 2 else 1,
            273: begin, 277: bands, 278: page.shape[0], 279: len(data), 339: [_FORMATS[page.dtype.kind]] * bands,
        }  # fmt: skip
        entries |= {int(key[1:]): value for key, value in tags.items()}
        _write_entries(out, entries, order, pointer)
        pointer = len(out) - 4
    return bytes(out)


def _write_entries(out: bytearray, entries: dict[int, int | Sequence[int] | str], order: str, pointer: int) -> None:
    packed: list[bytes] = []
    for tag, value in sorted(entries.items()):
        if isinstance(value, str):
            kind, count, content = 2, len(value) + 1, value.encode() + b"\0"
        else:
            numbers = [value] if isinstance(value, int) else list(value)
            wide = tag in (273, 279) or max(numbers) > 0xFFFF
            kind, count = (4 if wide else 3), len(numbers)
            content = struct.pack(f"{order}{count}{'I' if wide else 'H'}", *numbers)
        if len(content) > 4:
            place = len(out)
            out += content + b"\0" * (len(content) % 2)
            content = struct.pack(f"{order}I", place)
        packed.append(struct.pack(f"{order}HHI", tag, kind, count) + content.ljust(4, b"\0"))
    out[pointer : pointer + 4] = struct.pack(f"{order}I", len(out))
    out += struct.pack(f"{order}H", len(packed)) + b"".join(packed) + bytes(4)
