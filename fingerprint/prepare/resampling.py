"""Curves brought onto the common grid, with what is known of their uncertainty; nan where nothing was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError
from fingerprint.modality import Block, Modality
from fingerprint.prepare.grid import rounding_of, same_axis
from fingerprint.units import is_density

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LEAST_COVERED = 0.5  # of the grid, by a measurement that is used
HOLE = 10.0  # times the steps beside it: a step of an axis over which nothing was measured

Array = NDArray[np.float64]


class OnGrid(NamedTuple):
    """Measurements on the common grid.

    Attributes:
        values: [specimen, point]; nan where a curve was not measured.
        variance: squared standard uncertainty of each value, shaped alike, 0 where it is not known; None where it is
            known of none.
    """

    values: Array
    variance: Array | None


def on_grid(block: Block, source: Modality, grid: Array | None, shape: tuple[int, ...]) -> OnGrid:
    """A block on the grid, as measured, [specimen, point].

    Raises:
        DataError: an axis covers less than half of the grid, or an image has another shape.
    """
    return resample(block, grid, source) if grid is not None else _raster(block, source, shape)


def resample(block: Block, grid: Array, modality: Modality) -> OnGrid:
    """The block's curves at the points of `grid`; nan beyond the ends of its axis, or 0 where the modality says so.

    Where its points are the grid's own, the values stay as they are. Densities, and curves on an axis more than twice
    as fine, are averaged over each cell of the grid, which keeps their area and lets nothing alias; any other is
    interpolated linearly. Where an axis leaves a hole nothing was measured.

    Args:
        block: of curves.
        grid: [point].
        modality: of the block.

    Raises:
        DataError: the block's axis covers less than half of the grid.
    """
    assert block.axis is not None, "only spectra and series are resampled"
    axis, values = block.axis, block.values.astype(np.float64)
    variance = None if block.uncertainty is None else block.uncertainty.astype(np.float64) ** 2
    if np.array_equal(axis, grid):
        return OnGrid(values, variance)
    inside = _inside(axis, grid)
    zero = modality.outside == "zero"
    if inside.mean() < LEAST_COVERED and not (zero and inside.any()):
        raise DataError(
            f"its axis covers {_told(axis, modality)}, and the model looks at {modality.name} from "
            f"{_told(grid, modality)}",
            where=block.sources[0] if block.sources else block.specimens[0],
            expected="A measurement that covers at least half of that.",
            next="If the axis of a file has another unit, say which: --x-unit UNIT. Else leave the specimen out.",
        )
    own = _inside(grid, axis)
    if inside.any() and same_axis(axis[own], grid[inside]):
        known = None if variance is None else _placed(variance[:, own], inside, 0.0)
        return OnGrid(_placed(values[:, own], inside, 0.0 if zero else np.nan), known)
    inside &= ~_in_holes(axis, grid)
    finer = float(np.median(np.diff(axis))) < 0.5 * float(np.median(np.diff(grid)))
    averaged = finer or is_density(modality.unit, modality.axis_unit)
    weights = cell_means(axis, grid, zero=zero) if averaged else interpolation(axis, grid)
    found = (weights @ values.T).T
    spread = None if variance is None else (weights.multiply(weights) @ variance.T).T
    if not zero:
        found[:, ~inside] = np.nan
        if spread is not None:
            spread[:, ~inside] = 0
    return OnGrid(found, spread)


def _placed(values: Array, inside: NDArray[np.bool_], outside: float) -> Array:
    """Values of the points `inside`, in a table of all points."""
    if inside.all():
        return values
    table = np.full((len(values), len(inside)), outside)
    table[:, inside] = values
    return table


def interpolation(axis: Array, grid: Array) -> csr_array:
    """Weights of linear interpolation, [point of the grid, point of the axis]; none beyond its ends."""
    inside = np.flatnonzero(_inside(axis, grid))
    x = np.clip(grid[inside], axis[0], axis[-1])
    left = np.clip(np.searchsorted(axis, x, side="right") - 1, 0, len(axis) - 2)
    share = (x - axis[left]) / (axis[left + 1] - axis[left])
    return _between(inside, left, 1 - share, share, (len(grid), len(axis)))


def cell_means(axis: Array, grid: Array, *, zero: bool = False) -> csr_array:
    """Weights of the mean of a piecewise linear curve over the cell around each grid point, shaped as `interpolation`.

    Args:
        axis: of the curve.
        grid: whose cells end half-way between its points, and at its ends.
        zero: whether the curve is zero beyond its axis; else the mean is over the part of the cell that it covers.
    """
    edges = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    low, high = max(axis[0], edges[0]), min(axis[-1], edges[-1])
    cuts = np.union1d(axis, edges)
    cuts = cuts[(cuts >= low) & (cuts <= high)]
    begin, width, middle = cuts[:-1], np.diff(cuts), (cuts[1:] + cuts[:-1]) / 2
    left = np.clip(np.searchsorted(axis, begin, side="right") - 1, 0, len(axis) - 2)
    cell = np.clip(np.searchsorted(edges, begin, side="right") - 1, 0, len(grid) - 1)
    share = (middle - axis[left]) / (axis[left + 1] - axis[left])
    whole = np.diff(edges) if zero else np.bincount(cell, width, minlength=len(grid))
    part = width / whole[cell]
    return _between(cell, left, part * (1 - share), part * share, (len(grid), len(axis)))


def _between(
    row: NDArray[np.int64], left: NDArray[np.int64], at_left: Array, at_right: Array, shape: tuple[int, int]
) -> csr_array:
    """Weights of points of the axis and of the next ones, summed where they meet."""
    from scipy.sparse import coo_array, csr_array  # a spectrum on the model's own axis is predicted from without it

    rows, columns = np.concatenate([row, row]), np.concatenate([left, left + 1])
    return csr_array(coo_array((np.concatenate([at_left, at_right]), (rows, columns)), shape=shape))


def _inside(axis: Array, grid: Array) -> NDArray[np.bool_]:
    """Whether each grid point lies on the axis, but for rounding."""
    return (grid >= axis[0] - rounding_of(grid)) & (grid <= axis[-1] + rounding_of(grid))


def _in_holes(axis: Array, grid: Array) -> NDArray[np.bool_]:
    """Whether each grid point lies strictly within a step of the axis that is far longer than the steps beside it."""
    steps = np.diff(axis)
    beside = np.maximum(np.append(0, steps[:-1]), np.append(steps[1:], 0))
    holes = np.flatnonzero(steps > HOLE * beside) if len(steps) > 2 else np.empty(0, dtype=np.int64)
    found = np.zeros(len(grid), dtype=np.bool_)
    for left in holes.tolist():
        found |= (grid > axis[left] + rounding_of(grid)) & (grid < axis[left + 1] - rounding_of(grid))
    return found


def _told(axis: Array, modality: Modality) -> str:
    return f"{axis[0]:g} to {axis[-1]:g} {modality.axis_unit}".rstrip()


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
