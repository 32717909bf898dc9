"""Files -> store: one append, while every file is read and checked; on any refusal nothing of it stays."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from fingerprint.errors import DatasetError, ReadError, UnitError
from fingerprint.ingestion.asking import ask_for_units
from fingerprint.ingestion.collecting import DataSet, Metadata, add_metadata, open_data
from fingerprint.ingestion.conform import conform
from fingerprint.ingestion.reader import Cell
from fingerprint.ingestion.reading import Reading, Stopped
from fingerprint.ingestion.report import IngestReport, ModalityReport, Tally
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import Block, Measurements, Modality, RawModality
from fingerprint.store import OnConflict, Store, open_store


def ingest(
    paths: Sequence[str | Path] | str | Path,
    store: Store | str | Path,
    *,
    dataset: Path | None = None,
    dry_run: bool = False,
    skip_bad: bool = False,
    on_conflict: OnConflict = "error",
) -> IngestReport:
    """Read files and folders of measurements into a store; all of them or, on an error, none.

    Args:
        paths: folders (each with its dataset.toml, or it is inferred) and files.
        store: where to; a path is made into a store when there is none.
        dataset: a dataset.toml from elsewhere, followed for every path, its patterns in the data folder.
        dry_run: read and check everything, and store nothing.
        skip_bad: leave files that cannot be read out instead of stopping; `refused` of the report lists them.
        on_conflict: what becomes of a measurement that differs from the stored one of its specimen (`Store.append`).

    Raises:
        ReadError: a claimed file cannot be read; with file and line.
        DatasetError: dataset.toml is wrong, or what the files mean is ambiguous; it then shows one to edit.
        UnitError: a unit is unknown or cannot be converted into the store's.
        StoreError: the store is newer or damaged, or holds other measurements of these specimens.
    """
    given = [paths] if isinstance(paths, str | Path) else paths
    sources = find_sources([Path(path) for path in given])
    data = [open_data(source, dataset, skip_bad=skip_bad) for source in sources]
    if not dry_run:
        ask_for_units(data)
    metadata: Metadata = {}
    for each in data:
        add_metadata(metadata, each.metadata)
    toml = "\n".join(f"# {each.root}\n{each.plan.toml}" for each in data) if len(data) > 1 else data[0].plan.toml
    hashes = [each.outcome.hashes for each in data]
    try:
        report = store_all(
            _merged(data), metadata, toml, store, files=ChainMap(*hashes), dry_run=dry_run, on_conflict=on_conflict
        )
    except Stopped:
        _stop(data)
    found = [each.collected() for each in data]
    read = {reading.modality.name for each in data for reading in each.readings if reading.is_read}
    return replace(
        report,
        modalities={name: each for name, each in report.modalities.items() if name in read},
        ignored=tuple(item for each in found for item in each.ignored),
        refused=tuple(item for each in found for item, _ in each.refused),
        inferred=any(each.inferred for each in found),
        warnings=(*(warning for each in found for warning in each.warnings), *report.warnings),
    )


@dataclass(frozen=True)
class _Stream:
    """Measurements of one modality, read while they are stored."""

    modality: Modality
    blocks: Iterator[Block]


def store_all(
    modalities: Sequence[Measurements],
    metadata: Mapping[str, Mapping[str, Cell]],
    toml: str,
    store: Store | str | Path,
    *,
    files: Mapping[str, str] | None = None,
    dry_run: bool = False,
    on_conflict: OnConflict = "error",
) -> IngestReport:
    """Convert into the store's units and append, in one step.

    Args:
        modalities: what was measured, read once.
        metadata: of specimens.
        toml: the dataset.toml that was followed.
        store: where to.
        files: the SHA-256 of each file that was read, by path; looked at when all has been read.
        dry_run: read everything and store nothing.
        on_conflict: as in `Store.append`.

    Raises:
        DatasetError, UnitError: a modality does not agree with the store's.
        StoreError: the store is newer or damaged.
    """
    opened = store if isinstance(store, Store) else open_store(store, create=True)
    known = opened.modalities()
    targets = [known.get(each.modality.name, each.modality) for each in modalities]
    if dry_run:
        looked = [_looked_at(each, target) for each, target in zip(modalities, targets, strict=True)]
        specimens, reports = _reports([tally for tally, _ in looked], metadata)
        told = tuple(f"{opened.path} will refuse this: {why}" for _, why in looked if why)
        return IngestReport(reports, specimens, None, (), (), None, toml, False, told)
    tallies = [Tally(target) for target in targets]
    streams = [
        _Stream(tally.modality, _conformed(each, tally)) for each, tally in zip(modalities, tallies, strict=True)
    ]
    receipt = opened.append(streams, metadata, toml, files, on_conflict=on_conflict)
    _, reports = _reports(tallies, metadata)
    for name, counts in receipt.counts.items():
        reports[name] = replace(
            reports[name], new=counts.new, unchanged=counts.unchanged, replaced=counts.replaced, kept=counts.kept
        )
    return IngestReport(
        reports, receipt.total_specimens, receipt.new_specimens, (), (), receipt.ingest, toml, False, ()
    )


def _reports(
    tallies: Sequence[Tally], metadata: Mapping[str, Mapping[str, Cell]]
) -> tuple[int, dict[str, ModalityReport]]:
    """How many specimens there are, and what was read, by modality."""
    specimens = set(metadata).union(*(tally.specimens for tally in tallies))
    return len(specimens), {tally.modality.name: tally.report(len(specimens)) for tally in tallies}


def _conformed(measured: Measurements, tally: Tally) -> Iterator[Block]:
    """The blocks in the units of the store."""
    for block in measured.blocks:
        for each in conform(RawModality(measured.modality, (block,)), tally.modality).blocks:
            tally.add(each)
            yield each


def _looked_at(measured: Measurements, target: Modality) -> tuple[Tally, str]:
    """All of it in the units of the store; where not all can be had in these, in its own, and why."""
    converted, own, why = Tally(target), Tally(measured.modality), ""
    for block in measured.blocks:
        own.add(block)
        if why:
            continue
        try:
            blocks = conform(RawModality(measured.modality, (block,)), target).blocks
        except (DatasetError, UnitError) as error:
            why = f"{error.where}: {error.what}"
            continue
        for each in blocks:
            converted.add(each)
    return (own if why else converted), why


def _merged(data: Sequence[DataSet]) -> list[Measurements]:
    """The modalities of several data sets, those of one name together, in the units of the first."""
    by_name: dict[str, list[Reading]] = {}
    for each in data:
        for reading in each.readings:
            by_name.setdefault(reading.modality.name, []).append(reading)
    return [
        readings[0] if len(readings) == 1 else _Stream(readings[0].modality, _joined(readings))
        for readings in by_name.values()
    ]


def _joined(readings: Sequence[Reading]) -> Iterator[Block]:
    for place, reading in enumerate(readings):
        for block in reading.blocks:
            twice = [pair for pair in block.ids if any(pair in before.files for before in readings[:place])]
            if twice:
                specimen, own = min(twice)
                raise ReadError(
                    f"specimen {specimen!r} has {reading.modality.name}"
                    f"{f' (measurement {own!r})' if own else ''} in two of the given folders",
                    next="Ingest one folder after the other, the second with --on-conflict replace or keep.",
                )
            yield from conform(RawModality(reading.modality, (block,)), readings[0].modality).blocks


def _stop(data: Sequence[DataSet]) -> NoReturn:
    """Raise the first refusal, when the other files have been looked at, too."""
    for reading in (reading for each in data for reading in each.readings):
        with suppress(Stopped):
            for _ in reading.blocks:
                pass
    failures = [failure for each in data for failure in each.refused]
    first = failures[0][1]
    others = len({refused.file for refused, _ in failures}) - 1
    more = f"{others} more file{'s' if others > 1 else ''} cannot be read either." if others else ""
    raise type(first)(
        first.what,
        where=first.where,
        expected="\n".join(part for part in (first.expected, more) if part),
        next=first.next
        or "Fix the line, or ingest the rest with --skip-bad (writes the refused files to rejected.csv).",
    ) from first
