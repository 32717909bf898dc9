"""The common grid on which the model sees every spectrum or series of a modality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError, RecipeError
from fingerprint.modality import Block, RawModality
from fingerprint.recipe import Grid

MOST_POINTS = 4096
LEAST_WHOLE = 0.95  # of the training specimens cover all of a grid that is chosen

Array = NDArray[np.float64]


def common_grid(raw: RawModality, choice: Grid = Grid(), *, even: bool = False) -> Array:  # noqa: B008
    """The axis of the measurements where they share one, else an even grid over what at least 95 % of them cover.

    Of all spans that 95 % cover the widest is taken, so that one short scan does not crop everybody. Where the values
    are zero outside what was measured (`Modality.outside`), it spans all of the axes.

    Args:
        raw: the training part of one modality; every block has an axis.
        choice: what is given.
        even: whether the grid must be.

    Returns:
        [point], strictly increasing. An even grid has the specimens' median spacing, and at most `MOST_POINTS` unless
        more are given.

    Raises:
        DataError: the axes have less than half of the specimens' median span in common.
        RecipeError: what is given leaves no two points.
    """
    measured = [(block.axis, len(block.specimens)) for block in raw.blocks if block.axis is not None]
    axes, counts = [axis for axis, _ in measured], [count for _, count in measured]
    shared = all(np.array_equal(axis, axes[0]) for axis in axes)
    given = choice.first is not None and choice.last is not None
    first, last = (0.0, 0.0) if given else _span(raw, axes, counts)
    first = first if choice.first is None else choice.first
    last = last if choice.last is None else choice.last
    if shared and not choice.points and not (even and not _is_even(axes[0])):
        grid = axes[0][(axes[0] >= first) & (axes[0] <= last)]
    else:
        spacing = float(np.median(np.repeat([np.median(np.diff(axis)) for axis in axes], counts)))
        points = choice.points or max(2, min(MOST_POINTS, round((last - first) / spacing) + 1))
        grid = np.linspace(first, last, points) if last > first else np.empty(0)
    if len(grid) < 2:
        raise RecipeError(
            f"the grid of {raw.modality.name!r} from {first:g} to {last:g} has {len(grid)} points",
            where=f"modalities.{raw.modality.name}.grid",
            expected=f"Two points or more; the axes begin at {min(axis[0] for axis in axes):g} and end at "
            f"{max(axis[-1] for axis in axes):g} {raw.modality.axis_unit}".rstrip()
            + ".",
        )
    return grid


def widest_span(firsts: Array, lasts: Array, counts: NDArray[np.int64]) -> tuple[float, float]:
    """The widest span that 95 % of the specimens cover.

    Args:
        firsts, lasts: of each axis.
        counts: specimens on each.
    """
    allowed = int((1 - LEAST_WHOLE) * counts.sum() + 1e-9)
    best = (float(firsts.max()), float(lasts.min()))
    for first in np.unique(firsts)[::-1].tolist():
        late = int(counts[firsts > first].sum())
        if late > allowed:
            break
        order = np.argsort(lasts)
        early = np.cumsum(counts[order]) - counts[order]  # on axes that end before
        last = float(lasts[order][early <= allowed - late].max())
        if last - first > best[1] - best[0]:
            best = (first, last)
    return best


def _span(raw: RawModality, axes: Sequence[Array], counts: Sequence[int]) -> tuple[float, float]:
    firsts, lasts = np.array([axis[0] for axis in axes]), np.array([axis[-1] for axis in axes])
    if raw.modality.outside == "zero":
        return float(firsts.min()), float(lasts.max())
    first, last = widest_span(firsts, lasts, np.array(counts))
    span = float(np.median(np.repeat(lasts - firsts, counts)))
    if last - first < 0.5 * span:
        raise DataError(
            f"the axes of {raw.modality.name!r} have too little in common: 95 % of them cover only "
            f"{first:g} to {last:g} {raw.modality.axis_unit}".rstrip(),
            where=_extremes(raw.blocks),
            expected=f"At least half of the span that most of them have, {span:g}.",
            next="Leave out the specimens named above, ingest them as a modality of another name, or give the grid: "
            f"[modalities.{raw.modality.name}] grid = {{ first = ..., last = ... }} in the recipe.",
        )
    return first, last


def _is_even(axis: Array) -> bool:
    steps = np.diff(axis)
    return bool(np.ptp(steps) <= 1e-6 * steps.mean() + 4 * np.spacing(np.abs(axis).max()))


def _extremes(blocks: Sequence[Block]) -> str:
    with_axis = [block for block in blocks if block.axis is not None]
    latest = max(with_axis, key=lambda block: float(block.axis[0]) if block.axis is not None else 0.0)
    earliest = min(with_axis, key=lambda block: float(block.axis[-1]) if block.axis is not None else 0.0)
    return f"specimens {latest.specimens[0]} and {earliest.specimens[0]}"
