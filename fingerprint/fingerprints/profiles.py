"""Means and standard deviations of a modality over the clusters, summed piece by piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fingerprint.prepare import Preparation
from fingerprint.prepare.preparation import Array


class ProfileSums:
    """Sums over the specimens seen so far, each weighted by its responsibilities.

    Values are summed about the mean of the training part, so that no digits are lost where all are far from zero.

    Attributes:
        count: specimens of each cluster in which the modality was measured, [cluster].
    """

    def __init__(self, preparation: Preparation, clusters: int) -> None:
        self._preparation = preparation
        self._weight = np.zeros((clusters, preparation.points))
        self._first = np.zeros((clusters, preparation.points))
        self._second = np.zeros((clusters, preparation.points))
        self.count = np.zeros(clusters, dtype=np.int64)

    def add(self, values: Array, responsibilities: Array) -> None:
        """Add specimens.

        Args:
            values: in physical units, [specimen, point]; nan where a curve was not measured.
            responsibilities: [specimen, cluster]; the greatest says in which cluster a specimen is.
        """
        seen = np.isfinite(values)
        centred = np.where(seen, values - self._preparation.centre, 0)
        self._weight += responsibilities.T @ seen
        self._first += responsibilities.T @ centred
        self._second += responsibilities.T @ centred**2
        self.count += np.bincount(responsibilities.argmax(1), minlength=len(self.count))

    def mean(self, cluster: int) -> Array:
        """Shaped as one measurement; nan where a cluster has no weight."""
        return (self._preparation.centre + self._offset(cluster)).reshape(self._preparation.shape)

    def sd(self, cluster: int) -> Array:
        """Shaped as one measurement; nan where a cluster has no weight."""
        variance = self._second[cluster] * self._share(cluster) - self._offset(cluster) ** 2
        return np.sqrt(np.maximum(variance, 0)).reshape(self._preparation.shape)

    def _offset(self, cluster: int) -> Array:
        return self._first[cluster] * self._share(cluster)

    def _share(self, cluster: int) -> Array:
        weight = self._weight[cluster]
        return 1 / np.where(weight > 0, weight, np.nan)


def nearest_rows(latent: Array, centre: Array, sd: Array, inside: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Of the specimens `inside`, those whose latent points lie nearest to a cluster's centre, nearest first."""
    distance = (((latent[inside] - centre) / sd) ** 2).sum(1)
    return inside[np.argsort(distance, kind="stable")[:most]]
