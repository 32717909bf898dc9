"""What is done to sound files to make them hostile; the same for the same random numbers."""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ingestion"))

from sound_files import IDS, NUMBER, SOUND, Sound

PATHS = (
    "../../hostile", "/etc/passwd", "../store/ingests", "..", ".", "/", "a/../../../hostile", "C:\\hostile", "~root",
    "\0", "a\0b", "x" * 100_000, "", " ", "\n", "$(touch hostile)", "`touch hostile`", "file:///hostile", "con", "*",
    "s3://a/hostile", "\N{RIGHT-TO-LEFT OVERRIDE}a", "%2e%2e%2fhostile", "{stem}", "\ufeff", "<b>&", "'\";--",
)  # fmt: skip
FORMULAS = (
    "=1+1", "@SUM(A1)", "+1+1", "-1+1", '=HYPERLINK("x")', "=1/0", "=A1", "\t=1+1", "=" * 5000, "=cmd|'/c x'!A1",
)  # fmt: skip
NUMBERS = (
    "nan", "inf", "-inf", "1e999", "-1e-999", "1e308", "-0", "9" * 400, "1" + "0" * 100_000, "0x10", "1_000", "1e",
    "1,5", "--1", "\N{ARABIC-INDIC DIGIT ONE}", "18446744073709551616", "1e+0000000000000000001", "1.5.2", "NaN(1)",
    "1e-400", "5e-324",
)  # fmt: skip
UNITS = (
    "m/9**9**9", "m^9^9^9^9", "m*9⁹9⁹9⁹", "m/0", "1/1e999", "(((m", "m)", "m**nan", "furlong per", "a" * 5000,
    "__import__", "K^99999", "degC/degC", "%", "[]", "{}", "\0", "\\", "µ", "dB", "Δ°C",
)  # fmt: skip
REALS = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, -0.0, 1e39, 2.0**64)
SIZES = (0, 1, 255, 2**16 - 1, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**64 - 1)
OPENINGS = (b"[", b"{", b"(", b'{"a":', b"<a>", b'"', b"##TITLE=\n", b"((1,", b"\\")
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp037", "utf-7", "shift-jis")
STEMS = (
    "..", "=1+1", "@SUM(A1)", "-rf", "a\nb", "x" * 200, "\udcff", "con", "*", "[a]", "{id}", "{stem}", "%s%n", " ",
    "a..b", "\N{RIGHT-TO-LEFT OVERRIDE}a", "~", "$(touch hostile)", "..\\..\\hostile", "\x1b[2J",
    "e\N{COMBINING ACUTE ACCENT}",
)  # fmt: skip

_WORD = re.compile(rb"[^\s,;=:\"'\[\]{}()<>#]+")
_UNIT = re.compile(rb"(?<=[(\[])[^()\[\]\n]+(?=[)\]])|\b(THz|GPa|eV|1/CM|ABSORBANCE)\b")
_INTEGER = re.compile(rb"(?<![\w.])\d+(?![\w.])")
_PNG = b"\x89PNG\r\n\x1a\n"

Random = random.Random
Change = Callable[[Random, bytes], bytes]


class Hostile(NamedTuple):
    """A hostile file.

    Attributes:
        sound: what it was.
        damage: what was done to it, a key of DAMAGES.
        folder, name: where it stands; both may be hostile.
    """

    sound: Sound
    damage: str
    folder: str
    name: str
    content: bytes


def hostile(rng: Random, sound: Sound, damage: str) -> Hostile:
    """Damage a sound file."""
    folder, name, content = "si-1", sound.name, sound.make(IDS, NUMBER)
    if damage == "ids like paths" and rng.random() < 0.3:
        chosen, suffix = rng.choice(STEMS), "".join(Path(name).suffixes)
        folder, name = (folder, chosen + suffix) if suffix else (chosen if chosen != ".." else "...", name)
    else:
        content = DAMAGES[damage](rng, sound)
    return Hostile(sound, damage, folder, name, content)


def _anywhere(change: Change) -> Callable[[Random, Sound], bytes]:
    """Change the file, or what it holds packed, with its check sums made to fit."""

    def changed(rng: Random, sound: Sound) -> bytes:
        content = sound.make(IDS, NUMBER)
        for _ in range(rng.randint(1, 3)):
            content = _inside(rng, content, change) if rng.random() < 0.6 else change(rng, content)
        return content

    return changed


def _inside(rng: Random, content: bytes, change: Change) -> bytes:
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.compress(_inside(rng, gzip.decompress(content), change), mtime=0)
        if content.startswith(b"PK\x03\x04"):
            return _inside_zip(rng, content, change)
    except (OSError, EOFError, ValueError, NotImplementedError, zlib.error, zipfile.BadZipFile):
        return change(rng, content)  # already damaged
    if content.startswith(_PNG):
        return _inside_png(rng, content, change)
    if content.startswith(b"\x93NUMPY\x01") and len(content) > 10:
        end = 10 + struct.unpack_from("<H", content, 8)[0]
        head = change(rng, content[10:end])[:65535]
        return content[:8] + struct.pack("<H", len(head)) + head + content[end:]
    return change(rng, content)


def _inside_zip(rng: Random, content: bytes, change: Change) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        members = old.infolist()
        chosen = rng.choice([each for each in members if "sheet" in each.filename] or members)
        chosen = rng.choice(members) if rng.random() < 0.3 else chosen
        for each in members:
            part = old.read(each)
            part = _inside(rng, part, change) if each is chosen else part
            new.writestr(zipfile.ZipInfo(each.filename), part, each.compress_type)
    return stream.getvalue()


