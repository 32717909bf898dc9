"""Split-merge moves: out of the local optima of k-means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from fingerprint.training.agreement import Labels

Array = NDArray[np.float64]

MOST_MOVES, MOST_ROUNDS = 100, 100


def split_merge(points: Array, labels: Labels, clusters: int, seed: int) -> Labels:
    """Improve a clustering until no split and merge together lower the sum of squares.

    Cures two true clusters that share one centre while another has two, which Lloyd's iterations never leave: the
    cluster that gains most from being cut in two is, and the two that lose least by being one become one (after Ueda,
    Nakano, Ghahramani & Hinton, Neural Comput. 12 (2000) 2109). Every move that is kept lowers the sum of squares, so
    that it ends.

    Args:
        points: [specimen, coordinate].
        labels: where it begins, 0 to clusters - 1, [specimen]; some may be empty.
        clusters: how many there are.
        seed: of the cuts.

    Returns:
        [specimen].
    """
    labels = _lloyd(points, labels, clusters)
    for _ in range(MOST_MOVES):
        moved = _best_move(points, labels, clusters, seed)
        if moved is None:
            return labels
        moved = _lloyd(points, moved, clusters)
        if _inertia(points, moved, clusters) > (1 - 1e-9) * _inertia(points, labels, clusters):
            return labels
        labels = moved
    return labels


def _best_move(points: Array, labels: Labels, clusters: int, seed: int) -> Labels | None:
    """The labels after the best split and merge, or None where they gain nothing together."""
    counts = np.bincount(labels, minlength=clusters)
    centres = _centres(points, labels, clusters)
    gains = np.full(clusters, -np.inf)
    halves: dict[int, Labels] = {}
    least = 1e-12 * float(((points - points.mean(0)) ** 2).sum())
    for cluster in np.flatnonzero(counts > 1):
        own = points[labels == cluster]
        whole = float(((own - own.mean(0)) ** 2).sum())
        if whole <= least:
            continue  # points that coincide cannot be cut
        cut = KMeans(2, n_init=2, random_state=seed)  # pyright: ignore[reportArgumentType]
        halves[int(cluster)] = cut.fit_predict(own).astype(np.int64)
        gains[cluster] = whole - _inertia(own, halves[int(cluster)], 2)
    apart = ((centres[:, None] - centres[None]) ** 2).sum(-1)
    harmonic = counts[:, None] * counts[None] / np.maximum(counts[:, None] + counts[None], 1)
    costs = np.where(harmonic > 0, harmonic * np.nan_to_num(apart), 0.0)
    costs[np.tril_indices(clusters)] = np.inf
    best: tuple[float, int, int, int] | None = None
    for kept, freed in zip(*np.unravel_index(np.argsort(costs, axis=None), costs.shape), strict=True):
        if not np.isfinite(costs[kept, freed]):
            break
        others = np.where(np.isin(np.arange(clusters), (kept, freed)), -np.inf, gains)
        split = int(others.argmax())
        gain = float(others[split] - costs[kept, freed])
        if best is None or gain > best[0]:
            best = (gain, split, int(kept), int(freed))
    if best is None or best[0] <= 0:
        return None
    _, split, kept, freed = best
    moved = labels.copy()
    moved[labels == freed] = kept
    moved[np.flatnonzero(labels == split)[halves[split] == 1]] = freed
    return moved


def _lloyd(points: Array, labels: Labels, clusters: int) -> Labels:
    """Nearest centres until nothing changes; an empty cluster attracts nothing."""
    for _ in range(MOST_ROUNDS):
        centres = _centres(points, labels, clusters)
        distance = (points**2).sum(1)[:, None] - 2 * points @ np.nan_to_num(centres).T + (centres**2).sum(1)
        nearest = np.where(np.isnan(distance), np.inf, distance).argmin(1)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
    return labels


def _centres(points: Array, labels: Labels, clusters: int) -> Array:
    """Mean of each cluster, nan where it is empty, [cluster, coordinate]."""
    counts = np.bincount(labels, minlength=clusters)
    sums = np.stack([np.bincount(labels, column, clusters) for column in points.T], axis=1)
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], np.nan)


def _inertia(points: Array, labels: Labels, clusters: int) -> float:
    return float(((points - _centres(points, labels, clusters)[labels]) ** 2).sum())
