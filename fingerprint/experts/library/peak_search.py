"""Where the peaks of a curve seem to be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fingerprint.experts.domain import Array

_LEAST = 0.02  # of the curve's range; less prominent peaks are taken for noise


class Found(NamedTuple):
    """Peaks in ascending order of their positions; full widths at half prominence, in the unit of t. [peak]"""

    positions: Array
    widths: Array


def find(t: Array, curve: Array, count: int) -> Found:
    """The most prominent peaks of a curve; where there are too few, others where these leave most of it unexplained.

    Args:
        t: the axis, ascending, [point].
        curve: [point].
        count: how many peaks to name.
    """
    from scipy.ndimage import gaussian_filter1d  # a second, which opening a run need not take
    from scipy.optimize import nnls

    smoothed = gaussian_filter1d(curve - curve.min(), max(1.0, len(t) / 200))
    positions, widths = (list(each[:count]) for each in _prominent(t, smoothed))
    while len(positions) < count:
        shapes = (
            np.exp(-4 * np.log(2) * ((t[:, None] - positions) / widths) ** 2) if positions else np.zeros((len(t), 1))
        )
        left = smoothed - shapes @ nnls(shapes, smoothed)[0]
        others = _prominent(t, left)
        if not len(others.positions):
            return _even(t, count)
        positions.append(others.positions[0])
        widths.append(others.widths[0])
    order = np.argsort(positions)
    return Found(np.array(positions)[order], np.array(widths)[order])


def _prominent(t: Array, curve: Array) -> Found:
    """All peaks, the most prominent first."""
    from scipy.signal import find_peaks, peak_widths

    places, about = find_peaks(curve, prominence=max(_LEAST * float(np.ptp(curve)), 1e-300))
    places = places[np.argsort(-about["prominences"], kind="stable")]
    _, _, left, right = peak_widths(curve, places, rel_height=0.5)
    index = np.arange(len(t))
    return Found(t[places], np.interp(right, index, t) - np.interp(left, index, t))


def _even(t: Array, count: int) -> Found:
    positions = t[0] + (t[-1] - t[0]) * (np.arange(count) + 1) / (count + 1)
    return Found(positions, np.full(count, (t[-1] - t[0]) / (count + 1) / 2))
