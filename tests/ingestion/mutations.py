"""Damage done to the bytes of sound files, and what a reader may make of it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from hypothesis import strategies as st

from fingerprint.errors import FingerprintError
from fingerprint.ingestion.reader import Format, Request
from fingerprint.modality import RawModality

SECONDS = 5.0


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """A file with a few bytes changed, or some left out, put in, or cut off."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(("change", "flip", "cut", "leave out", "put in"))):
            case "change":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=4))
            case "flip" if data:
                data[place] ^= 1 << draw(st.integers(0, 7))
            case "leave out":
                del data[place : place + draw(st.integers(1, 40))]
            case "put in":
                data[place:place] = draw(st.binary(max_size=8))
            case _:
                del data[place:]
    return bytes(data)


def survive(family: Format, path: Path, content: bytes, requests: tuple[Request, ...]) -> list[RawModality]:
    """What is read of a damaged file: nothing else than a refusal may come out, and soon."""
    path.write_bytes(content)
    begin = time.monotonic()
    found: list[RawModality] = []
    with suppress(FingerprintError):
        family.inspect(path)
    for request in requests:
        with suppress(FingerprintError):
            found.append(family.read(request))
    assert time.monotonic() - begin < SECONDS
    return found
