"""Several measurements of one specimen: gathered on the grid, averaged, and what their spread says of the noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError
from fingerprint.modality import Block, RawModality
from fingerprint.prepare.resampling import OnGrid

Array = NDArray[np.float64]

LEAST_FREEDOM = 10  # degrees of it, below which the noise of every point is that of all points together


class Gathered(NamedTuple):
    """Gathered of one modality on the grid.

    Attributes:
        specimens: of each, [measurement]; one that was measured several times occurs as often.
        sources: where each came from, [measurement].
        on_grid: [measurement, point].
    """

    specimens: tuple[str, ...]
    sources: tuple[str, ...]
    on_grid: OnGrid


def gathered(raw: RawModality, on_grid: Callable[[Block], OnGrid], points: int, *, leave_out: bool) -> Gathered:
    """All blocks on the grid, one after another.

    Args:
        raw: of one modality.
        on_grid: brings a block there.
        points: of the grid.
        leave_out: blocks that cannot be brought there, instead of raising.

    Raises:
        DataError: from `on_grid`.
    """
    blocks: list[Block] = []
    found: list[OnGrid] = []
    for block in raw.blocks:
        try:
            found.append(on_grid(block))
        except DataError:
            if not leave_out:
                raise
            continue
        blocks.append(block)
    if len(found) == 1:
        return Gathered(blocks[0].specimens, blocks[0].sources or blocks[0].specimens, found[0])
    variance = None
    if any(each.variance is not None for each in found):
        variance = np.concatenate(
            [np.zeros_like(each.values) if each.variance is None else each.variance for each in found]
        )
    return Gathered(
        tuple(specimen for block in blocks for specimen in block.specimens),
        tuple(source for block in blocks for source in block.sources or block.specimens),
        OnGrid(np.concatenate([np.empty((0, points)), *(each.values for each in found)]), variance),
    )


def averaged(measured: Gathered, noise: Array | None = None) -> Gathered:
    """One measurement for each specimen: the mean of its own at every point, and the variance of that mean.

    Args:
        measured: any number of each specimen.
        noise: variance of a single measurement, [point], where nothing is known of it by itself.
    """
    values, variance = with_noise(measured.on_grid, noise)
    specimens, row = _numbered(measured.specimens)
    if len(specimens) == len(values):
        return measured._replace(on_grid=OnGrid(values, variance))
    seen = np.isfinite(values)
    count = _summed(seen.astype(np.float64), row, len(specimens))
    with np.errstate(invalid="ignore"):
        mean = _summed(np.where(seen, values, 0), row, len(specimens)) / count
    if variance is not None:
        variance = _summed(np.where(seen, variance, 0), row, len(specimens)) / np.maximum(count, 1) ** 2
    first = np.unique(row, return_index=True)[1]
    sources = tuple(measured.sources[index] for index in first.tolist())
    return Gathered(specimens, sources, OnGrid(mean, variance))


def with_noise(measured: OnGrid, noise: Array | None) -> OnGrid:
    """Gathered of which those without a known variance have that of `noise`, [point]."""
    values, variance = measured
    if noise is None:
        return measured
    known = np.zeros_like(values) if variance is None else variance
    return OnGrid(values, np.where(known > 0, known, noise))


def spread_of_replicates(measured: Gathered) -> Array | None:
    """Variance of a single measurement about the mean of its specimen, pooled over specimens, [point].

    With fewer than `LEAST_FREEDOM` degrees of freedom it is the mean over points; None where none was measured twice.
    """
    values = measured.on_grid.values
    specimens, row = _numbered(measured.specimens)
    if len(specimens) == len(values):
        return None
    seen = np.isfinite(values)
    mean = averaged(measured).on_grid.values[row]
    squares = np.where(seen, (values - mean) ** 2, 0).sum(0)
    freedom = seen.sum(0) - (_summed(seen.astype(np.float64), row, len(specimens)) > 0).sum(0)
    if freedom.min() >= LEAST_FREEDOM:
        return squares / freedom
    return np.full(values.shape[1], squares.sum() / freedom.sum()) if freedom.sum() else None


def _numbered(specimens: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Each specimen once, in order of appearance, and the number of each measurement's."""
    numbers: dict[str, int] = {}
    row = np.array([numbers.setdefault(specimen, len(numbers)) for specimen in specimens], dtype=np.intp)
    return tuple(numbers), row


def _summed(table: Array, row: NDArray[np.intp], count: int) -> Array:
    result = np.zeros((count, table.shape[1]))
    np.add.at(result, row, table)
    return result
