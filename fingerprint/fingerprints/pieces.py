"""The specimens of a run as its store holds them, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fingerprint.errors import StoreError
from fingerprint.modality import RawModality
from fingerprint.prepare import Physical, Tensors, align, to_tensors
from fingerprint.run import Run
from fingerprint.store import Snapshot, Store

MOST_NUMBERS = 4_000_000


class Piece(NamedTuple):
    """Some specimens: measured in physical units on the common grids, and as the model sees them."""

    physical: Physical
    tensors: Tensors


def pieces(run: Run, store: Store, specimens: Sequence[str]) -> Iterator[Piece]:
    """Read specimens at the run's snapshot, so many at a time that they hold about `MOST_NUMBERS` numbers.

    Args:
        run: a trained run.
        store: the one that it was trained on.
        specimens: ids; the pieces follow their order.

    Raises:
        StoreError: the store is another one.
    """
    at = snapshot(run, store)
    device = next(run.model.parameters()).device
    step = max(1, MOST_NUMBERS // sum(each.points for each in run.preparations.values()))
    for start in range(0, len(specimens), step):
        few = specimens[start : start + step]
        raws = read_usable(run, store, few, at)
        physical = align(raws, run.preparations, few)
        yield Piece(physical, to_tensors(physical, run.preparations, device))


def read_usable(run: Run, store: Store, specimens: Sequence[str], at: Snapshot) -> dict[str, RawModality]:
    """What the store holds of specimens, by modality, but for measurements that the model cannot see."""
    raws = {name: store.read(name, specimens=specimens, at=at) for name in run.preparations}
    return {name: run.preparations[name].usable(raw)[0] for name, raw in raws.items()}


def snapshot(run: Run, store: Store) -> Snapshot:
    """The state of the store that a run was trained on.

    Raises:
        StoreError: the store is another one.
    """
    at = Snapshot(run.info.position, run.info.ingest)
    now = store.snapshot()
    if now.position < at.position or not any(entry.ingest == at.ingest for entry in store.log()):
        raise StoreError(
            "this is not the store that the run was trained on",
            where=store.path,
            expected=f"A store whose ledger has the ingest {at.ingest}.",
            next="Name it: --store PATH.",
        )
    return at
