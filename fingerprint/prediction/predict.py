"""predict: from measurements of new specimens to one modality of them, with its uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from fingerprint.errors import DataError, FingerprintError
from fingerprint.modality import RawModality
from fingerprint.prediction.conformal import find_factor
from fingerprint.prediction.cross_modal import predict_moments
from fingerprint.prediction.embedding import embed
from fingerprint.prediction.files import as_one_specimen, read_input, recognise
from fingerprint.prediction.novelty import Novelty, judge
from fingerprint.prepare import Physical, align, to_tensors
from fingerprint.prepare.preparation import Array
from fingerprint.run import Run


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
            calibrated: use the interval. For a spectrum one number per point of `axis`.
        low, high: the conformal interval; a spectrum lies in its band as a whole. None where it cannot be had.
        level: of the interval.
        why_no_interval: the reason, where there is none.
        clusters: probability of each cluster.
        novelty: whether the measurements look like anything that was trained on.
        axis, axis_unit: of a spectrum or series.
    """

    source: str
    specimen: str
    part: str
    target: str
    unit: str
    sign: str
    given: tuple[str, ...]
    mean: float | list[float]
    sd: float | list[float]
    low: float | list[float] | None
    high: float | list[float] | None
    level: float
    why_no_interval: str
    clusters: list[float]
    novelty: Novelty
    axis: list[float] | None = None
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


def predict(
    run: Run,
    target: str,
    files: Iterable[str | Path] = (),
    *,
    inputs: Mapping[str, Sequence[str | Path]] | None = None,
    x_unit: str | None = None,
    level: float | None = None,
) -> Predictions:
    """Predict `target` from files. [section 3.2]

    Args:
        run: a trained run; nothing else is needed.
        target: the modality to predict.
        files: each holds one modality of one or more specimens; which one is told by its shape, axis and units.
        inputs: files by modality, where that is not plain. One file each for two or more modalities is one specimen
            measured in several ways; otherwise specimens are joined by their ids.
        x_unit: unit of the axis in the files, whatever they say.
        level: of the interval; the run's own where None.

    Raises:
        DataError: the run knows no such target, or the level is impossible.
    """
    check_target(run, target)
    check_level(level)
    answered: list[Prediction] = []
    refused: list[Refusal] = []
    for file in files:
        try:
            raw = recognise(run.preparations, target, Path(file), x_unit)
            answered += predict_raw(run, target, {raw.modality.name: raw}, source=str(file), level=level)
        except FingerprintError as error:
            refused.append(_refusal(file, error))
    if inputs:
        try:
            raws = {name: read_input(run.preparations, name, paths, x_unit) for name, paths in inputs.items()}
            answered += predict_raw(run, target, as_one_specimen(raws), level=level)
        except FingerprintError as error:
            refused.append(_refusal(", ".join(str(path) for paths in inputs.values() for path in paths), error))
    return Predictions(tuple(answered), tuple(refused))


def predict_raw(
    run: Run, target: str, raws: Mapping[str, RawModality], *, source: str = "", level: float | None = None
) -> list[Prediction]:
    """Predict `target` for every specimen that has any of `raws`; the target itself is not looked at.

    Args:
        run: a trained run.
        target: the modality to predict.
        raws: measurements by modality, in the run's units.
        source: named in the answers; where each measurement came from if empty.
        level: of the interval; the run's own where None.

    Raises:
        DataError: the target is unknown, nothing else was measured, an axis does not cover the model's, or the level
            is impossible.
    """
    check_target(run, target)
    check_level(level)
    given = {name: raw for name, raw in raws.items() if name != target}
    unknown = sorted(set(given) - set(run.preparations))
    if unknown or not given:
        raise DataError(
            f"the run was not trained on {unknown[0]!r}" if unknown else f"nothing was given to predict {target} from",
            where=source,
            expected=f"It predicts {target} from: {', '.join(sorted(set(run.preparations) - {target}))}.",
        )
    specimens = list(dict.fromkeys(specimen for raw in given.values() for specimen in raw.specimens))
    physical = align(given, run.preparations, specimens)
    sources = {
        specimen: source or place
        for raw in given.values()
        for block in raw.blocks
        for specimen, place in zip(block.specimens, block.sources or block.specimens, strict=True)
    }
    names = sorted(given)
    seen = np.stack([physical.measured(name) for name in names], axis=1)
    answers: dict[str, Prediction] = {}
    for pattern in np.unique(seen, axis=0):
        used = [name for name, kept in zip(names, pattern, strict=True) if kept]
        rows = np.flatnonzero((seen == pattern).all(axis=1))
        group = _Group(run, target, tuple(used), physical.rows(rows))
        answers.update(_predict_group(group, sources, level or run.calibration.level))
    return [answers[specimen] for specimen in specimens]


def check_target(run: Run, target: str) -> None:
    """Refuse a target that the run does not know, or that it has nothing else to predict from."""
    if target not in run.preparations:
        raise DataError(
            f"the run was not trained on {target!r}",
            where=str(run.path),
            expected=f"It knows: {', '.join(sorted(run.preparations))}.",
            next="Name one of them with --target, or another run with --run.",
        )
    if len(run.preparations) == 1:
        raise DataError(
            f"the run was trained on {target} alone: there is nothing to predict it from",
            where=str(run.path),
            next="Train on two modalities or more.",
        )


def check_level(level: float | None) -> None:
    """Refuse a level that no interval can have."""
    if level is not None and not 0 < level < 1:
        raise DataError(
            f"an interval cannot have the level {level:g}",
            expected="A probability above 0 and below 1, such as 0.95.",
        )


class _Group(NamedTuple):
    """Specimens that have the same modalities."""

    run: Run
    target: str
    given: tuple[str, ...]
    physical: Physical


def _predict_group(group: _Group, sources: Mapping[str, str], level: float) -> dict[str, Prediction]:
    run, target, given, physical = group
    preparation = run.preparations[target]
    tensors = to_tensors(physical, run.preparations, next(run.model.parameters()).device)
    moments = predict_moments(run.model, preparation, tensors, target, given)
    responsibilities = embed(run.model, tensors, given).responsibilities.mean(0).tolist()
    factor, reason = find_factor(run.calibration, target, given, level)
    half = None if factor is None else factor * moments.sd
    is_curve = preparation.grid is not None
    return {
        specimen: Prediction(
            source=sources[specimen],
            specimen=specimen,
            part=run.parts.get(specimen, ""),
            target=target,
            unit=preparation.modality.unit,
            sign=preparation.modality.sign,
            given=given,
            mean=_plain(moments.mean[row], is_curve),
            sd=_plain(moments.sd[row], is_curve),
            low=None if half is None else _plain(moments.mean[row] - half[row], is_curve),
            high=None if half is None else _plain(moments.mean[row] + half[row], is_curve),
            level=level,
            why_no_interval=reason,
            clusters=responsibilities[row],
            novelty=judge(run.calibration, run.preparations, {name: physical.values[name][row] for name in given}),
            axis=None if preparation.grid is None else preparation.grid.tolist(),
            axis_unit=preparation.modality.axis_unit,
        )
        for row, specimen in enumerate(physical.specimens)
    }


def _plain(values: Array, is_curve: bool) -> float | list[float]:
    return values.tolist() if is_curve else float(values[0])


def _refusal(file: str | Path, error: FingerprintError) -> Refusal:
    return Refusal(str(file), error.where or str(file), error.what, error.expected, error.next)
