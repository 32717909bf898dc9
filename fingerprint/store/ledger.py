"""The ledger: the table `ingests`, whose rows are the only commit points of a store.

A row is written last, after everything that belongs to it. Readers see the rows of other tables only where
their ingest stands in the ledger and is not undone, so an interruption at any moment leaves the store as it
was. Rows are numbered 1, 2, 3, ...: each is committed as the very next version of the table, or its writer
reads again and retries.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa

import fingerprint
from fingerprint.errors import StoreError
from fingerprint.modality import Modality
from fingerprint.store import delta

FORMAT_VERSION = 2  # the newest that is understood
FIRST_FORMAT = 1
REPLICATES_FORMAT = 2  # of an ingest that holds measurements with an id: who knew one per specimen would lose some

_SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("ingest", pa.string()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("kind", pa.string()),
        ("undoes", pa.string()),
        ("format_version", pa.int32()),
        ("package_version", pa.string()),
        ("modalities", pa.string()),
        ("counts", pa.string()),
        ("dataset_toml", pa.string()),
        ("files", pa.string()),
    ]
)


@dataclass(frozen=True)
class Counts:
    """Measurements of one modality: new, stored already, different from what was stored and now in its place, and
    different and left out."""

    new: int = 0
    unchanged: int = 0
    replaced: int = 0
    kept: int = 0

    def __add__(self, more: Counts) -> Counts:
        return Counts(
            self.new + more.new,
            self.unchanged + more.unchanged,
            self.replaced + more.replaced,
            self.kept + more.kept,
        )


@dataclass(frozen=True)
class Snapshot:
    """A state of the store: what its first `position` ledger rows say. (0, "") is empty.

    Attributes:
        position: the number of ledger rows.
        ingest: the id of the last of them, which tells this store from others.
    """

    position: int
    ingest: str


@dataclass(frozen=True)
class LedgerEntry:
    """One row of the ledger.

    Attributes:
        position: 1 for the first row.
        ingest: its id.
        time: of the commit, UTC.
        kind: "ingest" or "undo".
        undoes: the id of the ingest that an undo hides; "" for an ingest.
        modalities: definitions of the modalities that were written, by name.
        counts: how many measurements, by modality.
        dataset_toml: the dataset.toml that was followed, as text.
        files: the SHA-256 of every file that was read, by its path; empty where the measurements came from Python, and
            in rows older than this column.
        format_version: the least that a reader must understand to read what was written.
        package_version: of fingerprint, when the row was written.
    """

    position: int
    ingest: str
    time: datetime
    kind: str
    undoes: str = ""
    modalities: Mapping[str, Modality] = field(default_factory=dict)
    counts: Mapping[str, Counts] = field(default_factory=dict)
    dataset_toml: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    format_version: int = FIRST_FORMAT
    package_version: str = fingerprint.__version__


@dataclass(frozen=True)
class Ledger:
    """The ledger as it stood at one moment.

    Attributes:
        entries: in order of position.
        version: of the Delta table; -1 where there is none yet.
    """

    entries: tuple[LedgerEntry, ...] = ()
    version: int = -1

    @property
    def snapshot(self) -> Snapshot:
        """The state that all entries make."""
        return Snapshot(len(self.entries), self.entries[-1].ingest) if self.entries else Snapshot(0, "")

    @property
    def undone(self) -> frozenset[str]:
        """The ids of the ingests that an undo hides."""
        return frozenset(entry.undoes for entry in self.entries if entry.kind == "undo")

    def at(self, snapshot: Snapshot | None) -> Ledger:
        """The ledger as it stood at `snapshot`; all of it for None.

        Raises:
            StoreError: the snapshot is not one of this store.
        """
        if snapshot is None:
            return self
        past = Ledger(self.entries[: snapshot.position], self.version)
        if past.snapshot != snapshot:
            raise StoreError(
                f"the store has no state {snapshot.position} that ends with ingest {snapshot.ingest!r}",
                expected=f"Its newest state is {self.snapshot.position}, ingest {self.snapshot.ingest!r}.",
                next="Name the store that the snapshot was taken of with --store.",
            )
        return past

    def visible(self) -> tuple[LedgerEntry, ...]:
        """The ingests that readers see, oldest first."""
        undone = self.undone
        return tuple(entry for entry in self.entries if entry.kind == "ingest" and entry.ingest not in undone)

    def written(self, name: str) -> dict[str, int]:
        """The ids of the ingests that readers see, oldest first, each with its count of rows."""
        counts = {entry.ingest: entry.counts.get(name, Counts()) for entry in self.visible()}
        return {ingest: count.new + count.replaced for ingest, count in counts.items()}

    def following(self, ingest: str, **facts: Any) -> LedgerEntry:
        """The row that comes after this ledger, committed now; `facts` are fields of LedgerEntry."""
        return LedgerEntry(len(self.entries) + 1, ingest, datetime.now(UTC), **facts)

    def check_nothing_undone_since(self, before: Ledger) -> None:
        """Refuse to commit what was compared with measurements that are hidden by now.

        Raises:
            StoreError: naming the ingest that was undone meanwhile.
        """
        meanwhile = self.undone - before.undone
        if meanwhile:
            raise StoreError(
                f"ingest {min(meanwhile)} was undone at the same moment; nothing was written",
                next="Run the same command again.",
            )

    def check_undoable(self, ingest: str, where: str) -> None:
        """Refuse to undo what is no ingest, or is undone already.

        Raises:
            StoreError: naming the newest ingests that can be undone.
        """
        visible = [entry.ingest for entry in self.visible()]
        if ingest in visible:
            return
        is_undone = ingest in self.undone
        raise StoreError(
            f"ingest {ingest!r} is undone already" if is_undone else f"the store has no ingest {ingest!r}",
            where=where,
            expected=f"One of: {', '.join(visible[-5:])}." if visible else "There is nothing to undo.",
            next="fingerprint store log",
        )

    def modalities(self) -> dict[str, Modality]:
        """The modalities that readers see, in order of first appearance."""
        found: dict[str, Modality] = {}
        for entry in self.visible():
            for name, modality in entry.modalities.items():
                found.setdefault(name, modality)
        return found


def new_id() -> str:
    """An id for an ingest that is about to be written: its time (UTC) and six random hexadecimal digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def read_ledger(url: str) -> Ledger:
    """The ledger as it stands now; empty where there is none.

    Raises:
        StoreError: it was written by a newer version of fingerprint, or it is damaged.
    """
    version = delta.version(url)
    if version < 0:
        return Ledger()
    rows = [row for batch in delta.read(url, at=version) for row in batch.to_pylist()]
    newest = max(rows, key=lambda row: row["format_version"], default=None)
    if newest is not None and newest["format_version"] > FORMAT_VERSION:
        raise StoreError(
            f"store of a newer format: {newest['format_version']}",
            where=url,
            expected=f"Format {FORMAT_VERSION} or older; fingerprint {newest['package_version']} wrote it.",
            next="Upgrade: pip install --upgrade pima-fingerprint",
        )
    # A service that lost its answer may have been given the same row twice.
    once = {(row["position"], row["ingest"]): row for row in rows}
    entries = sorted((_entry(row) for row in once.values()), key=lambda entry: entry.position)
    if [entry.position for entry in entries] != list(range(1, len(entries) + 1)):
        raise StoreError(
            "the ledger is damaged: its rows are not numbered 1, 2, 3, ...",
            where=url,
            next="Restore the store from a copy, or ingest the files again into a new one with --store.",
        )
    return Ledger(tuple(entries), version)


