"""How well a run's clusters are labels that it has never seen. [Eq. 19]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fingerprint.prediction import embed
from fingerprint.prepare import Tensors
from fingerprint.run import Run
from fingerprint.training.agreement import Labels
from fingerprint.training.evaluation import JOINT
from fingerprint.training.matching import match_labels


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


def confusion(labels: Sequence[str], clusters: Labels) -> tuple[list[str], NDArray[np.int64]]:
    """How many specimens of each label are in each cluster, the clusters in the most favourable order. [Eq. 19]

    Args:
        labels: of the specimens.
        clusters: of the specimens, [specimen].

    Returns:
        The labels, sorted; and the table [label, cluster], whose diagonal counts as right. Clusters that stand for no
        label come last.
    """
    found = match_labels(labels, clusters)
    rest = np.setdiff1d(np.arange(found.counts.shape[1]), found.clusters)
    return found.names, found.counts[:, np.concatenate([found.clusters, rest])]


def matched_labels(labels: Sequence[str], clusters: Labels, count: int) -> tuple[str, ...]:
    """The label that each cluster stands for in `confusion`; "" where none of its specimens counts as right.

    Args:
        labels: of the specimens.
        clusters: of the specimens, [specimen].
        count: how many clusters there are.
    """
    found = match_labels(labels, clusters, count)
    names = [""] * found.counts.shape[1]
    for row, cluster in enumerate(found.clusters):
        if found.counts[row, cluster]:
            names[cluster] = found.names[row]
    return tuple(names[:count])


def count_clusters(labels: Sequence[str], clusters: Mapping[str, Labels]) -> ClusteringScores:
    """The scores of clusters that were told from one source or several.

    Args:
        labels: of the specimens.
        clusters: of the specimens, by what they were told from.
    """
    accuracy: dict[str, float] = {}
    tables: dict[str, list[list[int]]] = {}
    for source, own in clusters.items():
        _, table = confusion(labels, own)
        accuracy[source] = 100 * float(np.trace(table[:, : len(table)])) / len(labels)
        tables[source] = table.tolist()
    return ClusteringScores(accuracy, tables, sorted(set(labels)), len(labels))


def score_clustering(run: Run, tensors: Tensors, labels: Mapping[str, str]) -> ClusteringScores:
    """The clusters of the map member against labels, from all modalities and from each alone.

    Args:
        run: a trained run.
        tensors: specimens, in the run's model units.
        labels: by specimen; those without one are not counted.
    """
    counted = tensors.subset([row for row, each in enumerate(tensors.specimens) if each in labels])
    names = run.model.names
    found = {
        source: embed(run.model, counted, given).responsibilities[run.info.map_member].argmax(-1).cpu().numpy()
        for source, given in {JOINT: None, **({n: [n] for n in names} if len(names) > 1 else {})}.items()
    }
    return count_clusters([labels[each] for each in counted.specimens], found)


def stands_for(run: Run, tensors: Tensors, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The label that each cluster of the map member stands for, as for the accuracy; "" for none.

    Args:
        run: a trained run.
        tensors: specimens, in the run's model units.
        labels: by specimen; those without one are not counted.
    """
    counted = tensors.subset([row for row, each in enumerate(tensors.specimens) if each in labels])
    clusters = embed(run.model, counted).responsibilities[run.info.map_member].argmax(-1).cpu().numpy()
    return matched_labels([labels[each] for each in counted.specimens], clusters, len(run.metrics.clusters))
