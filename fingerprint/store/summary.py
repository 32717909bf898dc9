"""What a store holds, in numbers, and what looks wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.store.ledger import Snapshot
from fingerprint.store.store import Store

FAR_OUT = 100.0  # times the distance from the median within which nine in ten scalars lie
LEAST_JUDGED = 10  # scalars, or specimens
NAMED = 3  # of those that are far out


@dataclass(frozen=True)
class AxisSummary:
    """The axes of a modality: least first and greatest last value, most points, number of different ones."""

    first: float
    last: float
    points: int
    distinct: int


@dataclass(frozen=True)
class ModalitySummary:
    """The measurements of one modality.

    Attributes:
        modality: its definition.
        axis: None for scalars and images.
        shapes: of the images, (rows, columns), each once; empty for other kinds.
        count: specimens measured.
        missing: specimens of the store that were not.
        minimum: of all values, in the modality's unit; also `mean` and `maximum`.
    """

    modality: Modality
    axis: AxisSummary | None
    shapes: tuple[tuple[int, ...], ...]
    count: int
    missing: int
    minimum: float
    mean: float
    maximum: float


@dataclass(frozen=True)
class StoreSummary:
    """What a store holds.

    Attributes:
        snapshot: the state that was read.
        specimens: how many have metadata or a measurement.
        metadata: the keys of their metadata, each with the number of specimens that have it.
        modalities: by name, in order of first appearance.
        warnings: what looks wrong, a sentence each.
    """

    snapshot: Snapshot
    specimens: int
    metadata: Mapping[str, int]
    modalities: Mapping[str, ModalitySummary]
    warnings: tuple[str, ...]


def summarise(store: Store, position: int | None = None) -> StoreSummary:
    """Read every measurement once and sum it up.

    Raises:
        StoreError: the store is damaged.
    """
    at = store.snapshot(position)
    specimens = store.specimens(at)
    summaries: dict[str, ModalitySummary] = {}
    measured: Counter[str] = Counter()
    odd: list[str] = []
    for name in store.modalities(at):
        raw = store.read(name, at=at)
        summaries[name] = _summary(raw, len(specimens))
        measured.update(raw.specimens)
        odd += [*_flat(raw), *_far_out(raw)]
    facts = Counter(key for values in specimens.values() for key, value in values.items() if value is not None)
    warnings = (*_undone(store), *_constant(summaries), *odd, *_unrelated(len(specimens), measured, len(summaries)))
    return StoreSummary(at, len(specimens), dict(facts), summaries, warnings)


def _summary(raw: RawModality, specimens: int) -> ModalitySummary:
    values = [block.values for block in raw.blocks]
    axes = [block.axis for block in raw.blocks if block.axis is not None]
    axis = None
    if axes:
        axis = AxisSummary(
            first=min(float(axis[0]) for axis in axes),
            last=max(float(axis[-1]) for axis in axes),
            points=max(axis.size for axis in axes),
            distinct=len({axis.tobytes() for axis in axes}),
        )
    total = sum(float(block.sum(dtype=float)) for block in values)
    return ModalitySummary(
        modality=raw.modality,
        axis=axis,
        shapes=tuple(sorted({block.shape[1:] for block in values if raw.modality.kind is Kind.IMAGE})),
        count=len(raw),
        missing=specimens - len(raw),
        minimum=min(float(block.min()) for block in values),
        mean=total / sum(block.size for block in values),
        maximum=max(float(block.max()) for block in values),
    )


def _undone(store: Store) -> list[str]:
    undone = [entry.undoes for entry in store.log() if entry.kind == "undo"]
    return [f"ingest {ingest} is undone; what it wrote is hidden, not deleted" for ingest in undone]


def _constant(summaries: Mapping[str, ModalitySummary]) -> list[str]:
    return [
        f"{name} is constant: every value is {summary.minimum!r}, so it carries no information"
        for name, summary in summaries.items()
        if summary.count > 1 and summary.minimum == summary.maximum
    ]


def _flat(raw: RawModality) -> list[str]:
    """Curves and images of one value throughout, where others are not."""
    if raw.modality.kind is Kind.SCALAR:
        return []
    flat = [
        specimen
        for block in raw.blocks
        for specimen, is_flat in zip(
            block.specimens, np.ptp(block.values.reshape(len(block.values), -1), axis=1) == 0, strict=True
        )
        if is_flat
    ]
    if not flat or len(flat) == len(raw):
        return []
    return [f"{raw.modality.name} of {len(flat)} specimens is the same value at every point ({flat[0]!r}, ...)"]


def _far_out(raw: RawModality) -> list[str]:
    """A scalar so far from the others that it may be a typing error or a code for "not measured"."""
    if raw.modality.kind is not Kind.SCALAR or len(raw) < LEAST_JUDGED:
        return []
    values = np.concatenate([np.asarray(block.values, np.float64) for block in raw.blocks])
    away = np.abs(values - np.median(values))
    spread = float(np.quantile(away, 0.9))
    far = np.flatnonzero(away > FAR_OUT * spread) if spread else np.flatnonzero([])
    beside = f"and the median {np.median(values):g}: is it right?"
    return [
        f"{raw.modality.name} of {raw.specimens[row]!r} is {values[row]:g}, {beside}" for row in far.tolist()[:NAMED]
    ]


def _unrelated(specimens: int, measured: Mapping[str, int], modalities: int) -> list[str]:
    warnings: list[str] = []
    if modalities > 1 and max(measured.values()) < 2:
        warnings.append("no specimen was measured in two ways; do the ids agree between the modalities?")
    alone = sum(count == 1 for count in measured.values())
    if modalities > 1 and 2 * alone >= len(measured) >= LEAST_JUDGED and max(measured.values()) > 1:
        told = f"{alone} of {len(measured)} specimens were measured in one way only"
        warnings.append(f"{told}; do the ids agree between the modalities?")
    bare = specimens - len(measured)
    if bare:
        warnings.append(f"{bare} of {specimens} specimens have metadata but no measurement")
    return warnings
