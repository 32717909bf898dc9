"""A text file as lines: out of its compression, its encoding, its line endings."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from fingerprint.errors import ReadError

STREAMS = (".gz", ".xz", ".bz2")
COMPRESSIONS = (*STREAMS, ".zip")
LARGEST = 1 << 29  # bytes that a compressed file may hold; a few kB can be made to swell to any size
OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_SIGNS = re.compile(rb"[\xb0-\xb3\xb5\xb7\xb9\xbd\xd7\xf7]{1,2}")  # such as those of m²·s
_LINE_ENDING = re.compile(r"\r\n|\r|\n")


def compressed(*suffixes: str, by: Sequence[str] = COMPRESSIONS) -> tuple[str, ...]:
    """Suffixes, and the same of compressed files."""
    return tuple(suffix + packed for suffix in suffixes for packed in ("", *by))


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, plain or compressed, in UTF-8, UTF-16 or Latin-1.

    Raises:
        ReadError: there is no such file, it is damaged, it swells beyond `LARGEST`, or it is not text.
    """
    return lines_of(read_bytes(path), path)


def lines_of(content: bytes, path: Path) -> list[str]:
    """The lines of a text, in UTF-8, UTF-16 or Latin-1.

    Raises:
        ReadError: it is no text.
    """
    return _LINE_ENDING.split(decode(content, path))


def read_bytes(path: Path) -> bytes:
    """What a file holds, taken out of its compression, which its first bytes tell and not its name.

    Raises:
        ReadError: there is no such file, it is damaged, or it swells beyond `LARGEST`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    opened = next((opened for begin, opened in OPENERS.items() if content.startswith(begin)), None)
    try:
        if opened is not None:
            return _limited(opened(io.BytesIO(content)), path)
        return _unzipped(content, path) if content.startswith(b"PK\x03\x04") else content
    except _BROKEN as error:
        raise ReadError(f"the compressed file is damaged or cut off: {error}", where=str(path)) from None


def decode(content: bytes, path: Path) -> str:
    """Text from bytes; what is no UTF is taken for the Latin-1 of Windows.

    Raises:
        ReadError: it is no text.
    """
    for mark, encoding in ((b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _decoded(content, encoding, path)
    if b"\0" in content[:4096]:
        return _decoded(content, _without_mark(content[:4096], path), path)
    if b"\0" in content:
        raise _no_text(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse_other_scripts(content, path)
        return content.decode("cp1252", errors="replace")


def _refuse_other_scripts(content: bytes, path: Path) -> None:
    """Raise ReadError where letters beyond ASCII stand side by side: few do in Latin scripts, and all in others."""
    found = _BEYOND_ASCII.findall(content)
    runs = [len(run) for run in found if not _SIGNS.fullmatch(run)]
    long = sum(length for length in runs if length > 3)
    if 2 * sum(length > 1 for length in runs) > len(runs) or 2 * long > sum(runs):
        raise ReadError(
            "the letters are in no encoding that can be told from others (GBK, Shift-JIS, KOI8 or the like)",
            where=str(path),
            expected="UTF-8, UTF-16, or Latin-1.",
            next="Save the file as UTF-8.",
        )


def _limited(file: IO[bytes], path: Path) -> bytes:
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ReadError(
            f"the compressed file holds more than {LARGEST >> 20} MiB",
            where=str(path),
            next="Unpack it, and read that.",
        )
    return content


def _unzipped(content: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [each.filename for each in archive.infolist() if not each.is_dir() and "__MACOSX" not in each.filename]
        if len(names) != 1:
            raise ReadError(
                f"the archive holds {len(names)} files",
                where=str(path),
                expected="One file in a zip.",
                next="Unpack it into a folder, and ingest that.",
            )
        with archive.open(names[0]) as file:
            return _limited(file, path)


def _without_mark(head: bytes, path: Path) -> str:
    """UTF-16 without a byte-order mark: every other byte of its Latin letters is zero."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) / 4 and not even:
        return "utf-16-le"
    if even > len(head) / 4 and not odd:
        return "utf-16-be"
    raise _no_text(path)


def _decoded(content: bytes, encoding: str, path: Path) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise _no_text(path) from None


def _no_text(path: Path) -> ReadError:
    return ReadError("this is not text", where=str(path), expected="Delimited text.")
