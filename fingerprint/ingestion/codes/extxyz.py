"""Extended XYZ, as ASE writes it: the scalars on the comment line of each frame; positions are no measurement.

    2
    Lattice="..." Properties=species:S:1:pos:R:3 energy=-10.8 config_type=bulk pbc="T T T"
    Si   0.0   0.0   0.0
    Si   1.36  1.36  1.36

A frame is a specimen, called after the file and the frame's number. Keys with one number are scalars, those with a word
can be metadata. Keys with several numbers (stress, dipole) are left alone: of which of them a scalar should be made,
and with which sign, the file does not say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.beginning import MEBIBYTE, limited_lines
from fingerprint.ingestion.codes.numbers import number
from fingerprint.ingestion.codes.output import compressed
from fingerprint.ingestion.columns import describe, metadata_values
from fingerprint.ingestion.conform import Stated, all_as_declared
from fingerprint.ingestion.dataset import STEM_ROW, SpecimensSpec
from fingerprint.ingestion.reader import Cell, Column, Format, Layout, Request, TableLayout, Unrecognised, row_ids, stem
from fingerprint.modality import Block, Kind, RawModality

_MOST = 64 * MEBIBYTE
_MOST_LINES = 4_000_000
_MOST_FRAMES = 100_000
_PAIR = re.compile(
    r"""\s*([^\s="'{}\[\]]+)                      # a key
    (?:\s*=\s*(?: "((?:[^"\\]|\\.)*)" | '((?:[^'\\]|\\.)*)' | \{([^{}]*)\} | \[([^\[\]]*)\] | ([^\s="'{}\[\]]+) )
    )?(?=\s|$)""",
    re.VERBOSE,
)
_MARKS = ("Properties", "Lattice")  # one of them makes an XYZ file an extended one
_ATOMS = {"R": 1, "I": 1, "S": 1, "L": 1}  # types of columns
_BOOLEANS = frozenset(("t", "f", "true", "false"))
_EV = frozenset(("energy", "free_energy"))  # in eV, as all energies of ASE


class Frame(NamedTuple):
    """What the comment line of a frame says, key by key, and its line number."""

    values: Mapping[str, str]
    line: int


def frames(path: Path) -> list[Frame]:
    """The frames of a file; empty where its comment lines are free text.

    Raises:
        ReadError: it is damaged or cut off, or the numbers of atoms are wrong.
    """
    lines = limited_lines(path, _MOST, _MOST_LINES)
    while lines and not lines[-1].strip():
        lines.pop()
    found: list[Frame] = []
    place = 0
    while place < len(lines):
        count = lines[place].strip()
        if not (count.isascii() and count.isdigit()):
            raise ReadError(
                f"{count[:40]!r} is no number of atoms", where=f"{path}:{place + 1}", expected="The next frame."
            )
        atoms = int(count[:12])
        if place + 1 + atoms >= len(lines):
            raise ReadError(
                f"{atoms} atoms are announced, and the file ends after {max(len(lines) - place - 2, 0)}",
                where=f"{path}:{place + 1}",
                next="Copy the file again from where it was computed.",
            )
        comment = lines[place + 1]
        if not found and not any(f"{mark}=" in comment for mark in _MARKS):
            return []
        values = _pairs(comment, f"{path}:{place + 2}")
        width = _width(values.get("Properties", "species:S:1:pos:R:3"), f"{path}:{place + 2}")
        for row in range(place + 2, place + 2 + atoms):
            if len(lines[row].split()) != width:
                raise ReadError(
                    f"{len(lines[row].split())} columns, and Properties names {width}", where=f"{path}:{row + 1}"
                )
        found.append(Frame(values, place + 2))
        if len(found) > _MOST_FRAMES:
            raise ReadError(f"more than {_MOST_FRAMES} frames", where=str(path), next="Split the file.")
        place += 2 + atoms
    return found


def _pairs(comment: str, where: str) -> dict[str, str]:
    """key=value, with quotes or brackets around values with blanks; a key alone is true."""
    values: dict[str, str] = {}
    place = 0
    comment = comment.rstrip()
    while place < len(comment):
        match = _PAIR.match(comment, place)
        if match is None:
            raise ReadError(f"this is no key=value: {comment[place : place + 80].strip()!r}", where=where)
        key, value = match[1], next((text for text in match.groups()[1:] if text is not None), "T")
        if key in values:
            raise ReadError(f"the key {key!r} stands twice", where=where)
        values[key] = value.strip()
        place = match.end()
    return values


def _width(properties: str, where: str) -> int:
    """How many columns an atom has: Properties is a series of name:type:columns."""
    parts = properties.split(":")
    counts = parts[2::3]
    if len(parts) % 3 or not all(each in _ATOMS for each in parts[1::3]) or not all(map(_is_count, counts)):
        raise ReadError(f"Properties={properties[:80]} cannot be understood", where=where)
    return sum(map(int, counts))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6


def read(request: Request) -> RawModality:
    """Read one key of all frames.

    Raises:
        ReadError: with the line at fault.
        DatasetError: the request asks for what these files do not hold.
    """
    path, spec = request.path, request.spec
    if spec.kind is not Kind.SCALAR or spec.specimens != STEM_ROW:
        raise DatasetError(
            f"{path.name} holds numbers of each frame",
            where=f"[modalities.{request.name}]",
            expected=f'kind = "scalar" and specimens = "{STEM_ROW}" (the file\'s name and the frame).',
        )
    found = _frames_with(path, (spec.values,))
    ids = row_ids(stem(path), len(found))
    kept: list[int] = []
    values: list[float] = []
    for row, frame in enumerate(found):
        token = frame.values.get(spec.values, "")
        value = number(token)
        if value is None and token.lower() not in request.missing:
            raise ReadError(f"{spec.values} {token[:40]!r} is not a number", where=f"{path}:{frame.line}")
        if value is not None and token.lower() not in request.missing:
            kept.append(row)
            values.append(value)
    sources = tuple(f"{path}:{found[row].line}" for row in kept)
    block = Block(tuple(ids[row] for row in kept), np.array(values, np.float64), None, sources)
    raw = RawModality(spec.modality(request.name), (block,) if kept else ())
    return all_as_declared(raw, Stated(_column(spec.values, ()).unit, None, str(path)))


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What the comment lines say of each frame: id -> key -> value.

    Raises:
        ReadError: a key stands in no frame.
        DatasetError: `spec` names another id than the frames.
    """
    if spec.id != STEM_ROW:
        raise DatasetError(f"id = {spec.id!r} for {path.name}", where="[specimens]", expected=f'id = "{STEM_ROW}".')
    found = _frames_with(path, spec.metadata)
    columns = [metadata_values([frame.values.get(key, "") for frame in found], missing) for key in spec.metadata]
    return {
        name: {key: column[row] for key, column in zip(spec.metadata, columns, strict=True)}
        for row, name in enumerate(row_ids(stem(path), len(found)))
    }


