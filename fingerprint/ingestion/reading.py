"""The files of one modality, read while they are stored: a few megabytes at a time, each checked before it is given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fingerprint.errors import DatasetError, FingerprintError, ReadError, UnitError
from fingerprint.files import unicode_path
from fingerprint.ingestion.conform import merge
from fingerprint.ingestion.dataset import ID, MEASUREMENT, STEM, ModalitySpec
from fingerprint.ingestion.file_names import for_reader, named_by_file
from fingerprint.ingestion.formats import format_of
from fingerprint.ingestion.reader import Format, Request
from fingerprint.ingestion.report import Refused
from fingerprint.ingestion.shapes import shape_in_words
from fingerprint.modality import Block, Kind, Modality, RawModality

AT_ONCE = 32 << 20  # bytes of measurements that are read before they are given on


class Stopped(Exception):
    """Files were refused, so that nothing is to be stored."""


@dataclass
class Outcome:
    """What became of the files of a data set.

    Attributes:
        skip_bad: whether files that cannot be read are left out.
        refused: those, with the errors.
        hashes: SHA-256 of the files that were read, by path.
        left: modalities that have not been read to their end.
        read: modalities of which something could be read.
        told: what the person should know of the files.
    """

    skip_bad: bool
    refused: list[tuple[Refused, FingerprintError]] = field(default_factory=list[tuple[Refused, FingerprintError]])
    hashes: dict[str, str] = field(default_factory=dict[str, str])
    left: int = 0
    read: int = 0
    told: list[str] = field(default_factory=list[str])
    _refused_files: set[str] = field(default_factory=set[str])

    def refuse(self, path: Path, error: FingerprintError) -> None:
        """Take in a file that cannot be read."""
        self.refused.append((Refused(str(path), error.where or str(path), error.what), error))
        self._refused_files.add(str(path))
        self.hashes.pop(unicode_path(path), None)

    def accept(self, path: Path) -> None:
        """Take in a file that was read, unless it was refused elsewhere."""
        name = unicode_path(path)
        if name not in self.hashes and str(path) not in self._refused_files:
            with path.open("rb") as file:
                self.hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()


class Reading:
    """Measurements of one modality.

    Attributes:
        modality: as dataset.toml describes it.
        blocks: what the files hold, each measurement once; read when asked for, once. Raises Stopped at their end
            where something was refused and nothing may be left out.
        files: by specimen and measurement, of those that have been read so far.
        specimens: those, each once.
        is_read: whether any file could be read.
    """

    def __init__(self, name: str, spec: ModalitySpec, paths: Sequence[Path], missing: frozenset[str], outcome: Outcome):
        """Begin.

        Args:
            name: of the modality.
            spec: where it stands in the files.
            paths: of the files.
            missing: lower-case tokens that mean "not measured".
            outcome: what becomes of the files is told there.
        """
        self.modality: Modality = spec.modality(name)
        self.files: dict[tuple[str, str], str] = {}
        self.specimens: dict[str, None] = {}
        self.is_read = False
        self._spec, self._paths, self._missing, self._outcome = spec, paths, missing, outcome
        self._shape: tuple[int, ...] = ()
        self.blocks: Iterator[Block] = self._read()

    def _read(self) -> Iterator[Block]:
        told = self._outcome
        waiting: list[RawModality] = []
        size = 0
        for path in self._paths:
            try:
                if told.skip_bad and format_of(path).pieces is not None:
                    for _ in self._pieces(path):  # what is refused later is not to be stored in part
                        pass
                for raw in self._pieces(path):
                    self.files.update(dict.fromkeys(raw.ids, str(path)))
                    self.specimens.update(dict.fromkeys(raw.specimens))
                    if told.refused and not told.skip_bad:
                        continue
                    own = sum(block.values.nbytes for block in raw.blocks)
                    if waiting and size + own > AT_ONCE:
                        yield from merge(self.modality, waiting).blocks
                        waiting, size = [], 0
                    waiting.append(raw)
                    size += own
            except (ReadError, UnitError) as error:
                told.refuse(path, error)
                continue
            self.is_read = True
            told.accept(path)
        if told.skip_bad or not told.refused:
            yield from merge(self.modality, waiting).blocks
        self._end()

    def _end(self) -> None:
        told = self._outcome
        told.left -= 1
        told.read += self.is_read
        if told.refused and not told.skip_bad:
            raise Stopped
        if told.refused and not told.left and not told.read:
            raise told.refused[0][1]

    def _pieces(self, path: Path) -> Iterator[RawModality]:
        """What one file holds, checked against those before, which it joins when all of it is sound."""
        family = format_of(path)
        spec = for_reader(self._spec)
        _check_acts(family, self.modality.name, spec)
        shape, seen = self._shape, set[tuple[str, str]]()
        request = Request(path, self.modality.name, spec, self._missing, self._outcome.told.append)
        for piece in (family.read(request),) if family.pieces is None else family.pieces(request):
            raw = named_by_file(piece, path, self._spec)
            _check_once(raw, path, self.files)
            _check_once_within(raw, path, seen)
            own = next((block.values.shape[1:] for block in raw.blocks), ())
            if self.modality.kind is Kind.IMAGE and shape and own not in ((), shape):
                raise ReadError(
                    f"its images are {shape_in_words(own)}, and those before {shape_in_words(shape)}",
                    where=str(path),
                    expected=f"One size for all images of {self.modality.name}.",
                    next="Make them equal, or describe them as two modalities in dataset.toml.",
                )
            shape = shape or own
            yield raw
        self._shape = shape


def _check_acts(family: Format, name: str, spec: ModalitySpec) -> None:
    """Raise DatasetError where ids of measurements or facts are asked of a file that has no columns for them."""
    for key, asked in (("measurement", spec.measurement), ("facts", spec.facts)):
        if asked and key not in family.acts:
            raise DatasetError(
                f"{key} = {asked if isinstance(asked, str) else list(asked)!r} of {family.name}",
                where=f"[modalities.{name}] {key}",
                expected="Columns of text and Excel, datasets beside ids in HDF5, or the head of a text file.",
                next=f'For a file per measurement: measurement = "{STEM}", or specimens = "{ID}_{MEASUREMENT}".',
            )


def _check_once_within(raw: RawModality, path: Path, seen: set[tuple[str, str]]) -> None:
    """Raise ReadError where a measurement of the same id was seen in this file; take in the others."""
    for specimen, own in raw.ids:
        if (specimen, own) in seen:
            raise ReadError(
                f"measurement {own!r} of specimen {specimen!r} stands in it twice"
                if own
                else f"specimen {specimen!r} stands in it twice",
                where=str(path),
                expected=f"One measurement of {raw.modality.name} per specimen" + (" under each id." if own else "."),
                next="" if own else "Several measurements of it? measurement in dataset.toml tells them apart.",
            )
        seen.add((specimen, own))


def _check_once(raw: RawModality, path: Path, files: Mapping[tuple[str, str], str]) -> None:
    """Raise ReadError where another file held a measurement of the same id."""
    twice = next((pair for pair in raw.ids if files.get(pair, str(path)) != str(path)), None)
    if twice is None:
        return
    specimen, own = twice
    raise ReadError(
        f"measurement {own!r} of specimen {specimen!r} was read before, in {files[twice]}"
        if own
        else f"specimen {specimen!r} was measured before, in {files[twice]}",
        where=str(path),
        expected=f"One measurement of {raw.modality.name} per specimen" + (" under each id." if own else "."),
        next="Correct measurement in dataset.toml: each id of a specimen stands for one measurement."
        if own
        else f'Several measurements of it? In dataset.toml, measurement = "{STEM}" tells them apart by their files, '
        f'specimens = "{ID}_{MEASUREMENT}" by a part of the files\' names.',
    )
