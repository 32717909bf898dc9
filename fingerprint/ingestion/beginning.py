"""The beginning of a file, out of its compression: what tells its family, and all of it where it may not be long."""

from __future__ import annotations

import lzma
import zlib
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion.decoding import OPENERS, decode

MEBIBYTE = 1 << 20
_HEAD = 4096
_LINES = 1_000_000


def first_lines(path: Path) -> list[str]:
    """The first lines of a file, the last of them perhaps cut off; none where it is no text or cannot be read."""
    try:
        return decode(beginning(path, _HEAD), path).splitlines()
    except ReadError:
        return []


def beginning(path: Path, most: int) -> bytes:
    """What a file begins with, `most` bytes of it at the most.

    Raises:
        ReadError: there is no such file, or its compression is damaged.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(6)
            file.seek(0)
            opened = next((opened for mark, opened in OPENERS.items() if begin.startswith(mark)), None)
            return (file if opened is None else opened(file)).read(most)
    except (FileNotFoundError, IsADirectoryError):
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    except PermissionError:
        raise
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ReadError(f"the compressed file is damaged or cut off: {error}", where=str(path)) from None


def limited_bytes(path: Path, most: int) -> bytes:
    """All of a file.

    Raises:
        ReadError: it cannot be read, or holds more than `most` bytes.
    """
    content = beginning(path, most + 1)
    if len(content) > most:
        raise ReadError(f"the file holds more than {most // MEBIBYTE} MiB", where=str(path), next="Split it.")
    return content


def limited_lines(path: Path, most: int, most_lines: int = _LINES) -> list[str]:
    """The lines of a text file.

    Raises:
        ReadError: it cannot be read, is no text, or holds more than `most` bytes or `most_lines`, or an endless line.
    """
    return _lines(limited_bytes(path, most), path, most_lines)


def complete_lines(path: Path, most: int) -> list[str]:
    """The lines of a text file whose last one is known to be whole, since it ends.

    Raises:
        ReadError: as `limited_lines`, or the last line has no end.
    """
    lines = limited_lines(path, most)
    if lines[-1].strip():
        raise ReadError(
            "the last line has no end, so it may be cut off",
            where=f"{path}:{len(lines)}",
            next="Copy the file again from where it was computed, or end the line if it is whole.",
        )
    return lines


def lines_at_beginning(path: Path, most: int) -> list[str]:
    """The lines within the first `most` bytes of a text file; raises as `limited_lines` does."""
    content = beginning(path, most)
    return _lines(content, path, _LINES)[: -1 if len(content) == most else None]


def _lines(content: bytes, path: Path, most: int) -> list[str]:
    if content.count(b"\n") + content.count(b"\r") > most:
        raise ReadError(f"the file has more than {most} lines", where=str(path), next="Split it.")
    lines = decode(content, path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    longest = max(map(len, lines))
    if longest > MEBIBYTE:
        raise ReadError(f"a line is {longest} characters long", where=str(path), expected="Lines of a few hundred.")
    return lines
