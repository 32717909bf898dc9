"""What a trained model is worth: errors by part and by what was given, intervals, clusters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from fingerprint.fingerprints.identification import identify
from fingerprint.model import PIMA
from fingerprint.prediction.conformal import calibrated_subsets, scores
from fingerprint.prediction.cross_modal import Moments, predict_moments, specimens_at_once
from fingerprint.prediction.disagreement import PRIOR, alone, evidence, mixture_weights, share
from fingerprint.prediction.embedding import embed
from fingerprint.prepare import WHOLE, Physical, Preparation, Tensors, even_rows
from fingerprint.prepare.preparation import Array
from fingerprint.run import Calibration, ClusterMetrics, IntervalScores, MemberMetrics, Metrics, PartMetrics
from fingerprint.training.agreement import ALIVE_SHARE, REPRODUCIBLE, Labels, cluster_support, stability
from fingerprint.training.matching import match_labels
from fingerprint.training.split import Part
from fingerprint.training.trainer import validation_elbo

JOINT = "joint"
MOST_SCORED = 2048  # specimens of a part: its errors are then known to about 2 %


class PartData(NamedTuple):
    """One part of the split, as measured and as the model sees it."""

    physical: Physical
    tensors: Tensors


class Errors(NamedTuple):
    """Root-mean-square error of one target over one part, in physical units; None where nothing was measured."""

    averaged: float | None
    members: tuple[float | None, ...]
    r2: float | None


def with_all(physical: Physical, names: Sequence[str], *, whole: bool = False) -> np.ndarray:
    """The rows of the specimens in which all of `names` were measured; `whole` leaves out curves with larger gaps."""
    least = WHOLE if whole else 0.0
    return np.flatnonzero(
        np.all([physical.measured(name) & (physical.covered(name) >= least) for name in names], axis=0)
    )


def predict_rows(
    model: PIMA,
    preparations: Mapping[str, Preparation],
    data: PartData,
    target: str,
    given: Sequence[str],
    *,
    whole: bool = False,
) -> Iterator[tuple[Array, Moments, Array]]:
    """Measured and predicted target of the specimens that have it and all of `given`, as in `with_all`, and the known
    variance of what was measured, a few specimens at a time."""
    rows = with_all(data.physical, [target, *given], whole=whole)
    step = specimens_at_once(model.seeds, preparations[target].points)
    for start in range(0, len(rows), step):
        few = rows[start : start + step]
        moments = predict_moments(model, preparations[target], data.tensors.subset(few), target, given)
        own = data.physical.rows(few)
        yield own.values[target], moments, own.noise(target, preparations[target])


def errors(
    model: PIMA, preparations: Mapping[str, Preparation], data: PartData, target: str, given: Sequence[str]
) -> Errors:
    """Errors of `target` predicted from `given`, over all specimens and points that were measured."""
    count, total, left, members = 0, 0.0, 0.0, np.zeros(model.seeds)
    for measured, moments, _ in predict_rows(model, preparations, data, target, given):
        count += int(np.isfinite(measured).sum())
        total += float(np.nansum((measured - preparations[target].centre) ** 2))
        left += float(np.nansum((measured - moments.mean) ** 2))
        members += np.nansum((measured - moments.members) ** 2, axis=(1, 2))
    if not count:
        return Errors(None, tuple(None for _ in range(model.seeds)), None)
    return Errors(
        math.sqrt(left / count),
        tuple(np.sqrt(members / count).tolist()),
        1 - left / total if total > 0 else None,
    )


def calibrate(model: PIMA, preparations: Mapping[str, Preparation], validation: PartData, level: float) -> Calibration:
    """Scores of specimens on which nothing of the predictor was chosen, for intervals and novelty.

    Of more of them they are those of `MOST_SCORED`; curves of which more than a twentieth is missing are no measure.
    """
    validation = _thinned(validation)
    intervals: list[IntervalScores] = []
    novelty: dict[str, tuple[float, ...]] = {}
    for target, preparation in preparations.items():
        for given in calibrated_subsets(list(preparations), target):
            found = [
                scores(measured, moments.mean, moments.sd, noise)
                for measured, moments, noise in predict_rows(model, preparations, validation, target, given, whole=True)
            ]
            intervals.append(IntervalScores(target, given, tuple(sorted(itertools.chain(*found)))))
        measured = validation.physical.values[target][with_all(validation.physical, [target], whole=True)]
        novelty[target] = tuple(np.sort(preparation.strangeness(measured)).tolist())
    names = sorted(preparations)
    contrary = evidence(alone(model, validation.tensors, names), mixture_weights(model))
    return Calibration(level, tuple(intervals), novelty, max(PRIOR, share(contrary)))


def clustering_accuracy(labels: Sequence[str], clusters: Labels) -> float:
    """Share of specimens whose cluster, renamed as favourably as possible, is their label. [Eq. 19]"""
    return match_labels(labels, clusters).right / len(labels)


def evaluate(
    model: PIMA,
    preparations: Mapping[str, Preparation],
    data: Mapping[Part, PartData],
    seeds: Sequence[int],
    map_member: int,
    labels: Mapping[str, str] | None = None,
) -> Metrics:
    """Every number that a run reports of itself.

    Args:
        model: settled, with the clusters of all members in the same order.
        preparations: by modality.
        data: by part; of a larger part, bounds, errors and support are those of `MOST_SCORED` specimens.
        seeds: of the members.
        map_member: whose clusters are shown.
        labels: of specimens, only for `accuracy`; None for none.
    """
    train = data[Part.TRAIN]
    whole, data = data, {part: _thinned(each) for part, each in data.items()}
    names = sorted(preparations)
    sources = {JOINT: names} | ({name: [name] for name in names} if len(names) > 1 else {})
    table = {
        part: {t: {s: errors(model, preparations, data[part], t, given) for s, given in sources.items()} for t in names}
        for part in data
    }
    bounds = validation_elbo(model, data[Part.VALIDATION].tensors)
    members = tuple(
        MemberMetrics(
            seed,
            float(bounds[index]) if len(bounds) else None,
            {
                target: {s: _percent(each.members[index], preparations[target].range) for s, each in row.items()}
                for target, row in table[Part.TEST].items()
            },
        )
        for index, seed in enumerate(seeds)
    )
    parts = {
        str(part): _part_metrics(
            model, preparations, data[part], table[part], _accuracy(model, whole[part], labels, map_member)
        )
        for part in data
    }
    supported, support = cluster_support(
        data[Part.TRAIN].physical.values, dict(preparations), model.prior.mean.shape[1]
    )
    embedding = embed(model, train.tensors)
    clusters = describe_clusters(model, train.tensors, map_member, embedding.responsibilities)
    experts = identify(model, preparations, train.tensors, map_member, embedding.posterior)
    return Metrics(parts, members, clusters, supported, support, experts)


def second_half(data: PartData) -> PartData:
    """Every other specimen, from the second one on: those on which no precision was chosen (`settle`)."""
    rows = np.arange(1, len(data.tensors), 2)
    return PartData(data.physical.rows(rows), data.tensors.subset(rows))


def _thinned(data: PartData) -> PartData:
    """As many specimens as are scored, evenly spaced in the order of their ids."""
    if len(data.tensors) <= MOST_SCORED:
        return data
    rows = even_rows(len(data.tensors), MOST_SCORED)
    return PartData(data.physical.rows(rows), data.tensors.subset(rows))


def describe_clusters(
    model: PIMA, train: Tensors, map_member: int, responsibilities: Float[Tensor, "seed specimen cluster"]
) -> tuple[ClusterMetrics, ...]:
    """Weight, size and stability of each cluster of one member, from the responsibilities for the training part."""
    labels = responsibilities.argmax(-1).cpu().numpy()
    clusters = model.prior.mean.shape[1]
    sizes = np.bincount(labels[map_member], minlength=clusters)
    weights = model.prior.log_weights[map_member].exp().tolist()
    agreement = stability(labels, map_member, clusters)
    measured = {name: (responsibilities[map_member].T @ own).tolist() for name, own in train.present.items()}
    return tuple(
        ClusterMetrics(
            index=cluster,
            weight=weights[cluster],
            size=int(sizes[cluster]),
            stability=agreement[cluster],
            alive=bool(sizes[cluster] >= ALIVE_SHARE * len(train)),
            reproducible=None if (value := agreement[cluster]) is None else value >= REPRODUCIBLE,
            measured={name: counts[cluster] for name, counts in measured.items()},
        )
        for cluster in range(clusters)
    )


def hard_labels(model: PIMA, tensors: Tensors) -> Labels:
    """The most probable cluster of every specimen given all that was measured, [member, specimen]."""
    return embed(model, tensors).responsibilities.argmax(-1).cpu().numpy()


def _accuracy(model: PIMA, data: PartData, labels: Mapping[str, str] | None, map_member: int) -> float | None:
    """Of the clusters of a whole part; None without labels. [Eq. 19]"""
    specimens = data.tensors.specimens
    known = [] if labels is None else [row for row, specimen in enumerate(specimens) if specimen in labels]
    if labels is None or not known:
        return None
    clusters = hard_labels(model, data.tensors)[map_member]
    return clustering_accuracy([labels[specimens[row]] for row in known], clusters[known])


def _part_metrics(
    model: PIMA,
    preparations: Mapping[str, Preparation],
    data: PartData,
    table: Mapping[str, Mapping[str, Errors]],
    accuracy: float | None,
) -> PartMetrics:
    elbo = validation_elbo(model, data.tensors)
    ranges = {name: preparation.range for name, preparation in preparations.items()}
    return PartMetrics(
        elbo=float(elbo.mean()) if len(elbo) else None,
        rmse_percent={
            t: {s: _percent(each.averaged, ranges[t]) for s, each in row.items()} for t, row in table.items()
        },
        rmse={t: {s: each.averaged for s, each in row.items()} for t, row in table.items()},
        r2={t: {s: each.r2 for s, each in row.items()} for t, row in table.items()},
        range=ranges,
        accuracy=accuracy,
    )


def _percent(value: float | None, whole: float) -> float | None:
    return None if value is None else 100 * value / whole
