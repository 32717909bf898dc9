"""Intervals that cover what they promise, whatever the model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from fingerprint.prediction.conformal import calibrated_subsets, find_factor, interval_factor, scores
from fingerprint.run import Calibration, IntervalScores


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 99))
@settings(deadline=None)
def test_the_factor_is_the_least_score_that_covers_enough(values: list[float], percent: int) -> None:
    """By brute force in integers: the least s with #{scores <= s} >= (n + 1) level."""
    ordered = sorted(values)
    enough = [s for s in ordered if 100 * sum(v <= s for v in ordered) >= (len(ordered) + 1) * percent]
    assert interval_factor(ordered, percent / 100) == (min(enough) if enough else None)


@pytest.mark.parametrize(("count", "level"), [(9, 0.9), (19, 0.95), (30, 0.8), (50, 0.9)])
def test_coverage_of_exchangeable_data_is_as_promised(count: int, level: float) -> None:
    random = np.random.default_rng(3)
    trials = 4000
    drawn = np.sort(random.exponential(size=(trials, count)), axis=1)
    new = random.exponential(size=trials)
    covered = 0
    for each, value in zip(drawn, new, strict=True):
        factor = interval_factor(each.tolist(), level)
        assert factor is not None
        covered += value <= factor
    exact = np.ceil((count + 1) * level - 1e-9) / (count + 1)  # for continuous scores
    low, high = binom.interval(0.9999, trials, exact)
    assert low <= covered <= high
    assert exact >= level - 1e-12


def test_a_curve_is_covered_as_a_whole() -> None:
    random = np.random.default_rng(0)
    mean, sd = np.zeros((2000, 15)), np.full((2000, 15), 0.3)
    measured = random.normal(size=(2000, 15)) * sd
    factor = interval_factor(scores(measured[:1000], mean[:1000], sd[:1000]), 0.9)
    assert factor is not None
    inside = (np.abs(measured[1000:]) <= factor * 0.3).all(axis=1).mean()
    assert inside == pytest.approx(0.9, abs=0.04)


def test_scores_are_sorted_and_the_worst_point_counts() -> None:
    measured = np.array([[0.0, 3.0], [0.0, -1.0], [0.5, 0.0]])
    assert scores(measured, np.zeros((3, 2)), np.array([[1.0, 2.0]] * 3)) == (0.5, 0.5, 1.5)


def _calibration(count: int) -> Calibration:
    values = tuple(float(each) for each in range(count))
    return Calibration(0.9, (IntervalScores("stress", ("density", "vdos"), values),), {})


@pytest.mark.parametrize(("level", "needed"), [(0.9, 9), (0.95, 19), (0.5, 1), (0.99, 99)])
def test_too_few_are_refused_with_the_number_that_is_needed(level: float, needed: int) -> None:
    factor, reason = find_factor(_calibration(needed), "stress", ("vdos", "density"), level)
    assert factor is not None
    assert reason == ""
    factor, reason = find_factor(_calibration(needed - 1), "stress", ("vdos", "density"), level)
    assert factor is None
    assert f"has {needed - 1} specimens" in reason
    assert f"at least {needed}" in reason
    assert f"{100 * level:g} %" in reason


def test_what_was_not_calibrated_has_no_interval() -> None:
    factor, reason = find_factor(_calibration(50), "stress", ("vdos",), 0.9)
    assert factor is None
    assert "no interval was calibrated for stress from vdos" in reason


def test_calibrated_subsets() -> None:
    names = list("abcd")
    others = set(calibrated_subsets(names, "b"))
    assert others == {c for size in (1, 2, 3) for c in itertools.combinations("acd", size)}
    many = calibrated_subsets([str(n) for n in range(7)], "0")
    assert many == [*((str(n),) for n in range(1, 7)), tuple(str(n) for n in range(1, 7))]
