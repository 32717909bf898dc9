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
    """The most prominent peaks of a curve; where there are too few, others spread evenly over the widest gaps.

    Args:
        t: the axis, ascending, [point].
        curve: [point].
        count: how many peaks to name.
    """
    from scipy.ndimage import gaussian_filter1d  # a second, which opening a run need not take
    from scipy.signal import find_peaks, peak_widths

    smoothed = gaussian_filter1d(curve, max(1.0, len(t) / 200))
    places, about = find_peaks(smoothed, prominence=max(_LEAST * float(np.ptp(smoothed)), 1e-300))
    chosen = np.sort(places[np.argsort(-about["prominences"], kind="stable")[:count]])
    _, _, left, right = peak_widths(smoothed, chosen, rel_height=0.5)
    index = np.arange(len(t))
    positions = [float(each) for each in t[chosen]]
    widths = [float(each) for each in np.interp(right, index, t) - np.interp(left, index, t)]
    for first, last, missing in _gaps(t, positions, count):
        positions += [first + (last - first) * (each + 1) / (missing + 1) for each in range(missing)]
        widths += [(last - first) / (missing + 1) / 2] * missing
    order = np.argsort(positions)
    return Found(np.array(positions)[order], np.array(widths)[order])


def _gaps(t: Array, positions: list[float], count: int) -> list[tuple[float, float, int]]:
    """Begin and end of every gap between peaks, and how many go into it: one more into the widest, each time."""
    edges = np.sort([t[0], *positions, t[-1]])
    missing = np.zeros(len(edges) - 1, dtype=int)
    for _ in range(count - len(positions)):
        missing[(np.diff(edges) / (missing + 1)).argmax()] += 1
    return [(float(a), float(b), int(some)) for a, b, some in zip(edges[:-1], edges[1:], missing, strict=True)]
