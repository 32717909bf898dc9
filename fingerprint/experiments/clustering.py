"""How well a run's clusters are labels that it has never seen. [Eq. 19]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from fingerprint.prediction import embed
from fingerprint.prepare import Tensors
from fingerprint.run import Run

JOINT = "joint"


class ClusteringScores(Struct, frozen=True):
    """Clusters against labels.

    Attributes:
        accuracy: in percent, by what the clusters were told from: "joint" for all modalities, or one by its name.
        confusion: by the same; a row for each label in sorted order, a column for the cluster that stands for it.
        labels: sorted.
        specimens: how many were counted.
    """

    accuracy: dict[str, float]
    confusion: dict[str, list[list[int]]]
    labels: list[str]
    specimens: int


def confusion(labels: Sequence[str], clusters: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """How many specimens of each label are in each cluster, the clusters in the most favourable order. [Eq. 19]

    Args:
        labels: of the specimens.
        clusters: of the specimens, [specimen].

    Returns:
        The labels, sorted; and the table [label, cluster], whose diagonal counts as right. Clusters that stand for no
        label come last.
    """
    names, table = _counts(labels, clusters, int(clusters.max()) + 1)
    _, columns = linear_sum_assignment(-table)
    rest = np.setdiff1d(np.arange(table.shape[1]), columns)
    return names, table[:, np.concatenate([columns, rest])]


def matched_labels(labels: Sequence[str], clusters: NDArray[np.int64], count: int) -> tuple[str, ...]:
    """The label that each cluster stands for in `confusion`; "" where none of its specimens counts as right.

    Args:
        labels: of the specimens.
        clusters: of the specimens, [specimen].
        count: how many clusters there are.
    """
    names, table = _counts(labels, clusters, count)
    found = [""] * table.shape[1]
    for row, column in zip(*linear_sum_assignment(-table), strict=True):
        if table[row, column]:
            found[column] = names[row]
    return tuple(found[:count])


def _counts(labels: Sequence[str], clusters: NDArray[np.int64], count: int) -> tuple[list[str], NDArray[np.int64]]:
    """The labels, sorted, and how many specimens of each are in each of `count` clusters, or as many as labels."""
    names = sorted(set(labels))
    index = {name: row for row, name in enumerate(names)}
    table = np.zeros((len(names), max(len(names), count)), dtype=np.int64)
    np.add.at(table, (np.array([index[label] for label in labels]), clusters), 1)
    return names, table


def score_clustering(run: Run, tensors: Tensors, labels: Mapping[str, str]) -> ClusteringScores:
    """The clusters of the map member against labels, from all modalities and from each alone.

    Args:
        run: a trained run.
        tensors: specimens, in the run's model units.
        labels: by specimen; those without one are not counted.
    """
    counted = tensors.subset([row for row, each in enumerate(tensors.specimens) if each in labels])
    truth = [labels[each] for each in counted.specimens]
    names = run.model.names
    accuracy: dict[str, float] = {}
    tables: dict[str, list[list[int]]] = {}
    for source, given in {JOINT: None, **({n: [n] for n in names} if len(names) > 1 else {})}.items():
        found = embed(run.model, counted, given).responsibilities[run.info.map_member].argmax(-1).cpu().numpy()
        _, table = confusion(truth, found)
        accuracy[source] = 100 * float(np.trace(table[:, : len(table)])) / len(truth)
        tables[source] = table.tolist()
    return ClusteringScores(accuracy, tables, sorted(set(truth)), len(truth))
