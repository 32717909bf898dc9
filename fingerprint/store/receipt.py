"""What the store says when it has done something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fingerprint.store.ledger import Counts


@dataclass(frozen=True)
class Receipt:
    """What an append did.

    Attributes:
        ingest: its id in the ledger; None when all of it was stored already and nothing was written.
        counts: by modality.
        new_specimens: how many the store had not known.
        total_specimens: how many it knows now.
    """

    ingest: str | None
    counts: Mapping[str, Counts]
    new_specimens: int
    total_specimens: int


@dataclass(frozen=True)
class Compacted:
    """What `optimize` did to one table: its number of Parquet files before and after."""

    table: str
    files_before: int
    files_after: int
