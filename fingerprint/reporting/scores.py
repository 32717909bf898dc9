"""How well each modality is told from the others, on specimens that the model never saw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import betabinom

from fingerprint.fingerprints import Description
from fingerprint.modality import Modality
from fingerprint.prepare.batches import even_rows
from fingerprint.run import Run
from fingerprint.training.evaluation import MOST_SCORED

TEST = "test"


@dataclass(frozen=True)
class SourceError:
    """The error of a target from some modalities over the test part.

    Attributes:
        given: what it is predicted from.
        rmse: root-mean-square error in the target's unit; over all points of a curve or image.
        rmse_percent: the same in percent of the target's range in the training part.
        r2: 1 is perfect, 0 is no better than the training mean; None where it is not known.
        count: specimens.
    """

    given: tuple[str, ...]
    rmse: float
    rmse_percent: float
    r2: float | None
    count: int


@dataclass(frozen=True)
class Coverage:
    """What became of the intervals on the test part.

    Attributes:
        level: the share of specimens that they promise to hold.
        inside, count: specimens in their interval, of those that have one; a curve or image counts as a whole.
        expected: bounds of `inside` nine times in ten when the intervals are right; None where it cannot be said.
        width: mean width in the target's unit; None where there is no interval.
        reason: why there is none; "" where there is one.
    """

    level: float
    inside: int
    count: int
    expected: tuple[int, int] | None
    width: float | None
    reason: str


@dataclass(frozen=True)
class Score:
    """A target: its errors from every other modality alone, best first, then from all others together; coverage."""

    target: Modality
    errors: tuple[SourceError, ...]
    coverage: Coverage

    @property
    def best_single(self) -> SourceError | None:
        """The smallest error from one other modality alone; None where nothing was measured."""
        return next((each for each in self.errors if len(each.given) == 1), None)


def score(run: Run, description: Description, target: str) -> Score:
    """The errors and the coverage of one target on the test part.

    Args:
        run: a trained run of two modalities or more.
        description: of it.
        target: a modality.
    """
    metrics = run.metrics.parts[TEST]
    errors: list[SourceError] = []
    for source in sorted(set(run.preparations) - {target}):
        rmse, percent = metrics.rmse[target][source], metrics.rmse_percent[target][source]
        if rmse is not None and percent is not None:
            count = _count(description, target, source)
            errors.append(SourceError((source,), rmse, percent, metrics.r2[target][source], count))
    errors.sort(key=lambda each: each.rmse)
    tested = _tested(description, target)
    together = _together(run, tested, target)
    return Score(
        run.preparations[target].modality,
        (*errors, *together),
        _coverage(run, target, tested),
    )


def expected_inside(calibrated: int, tested: int, level: float) -> tuple[int, int]:
    """How many of `tested` specimens lie in split-conformal intervals, nine times in ten.

    The coverage of one calibration follows Beta(k, n + 1 - k), k = ceil((n + 1) level) (Vovk, Proc. ACML, JMLR W&CP 25
    (2012) 475), so the count follows a beta-binomial distribution.

    Args:
        calibrated: $n$, specimens that the intervals rest on.
        tested: other specimens.
        level: of the intervals.
    """
    rank = math.ceil((calibrated + 1) * level - 1e-9)
    low, high = betabinom.interval(0.9, tested, rank, calibrated + 1 - rank)
    return int(low), int(high)


def _count(description: Description, target: str, source: str) -> int:
    """How many specimens the error of the metrics is over."""
    tested = np.flatnonzero(description.specimens["part"] == TEST)
    scored = tested[even_rows(len(tested), MOST_SCORED)]
    return int((description.present[target] & description.present[source])[scored].sum())


def _tested(description: Description, target: str) -> pd.DataFrame:
    """Predictions of test specimens that have the target measured."""
    table = description.predictions[target]
    return _where(table, (table["part"] == TEST).to_numpy() & np.isfinite(_numbers(table, "rmse")))


def _where(table: pd.DataFrame, kept: NDArray[np.bool_]) -> pd.DataFrame:
    return table.take(np.flatnonzero(kept).tolist())


def _numbers(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    return table[column].to_numpy(dtype=np.float64)


def _together(run: Run, tested: pd.DataFrame, target: str) -> list[SourceError]:
    """The error from all other modalities, where they are more than one."""
    others = tuple(sorted(set(run.preparations) - {target}))
    rows = np.array([given == others for given in tested["given"]], dtype=np.bool_)
    if len(others) < 2 or not rows.any():
        return []
    left, total = (float((_numbers(tested, name)[rows] ** 2).mean()) for name in ("rmse", "from_centre"))
    rmse = math.sqrt(left)
    r2 = 1 - left / total if total > 0 else None
    return [SourceError(others, rmse, 100 * rmse / run.preparations[target].range, r2, int(rows.sum()))]


def _coverage(run: Run, target: str, tested: pd.DataFrame) -> Coverage:
    level = run.recipe.training.level
    having = _where(tested, np.isfinite(_numbers(tested, "width")))
    width = float(_numbers(having, "width").mean()) if len(having) else None
    reasons = [reason for reason in tested["why_no_interval"] if reason]
    reason = "" if len(having) else next(iter(reasons), "no specimen of the test part has it measured")
    inside = int(having["inside"].to_numpy(dtype=np.bool_).sum())
    return Coverage(level, inside, len(having), _expected(run, target, having), width, reason)


def _expected(run: Run, target: str, having: pd.DataFrame) -> tuple[int, int] | None:
    """What `expected_inside` says where all intervals come from one calibration."""
    patterns = {frozenset(given) for given in having["given"]}
    if len(patterns) != 1:
        return None
    given = patterns.pop()
    calibrated = next(
        len(each.scores)
        for each in run.calibration.intervals
        if each.target == target and frozenset(each.given) == given
    )
    return expected_inside(calibrated, len(having), run.recipe.training.level)
