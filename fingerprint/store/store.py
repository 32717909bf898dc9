"""Store: what was measured, as it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from fingerprint.errors import StoreError
from fingerprint.modality import Measurements, Modality, RawModality
from fingerprint.store import delta
from fingerprint.store.appending import Appending
from fingerprint.store.axes import read_axes
from fingerprint.store.blocks import raw_modality
from fingerprint.store.checks import check_agreement, check_metadata, check_name
from fingerprint.store.comparing import OnConflict, Stored, stored_measurements
from fingerprint.store.ledger import Ledger, LedgerEntry, Snapshot, commit, new_id, read_ledger
from fingerprint.store.metadata import JsonScalar, count_keys, new_facts, read_metadata, write_metadata
from fingerprint.store.receipt import Compacted, Receipt
from fingerprint.store.rows import UNCERTAINTY, VALUES
from fingerprint.store.visible import among, distinct, newest, read_visible

PIECE_BYTES = 64 << 20  # of values that are read at once where all need not be
_FIRST_PIECE = 256  # specimens, from which the size of others is told


class Store:
    """A store at a folder or an object-store URL. Made by `open_store`; holds no open file.

    Attributes:
        path: as it was given.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Store({self.path!r})"

    def exists(self) -> bool:
        """Whether anything was ever stored here."""
        return self._ledger().version >= 0

    def snapshot(self, position: int | None = None) -> Snapshot:
        """The state of the store now, or after the first `position` rows of its log.

        Raises:
            StoreError: the log is shorter.
        """
        ledger = self._ledger()
        if position is None:
            return ledger.snapshot
        if not 0 <= position <= len(ledger.entries):
            raise StoreError(
                f"the store has no state {position}",
                where=self.path,
                expected=f"0 to {len(ledger.entries)}.",
                next="fingerprint store log",
            )
        return Ledger(ledger.entries[:position]).snapshot

    def modalities(self, at: Snapshot | None = None) -> dict[str, Modality]:
        """The modalities by name, in order of first appearance."""
        return self._ledger().at(at).modalities()

    def read(self, name: str, *, specimens: Sequence[str] | None = None, at: Snapshot | None = None) -> RawModality:
        """The measurements of one modality, of each id of a specimen the newest.

        Args:
            name: of the modality.
            specimens: ids; those that were not measured are left out. None for all.
            at: a state of the store; None for now.

        Returns:
            One block per axis and type of number, in order of its first specimen; specimens sorted in each, and the
            measurements of a specimen by their id.

        Raises:
            StoreError: there is no such modality (or snapshot), or the store is damaged.
        """
        ledger = self._ledger().at(at)
        return self._read(self._modality(name, ledger), ledger.written(name), specimens=specimens)

    def pieces(self, name: str, *, at: Snapshot | None = None, size: int = PIECE_BYTES) -> Iterator[RawModality]:
        """As `read`, some specimens at a time, in their order: all measurements of a specimen are in one piece.

        Args:
            name: of the modality.
            at: a state of the store; None for now.
            size: of the values of a piece, in bytes, about; each reads all files whose ranges of ids meet its own.

        Raises:
            StoreError: there is no such modality (or snapshot), or the store is damaged.
        """
        ledger = self._ledger().at(at)
        modality, written = self._modality(name, ledger), ledger.written(name)  # lost rows are looked for here, once
        known = read_visible(self._modality_url(name), ("specimen",), written)
        specimens = distinct([known["specimen"]]).sort()
        first, count = 0, _FIRST_PIECE
        while first < len(specimens):
            last = min(first + count, len(specimens)) - 1
            span = (specimens[first].as_py(), specimens[last].as_py())
            yield (raw := self._read(modality, dict.fromkeys(written, 0), between=span))
            taken = sum(block.values.nbytes for block in raw.blocks) / (last + 1 - first)
            first, count = last + 1, max(1, int(size / max(taken, 1.0)))

    def specimens(self, at: Snapshot | None = None) -> dict[str, dict[str, JsonScalar]]:
        """Every specimen that has metadata or a measurement, sorted by id, with its metadata.

        Of a key that several ingests gave, the newest value stands.
        """
        return self._specimens(self._ledger().at(at))

    def count(self, at: Snapshot | None = None) -> int:
        """How many specimens have metadata or a measurement."""
        return len(self._known(self._ledger().at(at)))

    def metadata_keys(self, at: Snapshot | None = None) -> dict[str, int]:
        """The keys of the metadata, each with the number of specimens of which it is known."""
        return count_keys(self._url("specimens"), [entry.ingest for entry in self._ledger().at(at).visible()])

    def append(
        self,
        modalities: Sequence[Measurements],
        metadata: Mapping[str, Mapping[str, JsonScalar]],
        dataset_toml: str,
        files: Mapping[str, str] | None = None,
        *,
        on_conflict: OnConflict = "replace",
    ) -> Receipt:
        """Store measurements and metadata: all of them, or none when anything fails or interrupts.

        A measurement that is stored already is not written again, unless more is known of how it was made.

        Args:
            modalities: what was measured, which may be read while it is stored, once. float32 stays float32; everything
                else is stored as float64.
            metadata: of specimens, by id. A number that is not finite becomes None.
            dataset_toml: the text of the dataset.toml that was followed, kept in the ledger.
            files: the SHA-256 of each file that was read, by path, kept there too; looked at when all has been read.
            on_conflict: what becomes of a measurement that differs from what is stored of its specimen under the same
                id: it is written, and is the one that is read from then on; nothing ("keep"); or an error, as `ingest`
                has it. A new id is a further measurement.

        Raises:
            StoreError: a name, value or axis is refused, or a modality or a measurement disagrees with what the store
                holds, now or by the time of writing.
            DiskError: the disk is full or cannot be written.
        """
        check_metadata(metadata)
        definitions = {each.modality.name: each.modality for each in modalities}
        if len(definitions) < len(modalities):
            raise StoreError(f"a modality is given twice: {[each.modality.name for each in modalities]}")
        for name in definitions:
            check_name(name)
        before = self._ledger()
        check_agreement(definitions.values(), before.modalities())
        appending = Appending(self.path, before, self._stored, on_conflict)
        try:
            for each in modalities:
                appending.stage(each)
            appending.finish()
            return self._commit(appending, metadata, {"dataset_toml": dataset_toml, "files": files or {}})
        finally:
            appending.discard()

    def log(self) -> list[LedgerEntry]:
        """The rows of the ledger, oldest first."""
        return list(self._ledger().entries)

    def undo(self, ingest: str) -> LedgerEntry:
        """Hide what one ingest wrote, as if it had not been; nothing is deleted.

        Returns:
            The new row of the ledger.

        Raises:
            StoreError: there is no such ingest, or it is undone already.
        """

        def entry(ledger: Ledger) -> LedgerEntry:
            ledger.check_undoable(ingest, self.path)
            return ledger.following(new_id(), kind="undo", undoes=ingest)

        return commit(self._url("ingests"), entry)

    def optimize(self) -> list[Compacted]:
        """Merge the small files that many ingests leave. Answers and snapshots stay the same."""
        names = dict.fromkeys(name for entry in self.log() for name in entry.modalities)
        tables = ["specimens", "axes", "ingests", *(f"modalities/{name}" for name in names)]
        urls = {table: self._url(table) for table in tables}
        return [Compacted(table, *delta.compact(url)) for table, url in urls.items() if delta.exists(url)]

    def _commit(
        self, appending: Appending, metadata: Mapping[str, Mapping[str, JsonScalar]], told: Mapping[str, Any]
    ) -> Receipt:
        """Make what was staged part of the store, the row of the ledger last; `told` are further fields of it."""
        before = appending.before
        known = self._known(before)
        given = pa.array(list(dict.fromkeys([*metadata, *appending.specimens])), pa.large_string())
        is_known = among(given, known)
        ingests = [entry.ingest for entry in before.visible()]
        described = new_facts(self._url("specimens"), ingests, metadata, set(given.filter(is_known).to_pylist()))
        written = {name: table for name, table in appending.tables.items() if len(table)}
        fresh = len(given) - is_known.true_count
        ingest = appending.ingest if written or described else None
        receipt = Receipt(ingest, appending.counts, fresh, len(known) + fresh)
        if ingest is None:
            return receipt
        appending.axes.commit()
        write_metadata(self._url("specimens"), described, ingest)
        for table in written.values():
            table.commit()

        def entry(ledger: Ledger) -> LedgerEntry:
            check_agreement(appending.modalities.values(), ledger.modalities())
            ledger.check_nothing_undone_since(before)
            if appending.on_conflict != "replace" and len(ledger.entries) > len(before.entries):
                appending.refuse_conflicts(ledger)
            defined = {name: appending.modalities[name] for name in written}
            what = {"modalities": defined, "counts": appending.counts, "format_version": appending.format_version}
            return ledger.following(ingest, kind="ingest", **what, **told)

        commit(self._url("ingests"), entry)
        return receipt

    def _modality(self, name: str, ledger: Ledger) -> Modality:
        known = ledger.modalities()
        if name not in known:
            raise StoreError(
                f"the store holds no modality {name!r}",
                where=self.path,
                expected=f"One of: {', '.join(known)}." if known else "It is empty.",
                next="fingerprint info",
            )
        return known[name]

    def _read(
        self,
        modality: Modality,
        written: Mapping[str, int],
        *,
        specimens: Sequence[str] | None = None,
        between: tuple[str, str] | None = None,
    ) -> RawModality:
        url = self._modality_url(modality.name)
        columns = ("specimen", "measurement", "axis", "source", "facts", "shape", *VALUES, *UNCERTAINTY)
        table = newest(read_visible(url, columns, written, specimens=specimens, between=between))
        used = table["axis"].unique().to_pylist() if modality.has_axis else []
        return raw_modality(modality, table, read_axes(self._url("axes"), used), url)

    def _stored(self, ledger: Ledger, name: str, specimens: Sequence[str]) -> Stored:
        """What is stored of these specimens in one modality."""
        written = ledger.written(name)
        columns = ("specimen", "measurement", "digest", "facts")
        found = newest(read_visible(self._modality_url(name), columns, written, specimens=specimens))
        return stored_measurements(found)

    def _known(self, ledger: Ledger) -> pa.Array:
        """Every specimen that has metadata or a measurement, in no order."""
        described = dict.fromkeys((entry.ingest for entry in ledger.visible()), 0)
        tables = {self._url("specimens"): described}
        tables |= {self._modality_url(name): ledger.written(name) for name in ledger.modalities()}
        return distinct([read_visible(url, ("specimen",), written)["specimen"] for url, written in tables.items()])

    def _specimens(self, ledger: Ledger) -> dict[str, dict[str, JsonScalar]]:
        found = read_metadata(self._url("specimens"), [entry.ingest for entry in ledger.visible()])
        return {specimen: found.get(specimen, {}) for specimen in sorted(self._known(ledger).to_pylist())}

    def _ledger(self) -> Ledger:
        return read_ledger(self._url("ingests"))

    def _modality_url(self, name: str) -> str:
        return self._url(f"modalities/{name}")

    def _url(self, table: str) -> str:
        return f"{self.path.rstrip('/')}/{table}"


def open_store(path: str | Path, *, create: bool = False) -> Store:
    """The store at a folder or an object-store URL (s3://bucket/store, ...).

    Args:
        path: where it is.
        create: whether it may be missing; its tables then come into being with the first append.

    Raises:
        StoreError: there is none, or it was written by a newer version of fingerprint.
    """
    store = Store(str(path))
    if not store.exists() and not create:
        raise StoreError(
            "there is no store",
            where=store.path,
            expected="A folder that `fingerprint ingest` made, or --store with the place of one.",
            next="fingerprint ingest FOLDER",
        )
    return store
