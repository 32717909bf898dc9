"""Preparation: how one modality becomes what the model sees, and back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError
from fingerprint.modality import Block, Modality, RawModality
from fingerprint.prepare.preprocessing import FittedStep, Unfit
from fingerprint.prepare.principal import Basis
from fingerprint.prepare.resampling import OnGrid, resample

Array = NDArray[np.float64]


class ModelUnits(NamedTuple):
    """Measurements as the model sees them.

    Attributes:
        values: [specimen, feature]; what was not measured of a curve is what the rest of it makes expect.
        weight: of each feature in the likelihood, shaped alike: the share of it that what was measured decides, 1
            where all was; None where all are 1.
        variance: of each feature by itself, shaped alike, from the uncertainty of what was measured; None where nothing
            is known of it.
    """

    values: Array
    weight: Array | None
    variance: Array | None


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
        noise: variance of a single measurement about its specimen's mean, from replicates of the training part,
            [point]; None where there were none, or noise is ignored.
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

    def usable(self, raw: RawModality) -> RawModality:
        """The blocks that can be brought on the grid."""
        blocks: list[Block] = []
        for block in raw.blocks:
            with suppress(DataError):
                self.check(block)
                blocks.append(block)
        return RawModality(raw.modality, tuple(blocks))

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

    def seen(self, measured: OnGrid) -> ModelUnits:
        """What the model sees of measurements, [specimen, point], some of them with gaps."""
        values, variance = measured
        if not self.counts_noise:
            variance = None
        if self.in_basis:
            scores, decided = self.basis.scores(values)
            noise = None if variance is None else self.basis.score_noise(values, variance) / self.scale**2
            return ModelUnits(scores / self.scale, None if (decided == 1).all() else decided, noise)
        known = np.isfinite(values)
        filled = values if known.all() else self.basis.filled(values)
        noise = None if variance is None else variance / self.scale**2
        return ModelUnits(self.to_model(filled), None if known.all() else known.astype(np.float64), noise)

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


def on_grid(block: Block, source: Modality, grid: Array | None, shape: tuple[int, ...]) -> OnGrid:
    """A block on the grid, as measured, [specimen, point].

    Raises:
        DataError: an axis covers less than half of the grid, or an image has another shape.
    """
    return resample(block, grid, source) if grid is not None else _raster(block, source, shape)


def stepped(
    step: FittedStep,
    measured: OnGrid,
    grid: Array | None,
    source: Modality,
    specimens: Sequence[str],
    sources: Sequence[str],
) -> OnGrid:
    """Measurements after one more step.

    Raises:
        DataError: the step cannot take one of them.
    """
    try:
        return step.apply(measured, grid)
    except Unfit as error:
        raise DataError(
            f"{source.name} of {specimens[error.row]!r} cannot be prepared by the step "
            f'"{step.step.__struct_config__.tag}": {error.reason}',
            where=sources[error.row],
            next="Correct or leave out the measurement, or choose other steps in the recipe.",
        ) from None


def size_of(shape: tuple[int, ...]) -> str:
    """Of an image, in words."""
    return " x ".join(map(str, shape))


def _raster(block: Block, source: Modality, shape: tuple[int, ...]) -> OnGrid:
    """Scalars and images, point by point."""
    own = block.values.shape[1:]
    if len(own) == 2 and own != shape:
        raise DataError(
            f"the image has {size_of(own)} points, the model's {source.name!r} {size_of(shape)}",
            where=block.sources[0] if block.sources else block.specimens[0],
            expected="An image of the same shape.",
            next="Crop or scale it, or leave the specimen out.",
        )
    flat = (len(block.specimens), -1)
    variance = None if block.uncertainty is None else block.uncertainty.astype(np.float64).reshape(flat) ** 2
    return OnGrid(np.asarray(block.values, dtype=np.float64).reshape(flat), variance)
