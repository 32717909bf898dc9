"""One data set: its dataset.toml found or inferred, its files claimed, its tables of specimens read; nothing stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fingerprint.errors import DatasetError, FingerprintError, ReadError
from fingerprint.ingestion.conform import merge
from fingerprint.ingestion.dataset import FILE_NAME, DatasetSpec, load_dataset
from fingerprint.ingestion.dataset_text import dump_dataset
from fingerprint.ingestion.formats import find_format, format_of
from fingerprint.ingestion.inference import infer
from fingerprint.ingestion.reader import Cell, Layout, Unrecognised
from fingerprint.ingestion.reading import Outcome, Reading
from fingerprint.ingestion.report import Ignored, Refused
from fingerprint.ingestion.sources import Source, claims, described_by
from fingerprint.modality import RawModality

Metadata = dict[str, dict[str, Cell]]


@dataclass(frozen=True)
class Collected:
    """What one data set holds.

    Attributes:
        root: its folder.
        modalities: what was measured.
        metadata: specimen -> column -> value.
        refused: what could not be read, with the errors.
        files: what was read.
    """

    root: Path
    modalities: tuple[RawModality, ...]
    metadata: Mapping[str, Mapping[str, Cell]]
    ignored: tuple[Ignored, ...]
    refused: tuple[tuple[Refused, FingerprintError], ...]
    files: tuple[Path, ...]
    dataset_toml: str
    inferred: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class DataSet:
    """One data set whose files are claimed, and whose tables of specimens are read; its measurements are not yet.

    Attributes:
        root: its folder.
        readings: what was measured.
        metadata: specimen -> column -> value.
        outcome: what has become of its files so far.
        plan: what its dataset.toml says.
        used: the files that something claims; unused: the others.
    """

    root: Path
    readings: tuple[Reading, ...]
    metadata: Mapping[str, Mapping[str, Cell]]
    outcome: Outcome
    plan: Plan
    used: tuple[Path, ...]
    unused: tuple[Path, ...]

    @property
    def refused(self) -> tuple[tuple[Refused, FingerprintError], ...]:
        """What could not be read so far, with the errors."""
        return tuple({each.file + each.where: (each, error) for each, error in self.outcome.refused}.values())

    def collected(self, modalities: Sequence[RawModality] = ()) -> Collected:
        """All of it, when all has been read.

        Args:
            modalities: what was measured, unless it was stored as it was read.
        """
        plan, bad = self.plan, {each.file for each, _ in self.refused}
        known = {each.file for each in plan.ignored} | bad
        rest = [Ignored(str(path), "no modality claims it") for path in self.unused]
        return Collected(
            self.root,
            tuple(modalities),
            self.metadata,
            (*plan.ignored, *(each for each in rest if each.file not in known)),
            self.refused,
            tuple(path for path in self.used if str(path) not in bad),
            plan.toml,
            plan.inferred,
            tuple(dict.fromkeys((*plan.warnings, *self.outcome.told, *_strangers(self.readings)))),
        )


@dataclass(frozen=True)
class Plan:
    """What a dataset.toml says, written or inferred.

    Attributes:
        toml: its text.
        where: it stands, for messages.
        inferred: whether there is none.
        ignored, refused, warnings: found while it was inferred.
        unstated: axes whose unit nobody has stated.
    """

    spec: DatasetSpec
    toml: str
    where: str
    inferred: bool
    ignored: tuple[Ignored, ...] = ()
    refused: tuple[tuple[Refused, FingerprintError], ...] = ()
    warnings: tuple[str, ...] = ()
    unstated: tuple[str, ...] = ()


def open_data(source: Source, dataset: Path | None, *, skip_bad: bool = False) -> DataSet:
    """Find out what a data set describes.

    Args:
        source: the folder or files.
        dataset: a dataset.toml from elsewhere; None to use the folder's own, or to infer one.
        skip_bad: whether files that cannot be read are left out.

    Raises:
        DatasetError: the dataset.toml is wrong, or what the files mean is ambiguous.
        ReadError: nothing can be read at all.
    """
    plan = _plan(source, dataset)
    missing = frozenset(token.lower() for token in (*plan.spec.missing, "nan"))
    claimed = claims(source, plan.spec, plan.where)
    outcome = Outcome(skip_bad, list(plan.refused), left=len(claimed))
    readings = [Reading(name, plan.spec.modalities[name], files, missing, outcome) for name, files in claimed.items()]
    metadata: Metadata = {}
    described: list[Path] = []
    if plan.spec.specimens is not None:
        described = described_by(source, plan.spec.specimens)
        for path in described:
            try:
                add_metadata(metadata, format_of(path).read_metadata(path, plan.spec.specimens, missing))
                outcome.accept(path)
            except ReadError as error:
                outcome.refuse(path, error)
    used = {path for files in claimed.values() for path in files}.union(described)
    unused = tuple(path for path in source.files if path not in used)
    return DataSet(source.root, tuple(readings), metadata, outcome, plan, tuple(sorted(used)), unused)


def collect(source: Source, dataset: Path | None) -> Collected:
    """Read all that a data set describes, and leave out what cannot be read.

    Args:
        source: the folder or files.
        dataset: a dataset.toml from elsewhere; None to use the folder's own, or to infer one.

    Raises:
        DatasetError: the dataset.toml is wrong, or what the files mean is ambiguous.
        ReadError: nothing could be read at all.
    """
    data = open_data(source, dataset, skip_bad=True)
    read = [RawModality(reading.modality, tuple(reading.blocks)) for reading in data.readings]
    whole = [merge(raw.modality, [raw]) for raw, each in zip(read, data.readings, strict=True) if each.is_read]
    return data.collected(whole)


def add_metadata(known: Metadata, more: Mapping[str, Mapping[str, Cell]]) -> None:
    """Add what another table says of specimens, key by key; what it leaves empty stays as it was known."""
    for specimen, row in more.items():
        own = known.setdefault(specimen, {})
        own.update({key: value for key, value in row.items() if value is not None or key not in own})


def _plan(source: Source, dataset: Path | None) -> Plan:
    own = source.root / FILE_NAME
    # An empty one is what `ingest FOLDER --dry-run > FOLDER/dataset.toml` has just made: there is none yet.
    written = own.is_file() and own.stat().st_size > 0
    path = dataset if dataset is not None else own if written else None
    if path is not None:
        return Plan(load_dataset(path), path.read_text(encoding="utf-8"), str(path), inferred=False)
    nested = sorted(each for each in source.root.rglob(FILE_NAME) if each != own) if source.whole else []
    if nested:
        raise DatasetError(
            f"{nested[0]} describes that folder only, and nothing describes {source.root}",
            next=f"fingerprint ingest {' '.join(str(each.parent) for each in nested)}",
        )
    layouts: list[Layout] = []
    refused: list[tuple[Refused, FingerprintError]] = []
    for file in source.files:
        family = find_format(file)
        try:
            unread = Unrecognised(file, "this type of file is not read")
            layouts.append(family.inspect(file) if family else unread)
        except ReadError as error:
            refused.append((Refused(str(file), error.where or str(file), error.what), error))
    if refused and all(isinstance(layout, Unrecognised) for layout in layouts):
        raise refused[0][1]
    readable = tuple(layout.path for layout in layouts)
    inference = infer(replace(source, files=readable), layouts)
    return Plan(
        inference.spec,
        dump_dataset(inference.spec, inference.reasons),
        f"{source.root} (inferred)",
        True,
        tuple(Ignored(str(path), reason) for path, reason in inference.ignored),
        tuple(refused),
        inference.warnings,
        inference.unstated,
    )


def _strangers(readings: Sequence[Reading]) -> list[str]:
    """Modalities that share no specimen: most often ids written in two ways."""
    return [
        f"no specimen of {first.modality.name} ({next(iter(first.specimens))!r}, ...) was also measured in "
        f"{second.modality.name} ({next(iter(second.specimens))!r}, ...): are the ids written alike? In dataset.toml, "
        'specimens = "{id}_raman" takes a part of each file\'s name.'
        for position, first in enumerate(readings)
        for second in readings[position + 1 :]
        if first.specimens and second.specimens and first.specimens.keys().isdisjoint(second.specimens)
    ]
