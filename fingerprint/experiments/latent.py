"""Where the specimens and the clusters of a run lie, for a map of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.experiments.clustering import matched_labels
from fingerprint.prediction import embed
from fingerprint.prepare import Tensors
from fingerprint.run import Run

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LatentPoints:
    """The map member's latent space: specimens told from all modalities, and clusters. It has no unit.

    Attributes:
        specimens: their ids.
        labels: of the specimens, in the same order.
        clusters: the likeliest one of every specimen, [specimen].
        mean: of their posteriors, [specimen, latent].
        centres: of the clusters, [cluster, latent].
        sd: of the clusters along the latent axes, [cluster, latent].
        stands_for: the label that every cluster stands for, as for the accuracy; "" for none.
    """

    specimens: tuple[str, ...]
    labels: tuple[str, ...]
    clusters: NDArray[np.int64]
    mean: Array
    centres: Array
    sd: Array
    stands_for: tuple[str, ...]


def latent_points(run: Run, tensors: Tensors, labels: Mapping[str, str]) -> LatentPoints:
    """Where specimens lie, by the map member.

    Args:
        run: a trained run.
        tensors: specimens, in the run's model units; each has at least one measurement.
        labels: by specimen; those without one are left out.
    """
    counted = tensors.subset([row for row, each in enumerate(tensors.specimens) if each in labels])
    member, prior = run.info.map_member, run.model.prior
    found = embed(run.model, counted)
    clusters = found.responsibilities[member].argmax(-1).cpu().numpy()
    truth = tuple(labels[each] for each in counted.specimens)
    return LatentPoints(
        specimens=counted.specimens,
        labels=truth,
        clusters=clusters,
        mean=found.posterior.mean[member].double().cpu().numpy(),
        centres=prior.mean[member].double().cpu().numpy(),
        sd=prior.log_variance[member].double().div(2).exp().cpu().numpy(),
        stands_for=matched_labels(truth, clusters, len(prior.mean[member])),
    )
