"""What predicting answers: predictions, and what was refused."""

from __future__ import annotations

from msgspec import Struct

from fingerprint.prediction.disagreement import Disagreement
from fingerprint.prediction.novelty import Novelty
from fingerprint.prepare.preparation import Array


class Prediction(Struct, frozen=True):
    """One modality of one specimen, predicted from others, in physical units.

    Attributes:
        source: where the measurements came from.
        specimen: its id.
        part: of the run's split, if the run knows a specimen of this id: train, validation or test; empty for a new
            one. The interval is honest for test and new specimens alone.
        target, unit, sign: what is predicted.
        given: the modalities that it was predicted from.
        mean, sd: the average over members, and the square root of the model's own total variance, which is not
            calibrated: use the interval. A number for a scalar, [point] of `axis` for a curve, [row, column] for an
            image.
        low, high: the conformal interval, shaped alike; a curve or an image lies in its band as a whole. None where it
            cannot be had.
        level: of the interval.
        why_no_interval: the reason, where there is none.
        clusters: probability of each cluster.
        novelty: whether the measurements look like anything that was trained on.
        disagreement: whether the measurements belong together; None where a single one was given.
        axis, axis_unit: of a spectrum or series.
    """

    source: str
    specimen: str
    part: str
    target: str
    unit: str
    sign: str
    given: tuple[str, ...]
    mean: float | Array
    sd: float | Array
    low: float | Array | None
    high: float | Array | None
    level: float
    why_no_interval: str
    clusters: list[float]
    novelty: Novelty
    disagreement: Disagreement | None = None
    axis: Array | None = None
    axis_unit: str = ""


class Refusal(Struct, frozen=True):
    """A file, or a specimen of a store, that could not be predicted from, and why.

    Attributes:
        file: empty for a specimen of a store.
        where: the place, as an error says it.
        reason, expected, next: what is wrong, what would be right, what to do.
        specimen: its id, for a specimen of a store.
    """

    file: str
    where: str
    reason: str
    expected: str
    next: str
    specimen: str = ""


class Predictions(Struct, frozen=True):
    """What was predicted, and what was refused."""

    predictions: tuple[Prediction, ...]
    refused: tuple[Refusal, ...]
