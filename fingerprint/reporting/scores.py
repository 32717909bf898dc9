"""How well each modality is told from the others, on specimens that the model never saw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom

from fingerprint.fingerprints import Description
from fingerprint.modality import Modality
from fingerprint.prediction import Prediction
from fingerprint.run import Run

TEST = "test"


@dataclass(frozen=True)
class SourceError:
    """The error of a target from some modalities over the test part.

    Attributes:
        given: what it is predicted from.
        rmse: root-mean-square error in the target's unit; over all points of a curve.
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
        inside, count: specimens in their interval, of those that have one; a curve counts as a whole.
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
            count = _count(run, description, target, source)
            errors.append(SourceError((source,), rmse, percent, metrics.r2[target][source], count))
    errors.sort(key=lambda each: each.rmse)
    tested = _tested(run, description, target)
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


def _count(run: Run, description: Description, target: str, source: str) -> int:
    measured = description.measured
    in_test = np.array([run.parts[specimen] == TEST for specimen in measured.specimens])
    return int((in_test & measured.measured(target) & measured.measured(source)).sum())


Tested = list[tuple[Prediction, NDArray[np.float64]]]


def _tested(run: Run, description: Description, target: str) -> Tested:
    """Predictions of test specimens that have the target measured, and what was measured."""
    truth = dict(zip(description.measured.specimens, description.measured.values[target], strict=True))
    return [
        (each, truth[each.specimen])
        for each in description.predictions[target]
        if run.parts[each.specimen] == TEST and np.isfinite(truth[each.specimen]).all()
    ]


def _together(run: Run, tested: Tested, target: str) -> list[SourceError]:
    """The error from all other modalities, where they are more than one."""
    others = set(run.preparations) - {target}
    pairs = [(np.asarray(each.mean), truth) for each, truth in tested if set(each.given) == others]
    if len(others) < 2 or not pairs:
        return []
    preparation = run.preparations[target]
    left = np.array([np.mean((mean - truth) ** 2) for mean, truth in pairs])
    total = np.array([np.mean((preparation.centre - truth) ** 2) for _, truth in pairs])
    rmse = float(np.sqrt(left.mean()))
    r2 = float(1 - left.sum() / total.sum()) if total.sum() > 0 else None
    return [SourceError(tuple(sorted(others)), rmse, 100 * rmse / preparation.range, r2, len(pairs))]


def _coverage(run: Run, target: str, tested: Tested) -> Coverage:
    level = run.recipe.training.level
    inside = 0
    widths: list[float] = []
    for each, truth in tested:
        if each.low is not None and each.high is not None:
            low, high = np.asarray(each.low), np.asarray(each.high)
            inside += bool(((low <= truth) & (truth <= high)).all())
            widths.append(float(np.mean(high - low)))
    reasons = [each.why_no_interval for each, _ in tested if each.low is None]
    width = float(np.mean(widths)) if widths else None
    reason = "" if widths else next(iter(reasons), "no specimen of the test part has it measured")
    return Coverage(level, inside, len(widths), _expected(run, target, tested), width, reason)


def _expected(run: Run, target: str, tested: Tested) -> tuple[int, int] | None:
    """What `expected_inside` says where all intervals come from one calibration."""
    patterns = {frozenset(each.given) for each, _ in tested if each.low is not None}
    if len(patterns) != 1:
        return None
    given = patterns.pop()
    calibrated = next(
        len(each.scores)
        for each in run.calibration.intervals
        if each.target == target and frozenset(each.given) == given
    )
    count = sum(each.low is not None for each, _ in tested)
    return expected_inside(calibrated, count, run.recipe.training.level)