def _inside_png(rng: Random, content: bytes, change: Change) -> bytes:
    out, place, changed = bytearray(_PNG), len(_PNG), False
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind, part = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if not changed and rng.random() < 0.6:
            part, changed = change(rng, part), True
        out += struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
        place += 12 + length
    return bytes(out)


def _place(rng: Random, content: bytes) -> int:
    """Anywhere, or where most heads are."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 200)
    return rng.randint(0, max(end - 1, 0))


def _cut(rng: Random, content: bytes) -> bytes:
    return content[: _place(rng, content)]


def _flip(rng: Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(rng.randint(1, 8) if data else 0):
        data[_place(rng, content)] ^= 1 << rng.randrange(8)
    return bytes(data)


def _insert(rng: Random, content: bytes) -> bytes:
    place = _place(rng, content)
    piece = rng.randbytes(rng.randint(1, 40)) if rng.random() < 0.7 else rng.randbytes(1) * rng.choice((300, 70_000))
    return content[:place] + piece + content[place:]


def _delete(rng: Random, content: bytes) -> bytes:
    place = _place(rng, content)
    return content[:place] + content[place + rng.randint(1, 60) :]


def _double(rng: Random, content: bytes) -> bytes:
    place, length = _place(rng, content), rng.choice((1, 4, 20, 100, 1000))
    piece = content[place : place + length] * rng.choice((1, 2, 100))
    to = _place(rng, content) if rng.random() < 0.3 else place
    return content[:to] + piece + content[to:]


def _sizes(rng: Random, content: bytes) -> bytes:
    size = rng.choice(SIZES)
    if _is_text(content):
        return _replaced(rng, content, str(size * rng.choice((1, 1, -1))).encode(), _INTEGER)
    width, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
    place = _place(rng, content)
    return content[:place] + (size % (1 << 8 * width)).to_bytes(width, order) + content[place + width :]


def _deep(rng: Random, content: bytes) -> bytes:
    if content.startswith(b"\x89HDF") and rng.random() < 0.5:
        return _deep_groups(rng, content)
    if rng.random() < 0.1:
        for _ in range(rng.choice((2, 50))):
            content = gzip.compress(content, mtime=0)
        return content
    place = _place(rng, content)
    return content[:place] + rng.choice(OPENINGS) * rng.choice((50, 3000, 100_000)) + content[place:]


def _deep_groups(rng: Random, content: bytes) -> bytes:
    stream = io.BytesIO(content)
    try:
        with h5py.File(stream, "r+") as file:
            group = file
            for depth in range(rng.choice((10, 100, 700))):
                group = group.create_group(f"g{depth}")
            group["back"] = file if rng.random() < 0.5 else h5py.SoftLink("/g0")
    except (OSError, RuntimeError, ValueError, KeyError):
        return content
    return stream.getvalue()


def _numbers(rng: Random, sound: Sound) -> bytes:
    content = sound.make(IDS, rng.choice(REALS))
    if content == sound.make(IDS, NUMBER) or rng.random() < 0.5:
        words = re.compile(rb"[-+]?\d[\d.eE+-]*")
        content = _inside(rng, content, lambda own, part: _replaced(own, part, own.choice(NUMBERS).encode(), words))
    return content


def _texts(choices: tuple[str, ...], place: re.Pattern[bytes] = _WORD) -> Callable[[Random, Sound], bytes]:
    def changed(rng: Random, sound: Sound) -> bytes:
        ids = tuple(rng.choice(choices) if rng.random() < 0.6 else own for own in IDS)
        content = sound.make(ids if place is _WORD else IDS, NUMBER)
        if content == sound.make(IDS, NUMBER):
            content = _inside(rng, content, lambda own, part: _replaced(own, part, own.choice(choices).encode(), place))
        return content

    return changed


def _encoded(rng: Random, content: bytes) -> bytes:
    if _is_text(content) and rng.random() < 0.8:
        return content.decode().encode(rng.choice(ENCODINGS), errors="replace")
    return rng.choice(
        (
            content.decode("latin-1").encode(),
            content.replace(b"\n", b"\r\n"),
            content.replace(b"\r\n", b"\n"),
            content.replace(b"\n", b"\r"),
            bytes(byte & 0x7F for byte in content),
            b"".join(content[place : place + 2][::-1] for place in range(0, len(content), 2)),
        )
    )


def _replaced(rng: Random, content: bytes, new: bytes, pattern: re.Pattern[bytes]) -> bytes:
    found = list(pattern.finditer(content[:100_000]))
    if not found:
        return content + new
    chosen = rng.choice(found)
    return content[: chosen.start()] + new + content[chosen.end() :]


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


DAMAGES: dict[str, Callable[[Random, Sound], bytes]] = {
    "cut off": _anywhere(_cut),
    "bits flipped": _anywhere(_flip),
    "bytes put in": _anywhere(_insert),
    "bytes left out": _anywhere(_delete),
    "bytes doubled": _anywhere(_double),
    "absurd sizes": _anywhere(_sizes),
    "deep nesting": _anywhere(_deep),
    "strange numbers": _numbers,
    "ids like paths": _texts(PATHS),
    "cells like formulas": _texts(FORMULAS),
    "strange units": _texts(UNITS, _UNIT),
    "encodings swapped": lambda rng, sound: _encoded(rng, sound.make(IDS, NUMBER)),
    "another file's content": lambda rng, sound: rng.choice(SOUND).make(IDS, NUMBER),
}
