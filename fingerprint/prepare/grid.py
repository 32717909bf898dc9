"""The common grid on which the model sees every spectrum or series of a modality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError
from fingerprint.modality import Block, RawModality

MOST_POINTS = 4096


def common_grid(raw: RawModality) -> NDArray[np.float64]:
    """The axis of the measurements where they share one, else an even grid over the span that all of them cover.

    Args:
        raw: the training part of one modality; every block has an axis.

    Returns:
        [point], strictly increasing. An even grid has the specimens' median spacing, and at most `MOST_POINTS`.

    Raises:
        DataError: the axes have less than half of the specimens' median span in common.
    """
    measured = [(block.axis, len(block.specimens)) for block in raw.blocks if block.axis is not None]
    axes, counts = [axis for axis, _ in measured], [count for _, count in measured]
    if all(np.array_equal(axis, axes[0]) for axis in axes):
        return axes[0]
    first = max(axis[0] for axis in axes)
    last = min(axis[-1] for axis in axes)
    span = float(np.median(np.repeat([axis[-1] - axis[0] for axis in axes], counts)))
    if last - first < 0.5 * span:
        raise DataError(
            f"the axes of {raw.modality.name!r} have too little in common: all of them cover only "
            f"{first:g} to {last:g} {raw.modality.axis_unit}".rstrip(),
            where=_extremes(raw.blocks),
            expected=f"At least half of the span that most of them have, {span:g}.",
            next="Leave out the specimens named above, or ingest them as a modality of another name.",
        )
    spacing = float(np.median(np.repeat([np.median(np.diff(axis)) for axis in axes], counts)))
    points = min(MOST_POINTS, round((last - first) / spacing) + 1)
    return np.linspace(first, last, max(points, 2))


def resample(block: Block, grid: NDArray[np.float64], name: str, unit: str = "") -> NDArray[np.float64]:
    """The block's curves at the points of `grid`, [specimen, point].

    The same axis returns the values as they are. A finer axis is averaged over each cell of the grid, so that
    nothing aliases; any other is interpolated linearly. Up to one spacing beyond its ends a curve is held constant.

    Args:
        block: of curves.
        grid: [point].
        name, unit: of the modality and of its axis, for a refusal.

    Raises:
        DataError: the block's axis does not cover the grid.
    """
    assert block.axis is not None, "only spectra and series are resampled"
    axis, values = block.axis, block.values.astype(np.float64)
    if np.array_equal(axis, grid):
        return values
    spacing = float(np.median(np.diff(grid)))
    own_spacing = float(np.median(np.diff(axis)))
    margin = max(spacing, own_spacing) * (1 + 1e-9)
    if axis[0] > grid[0] + margin or axis[-1] < grid[-1] - margin:
        raise DataError(
            f"its axis covers {_span(axis, unit)}, and the model looks at {name} from {_span(grid, unit)}",
            where=block.sources[0] if block.sources else block.specimens[0],
            expected="A measurement that covers all of that.",
            next="If the axis of a file has another unit, say which: --x-unit UNIT. Else leave the specimen out.",
        )
    if own_spacing < 0.5 * spacing:
        return _cell_means(axis, values, grid)
    return np.stack([np.interp(grid, axis, row) for row in values])


def _span(axis: NDArray[np.float64], unit: str) -> str:
    return f"{axis[0]:g} to {axis[-1]:g} {unit}".rstrip()


def _cell_means(
    axis: NDArray[np.float64], values: NDArray[np.float64], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Means of the piecewise linear curves over the cell around each grid point."""
    middles = (grid[1:] + grid[:-1]) / 2
    edges = np.concatenate([grid[:1], middles, grid[-1:]])
    steps = np.diff(axis) * (values[:, 1:] + values[:, :-1]) / 2
    integral = np.concatenate([np.zeros((len(values), 1)), np.cumsum(steps, axis=1)], axis=1)
    result = np.empty((len(values), len(grid)))
    for row, (area, curve) in enumerate(zip(integral, values, strict=True)):
        at_edges = _integral_at(edges, axis, area, curve)
        result[row] = np.diff(at_edges) / np.diff(edges)
    return result


def _integral_at(
    x: NDArray[np.float64], axis: NDArray[np.float64], area: NDArray[np.float64], curve: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The integral of the piecewise linear curve from its start to each x; constant beyond its ends."""
    inside = np.clip(x, axis[0], axis[-1])
    left = np.clip(np.searchsorted(axis, inside, side="right") - 1, 0, len(axis) - 2)
    offset = inside - axis[left]
    slope = (curve[left + 1] - curve[left]) / (axis[left + 1] - axis[left])
    beyond = np.where(x < axis[0], curve[0], curve[-1]) * (x - inside)
    return area[left] + curve[left] * offset + slope * offset**2 / 2 + beyond


def _extremes(blocks: Sequence[Block]) -> str:
    with_axis = [block for block in blocks if block.axis is not None]
    latest = max(with_axis, key=lambda block: float(block.axis[0]) if block.axis is not None else 0.0)
    earliest = min(with_axis, key=lambda block: float(block.axis[-1]) if block.axis is not None else 0.0)
    return f"specimens {latest.specimens[0]} and {earliest.specimens[0]}"
