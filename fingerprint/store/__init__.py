"""The store: what was measured, as it was measured, in append-only Delta tables.

store.py     Store: open, read, append, undo, optimize
appending.py one append in the making; staging.py: its rows, in files that no reader sees yet
ledger.py    the table `ingests`, whose rows are the only commit points; snapshots
checks.py    what may enter
rows.py      measurements -> the rows of a modality's table
comparing.py which of them are new, the same as stored, or in conflict
blocks.py    and back
visible.py   which rows a reader sees
metadata.py  the table `specimens`
axes.py      the table `axes`: each axis once, by its hash
receipt.py   what the store says when it has done something
summary.py   what a store holds, in numbers; spread.py: how far measurements of one specimen lie apart
remote.py    object stores: how long one is waited for, and what its refusals mean
delta.py     the one file that calls deltalake
"""

from __future__ import annotations

from fingerprint.store.comparing import OnConflict
from fingerprint.store.ledger import Counts, LedgerEntry, Snapshot
from fingerprint.store.receipt import Compacted, Receipt
from fingerprint.store.store import Store, open_store
from fingerprint.store.summary import AxisSummary, ModalitySummary, StoreSummary, summarise

__all__ = [
    "AxisSummary",
    "Compacted",
    "Counts",
    "LedgerEntry",
    "ModalitySummary",
    "OnConflict",
    "Receipt",
    "Snapshot",
    "Store",
    "StoreSummary",
    "open_store",
    "summarise",
]
