"""What the name and the folder of a file say: ids of specimens, as "{id}_raman" says where, and of measurements."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import msgspec

from fingerprint.errors import ReadError
from fingerprint.ingestion.dataset import FOLDER, ID, MEASUREMENT, ROW, STEM, STEM_ROW, ModalitySpec
from fingerprint.ingestion.reader import stem
from fingerprint.modality import Block, RawModality

_MARKS = re.compile(rf"(\*|{re.escape(ID)}|{re.escape(MEASUREMENT)})")


def for_reader(spec: ModalitySpec) -> ModalitySpec:
    """What a reader is asked for, who knows of whole names only, and of measurements in columns."""
    by_name = ID in spec.specimens or spec.specimens == FOLDER
    named = STEM if by_name else spec.specimens
    return msgspec.structs.replace(
        spec,
        specimens=STEM_ROW if spec.measurement == ROW else named,
        measurement="" if spec.measurement_of_file else spec.measurement,
    )


def named_by_file(raw: RawModality, path: Path, spec: ModalitySpec) -> RawModality:
    """What was read, called as the name or the folder of the file says; as it is where neither is asked.

    Raises:
        ReadError: the name does not match a pattern, or in several ways.
    """
    specimen, measurement = "", ""
    if spec.measurement == ROW:
        raw = RawModality(raw.modality, tuple(map(_by_row, raw.blocks)))
    if spec.specimens == FOLDER:
        specimen = _folder(path)
    elif ID in spec.specimens:
        specimen, measurement = _reading(path, spec.specimens, "specimens")
    if MEASUREMENT in spec.measurement:
        measurement = _reading(path, spec.measurement, "measurement")[1]
    elif spec.measurement in (STEM, FOLDER):
        measurement = stem(path) if spec.measurement == STEM else _folder(path)
    if not specimen and not measurement:
        return raw
    return RawModality(raw.modality, tuple(_named(block, specimen, measurement) for block in raw.blocks))


def _named(block: Block, specimen: str, measurement: str) -> Block:
    count = len(block.specimens)
    return replace(
        block,
        specimens=(specimen,) * count if specimen else block.specimens,
        measurements=(measurement,) * count if measurement else block.measurements,
    )


def _by_row(block: Block) -> Block:
    """Specimens called after their file and their row, as measurements of the file's specimen called after the row."""
    parts = [each.rpartition("-") for each in block.specimens]
    rows = tuple(row for _, _, row in parts)
    return replace(block, specimens=tuple(head for head, _, _ in parts), measurements=rows)


def _folder(path: Path) -> str:
    return path.parent.name if path.parent.name not in ("", "..") else path.parent.resolve().name


def _reading(path: Path, pattern: str, key: str) -> tuple[str, str]:
    """What stands at {id} and at {measurement} in the name of a file, "" where the pattern has none."""
    found = readings(stem(path), pattern)
    if len(found) == 1:
        return found.pop()
    shown = sorted(" and ".join(filter(None, reading)) for reading in found)
    several = f" in one way only: {' or '.join(shown)}" if found else ""
    raise ReadError(
        f"the name does not match {pattern!r}{several}",
        where=str(path),
        expected="A file whose name, without its suffix, has that form.",
        next=f"Correct {key} in dataset.toml, or leave the file out with files.",
    )


def readings(name: str, pattern: str) -> set[tuple[str, str]]:
    """What may stand at {id} and {measurement}: each * and id as short and as long as can be.

    A measurement does not hold the letter that stands before it in the pattern, or after it where it comes first: of
    "S_01_2" and "{id}_{measurement}" the specimen is S_01.
    """
    parts = _MARKS.split(pattern)
    found: set[tuple[str, str]] = set()
    for anything, wanted in product((".*?", ".*"), (".+?", ".+")):
        expression = ""
        for place, part in enumerate(parts):
            if part == MEASUREMENT:
                expression += f"(?P<measurement>{_without(parts[place - 1], parts[place + 1])})"
            elif part == ID:
                expression += f"(?P<id>{wanted})"
            else:
                expression += anything if part == "*" else re.escape(part)
        match = re.fullmatch(expression, name)
        if match:
            groups = match.groupdict()
            found.add((groups.get("id", ""), groups.get("measurement", "")))
    return found


def _without(before: str, after: str) -> str:
    letter = before[-1:] or after[:1]
    return f"[^{re.escape(letter)}]+" if letter else ".+"
