"""Files that are zip archives inside: opened so that nothing swells and nothing damaged is read."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion.decoding import LARGEST

_FAULTS = (OSError, EOFError, ValueError, RuntimeError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
_SWELLING = 30  # times that a member may swell before its size counts
_HARMLESS = 1 << 25


@contextmanager
def opened_archive(path: Path, family: str) -> Generator[zipfile.ZipFile]:
    """The archive that a file is; whatever is wrong with it is told as damage.

    Raises:
        ReadError: there is no such file, it is no archive, is damaged, or would swell beyond `LARGEST`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_swelling(archive, path)
            yield archive
    except (FileNotFoundError, IsADirectoryError):
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    except PermissionError:
        raise
    except _FAULTS as error:
        raise ReadError(
            f"the {family} file is damaged, cut off or no {family} at all: {error or type(error).__name__}",
            where=str(path),
            next="Copy the file again from where it was made.",
        ) from None


def _refuse_swelling(archive: zipfile.ZipFile, path: Path) -> None:
    members = archive.infolist()
    packed = sum(each.file_size for each in members if each.compress_type != zipfile.ZIP_STORED)
    stored = sum(each.file_size for each in members if each.compress_type == zipfile.ZIP_STORED)
    bomb = any(each.file_size > _HARMLESS and each.file_size > _SWELLING * each.compress_size for each in members)
    if packed > LARGEST or stored > path.stat().st_size or bomb:
        raise ReadError(
            f"its parts would swell to {(packed + stored) >> 20} MiB",
            where=str(path),
            expected=f"{LARGEST >> 20} MiB at most, and no part that swells more than {_SWELLING} times.",
            next="Save it without compression (numpy.savez), or split it.",
        )
    if len({each.filename for each in members}) < len(members):
        raise ReadError("two parts of the file have the same name", where=str(path))
