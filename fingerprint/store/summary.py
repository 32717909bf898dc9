"""What a store holds, in numbers, and what looks wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.store.axes import axis_id
from fingerprint.store.ledger import Snapshot
from fingerprint.store.spread import Spread, copies
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
        measurements: of these specimens, more than `count` where some were measured several times.
        spread: the standard deviation of a single measurement about the mean of its specimen, pooled over specimens and
            for curves and images over points, in the modality's unit; None where nothing was measured several times on
            one axis.
        minimum: of all values, in the modality's unit; also `mean` and `maximum`.
    """

    modality: Modality
    axis: AxisSummary | None
    shapes: tuple[tuple[int, ...], ...]
    count: int
    missing: int
    measurements: int
    spread: float | None
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
    """Read every measurement once, some at a time, and sum it up.

    Raises:
        StoreError: the store is damaged.
    """
    at = store.snapshot(position)
    known = store.count(at)
    sums = {name: _Sum(modality) for name, modality in store.modalities(at).items()}
    for name, found in sums.items():
        for raw in store.pieces(name, at=at):
            found.add(raw)
    summaries = {name: found.summary(known) for name, found in sums.items()}
    odd = [warning for found in sums.values() for warning in (*found.flat(), *found.far_out(), *found.copies())]
    measured = _times_measured(list(sums.values()))
    warnings = (*_undone(store), *_constant(summaries), *odd, *_unrelated(known, measured, len(summaries)))
    return StoreSummary(at, known, store.metadata_keys(at), summaries, warnings)


class _Sum:
    """The measurements of one modality, summed up as they are read."""

    def __init__(self, modality: Modality) -> None:
        self.modality = modality
        self.specimens: list[pa.Array] = []
        self._of: list[pa.Array] = []
        self._spread = Spread()
        self._copies: list[tuple[str, str, str]] = []
        self._axes: dict[str, tuple[float, float, int]] = {}
        self._shapes: set[tuple[int, ...]] = set()
        self._count = self._size = self._flat = 0
        self._first_flat = ""
        self._total, self._least, self._most = 0.0, math.inf, -math.inf
        self._scalars: list[NDArray[np.float64]] = []

    def add(self, raw: RawModality) -> None:
        """Take in some specimens."""
        self._count += len(raw)
        self.specimens.append(pa.array(raw.specimens, pa.large_string()))
        self._spread.add(raw)
        for block in raw.blocks:
            values = block.values
            self._size += values.size
            self._total += float(values.sum(dtype=float))
            self._least, self._most = min(self._least, float(values.min())), max(self._most, float(values.max()))
            if block.axis is not None:
                self._axes[axis_id(block.axis)] = (float(block.axis[0]), float(block.axis[-1]), block.axis.size)
            if self.modality.kind is Kind.SCALAR:
                self._scalars.append(np.asarray(values, np.float64))
                self._of.append(pa.array(block.specimens, pa.large_string()))
                continue
            if self.modality.kind is Kind.IMAGE:
                self._shapes.add(values.shape[1:])
            self._copies += copies(block)
            flat = np.flatnonzero(np.ptp(values.reshape(len(values), -1), axis=1) == 0)
            if len(flat):
                self._first_flat = self._first_flat or block.specimens[int(flat[0])]
                self._flat += len(flat)

    def summary(self, specimens: int) -> ModalitySummary:
        """What it comes to, in a store of so many specimens."""
        measured = sum(map(len, self.specimens))
        axis = None
        if self._axes:
            firsts, lasts, points = zip(*self._axes.values(), strict=True)
            axis = AxisSummary(min(firsts), max(lasts), max(points), len(self._axes))
        return ModalitySummary(
            modality=self.modality,
            axis=axis,
            shapes=tuple(sorted(self._shapes)),
            count=measured,
            missing=specimens - measured,
            measurements=self._count,
            spread=self._spread.value,
            minimum=self._least,
            mean=self._total / self._size,
            maximum=self._most,
        )

    def flat(self) -> list[str]:
        """Curves and images of one value throughout, where others are not."""
        if not 0 < self._flat < self._count:
            return []
        told = f"{self._flat} specimens is the same value at every point ({self._first_flat!r}, ...)"
        return [f"{self.modality.name} of {told}"]

    def far_out(self) -> list[str]:
        """A scalar so far from the others that it may be a typing error or a code for "not measured"."""
        if self.modality.kind is not Kind.SCALAR or self._count < LEAST_JUDGED:
            return []
        values = np.concatenate(self._scalars)
        away = np.abs(values - np.median(values))
        spread = float(np.quantile(away, 0.9))
        far = np.flatnonzero(away > FAR_OUT * spread)[:NAMED] if spread else np.flatnonzero([])
        names = pa.chunked_array(self._of).take(pa.array(far)).to_pylist()
        beside = f"and the median {np.median(values):g}: is it right?"
        return [
            f"{self.modality.name} of {name!r} is {values[row]:g}, {beside}"
            for name, row in zip(names, far.tolist(), strict=True)
        ]

    def copies(self) -> list[str]:
        """Curves and images of one specimen that agree in every number, which no two measurements do."""
        if not self._copies:
            return []
        specimen, first, second = self._copies[0]
        others = len({each for each, _, _ in self._copies}) - 1
        more = f", and of {others} more specimens" if others else ""
        alike = f"{self.modality.name} of {specimen!r}{more} is stored twice with the same values"
        return [f"{alike} ({first!r} and {second!r}): is it a copy?"]


def _times_measured(sums: Sequence[_Sum]) -> NDArray[np.int64]:
    """In how many ways each specimen that was measured was measured."""
    chunks = [chunk for found in sums for chunk in found.specimens]
    if not chunks:
        return np.zeros(0, np.int64)
    return pa.chunked_array(chunks).value_counts().field("counts").to_numpy()


def _undone(store: Store) -> list[str]:
    undone = [entry.undoes for entry in store.log() if entry.kind == "undo"]
    return [f"ingest {ingest} is undone; what it wrote is hidden, not deleted" for ingest in undone]


def _constant(summaries: Mapping[str, ModalitySummary]) -> list[str]:
    return [
        f"{name} is constant: every value is {summary.minimum!r}, so it carries no information"
        for name, summary in summaries.items()
        if summary.measurements > 1 and summary.minimum == summary.maximum
    ]


def _unrelated(specimens: int, measured: NDArray[np.int64], modalities: int) -> list[str]:
    warnings: list[str] = []
    most = int(measured.max(initial=0))
    if modalities > 1 and most < 2:
        warnings.append("no specimen was measured in two ways; do the ids agree between the modalities?")
    alone = int((measured == 1).sum())
    if modalities > 1 and 2 * alone >= len(measured) >= LEAST_JUDGED and most > 1:
        told = f"{alone} of {len(measured)} specimens were measured in one way only"
        warnings.append(f"{told}; do the ids agree between the modalities?")
    bare = specimens - len(measured)
    if bare:
        warnings.append(f"{bare} of {specimens} specimens have metadata but no measurement")
    return warnings
