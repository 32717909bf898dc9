"""Fewer points, for display alone."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

CURVE_POINTS = 400
SPECIMENS = 3000
IMAGE_SIDE = 96
IMAGE_NUMBERS = 400_000  # in one figure

Rows = NDArray[np.intp]


def thin_curve(values: NDArray[np.float64], points: int = CURVE_POINTS) -> Rows:
    """Positions of at most `points` of a curve's points that keep its peaks and valleys.

    The curve is cut into pieces of equal length; of each the least and the greatest point stay, and the two ends.

    Args:
        values: [point].
        points: at least 4.

    Returns:
        Increasing positions.
    """
    if len(values) <= points:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), (points - 2) // 2 + 1).astype(int)
    kept = {0, len(values) - 1}
    for start, end in itertools.pairwise(edges):
        kept |= {start + int(values[start:end].argmin()), start + int(values[start:end].argmax())}
    return np.array(sorted(kept), dtype=np.intp)


def thin_rows(count: int, most: int = SPECIMENS) -> Rows:
    """Positions of at most `most` of `count` rows, evenly spread."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(np.intp)


def thin_image(values: NDArray[np.float64], side: int = IMAGE_SIDE) -> NDArray[np.float64]:
    """An image of at most `side` rows and columns: the means of equal blocks; a remainder at its end is cut off.

    Args:
        values: [row, column].
        side: at least 1.
    """
    step = -(-max(values.shape) // side)
    if step == 1:
        return values
    rows, columns = (max(length // step, 1) for length in values.shape)
    tall, wide = (min(step, length) for length in values.shape)
    return values[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide).mean((1, 3))


def image_side(count: int) -> int:
    """How many rows and columns each of `count` images in one figure may have."""
    return max(8, min(IMAGE_SIDE, int((IMAGE_NUMBERS / max(count, 1)) ** 0.5)))
