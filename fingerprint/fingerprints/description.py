"""What a description of a run holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fingerprint.modality import Modality
from fingerprint.prediction import Prediction
from fingerprint.prepare.preparation import Array
from fingerprint.run import ClusterMetrics

MEASURED_COLUMN = "measured_"


@dataclass(frozen=True)
class Profile:
    """One modality over the specimens of a cluster, in physical units.

    Attributes:
        modality: what it is.
        axis: [point]; None for scalars and images.
        mean, sd: responsibility-weighted, shaped as one measurement: [1], [point] or [row, column].
        count: members of the cluster in which it was measured.
        nearest: measured on the specimens nearest to the cluster's centre, [specimen, ...]; nan where it was not.
        law: the curve of its law, if it has one, where that depends on Z at the cluster's centre; [point].

    Mean and sd are nan for a cluster to which no specimen belongs in the least.
    """

    modality: Modality
    axis: Array | None
    mean: Array
    sd: Array
    count: int
    nearest: Array
    law: Array | None = None


class ParameterValue(NamedTuple):
    r"""One parameter of a law in one cluster, $\theta_{ck}$. [Eq. 11]

    Attributes:
        value: at Z = 0; nan where the cluster has less than one training specimen with the modality in all, so that
            nothing determines it.
        standard_error: from how the training specimens differ (`parameters.ParameterSums`); nan with fewer than two of
            them, at a bound, where they do not tell the parameter, where it followed the gradient, and where the law
            depends on Z.
        unit: of both.
        shared: whether all clusters have it alike.
        slope: its change by Z, if it depends on that, [latent]; else empty.
    """

    value: float
    standard_error: float
    unit: str = ""
    shared: bool = False
    slope: tuple[float, ...] = ()


@dataclass(frozen=True)
class Fingerprint:
    """One cluster of the map member.

    Attributes:
        cluster: its index, weight, size and stability between members, over the training part.
        profiles: by modality, over all specimens of the run.
        parameters: of every law, by the (first) modality that it decodes and by name; of a linear expert, by formula.
        members: ids of the specimens most probably in it, all parts of the split.
        nearest: the members whose latent points lie nearest to its centre, nearest first.
        latent_mean, latent_sd: of the cluster in the latent space, [latent].
    """

    cluster: ClusterMetrics
    profiles: dict[str, Profile]
    parameters: dict[str, dict[str, ParameterValue]]
    members: tuple[str, ...]
    nearest: tuple[str, ...]
    latent_mean: Array
    latent_sd: Array


class Example(NamedTuple):
    """A predicted curve or image of the test part: its place among all by its error, and what was measured."""

    rank: str
    prediction: Prediction
    measured: Array
    rmse: float


class Contradiction(NamedTuple):
    """A specimen whose modalities point to different clusters.

    Attributes:
        specimen, part: its id, and its part of the split.
        p: probability that its modalities do not belong together.
        clusters: the most probable cluster given each modality alone, and its probability.
    """

    specimen: str
    part: str
    p: float
    clusters: dict[str, tuple[int, float]]


@dataclass(frozen=True)
class Contradictions:
    """Specimens whose modalities disagree (`prediction.disagreement`).

    Attributes:
        judged: how many have two modalities or more.
        share: of them estimated to disagree.
        flagged: how many are flagged.
        worst: the most extreme of these, the most extreme first.
    """

    judged: int
    share: float
    flagged: int
    worst: tuple[Contradiction, ...]


@dataclass(frozen=True)
class Description:
    """A run seen through its store.

    Attributes:
        fingerprints: one per cluster.
        specimens: one row per specimen: `specimen`, `part`, `cluster`, `latent_1`.. and `latent_sd_1`.. of the map
            member, `probability_0`.. averaged over members, `disagreement` (the probability that its modalities do
            not belong together; nan with fewer than two), `measured_NAME` of every scalar, and `metadata_*`.
        predictions: by target, what was predicted from all other modalities (`predicted.COLUMNS`): of every specimen
            for a scalar, of the test part for curves and images, of which the numbers themselves are not kept.
        examples: by target, a few of the curves or images, from the best to the worst predicted.
        present: by modality, in which specimens it was measured, [specimen].
        contradictions: specimens whose modalities disagree; None where none has two.
    """

    fingerprints: tuple[Fingerprint, ...]
    specimens: pd.DataFrame
    predictions: dict[str, pd.DataFrame]
    examples: dict[str, tuple[Example, ...]]
    present: dict[str, NDArray[np.bool_]]
    contradictions: Contradictions | None