def commit(url: str, next_entry: Callable[[Ledger], LedgerEntry]) -> LedgerEntry:
    """Write one row. Once it is there, the ingest or the undo has happened.

    A service may write a row and lose its answer, and then call what is asked again a conflict: whether our row is
    there is looked at before it is written anew.

    Args:
        url: of the table `ingests`.
        next_entry: makes the row from the ledger that it follows; called again after a conflict.
    """
    tried: set[str] = set()

    def once() -> LedgerEntry:
        ledger = read_ledger(url)
        written = next((entry for entry in ledger.entries if entry.ingest in tried), None)
        if written is not None:
            return written
        entry = next_entry(ledger)
        tried.add(entry.ingest)
        delta.append_next(url, pa.Table.from_pylist([_row(entry)], schema=_SCHEMA), ledger.version)
        return entry

    return delta.retried(once)


def _row(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "position": entry.position,
        "ingest": entry.ingest,
        "time": entry.time,
        "kind": entry.kind,
        "undoes": entry.undoes,
        "format_version": entry.format_version,
        "package_version": entry.package_version,
        "modalities": msgspec.json.encode(list(entry.modalities.values())).decode(),
        "counts": msgspec.json.encode(dict(entry.counts)).decode(),
        "dataset_toml": entry.dataset_toml,
        "files": msgspec.json.encode(dict(entry.files)).decode(),
    }


def _entry(row: dict[str, Any]) -> LedgerEntry:
    modalities = msgspec.json.decode(row["modalities"], type=list[Modality])
    return LedgerEntry(
        position=row["position"],
        ingest=row["ingest"],
        time=row["time"],
        kind=row["kind"],
        undoes=row["undoes"],
        modalities={modality.name: modality for modality in modalities},
        counts=msgspec.json.decode(row["counts"], type=dict[str, Counts]),
        dataset_toml=row["dataset_toml"],
        files=msgspec.json.decode(row.get("files") or "{}", type=dict[str, str]),
        format_version=row["format_version"],
        package_version=row["package_version"],
    )
