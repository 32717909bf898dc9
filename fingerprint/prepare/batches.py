"""Tensors: what the model sees of a set of specimens, with what is missing and what is uncertain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fingerprint.modality import RawModality
from fingerprint.model.certainty import Certainty
from fingerprint.prepare.preparation import Array, Preparation
from fingerprint.prepare.replicates import averaged, gathered
from fingerprint.prepare.resampling import OnGrid

WHOLE = 0.95  # of the grid, by a curve for which intervals hold


@dataclass(frozen=True)
class Tensors:
    """Gathered in model units, resident on one device.

    Attributes:
        specimens: ids, in row order.
        values: by modality, [specimen, feature], float32; zeros where missing.
        present: by modality, [specimen]; 1 where measured.
        certainty: of the modalities that are not certain throughout.
    """

    specimens: tuple[str, ...]
    values: dict[str, Tensor]
    present: dict[str, Tensor]
    certainty: dict[str, Certainty] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.specimens)

    def rows(self, index: Tensor | slice) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Certainty]]:
        """Values, presence and certainty of the rows in `index`, [seed, specimen] or [specimen], with its axes."""
        return (
            {name: value[index] for name, value in self.values.items()},
            {name: value[index] for name, value in self.present.items()},
            {name: each.rows(index) for name, each in self.certainty.items()},
        )

    def whole(self) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Certainty]]:
        """As `rows`, of all of them, with a leading seed axis of 1."""
        return self.piece(slice(None))

    def piece(self, rows: slice) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Certainty]]:
        """As `rows`, of some that follow each other, with a leading seed axis of 1."""
        values, present, certainty = self.rows(rows)
        return (
            {name: value.unsqueeze(0) for name, value in values.items()},
            {name: value.unsqueeze(0) for name, value in present.items()},
            {name: each.unsqueezed() for name, each in certainty.items()},
        )

    def subset(self, rows: Sequence[int] | np.ndarray) -> Tensors:
        """These specimens alone."""
        index = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        device = next(iter(self.values.values())).device
        values, present, certainty = self.rows(index.to(device))
        return Tensors(tuple(self.specimens[row] for row in index.tolist()), values, present, certainty)

    def thinned(self, most: int) -> Tensors:
        """These specimens, or so many of them, evenly spaced in their order."""
        return self if len(self) <= most else self.subset(even_rows(len(self), most))

    def keeping(self, names: Sequence[str]) -> Tensors:
        """The same specimens with only these modalities present."""
        present = {name: value if name in names else torch.zeros_like(value) for name, value in self.present.items()}
        return Tensors(self.specimens, self.values, present, self.certainty)


@dataclass(frozen=True)
class Physical:
    """Gathered in physical units on the common grid; of several of a specimen their mean.

    Attributes:
        specimens: ids, in row order.
        values: by modality, [specimen, point], float64; nan where missing, or where a curve was not measured.
        variance: of the values as files state it, shaped alike, 0 where they do not; of modalities of which any does.
        count: how many measurements each is the mean of, [specimen]; of the modalities with several of any specimen.
    """

    specimens: tuple[str, ...]
    values: dict[str, Array]
    variance: dict[str, Array] = field(default_factory=dict)
    count: dict[str, Array] = field(default_factory=dict)

    def measured(self, name: str) -> NDArray[np.bool_]:
        """Which specimens have this modality, [specimen]."""
        return np.asarray(np.isfinite(self.values[name]).any(axis=1), dtype=np.bool_)

    def covered(self, name: str) -> Array:
        """The share of the grid that was measured of each specimen, [specimen]."""
        return np.isfinite(self.values[name]).mean(axis=1)

    def rows(self, index: Sequence[int] | np.ndarray) -> Physical:
        """These rows alone."""
        chosen = np.asarray(index, dtype=np.int64)
        return Physical(
            tuple(self.specimens[row] for row in chosen),
            {name: value[chosen] for name, value in self.values.items()},
            {name: value[chosen] for name, value in self.variance.items()},
            {name: value[chosen] for name, value in self.count.items()},
        )

    def noise(self, name: str, preparation: Preparation) -> Array:
        """Variance of what was measured about the truth, shaped as the values; 0 where nothing is known of it."""
        stated, count = self.variance.get(name), self.count.get(name)
        found = preparation.measurement_variance(stated, count, len(self.specimens))
        return np.zeros_like(self.values[name]) if found is None else found


@dataclass(frozen=True)
class Repeated:
    """Every single measurement of one modality in model units, those of a specimen one after another.

    Attributes:
        values: [measurement, feature], float32.
        certainty: of them; None where they are certain.
        first, count: where those of each specimen begin, and how many there are, [specimen]; 0 where there is none.
    """

    values: Tensor
    certainty: Certainty | None
    first: Tensor
    count: Tensor

    def drawn(self, rows: Tensor, uniform: Tensor) -> tuple[Tensor, Certainty | None]:
        """One measurement of each specimen in `rows`, chosen by numbers in [0, 1) shaped alike."""
        index = self.first[rows] + (uniform * self.count[rows]).long()
        index = index.clamp(max=len(self.values) - 1)  # of a specimen without any, whose values mean nothing
        return self.values[index], None if self.certainty is None else self.certainty.rows(index)


def even_rows(count: int, most: int) -> NDArray[np.int64]:
    """Rows of a table of `count`: all of them, or `most`, evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def align(
    raws: Mapping[str, RawModality], preparations: Mapping[str, Preparation], specimens: Sequence[str]
) -> Physical:
    """Gathered of `specimens` on the common grids, in that order; a modality that is not in `raws` is missing.

    Raises:
        DataError: the axis of one of them covers less than half of the model's grid.
    """
    position = {specimen: row for row, specimen in enumerate(specimens)}
    values: dict[str, Array] = {}
    variances: dict[str, Array] = {}
    counts: dict[str, Array] = {}
    for name, preparation in preparations.items():
        table = np.full((len(specimens), preparation.points), np.nan)
        values[name] = table
        raw = raws.get(name, RawModality(preparation.source, ())).keeping(position)
        if not len(raw):
            continue
        measured = gathered(raw, preparation.on_grid, preparation.points, leave_out=False)
        found = averaged(measured)
        rows = [position[specimen] for specimen in found.specimens]
        table[rows] = found.on_grid.values
        if found.on_grid.variance is not None:
            variances[name] = np.zeros_like(table)
            variances[name][rows] = found.on_grid.variance
        if len(found.specimens) < len(measured.specimens):
            counts[name] = np.ones(len(specimens))
            counts[name][rows] = found.number
    return Physical(tuple(specimens), values, variances, counts)


