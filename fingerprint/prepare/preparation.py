"""Preparation: one modality into model units and back, fitted on the training part only.

Model units: a curve on the common grid, or an image row by row, minus the mean, then divided by one scale (or each
point by its own), either as it is or as scores in an orthonormal principal basis; a scalar minus its mean, divided by
its standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.prepare.grid import common_grid, resample
from fingerprint.recipe import BasisInput, GridInput

Array = NDArray[np.float64]

LARGEST, SMALLEST = 1e100, 1e-100  # beyond these, squares and their products leave the range of float64


@dataclass(frozen=True)
class Preparation:
    """How one modality becomes what the model sees. All arrays float64; scalars have one point.

    Attributes:
        modality: what it is, with units.
        shape: of one measurement on the grid: [point], or [row, column] for images, whose points run row by row.
        grid: [point], or None for scalars and images.
        centre: mean measurement of the training part, [point].
        scale: physical size of one model unit, [1] or [point]: the standard deviation of the first score, of a scalar,
            or of each point.
        components: orthonormal principal directions, [component, point]; for a scalar [[1]].
        score_variance: of the training part along each component, physical units squared, [component].
        residual_variance: mean over points of what the components leave out, physical units squared.
        in_basis: whether the model sees scores (else the centred and scaled curve itself).
        low, high: least and greatest value in the training part; their difference is the range that errors in
            percent refer to.
    """

    modality: Modality
    shape: tuple[int, ...]
    grid: Array | None
    centre: Array
    scale: Array
    components: Array
    score_variance: Array
    residual_variance: float
    in_basis: bool
    low: float
    high: float

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

    def on_grid(self, raw: RawModality) -> Array:
        """Measurements as float64 on the common grid, block after block, [specimen, point].

        Raises:
            DataError: an axis does not cover the grid, or an image has another shape.
        """
        return _stack(raw, self.grid, self.shape)

    def to_model(self, physical: Array) -> Array:
        """Physical units on the grid [..., point] to model units [..., feature]."""
        centred = (physical - self.centre) / self.scale
        return centred @ self.components.T if self.in_basis else centred

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
        """How far measurements lie from the training part: minus twice the log-density of the probabilistic
        principal component model, but for a constant. [..., point] to [...].

        The squared Mahalanobis distance within the components plus the squared residual outside them, each in units
        of its training variance (Tipping & Bishop, J. R. Stat. Soc. B 61 (1999) 611).
        """
        centred = physical - self.centre
        scores = centred @ self.components.T
        inside = (scores**2 / self.score_variance).sum(-1)
        left = self.points - len(self.components)
        if left == 0:
            return inside
        outside = (centred**2).sum(-1) - (scores**2).sum(-1)
        return inside + np.maximum(outside, 0) / (self.residual_variance * self.points / left)


def fit_preparation(raw: RawModality, choice: GridInput | BasisInput, default_components: int = 40) -> Preparation:
    """Fit the grid, the scaling and the basis on the training part of one modality.

    Args:
        raw: the measurements of the training specimens alone.
        choice: whether the model sees the curve or its scores.
        default_components: size of the basis that judges strangeness, where the model does not see scores.

    Raises:
        DataError: fewer than 3 measurements, no spread at all, values too large or too small to be squared, or images
            of several shapes.
    """
    name = raw.modality.name
    if len(raw) < 3:
        raise DataError(
            f"{name!r} has {len(raw)} measurements in the training part; at least 3 are needed",
            next=_restrict(name),
        )
    largest = max(float(np.abs(block.values.astype(np.float64)).max()) for block in raw.blocks if len(block.specimens))
    if largest > LARGEST:
        raise DataError(f"{name!r} has values as large as {largest:.3g}: their squares overflow", next=_rescale(name))
    grid = common_grid(raw) if raw.modality.has_axis else None
    shape = _shape(raw, grid)
    physical = _stack(raw, grid, shape)
    low, high = float(physical.min()), float(physical.max())
    centre = physical.mean(0)
    centred = physical - centre
    extent = max(abs(low), abs(high))
    relative = float(np.sqrt(np.mean((centred / extent) ** 2))) if extent > 0 else 0.0
    # What is left of identical float64 rows after subtracting their mean is rounding, not spread.
    if relative <= 1e-14:
        raise DataError(f"every measurement of {name!r} in the training part is the same", next=_restrict(name))
    if relative * extent < SMALLEST:
        raise DataError(
            f"the measurements of {name!r} differ by no more than about {relative * extent:.3g}: "
            "squares of that vanish in float64",
            next=_rescale(name),
        )
    total = float((centred**2).sum())
    wanted = choice.components if isinstance(choice, BasisInput) else default_components
    components, variance = _principal_directions(centred, wanted)
    explained = float(variance.sum()) * len(physical)
    residual = max(total - explained, 1e-12 * total) / centred.size
    return Preparation(
        modality=raw.modality,
        shape=shape,
        grid=grid,
        centre=centre,
        scale=_scale(choice, centred, variance),
        components=components,
        score_variance=variance,
        residual_variance=residual,
        in_basis=isinstance(choice, BasisInput),
        low=low,
        high=high,
    )


def _scale(choice: GridInput | BasisInput, centred: Array, variance: Array) -> Array:
    """One for all points, or the standard deviation of each; a point without any spread shares the largest."""
    if isinstance(choice, BasisInput) or choice.scale == "one":
        return np.sqrt(variance[:1])
    own = centred.std(0)
    return np.where(own > 1e-7 * own.max(), own, own.max())


def _principal_directions(centred: Array, wanted: int) -> tuple[Array, Array]:
    """Orthonormal directions [component, point] and the variance along each, greatest first, all above rounding.

    With many more measurements than points they come from the covariance, which loses what is below 1e-8 of the
    largest singular value, and else from the measurements themselves. The largest coordinate of a direction is
    positive, so that its sign is the same on every machine.
    """
    if len(centred) > 4 * centred.shape[1] > 400:
        eigenvalues, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
        variance, directions = np.maximum(eigenvalues[::-1], 0)[:wanted], vectors.T[::-1]
    else:
        _, singular, directions = np.linalg.svd(centred, full_matrices=False)
        variance = singular[:wanted] ** 2 / len(centred)
    real = variance > 1e-12 * variance[0]
    chosen = directions[:wanted][real]
    largest = chosen[np.arange(len(chosen)), np.abs(chosen).argmax(axis=1)]
    return chosen * np.sign(largest)[:, None], variance[real]


def _shape(raw: RawModality, grid: Array | None) -> tuple[int, ...]:
    """Of one measurement.

    Raises:
        DataError: images of several shapes.
    """
    if raw.modality.kind is not Kind.IMAGE:
        return (1,) if grid is None else grid.shape
    shapes = {block.values.shape[1:]: block for block in raw.blocks}
    if len(shapes) > 1:
        told = "; ".join(f"{block.specimens[0]}: {_size(shape)}" for shape, block in shapes.items())
        raise DataError(
            f"the images of {raw.modality.name!r} have several shapes ({told})",
            expected="One shape for all.",
            next="Crop or scale them before they are ingested.",
        )
    return next(iter(shapes))


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _stack(raw: RawModality, grid: Array | None, shape: tuple[int, ...]) -> Array:
    if grid is not None:
        return np.concatenate(
            [resample(block, grid, raw.modality.name, raw.modality.axis_unit) for block in raw.blocks]
        )
    for block in raw.blocks:
        if raw.modality.kind is Kind.IMAGE and block.values.shape[1:] != shape:
            own = _size(block.values.shape[1:])
            raise DataError(
                f"the image has {own} points, the model's {raw.modality.name!r} {_size(shape)}",
                where=block.sources[0] if block.sources else block.specimens[0],
                expected="An image of the same shape.",
                next="Crop or scale it, or leave the specimen out.",
            )
    return np.concatenate(
        [np.asarray(block.values, dtype=np.float64).reshape(len(block.specimens), -1) for block in raw.blocks]
    )


def _rescale(name: str) -> str:
    return f"Ingest {name!r} in a unit in which its values are nearer to 1."


def _restrict(name: str) -> str:
    return f"Train without {name!r}: fingerprint train --modalities OTHERS."
