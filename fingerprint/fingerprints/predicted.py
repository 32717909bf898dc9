"""What the other modalities say of each target, as a table; and a few curves and images to look at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fingerprint.fingerprints.description import Example
from fingerprint.fingerprints.pieces import Piece, read_usable, snapshot
from fingerprint.modality import Kind
from fingerprint.prediction import predict_raw
from fingerprint.prediction.groups import Group, predict_groups
from fingerprint.prediction.novelty import judge
from fingerprint.prepare import Preparation, align
from fingerprint.prepare.preparation import Array
from fingerprint.run import Run
from fingerprint.store import Store

TEST = "test"
COLUMNS = ("specimen", "part", "given", "rmse", "from_centre", "inside", "width", "why_no_interval")
SCALAR_COLUMNS = ("measured", "mean", "sd", "low", "high", "novelty_p", "flagged", "novelty_reason")
CURVE_RANKS = {0.0: "best", 0.5: "median", 1.0: "worst"}
IMAGE_RANKS = {0.0: "best", 0.25: "best quarter", 0.5: "median", 0.75: "worst quarter", 1.0: "worst"}


def empty_table(run: Run, target: str) -> pd.DataFrame:
    """The columns alone."""
    is_scalar = run.preparations[target].modality.kind is Kind.SCALAR
    return pd.DataFrame(columns=[*COLUMNS, *(SCALAR_COLUMNS if is_scalar else ())])


def predict_piece(run: Run, target: str, piece: Piece) -> Iterator[pd.DataFrame]:
    """Predict a target for a piece of the specimens.

    Returns:
        Tables with `COLUMNS`: rmse over the points, `from_centre` the same of the mean of the training part, `inside`
        whether all points lie in the interval, `width` of it, mean over the points. Of a scalar one row per specimen
        that has anything else measured, and `SCALAR_COLUMNS` too; of a curve or image those of the test part that have
        it measured.
    """
    preparation, level = run.preparations[target], run.calibration.level
    rows = np.arange(len(piece.tensors))
    if preparation.modality.kind is not Kind.SCALAR:
        in_test = np.array([run.parts[specimen] == TEST for specimen in piece.physical.specimens], dtype=np.bool_)
        rows = np.flatnonzero(in_test & piece.physical.measured(target))
    for group in predict_groups(run, target, piece.physical, piece.tensors, rows, level):
        yield _table(run, target, piece, group)


def _table(run: Run, target: str, piece: Piece, group: Group) -> pd.DataFrame:
    preparation = run.preparations[target]
    measured = piece.physical.values[target][group.rows]
    error = np.abs(measured - group.mean)
    noise = piece.physical.rows(group.rows).noise(target, preparation)
    none = np.full(len(group.rows), np.nan)
    specimens = [piece.physical.specimens[row] for row in group.rows]
    columns: dict[str, object] = {
        "specimen": specimens,
        "part": [run.parts[specimen] for specimen in specimens],
        "given": [group.given] * len(specimens),
        "rmse": _root_mean_square(error),
        "from_centre": _root_mean_square(measured - preparation.centre),
        "inside": np.zeros(len(specimens), np.bool_)
        if group.half is None
        else _inside(error, _with_noise(group, noise)),
        "width": none if group.half is None else 2 * group.half.mean(1),
        "why_no_interval": group.why_no_interval,
    }
    if preparation.modality.kind is Kind.SCALAR:
        half = none if group.half is None else group.half[:, 0]
        given = {name: piece.physical.values[name][group.rows] for name in group.given}
        novelty = judge(run.calibration, run.preparations, given)
        columns |= {
            "measured": measured[:, 0],
            "mean": group.mean[:, 0],
            "sd": group.sd[:, 0],
            "low": group.mean[:, 0] - half,
            "high": group.mean[:, 0] + half,
            "novelty_p": [each.p for each in novelty],
            "flagged": [each.flagged for each in novelty],
            "novelty_reason": [each.reason for each in novelty],
        }
    return pd.DataFrame(columns)


def _with_noise(group: Group, noise: Array) -> Array:
    """Half the width of the interval, widened by the known variance of what was measured."""
    assert group.half is not None
    return group.half * np.sqrt(1 + noise / group.sd**2)


def _root_mean_square(errors: Array) -> Array:
    """Over the points that were measured, [specimen]; nan where none was."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.nansum(errors**2, axis=1) / np.isfinite(errors).sum(axis=1))


def _inside(error: Array, half: Array) -> NDArray[np.bool_]:
    """Whether a specimen's target was measured and all that was measured of it lies so near, its own noise allowed."""
    measured = np.isfinite(error)
    return np.asarray(np.where(measured, error <= half, True).all(axis=1) & measured.any(axis=1), dtype=np.bool_)


def choose_examples(run: Run, store: Store, target: str, table: pd.DataFrame) -> tuple[Example, ...]:
    """Curves or images of the test part, from the best to the worst predicted; fewer where there are fewer.

    Args:
        run: a trained run.
        store: the one that it was trained on.
        target: a curve or image.
        table: its predictions.
    """
    ordered = table.sort_values("rmse", kind="stable")
    places = _places(len(ordered), run.preparations[target])
    chosen = [str(ordered["specimen"].iloc[row]) for row in places]
    if not chosen:
        return ()
    raws = read_usable(run, store, chosen, snapshot(run, store))
    measured = align(raws, run.preparations, chosen).values[target]
    others = {name: raw for name, raw in raws.items() if name != target and len(raw)}
    predictions = {each.specimen: each for each in predict_raw(run, target, others)}
    errors = ordered["rmse"].iloc[list(places)].tolist()
    return tuple(
        Example(rank, predictions[specimen], values.reshape(run.preparations[target].shape), rmse)
        for rank, specimen, values, rmse in zip(places.values(), chosen, measured, errors, strict=True)
    )


def _places(count: int, preparation: Preparation) -> dict[int, str]:
    """Which of `count` ordered specimens are shown, and what they are called."""
    ranks = IMAGE_RANKS if preparation.modality.kind is Kind.IMAGE else CURVE_RANKS
    if count < len(ranks):
        return dict.fromkeys(range(count), "test specimen")
    return {int(share * (count - 1)): rank for share, rank in ranks.items()}
