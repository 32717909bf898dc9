"""Whether members find the same clusters, and whether the measurements are more than one Gaussian at all."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from fingerprint.prepare import Preparation
from fingerprint.prepare.preparation import Array

REPRODUCIBLE = 0.6
ALIVE_SHARE = 0.02
SUPPORT_DIMENSIONS = 4

Labels = NDArray[np.int64]


def match_clusters(reference: Labels, other: Labels, clusters: int) -> Labels:
    """For each cluster of `reference`, the cluster of `other` that shares most specimens with it, one to one.

    Args:
        reference, other: cluster of every specimen under two members, [specimen].
        clusters: how many there are.

    Returns:
        [cluster], a permutation.
    """
    shared = np.zeros((clusters, clusters))
    np.add.at(shared, (reference, other), 1)
    return np.asarray(linear_sum_assignment(-shared)[1], dtype=np.int64)


def stability(labels: Labels, member: int, clusters: int) -> list[float | None]:
    """Agreement of the other members with each cluster of one member.

    For each other member: the adjusted Rand index between "in the cluster or not" and "in its match or not"; then the
    mean over members. 1 where they agree on every specimen, about 0 where they agree as chance would.

    Args:
        labels: [member, specimen], of the training part.
        member: whose clusters are judged.
        clusters: how many there are.

    Returns:
        One number per cluster; None with a single member, and for a cluster without specimens.
    """
    own = labels[member]
    others = [row for index, row in enumerate(labels) if index != member]
    matches = [match_clusters(own, other, clusters) for other in others]
    result: list[float | None] = []
    for cluster in range(clusters):
        inside = own == cluster
        if not others or not inside.any():
            result.append(None)
            continue
        indices = [
            float(adjusted_rand_score(inside, other == match[cluster]))
            for other, match in zip(others, matches, strict=True)
        ]
        result.append(float(np.mean(indices)))
    return result


def cluster_support(
    physical: dict[str, Array], preparations: dict[str, Preparation], clusters: int
) -> tuple[bool | None, str]:
    """Whether a mixture describes the training measurements better than one Gaussian does.

    This tells whether the measurements are one Gaussian, and no more: a curved continuum is not one either, and a
    mixture describes it better without there being separate groups.

    The leading principal scores of every modality, each scaled to unit variance, are described by full-covariance
    mixtures of 1 to `clusters` components; the Bayesian information criterion decides. One Gaussian blob has no
    clusters however a mixture divides it. It is judged on the measurements, not in the latent space, which the
    mixture prior itself has shaped.

    Args:
        physical: measurements of the training part on the grids, nan where missing, by modality.
        preparations: of the modalities.
        clusters: how many were asked for.

    Returns:
        Whether the measurements are not one Gaussian, None where that cannot be told; and why, in a sentence.
    """
    if clusters == 1:
        return None, "one cluster was asked for: there is nothing to compare one Gaussian with"
    scores: list[Array] = []
    for name, preparation in preparations.items():
        own, _ = preparation.basis.scores(physical[name])
        scores.append((own / np.sqrt(preparation.score_variance))[:, :SUPPORT_DIMENSIONS])
    table = np.concatenate(scores, axis=1)
    table = table[~np.isnan(table).any(1)]
    if len(table) < 10 * table.shape[1]:
        return None, f"only {len(table)} training specimens have every modality: too few to say"
    criterion = {count: _criterion(table, count) for count in range(1, min(clusters, len(table) // 2) + 1)}
    best = min(criterion, key=lambda count: criterion[count])
    if best == 1:
        return (
            False,
            "one Gaussian describes the measurements as well as any mixture: no clusters are supported",
        )
    gain = criterion[1] - criterion[best]
    return (
        True,
        f"the measurements are not one Gaussian: a mixture of {best} describes them better (BIC lower by {gain:.0f}); "
        "that alone does not tell separate groups from one curved continuum",
    )


def _criterion(table: Array, count: int) -> float:
    """BIC of a mixture of `count`; where the fit has not converged it is too high, which speaks for fewer clusters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture = GaussianMixture(count, n_init=3, reg_covar=1e-4, random_state=0).fit(table)
    return float(mixture.bic(table))
