"""Preparation: how one modality becomes what the model sees, and back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError
from fingerprint.modality import Block, Modality, RawModality
from fingerprint.prepare.preprocessing import FittedStep, stepped
from fingerprint.prepare.principal import Basis
from fingerprint.prepare.resampling import OnGrid, on_grid

Array = NDArray[np.float64]

LEAST_DECIDED = 1e-6  # share of a score, below which nothing is told of it


class ModelUnits(NamedTuple):
    """Measurements as the model sees them.

    Attributes:
        values: [specimen, feature]; what was not measured of a curve is what the rest of it makes expect.
        told: the same without what is expected: as the measured points alone tell each feature.
        weight: 1 where a feature is told of at all, else 0, shaped alike.
        variance: of what is told, shaped alike.
        lost: share of the modality's spread that is uncertain in each measurement, [specimen].
        certain: whether everything was measured and nothing is known of its uncertainty.
    """

    values: Array
    told: Array
    weight: Array
    variance: Array
    lost: Array
    certain: bool


@dataclass(frozen=True)
class Preparation:
    """How one modality becomes what the model sees. All arrays float64; scalars have one point.

    "Physical" are the numbers that the steps leave, on the grid, in the unit of `modality`.

    Attributes:
        modality: what it is after the steps, with units.
        source: what is measured, before them.
        shape: of one measurement on the grid: [point], or [row, column] for images, whose points run row by row.
        grid: [point], or None for scalars and images.
        steps: what is done on the grid, in this order.
        centre: mean measurement of the training part, [point].
        scale: physical size of one model unit, [1] or [point]: the standard deviation of the first score, of a scalar,
            or of each point.
        components: orthonormal principal directions, [component, point]; for a scalar [[1]].
        score_variance: of the training part along each component, physical units squared, [component].
        residual_variance: mean over points of what the components leave out, physical units squared.
        in_basis: whether the model sees scores (else the centred and scaled curve itself).
        low, high: least and greatest value in the training part; their difference is the range that errors in
            percent refer to.
        noise, point_noise: variance of a single measurement about its specimen's mean, from replicates of the training
            part: of features in model units, [feature], and of points, [point]; None where there were none, or noise is
            ignored.
        counts_noise: whether the model is told of uncertainties.
        covered: share of the training part's curves that cover all of the grid.
    """

    modality: Modality
    source: Modality
    shape: tuple[int, ...]
    grid: Array | None
    steps: tuple[FittedStep, ...]
    centre: Array
    scale: Array
    components: Array
    score_variance: Array
    residual_variance: float
    in_basis: bool
    low: float
    high: float
    noise: Array | None = None
    point_noise: Array | None = None
    counts_noise: bool = True
    covered: float = 1.0

    @property
    def points(self) -> int:
        """Coordinates of one measurement in physical units."""
        return len(self.centre)

    @property
    def features(self) -> int:
        """Coordinates of one measurement in model units, $d_m$."""
        return len(self.components) if self.in_basis else self.points

    @property
    def range(self) -> float:
        """Greatest minus least value in the training part."""
        return self.high - self.low

    @cached_property
    def basis(self) -> Basis:
        """The principal component model of what was measured."""
        return Basis(self.centre, self.components, self.score_variance, self.residual_variance)

    def check(self, block: Block) -> None:
        """Refuse a block that cannot be brought on the grid, whatever the steps make of it.

        Raises:
            DataError: its axis covers less than half of the grid, or its images have another shape.
        """
        on_grid(block.taking([0]), self.source, self.grid, self.shape)

    def usable(self, raw: RawModality) -> tuple[RawModality, dict[str, str]]:
        """The measurements that can be brought on the grid and through the steps.

        Returns:
            These, and why others cannot: by specimen, of one of its measurements.
        """
        blocks: list[Block] = []
        left_out: dict[str, str] = {}
        for block in raw.blocks:
            try:
                self.check(block)
            except DataError as error:
                left_out.update(dict.fromkeys(block.specimens, error.what))
                continue
            kept = self._through_steps(block, left_out) if self.steps else list(range(len(block.specimens)))
            if kept:
                blocks.append(block if len(kept) == len(block.specimens) else block.taking(kept))
        return RawModality(raw.modality, tuple(blocks)), left_out

    def _through_steps(self, block: Block, left_out: dict[str, str]) -> list[int]:
        """The rows that the steps can take; of the others is noted why."""
        rows = list(range(len(block.specimens)))
        with suppress(DataError):
            self.on_grid(block)
            return rows
        kept: list[int] = []
        for row in rows:
            try:
                self.on_grid(block.taking([row]))
            except DataError as error:
                left_out[block.specimens[row]] = error.what
            else:
                kept.append(row)
        return kept

    def on_grid(self, block: Block) -> OnGrid:
        """Measurements after the steps, on the common grid, [specimen, point]; nan where a curve was not measured.

        Raises:
            DataError: an axis covers less than half of the grid, an image has another shape, or a step cannot take a
                measurement.
        """
        found = on_grid(block, self.source, self.grid, self.shape)
        for step in self.steps:
            found = stepped(step, found, self.grid, self.source, block.specimens, block.sources or block.specimens)
        return found

    def to_model(self, physical: Array) -> Array:
        """Physical units on the grid [..., point] to model units [..., feature]; nothing may be missing."""
        centred = (physical - self.centre) / self.scale
        return centred @ self.components.T if self.in_basis else centred

    def seen(self, measured: OnGrid, count: Array | None = None) -> ModelUnits:
        """What the model sees of measurements, [specimen, point], some of them with gaps.

        Args:
            measured: on the grid.
            count: how many measurements each is the mean of, [specimen]; 1 where None.
        """
        values, variance = measured
        stated = variance if self.counts_noise else None
        known = np.isfinite(values)
        whole = bool(known.all())
        if whole and stated is None and self.noise is None:
            plain, nothing = self.to_model(values), np.empty((0, 0))
            return ModelUnits(plain, plain, nothing, nothing, np.empty(0), certain=True)
        scores, decided = self.basis.scores(values)
        gap = self.score_variance * (1 - decided)
        if self.in_basis:
            seen = scores / self.scale
            weight = (decided > LEAST_DECIDED).astype(np.float64)
            share = np.where(weight > 0, decided, 1)
            told = weight * seen / share
            own = self._noise(None if stated is None else self.basis.score_noise(values, stated), count, len(values))
            noise = weight * (gap / share / self.scale**2 + own / share**2)
            uncertain = own.sum(-1) * self.scale[0] ** 2
        else:
            seen = self.to_model(values if whole else self.basis.filled(values))
            weight, told = known.astype(np.float64), np.where(known, seen, 0)
            noise = weight * self._noise(stated, count, len(values))
            uncertain = (noise * self.scale**2).sum(-1)
        lost = (gap.sum(-1) + uncertain) / self.spread_of_curves
        return ModelUnits(seen, told, weight, noise, lost, certain=False)

    @cached_property
    def spread_of_curves(self) -> float:
        """Variance of the training part's measurements, summed over points, within the components."""
        return float(self.score_variance.sum())

    def _noise(self, stated: Array | None, count: Array | None, rows: int) -> Array:
        """Variance of features in model units, [specimen, feature]: stated, or else what replicates tell."""
        told = np.zeros((rows, self.features)) if stated is None else stated / self.scale**2
        return _or_of_replicates(told, self.noise, count)

    def measurement_variance(self, stated: Array | None, count: Array | None, rows: int) -> Array | None:
        """Variance of measured points about the truth, [specimen, point]; None where nothing is known of it."""
        if not self.counts_noise or (stated is None and self.point_noise is None):
            return None
        told = np.zeros((rows, self.points)) if stated is None else stated
        return _or_of_replicates(told, self.point_noise, count)

    def to_physical(self, model: Array) -> Array:
        """Model units [..., feature] to physical units on the grid [..., point]."""
        scaled = model * self.scale
        return self.centre + (scaled @ self.components if self.in_basis else scaled)

    def variance_to_physical(self, variance: Array) -> Array:
        """Variances of independent features [..., feature] to variances on the grid [..., point].

        In a basis, what the components leave out of the training part is added.
        """
        scaled = variance * self.scale**2
        if not self.in_basis:
            return scaled
        return scaled @ self.components**2 + self.residual_variance

    def spread(self) -> Array:
        """Standard deviation of each feature in the training part, model units, [feature]."""
        if self.in_basis:
            return np.sqrt(self.score_variance) / self.scale
        variance = self.score_variance @ self.components**2 + self.residual_variance
        return np.sqrt(variance) / self.scale

    def strangeness(self, physical: Array) -> Array:
        """How far measurements lie from the training part (`Basis.strangeness`), [specimen, point] to [specimen]."""
        return self.basis.strangeness(physical)


def _or_of_replicates(stated: Array, noise: Array | None, count: Array | None) -> Array:
    """The stated variances, and for specimens without any that of the mean of so many replicates."""
    if noise is None:
        return stated
    number = np.ones(len(stated)) if count is None else count
    return np.where(np.any(stated, axis=1, keepdims=True), stated, noise / number[:, None])
