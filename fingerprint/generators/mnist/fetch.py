"""The published files, from a folder or over the network; only what has the right content is handed on."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from fingerprint.errors import FingerprintError
from fingerprint.generators.mnist.published import FILES, PublishedFile

_SECONDS = 30.0  # without an answer
_CHUNK = 1 << 16


def check_source(source: Path, wanted: Sequence[PublishedFile]) -> None:
    """Refuse what is no folder, or lacks one of the wanted files.

    Raises:
        FingerprintError: naming those that are missing.
    """
    missing = [file.name for file in wanted if not (source / file.name).is_file()]
    if missing or not source.is_dir():
        fault = "this is a file, not a folder" if source.is_file() else "there is no such folder"
        raise FingerprintError(
            f"there is no {', '.join(missing)}" if source.is_dir() else fault,
            where=str(source),
            expected=f"The four files of MNIST as published: {', '.join(file.name for file in FILES)}.",
            next="Name their folder with --source, or leave --source out to download them.",
        )


def copied(file: PublishedFile, source: Path) -> bytes:
    """The content of a file in the folder `source`.

    Raises:
        FingerprintError: it cannot be read, or is another file of that name.
    """
    path = source / file.name
    try:
        with path.open("rb") as stream:
            content = stream.read(file.size + 1)
    except OSError as error:
        raise FingerprintError(f"the file cannot be read: {error.strerror}", where=str(path)) from None
    fault = file.fault(content)
    if fault:
        raise FingerprintError(
            f"this is not the file that was published: {fault}",
            where=str(path),
            expected="The file of MNIST, as it was published (other data sets have files of the same names).",
            next="Name another folder with --source, or leave --source out to download it.",
        )
    return content


def downloaded(file: PublishedFile, mirrors: Sequence[str], on_bytes: Callable[[int], None]) -> bytes:
    """The content of a file, from the first mirror that has it.

    Args:
        file: which.
        mirrors: addresses to put before its name.
        on_bytes: called with the number of bytes that have arrived.

    Raises:
        FingerprintError: no mirror sends it; with what each did instead.
    """
    failures: list[str] = []
    for mirror in mirrors:
        try:
            content = _get(mirror + file.name, file.size + 1, on_bytes)
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{mirror}: {_reason(error)}")
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            continue
        fault = file.fault(content)
        if not fault:
            return content
        failures.append(f"{mirror}: {fault}")
    raise FingerprintError(
        f"{file.name} cannot be downloaded",
        expected="\n".join(failures),
        next="Check the connection and run the same command again (files that have arrived are kept), or get the four "
        "files of MNIST in another way and name their folder with --source.",
    )


def _get(url: str, most: int, on_bytes: Callable[[int], None]) -> bytes:
    """What an address sends, at most so many bytes."""
    content = bytearray()
    with urllib.request.urlopen(url, timeout=_SECONDS) as response:
        while chunk := response.read(min(_CHUNK, most - len(content))):
            content += chunk
            on_bytes(len(content))
    return bytes(content)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    return str(getattr(error, "reason", "") or error) or type(error).__name__
