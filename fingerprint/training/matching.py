"""Which cluster stands for which label: the pairing that makes most specimens right. [Eq. 19]"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from fingerprint.training.agreement import Labels


class Matched(NamedTuple):
    """Labels and clusters, paired one to one.

    Attributes:
        names: the labels, sorted.
        counts: how many specimens of each label are in each cluster, [label, cluster]; no fewer columns than rows.
        clusters: the cluster that stands for each label, [label].
    """

    names: list[str]
    counts: NDArray[np.int64]
    clusters: Labels

    @property
    def right(self) -> int:
        """How many specimens are in the cluster that stands for their label."""
        return int(self.counts[np.arange(len(self.names)), self.clusters].sum())


def match_labels(labels: Sequence[str], clusters: Labels, count: int = 0) -> Matched:
    """Pair labels with clusters as favourably as possible. [Eq. 19]

    Args:
        labels: of the specimens; at least one.
        clusters: of the specimens, [specimen].
        count: how many clusters there are at least.
    """
    names = sorted(set(labels))
    index = {name: row for row, name in enumerate(names)}
    counts = np.zeros((len(names), max(len(names), int(clusters.max()) + 1, count)), dtype=np.int64)
    np.add.at(counts, (np.array([index[label] for label in labels]), clusters), 1)
    return Matched(names, counts, np.asarray(linear_sum_assignment(-counts)[1], dtype=np.int64))
