"""What an ingest found and did."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fingerprint.files import write_text_atomically
from fingerprint.modality import Block, Modality
from fingerprint.store.axes import axis_id


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


class Tally:
    """What has been read of one modality so far.

    Attributes:
        modality: as it is stored.
        specimens: each once.
    """

    def __init__(self, modality: Modality) -> None:
        self.modality = modality
        self.specimens: dict[str, None] = {}
        self._count = 0
        self._axes: set[str] = set()
        self._first, self._last, self._points = math.inf, -math.inf, 0

    def add(self, block: Block) -> None:
        """Take in some measurements."""
        self.specimens.update(dict.fromkeys(block.specimens))
        self._count += len(block.specimens)
        if block.axis is not None:
            self._axes.add(axis_id(block.axis))
            self._first = min(self._first, float(block.axis[0]))
            self._last = max(self._last, float(block.axis[-1]))
            self._points = max(self._points, block.axis.size)

    def report(self, specimens: int) -> ModalityReport:
        """The report of it, among this many specimens."""
        name, unit = self.modality.axis_name, self.modality.axis_unit
        span = (self._first, self._last, self._points)
        axis = AxisReport(name, unit, *span, len(self._axes)) if self._axes else None
        return ModalityReport(self.modality, axis, self._count, specimens - len(self.specimens))


def write_rejected(refused: Sequence[Refused], path: Path) -> None:
    """Write the refused files as CSV with the columns file, where, reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "where", "reason"))
    writer.writerows((each.file, each.where, each.reason) for each in refused)
    write_text_atomically(path, text.getvalue())
