"""predict: from measurements of new specimens to one modality of them, with its uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from fingerprint.errors import DataError, FingerprintError
from fingerprint.modality import Kind, RawModality
from fingerprint.prediction.disagreement import alone, judge_together, mixture_weights
from fingerprint.prediction.embedding import embed
from fingerprint.prediction.files import as_one_specimen, read_input, recognise
from fingerprint.prediction.groups import Group, predict_groups
from fingerprint.prediction.novelty import judge
from fingerprint.prediction.records import Prediction, Predictions, Refusal
from fingerprint.prepare import Physical, Preparation, align, to_tensors
from fingerprint.prepare.preparation import Array
from fingerprint.run import Run


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
            refused.append(_refusal([file], error))
    if inputs:
        try:
            raws = {name: read_input(run.preparations, name, paths, x_unit) for name, paths in inputs.items()}
            answered += predict_raw(run, target, as_one_specimen(raws), level=level)
        except FingerprintError as error:
            refused.append(_refusal([path for paths in inputs.values() for path in paths], error))
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
    sources = {
        specimen: source or place
        for raw in given.values()
        for block in raw.blocks
        for specimen, place in zip(block.specimens, block.sources or block.specimens, strict=True)
    }
    physical = align(given, run.preparations, specimens)
    tensors = to_tensors(physical, run.preparations, next(run.model.parameters()).device)
    level = level or run.calibration.level
    answers: dict[str, Prediction] = {}
    with threadpool_limits(run.recipe.training.threads):
        for group in predict_groups(run, target, physical, tensors, range(len(specimens)), level):
            for each in _predictions(run, target, physical, group, sources, level):
                answers[each.specimen] = each
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


def _predictions(
    run: Run, target: str, physical: Physical, group: Group, sources: Mapping[str, str], level: float
) -> Iterator[Prediction]:
    """What is said of each specimen of a group."""
    preparation = run.preparations[target]
    responsibilities = embed(run.model, group.tensors, group.given).responsibilities.mean(0).tolist()
    novelty = judge(
        run.calibration, run.preparations, {name: physical.values[name][group.rows] for name in group.given}
    )
    together = judge_together(
        alone(run.model, group.tensors, group.given), mixture_weights(run.model), run.calibration.disagreement
    )
    axis = None if preparation.grid is None else preparation.grid.copy()
    low, high = (None, None) if group.half is None else (group.mean - group.half, group.mean + group.half)
    for place, row in enumerate(group.rows.tolist()):
        specimen = physical.specimens[row]
        yield Prediction(
            source=sources[specimen],
            specimen=specimen,
            part=run.parts.get(specimen, ""),
            target=target,
            unit=preparation.modality.unit,
            sign=preparation.modality.sign,
            given=group.given,
            mean=_shaped(group.mean[place], preparation),
            sd=_shaped(group.sd[place], preparation),
            low=None if low is None else _shaped(low[place], preparation),
            high=None if high is None else _shaped(high[place], preparation),
            level=level,
            why_no_interval=group.why_no_interval,
            clusters=responsibilities[place],
            novelty=novelty[place],
            disagreement=together[place],
            axis=axis,
            axis_unit=preparation.modality.axis_unit,
        )


def _shaped(points: Array, preparation: Preparation) -> float | Array:
    """A number for a scalar, [point] for a curve, [row, column] for an image."""
    if preparation.modality.kind is Kind.SCALAR:
        return float(points[0])
    return points.reshape(preparation.shape)


def _refusal(files: Sequence[str | Path], error: FingerprintError) -> Refusal:
    """Names the files where the error does not."""
    named = any(str(file) in error.where for file in files)
    every = ", ".join(map(str, files))
    where = error.where if named else f"{every}, {error.where}".removesuffix(", ")
    return Refusal(every, where, error.what, error.expected, error.next)
