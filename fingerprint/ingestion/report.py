"""What an ingest found and did."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fingerprint.files import write_text_atomically
from fingerprint.modality import Modality, RawModality


@dataclass(frozen=True)
class AxisReport:
    """The axes of a modality: the widest span, the most points, and how many distinct axes there are."""

    name: str
    unit: str
    first: float
    last: float
    points: int
    distinct: int


@dataclass(frozen=True)
class ModalityReport:
    """One modality of an ingest.

    Attributes:
        modality: as it is stored.
        axis: None for scalars and images.
        read: measurements in the files.
        missing: specimens of these files without this measurement.
        new, unchanged, replaced, kept: against the store; None when nothing was to be stored.
    """

    modality: Modality
    axis: AxisReport | None
    read: int
    missing: int
    new: int | None = None
    unchanged: int | None = None
    replaced: int | None = None
    kept: int | None = None


@dataclass(frozen=True)
class Ignored:
    """A file, or dataset of one, that no modality claims."""

    file: str
    reason: str


@dataclass(frozen=True)
class Refused:
    """A file that a modality claims and that could not be read."""

    file: str
    where: str
    reason: str


@dataclass(frozen=True)
class IngestReport:
    """What an ingest found and did.

    Attributes:
        modalities: by name.
        total_specimens, new_specimens: in the store, or in the files after a dry run; new is None then.
        ingest: its id in the store; None when nothing was new, and after a dry run.
        dataset_toml: what was followed, with the reasons as comments where it was inferred.
        inferred: whether it was.
        warnings: what the person should check.
    """

    modalities: Mapping[str, ModalityReport]
    total_specimens: int
    new_specimens: int | None
    ignored: tuple[Ignored, ...]
    refused: tuple[Refused, ...]
    ingest: str | None
    dataset_toml: str
    inferred: bool
    warnings: tuple[str, ...]


def describe_modality(raw: RawModality, specimens: int) -> ModalityReport:
    """The report of what was read, among this many specimens."""
    axes = [block.axis for block in raw.blocks if block.axis is not None]
    axis = None
    if axes:
        axis = AxisReport(
            raw.modality.axis_name,
            raw.modality.axis_unit,
            min(float(each[0]) for each in axes),
            max(float(each[-1]) for each in axes),
            max(each.size for each in axes),
            len({each.tobytes() for each in axes}),
        )
    return ModalityReport(raw.modality, axis, len(raw), specimens - len(raw))


def write_rejected(refused: Sequence[Refused], path: Path) -> None:
    """Write the refused files as CSV with the columns file, where, reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "where", "reason"))
    writer.writerows((each.file, each.where, each.reason) for each in refused)
    write_text_atomically(path, text.getvalue())