def inspect(path: Path) -> Layout:
    """Which keys hold a number or a word.

    Raises:
        ReadError: the file is damaged.
    """
    found = frames(path)
    keys = [key for key in dict.fromkeys(key for frame in found for key in frame.values) if key not in (*_MARKS, "pbc")]
    cells = {key: [frame.values[key] for frame in found if key in frame.values] for key in keys}
    columns = tuple(_column(key, cells[key]) for key in keys if all(map(_is_single, cells[key])))
    if not columns:
        return Unrecognised(path, "positions of atoms, and no numbers on the comment lines")
    return TableLayout(path, columns, 0, Column(STEM_ROW, STEM_ROW, None, False, True), row_ids(stem(path), len(found)))


def _frames_with(path: Path, keys: tuple[str, ...]) -> list[Frame]:
    found = frames(path)
    known = dict.fromkeys(key for frame in found for key in frame.values)
    absent = next((key for key in keys if key not in known), None)
    if absent is not None:
        listed = ", ".join(list(known)[:20]) or "none"
        raise ReadError(f"no frame has the key {absent!r}", where=str(path), expected=f"The keys are {listed}.")
    return found


def _is_single(value: str) -> bool:
    """Whether a value is one number or word, and no truth value."""
    return len(value.split()) == 1 and "," not in value and value.lower() not in _BOOLEANS and value[0] != "_"


def _column(key: str, cells: list[str] | tuple[()]) -> Column:
    return describe(key, cells, "eV" if key in _EV else None)._replace(name=key)


FORMAT = Format("extended XYZ", compressed(".xyz", ".extxyz"), read, read_metadata, inspect)
