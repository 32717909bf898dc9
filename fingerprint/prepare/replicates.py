"""Several measurements of one specimen: gathered on the grid, averaged, and what their spread says of the noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError
from fingerprint.modality import Block, RawModality
from fingerprint.prepare.resampling import OnGrid

Array = NDArray[np.float64]

LEAST_FREEDOM = 10  # degrees of it, below which the noise of every coordinate is the mean over all


class Gathered(NamedTuple):
    """Measurements of one modality on the grid.

    Attributes:
        specimens: of each, [measurement]; one that was measured several times occurs as often.
        sources: where each came from, [measurement].
        on_grid: [measurement, point].
        number: how many each is the mean of, [measurement].
    """

    specimens: tuple[str, ...]
    sources: tuple[str, ...]
    on_grid: OnGrid
    number: Array


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
    specimens = tuple(specimen for block in blocks for specimen in block.specimens)
    sources = tuple(source for block in blocks for source in block.sources or block.specimens)
    if len(found) == 1:
        return Gathered(specimens, sources, found[0], np.ones(len(specimens)))
    variance = None
    if any(each.variance is not None for each in found):
        variance = np.concatenate(
            [np.zeros_like(each.values) if each.variance is None else each.variance for each in found]
        )
    values = np.concatenate([np.empty((0, points)), *(each.values for each in found)])
    return Gathered(specimens, sources, OnGrid(values, variance), np.ones(len(specimens)))


def averaged(measured: Gathered) -> Gathered:
    """One measurement for each specimen: the mean of its own at every point.

    Where the variances of all of them are known it is weighted by their inverse, and its variance is known; else it is
    the plain mean, with a variance of 0, which stands for unknown.
    """
    specimens, row = _numbered(measured.specimens)
    values, variance = measured.on_grid
    if len(specimens) == len(values):
        return measured
    seen = np.isfinite(values)
    known = np.zeros_like(values) if variance is None else np.where(seen, variance, 0)
    count = _summed(seen.astype(np.float64), row, len(specimens))
    all_known = (_summed((known > 0).astype(np.float64), row, len(specimens)) == count) & (count > 0)
    weight = np.where(all_known[row] & seen, 1 / np.where(known > 0, known, 1), seen.astype(np.float64))
    total = _summed(weight, row, len(specimens))
    with np.errstate(invalid="ignore"):
        mean = _summed(weight * np.where(seen, values, 0), row, len(specimens)) / total
    if variance is not None:
        variance = np.where(all_known, 1 / np.where(total > 0, total, 1), 0)
    first = np.unique(row, return_index=True)[1]
    sources = tuple(measured.sources[index] for index in first.tolist())
    number = np.bincount(row, weights=measured.number, minlength=len(specimens))
    return Gathered(specimens, sources, OnGrid(mean, variance), number.astype(np.float64))


def spread_of_replicates(specimens: Sequence[str], table: Array) -> Array | None:
    """Variance of a single measurement about the mean of its specimen, pooled over specimens, [coordinate].

    With fewer than `LEAST_FREEDOM` degrees of freedom it is the mean over coordinates; None where none was measured
    twice.

    Args:
        specimens: of each measurement.
        table: [measurement, coordinate]; nan where it was not measured.
    """
    distinct, row = _numbered(specimens)
    if len(distinct) == len(table):
        return None
    seen = np.isfinite(table)
    count = _summed(seen.astype(np.float64), row, len(distinct))
    mean = _summed(np.where(seen, table, 0), row, len(distinct)) / np.maximum(count, 1)
    squares = np.where(seen, (table - mean[row]) ** 2, 0).sum(0)
    freedom = seen.sum(0) - (count > 0).sum(0)
    if freedom.min() >= LEAST_FREEDOM:
        return squares / freedom
    return np.full(table.shape[1], squares.sum() / freedom.sum()) if freedom.sum() else None


def _numbered(specimens: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Each specimen once, in order of appearance, and the number of each measurement's."""
    numbers: dict[str, int] = {}
    row = np.array([numbers.setdefault(specimen, len(numbers)) for specimen in specimens], dtype=np.intp)
    return tuple(numbers), row


def _summed(table: Array, row: NDArray[np.intp], count: int) -> Array:
    result = np.zeros((count, table.shape[1]))
    np.add.at(result, row, table)
    return result
