"""The common grid on which the model sees every spectrum or series of a modality."""

from __future__ import annotations

from collections import Counter
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
    """The axis that most specimens share, over the span that 95 % of them cover; an even grid where they share none.

    Of all such spans the widest is taken, so that one short scan does not crop everybody. Where the values are zero
    outside what was measured (`Modality.outside`), it spans all of the axes.

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
    axes = [block.axis for block in raw.blocks if block.axis is not None]
    counts = _specimens_of_axes(raw)
    first, last = (0.0, 0.0) if None not in (choice.first, choice.last) else _span(raw, axes, counts)
    first = first if choice.first is None else choice.first
    last = last if choice.last is None else choice.last
    common = None if choice.points else _common_axis(axes, counts, first, last)
    if common is not None and not (even and not _is_even(common)):
        grid = common[(common >= first - rounding_of(common)) & (common <= last + rounding_of(common))]
    else:
        spacing = weighted_median(np.array([np.median(np.diff(axis)) for axis in axes]), counts)
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


def widest_span(firsts: Array, lasts: Array, counts: Array) -> tuple[float, float]:
    """The widest span that 95 % of the specimens cover.

    Args:
        firsts, lasts: of each axis.
        counts: specimens on each.
    """
    allowed = (1 - LEAST_WHOLE) * counts.sum() + 1e-9
    best = (float(firsts.max()), float(lasts.min()))
    order = np.argsort(lasts)
    early = np.cumsum(counts[order]) - counts[order]  # on axes that end before
    for first in np.unique(firsts)[::-1].tolist():
        late = counts[firsts > first].sum()
        if late > allowed:
            break
        last = float(lasts[order][early <= allowed - late].max())
        if last - first > best[1] - best[0]:
            best = (first, last)
    return best


def weighted_median(values: Array, weights: Array) -> float:
    """The least value up to which half of the weight lies; between two where it is exactly half."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    half = 0.5 * reached[-1]
    low, high = np.searchsorted(reached, [half * (1 - 1e-9), half * (1 + 1e-9)])
    return float((values[order[low]] + values[order[min(high, len(order) - 1)]]) / 2)


def _specimens_of_axes(raw: RawModality) -> Array:
    """How many specimens each axis has; one with several measurements is divided among them."""
    number = Counter(specimen for block in raw.blocks for specimen in block.specimens)
    return np.array([sum(1 / number[specimen] for specimen in block.specimens) for block in raw.blocks])


def _common_axis(axes: Sequence[Array], counts: Array, first: float, last: float) -> Array | None:
    """The axis that most specimens have, but for rounding, if it is more than half of them and it reaches the span."""
    axis = axes[int(np.argmax(counts))]
    own = counts[[same_axis(axis, other) for other in axes]].sum()
    rounding = rounding_of(axis)
    reaches = (first >= axis[0] - rounding and last <= axis[-1] + rounding) or len(axes) == 1
    return axis if own > 0.5 * counts.sum() and reaches else None


def same_axis(axis: Array, other: Array) -> bool:
    """Whether two axes are one, but for rounding."""
    return axis.shape == other.shape and bool((np.abs(axis - other) <= rounding_of(axis)).all())


def rounding_of(axis: Array) -> float:
    """What a conversion of units may leave between points that are the same."""
    return 1e-6 * float(np.diff(axis).min()) if len(axis) > 1 else 0.0


def _span(raw: RawModality, axes: Sequence[Array], counts: Array) -> tuple[float, float]:
    firsts, lasts = np.array([axis[0] for axis in axes]), np.array([axis[-1] for axis in axes])
    if raw.modality.outside == "zero":
        return float(firsts.min()), float(lasts.max())
    first, last = widest_span(firsts, lasts, counts)
    span = weighted_median(lasts - firsts, counts)
    if last - first < 0.5 * span:
        raise DataError(
            f"the axes of {raw.modality.name!r} have too little in common: 95 % of them cover only "
            f"{first:g} to {last:g} {raw.modality.axis_unit}".rstrip(),
            where=_extremes(raw.blocks),
            expected=f"At least half of {span:g}, the span of half of them.",
            next=f"Give the grid in the recipe: [modalities.{raw.modality.name}] grid = {{ first = "
            f"{weighted_median(firsts, counts):g}, last = {weighted_median(lasts, counts):g} }} keeps what most have; "
            "curves that end early have gaps then, and those that cover less than half of it are left out.",
        )
    return first, last


def _is_even(axis: Array) -> bool:
    steps = np.diff(axis)
    return bool(np.ptp(steps) <= 1e-6 * steps.mean() + 4 * np.spacing(np.abs(axis).max()))


def _extremes(blocks: Sequence[Block]) -> str:
    """The specimens whose axes begin last and end first."""
    with_axis = [block for block in blocks if block.axis is not None]
    latest = max(with_axis, key=lambda block: float(block.axis[0]) if block.axis is not None else 0.0)
    earliest = min(with_axis, key=lambda block: float(block.axis[-1]) if block.axis is not None else 0.0)
    begins, ends = latest.axis, earliest.axis
    assert begins is not None
    assert ends is not None
    return (
        f"{latest.specimens[0]}, which begins last, at {begins[0]:g}, and {earliest.specimens[0]}, which ends first, "
        f"at {ends[-1]:g}"
    )
