"""Files -> store: every file is read and checked before anything is written, and one append writes it all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fingerprint.errors import DatasetError, FingerprintError, ReadError, UnitError
from fingerprint.files import unicode_path
from fingerprint.ingestion.asking import ask_for_units
from fingerprint.ingestion.collecting import Collected, Metadata, add_metadata, collect
from fingerprint.ingestion.conform import conform, merge
from fingerprint.ingestion.reader import Cell
from fingerprint.ingestion.report import IngestReport, Refused, describe_modality
from fingerprint.ingestion.sources import find_sources
from fingerprint.modality import RawModality
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
    found = [collect(source, dataset) for source in find_sources([Path(path) for path in given])]
    failures = [failure for each in found for failure in each.refused]
    if failures and not skip_bad:
        _stop(failures)
    if not dry_run:
        ask_for_units(found)
    modalities = _merged(found)
    metadata: Metadata = {}
    for each in found:
        add_metadata(metadata, each.metadata)
    toml = (
        found[0].dataset_toml if len(found) == 1 else "\n".join(f"# {each.root}\n{each.dataset_toml}" for each in found)
    )
    files = [path for each in found for path in each.files]
    report = store_all(modalities, metadata, toml, store, files=files, dry_run=dry_run, on_conflict=on_conflict)
    return replace(
        report,
        ignored=tuple(item for each in found for item in each.ignored),
        refused=tuple(item for item, _ in failures),
        inferred=any(each.inferred for each in found),
        warnings=(*(warning for each in found for warning in each.warnings), *report.warnings),
    )


def store_all(
    modalities: Sequence[RawModality],
    metadata: Mapping[str, Mapping[str, Cell]],
    toml: str,
    store: Store | str | Path,
    *,
    files: Sequence[Path] = (),
    dry_run: bool = False,
    on_conflict: OnConflict = "error",
) -> IngestReport:
    """Convert into the store's units and append, in one step; the ledger keeps what `files` hold by their SHA-256.

    Raises:
        DatasetError, UnitError: a modality does not agree with the store's.
        StoreError: the store is newer or damaged.
    """
    opened = store if isinstance(store, Store) else open_store(store, create=True)
    known = opened.modalities()
    stored: list[RawModality] = []
    warnings: list[str] = []
    for raw in modalities:
        try:
            stored.append(conform(raw, known.get(raw.modality.name, raw.modality)))
        except (DatasetError, UnitError) as error:
            if not dry_run:
                raise
            stored.append(raw)
            warnings.append(f"{opened.path} will refuse this: {error.where}: {error.what}")
    specimens = set(metadata).union(*(raw.specimens for raw in stored))
    reports = {raw.modality.name: describe_modality(raw, len(specimens)) for raw in stored}
    if dry_run:
        return IngestReport(reports, len(specimens), None, (), (), None, toml, False, tuple(warnings))
    receipt = opened.append(
        stored, metadata, toml, {unicode_path(path): _sha256(path) for path in files}, on_conflict=on_conflict
    )
    for name, counts in receipt.counts.items():
        reports[name] = replace(
            reports[name], new=counts.new, unchanged=counts.unchanged, replaced=counts.replaced, kept=counts.kept
        )
    return IngestReport(
        reports, receipt.total_specimens, receipt.new_specimens, (), (), receipt.ingest, toml, False, ()
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _merged(found: Sequence[Collected]) -> list[RawModality]:
    """The modalities of several data sets, those of one name together, in the units of the first."""
    merged: dict[str, RawModality] = {}
    for each in found:
        for raw in each.modalities:
            name = raw.modality.name
            if name not in merged:
                merged[name] = raw
                continue
            twice = set(merged[name].specimens) & set(raw.specimens)
            if twice:
                raise ReadError(
                    f"specimen {min(twice)!r} has {name} in two of the given folders",
                    next="Ingest one folder after the other, the second with --on-conflict replace or keep.",
                )
            merged[name] = merge(merged[name].modality, [merged[name], conform(raw, merged[name].modality)])
    return list(merged.values())


def _stop(failures: Sequence[tuple[Refused, FingerprintError]]) -> None:
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
