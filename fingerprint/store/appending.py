"""One append in the making: measurements checked, compared with what is stored, and staged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow as pa

from fingerprint.modality import Block, Measurements, Modality, RawModality
from fingerprint.store.axes import axis_id, axis_rows, unknown_axes
from fingerprint.store.checks import check_block, check_once, check_space
from fingerprint.store.comparing import (
    Identity,
    OnConflict,
    Stored,
    compared,
    differences,
    refuse_conflicts,
    refuse_twins,
)
from fingerprint.store.ledger import FIRST_FORMAT, REPLICATES_FORMAT, Counts, Ledger, new_id
from fingerprint.store.rows import row_reader
from fingerprint.store.staging import Staging

_AT_ONCE = 32 << 20  # bytes of small blocks that are compared and written together
_COMPARED = ("specimen", "measurement", "digest")
Known = Callable[[Ledger, str, Sequence[str]], Stored]


class Appending:
    """What is to become one row of the ledger.

    Attributes:
        ingest: its id.
        before: the ledger that it follows.
        on_conflict: what becomes of a measurement that differs from what is stored.
        axes: those that the store does not hold.
        modalities: by name.
        tables: the new rows, by modality.
        counts: how they compare with what is stored, by modality.
        specimens: all of them, each once.
        format_version: the least that a reader of it must understand.
    """

    def __init__(self, path: str, before: Ledger, known: Known, on_conflict: OnConflict) -> None:
        """Begin.

        Args:
            path: of the store.
            before, on_conflict: as above.
            known: what the store holds, by a ledger, in the modality of a name, of specimens.
        """
        self.ingest, self.before = new_id(), before
        self.on_conflict: OnConflict = on_conflict
        self.axes = Staging(f"{path.rstrip('/')}/axes")
        self.modalities: dict[str, Modality] = {}
        self.tables: dict[str, Staging] = {}
        self.counts: dict[str, Counts] = {}
        self.specimens: dict[str, None] = {}
        self.format_version = FIRST_FORMAT
        self._path, self._known = path, known
        self._both: dict[str, set[str]] = {}
        self._seen_axes: set[str] = set()

    def stage(self, measured: Measurements) -> None:
        """Write the new measurements of one modality where no reader sees them.

        Raises:
            StoreError: a value or axis is refused, or a measurement disagrees with what the store holds.
            DiskError: the disk is full or cannot be written.
        """
        modality = self.modalities[measured.modality.name] = measured.modality
        table = self.tables[modality.name] = Staging(f"{self._path.rstrip('/')}/modalities/{modality.name}")
        self.counts[modality.name] = Counts()
        seen: set[tuple[str, str]] = set()
        for blocks in _together(measured.blocks):
            raw = RawModality(modality, tuple(blocks))
            for block in blocks:
                check_block(modality, block)
                check_once(modality.name, block.ids, seen)
            check_space(self._path, sum(block.values.nbytes for block in blocks))
            stored = self._known(self.before, modality.name, raw.specimens)
            parts, counts = compared(raw, stored, self.on_conflict)
            self.counts[modality.name] += counts
            if parts:
                self._stage_axes(blocks, {rows.axis for rows in parts if rows.axis is not None})
                if any(own for rows in parts for own in rows.measurements):
                    self.format_version = REPLICATES_FORMAT
                table.write(row_reader(modality.kind, parts, self.ingest))
        named = {specimen for specimen, own in seen if own}
        self._both[modality.name] = {specimen for specimen, own in seen if not own and specimen in named}
        self.specimens.update(dict.fromkeys(specimen for specimen, _ in seen))

    def finish(self) -> None:
        """Write the rest of it.

        Raises:
            StoreError: a measurement stands in it twice, with an id and without.
            DiskError: the disk is full or cannot be written.
        """
        for table in (self.axes, *self.tables.values()):
            table.finish()
        for name, specimens in self._both.items():
            if specimens and self.on_conflict != "replace":
                digests = {pair: digest for pair, digest in self._staged(name) if pair[0] in specimens}
                refuse_twins(name, digests)

    def refuse_conflicts(self, ledger: Ledger) -> None:
        """Raise StoreError where another process has stored other measurements of these specimens by now."""
        for name, table in self.tables.items():
            for batch in table.read(_COMPARED):
                ids, digests = _ids(batch), batch["digest"].to_pylist()
                specimens = [specimen for specimen, _ in ids]
                found = differences(ids, digests, self._known(ledger, name, list(dict.fromkeys(specimens))))
                refuse_conflicts(name, ids, found.conflicts, found.twins)

    def discard(self) -> None:
        """Delete what was staged and is not part of a table."""
        for table in (self.axes, *self.tables.values()):
            table.discard()

    def _staged(self, name: str) -> Iterator[tuple[Identity, str]]:
        """The new measurements of a modality, each with its digest."""
        for batch in self.tables[name].read(_COMPARED):
            yield from zip(_ids(batch), batch["digest"].to_pylist(), strict=True)

    def _stage_axes(self, blocks: Sequence[Block], used: set[str]) -> None:
        axes = {axis_id(block.axis): block.axis for block in blocks if block.axis is not None}
        new = {key: axis for key, axis in axes.items() if key in used - self._seen_axes}
        self._seen_axes |= used
        unknown = unknown_axes(self.axes.url, new) if new else {}
        if unknown:
            self.axes.write(axis_rows(unknown, self.ingest))


def _ids(batch: pa.RecordBatch) -> list[Identity]:
    pairs = zip(batch["specimen"].to_pylist(), batch["measurement"].to_pylist(), strict=True)
    return [(specimen, own or "") for specimen, own in pairs]


def _together(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    waiting: list[Block] = []
    size = 0
    for block in blocks:
        if waiting and size + block.values.nbytes > _AT_ONCE:
            yield waiting
            waiting, size = [], 0
        waiting.append(block)
        size += block.values.nbytes
    if waiting:
        yield waiting
