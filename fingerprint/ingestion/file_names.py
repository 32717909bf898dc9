"""Ids that are a part of a file's name, as "{id}_raman" says where."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec

from fingerprint.errors import ReadError
from fingerprint.ingestion.dataset import ID, STEM, ModalitySpec
from fingerprint.ingestion.reader import stem
from fingerprint.modality import RawModality


def without_pattern(spec: ModalitySpec) -> ModalitySpec:
    """What a reader is asked for, who knows of whole names only."""
    return msgspec.structs.replace(spec, specimens=STEM) if ID in spec.specimens else spec


def named_by_pattern(raw: RawModality, path: Path, pattern: str) -> RawModality:
    """The one measurement of a file, called after the part of its name that stands at {id}; * stands for anything.

    A pattern without {id} leaves everything as it is.

    Raises:
        ReadError: the name does not match.
    """
    if ID not in pattern:
        return raw
    readings = _readings(stem(path), pattern)
    if len(readings) != 1:
        several = f" in one way only: {' or '.join(sorted(readings))}" if readings else ""
        raise ReadError(
            f"the name does not match {pattern!r}{several}",
            where=str(path),
            expected="A file whose name, without its suffix, has that form.",
            next="Correct specimens in dataset.toml, or leave the file out with files.",
        )
    blocks = tuple(replace(block, specimens=tuple(readings)) for block in raw.blocks)
    return RawModality(raw.modality, blocks)


def _readings(name: str, pattern: str) -> set[str]:
    """What may stand at {id}: each * as short and as long as can be."""
    before, _, after = (part.split("*") for part in pattern.partition(ID))
    found: set[str] = set()
    for first in (".*?", ".*"):
        for wanted in (".+?", ".+"):
            parts = [first.join(map(re.escape, part)) for part in (before, after)]
            match = re.fullmatch(f"{parts[0]}({wanted}){parts[1]}", name)
            found |= {match[1]} if match else set()
    return found