def to_tensors(
    physical: Physical, preparations: Mapping[str, Preparation], device: torch.device | str = "cpu"
) -> Tensors:
    """Model units, float32, on `device`."""
    values: dict[str, Tensor] = {}
    present: dict[str, Tensor] = {}
    certainty: dict[str, Certainty] = {}
    for name, preparation in preparations.items():
        measured = physical.measured(name)
        known = physical.values[name]
        if not measured.all():
            known = np.where(measured[:, None], known, preparation.centre)
        on_grid = OnGrid(known, physical.variance.get(name))
        values[name], own = _seen(preparation, on_grid, device, physical.count.get(name))
        present[name] = _single(measured.astype(np.float64), device)
        if own is not None:
            certainty[name] = own
    return Tensors(physical.specimens, values, present, certainty)


def repeated(
    raw: RawModality, preparation: Preparation, specimens: Sequence[str], device: torch.device | str = "cpu"
) -> Repeated:
    """Every measurement of `specimens` by itself, for trainings that draw one of them for each batch.

    Raises:
        DataError: as `align`.
    """
    position = {specimen: row for row, specimen in enumerate(specimens)}
    measured = gathered(raw.keeping(position), preparation.on_grid, preparation.points, leave_out=False)
    row = np.array([position[specimen] for specimen in measured.specimens], dtype=np.int64)
    order = np.argsort(row, kind="stable")
    values, variance = measured.on_grid
    count = np.bincount(row, minlength=len(specimens))
    own, certainty = _seen(preparation, OnGrid(values[order], None if variance is None else variance[order]), device)
    first = np.cumsum(count) - count
    return Repeated(own, certainty, *(torch.as_tensor(each, device=device) for each in (first, count)))


def _seen(
    preparation: Preparation, measured: OnGrid, device: torch.device | str, count: Array | None = None
) -> tuple[Tensor, Certainty | None]:
    seen = preparation.seen(measured, count)
    certainty: Certainty | None = None
    if not seen.certain:
        certainty = Certainty(*(_single(each, device) for each in (seen.told, seen.weight, seen.variance, seen.lost)))
    return _single(seen.values, device), certainty


def _single(table: Array, device: torch.device | str) -> Tensor:
    return torch.as_tensor(table, dtype=torch.float32, device=device)
