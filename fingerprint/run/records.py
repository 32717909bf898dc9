"""The records of a run: what its JSON files hold."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

FORMAT_VERSION = 4
LEAST_FITTED = 1.0  # specimens of a cluster from which on an expert's parameters there are told


class ExpertRecord(Struct, frozen=True):
    """A registered expert that a run was trained with; it is told and compared, never executed.

    Attributes:
        name: as the recipe calls it.
        source, home: whether it was shipped, or which package, plugin (its file's name) or module it came from.
        parameters: their names.
        curves: mean and root mean square of each cluster's curve, at the parameters of the shown member and Z = 0.
    """

    name: str
    source: Literal["shipped", "package", "plugin", "module"]
    home: str
    parameters: tuple[str, ...]
    curves: tuple[tuple[float, float], ...] = ()


class RunInfo(Struct, frozen=True):
    """What a run is and what it stands on; `label` names the metadata column of its `accuracy`, `experts` are by
    modality."""

    status: Literal["running", "interrupted", "completed", "diverged"]
    seeds: tuple[int, ...]
    map_member: int
    position: int
    ingest: str
    created: str
    seconds: float
    versions: dict[str, str]
    format_version: int = FORMAT_VERSION
    label: str = ""
    experts: dict[str, ExpertRecord] = {}


class EpochRecord(Struct, frozen=True):
    """One epoch: means over its batches, one value per member.

    Attributes:
        epoch: counted from 1.
        reconstruction, kl: of the training part, nats per specimen, mean over the terms of the loss.
        validation: ELBO of the validation part, or of 1,024 specimens of a larger one, given everything measured, nats
            per specimen; empty where it is empty.
    """

    epoch: int
    reconstruction: list[float]
    kl: list[float]
    validation: list[float]


class IntervalScores(Struct, frozen=True):
    """Scores of the validation part for one target predicted from some modalities (`prediction.conformal`)."""

    target: str
    given: tuple[str, ...]
    scores: tuple[float, ...]


class Calibration(Struct, frozen=True):
    """What intervals and novelty rest on: sorted scores of the validation part; and the share of the specimens whose
    modalities disagree, as far as that part tells (`prediction.disagreement`)."""

    level: float
    intervals: tuple[IntervalScores, ...]
    novelty: dict[str, tuple[float, ...]]
    disagreement: float = 0.01


class PartMetrics(Struct, frozen=True):
    """Errors over one part of the split, of the averaged members: `rmse[target][from]` in physical units.

    Of a larger part they are those of 2,048 specimens, evenly spaced in the order of their ids. `rmse_percent` is in
    percent of `range`, the target's greatest minus least value in the training part; `elbo` is the mean over members,
    nats per specimen; `r2` refers to the part's own variance about the training mean curve; `accuracy` is of the whole
    part.
    """

    elbo: float | None
    rmse_percent: dict[str, dict[str, float | None]]
    rmse: dict[str, dict[str, float | None]]
    r2: dict[str, dict[str, float | None]]
    range: dict[str, float]
    accuracy: float | None = None


class MemberMetrics(Struct, frozen=True):
    """One member: its validation ELBO and its own errors on the test part, in percent of the range."""

    seed: int
    elbo: float | None
    rmse_percent: dict[str, dict[str, float | None]]


class ClusterMetrics(Struct, frozen=True):
    """One cluster of the map: mixture weight, training specimens in it, and whether members agree on it.

    `measured` counts by modality the training specimens that were measured, each by its probability of being in it.
    """

    index: int
    weight: float
    size: int
    stability: float | None
    alive: bool
    reproducible: bool | None
    measured: dict[str, float] = {}


class ParameterMetrics(Struct, frozen=True):
    """One parameter of a law in every cluster, in measured units (`fingerprints.identification`).

    Attributes:
        name, unit: as the law calls it, and its printed unit.
        shared: whether it is one number for all clusters.
        values: at Z = 0, [cluster]; None where the training specimens do not tell it.
        standard_errors: [cluster]; None where they cannot be told.
        slopes: change by Z of a parameter that depends on it, [cluster][latent]; else empty.
    """

    name: str
    unit: str
    shared: bool
    values: tuple[float | None, ...]
    standard_errors: tuple[float | None, ...]
    slopes: tuple[tuple[float, ...], ...] = ()


class LackOfFit(Struct, frozen=True):
    """How far the mean of a cluster's training specimens lies from its law.

    Attributes:
        chi_square: mean squared distance over what chance would make of it: about 1 where the law is right.
        p: probability of so much or more, were the law right.
        share: root-mean-square distance over the range of the mean, of the modality where it is greatest.
    """

    chi_square: float
    p: float
    share: float


class ExpertMetrics(Struct, frozen=True):
    """What a training found of the law of one modality or more.

    Attributes:
        modalities: that the law decodes, in its order.
        parameters: in its order.
        lack_of_fit: [cluster]; None where it cannot be told.
    """

    modalities: tuple[str, ...]
    parameters: tuple[ParameterMetrics, ...]
    lack_of_fit: tuple[LackOfFit | None, ...]


class Metrics(Struct, frozen=True):
    """What a run is worth.

    `supported`: whether the training measurements are not one Gaussian, which clusters need but which does not prove
    separate groups; None where it cannot be told. `support` is the reason, in words. `experts`: by the (first) modality
    that each law decodes.
    """

    parts: dict[str, PartMetrics]
    restarts: tuple[MemberMetrics, ...]
    clusters: tuple[ClusterMetrics, ...]
    supported: bool | None
    support: str
    experts: dict[str, ExpertMetrics] = {}
