"""Parameters beside the truth: of the cluster that stands for a digit, with trajectories solved anew."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oscillator_rows import DIGITS, identified, oscillator_row
from small_mnist import CURVE, fill, quick

from fingerprint.experiments import (
    EXPERIMENTS,
    Identified,
    law_lines,
    least_exact,
    reproduce,
    solved,
)
from fingerprint.experiments.identified import Identification
from fingerprint.experiments.mnist_ode import IDENTIFIED, MNIST_ODE, solve, true_parameters
from fingerprint.generators.mnist_ode import T, trajectory
from fingerprint.run import load_run

STRAIGHT: dict[str, Any] = {"kind": "linear_expert", "basis": ["1", "t"]}


def asked() -> Identification:
    assert MNIST_ODE.identification is not None
    return MNIST_ODE.identification


def test_the_papers_table_is_within_a_thousandth_of_the_truth() -> None:
    assert list(asked().paper.values()) == list(IDENTIFIED)
    for digit, value in asked().paper.items():
        assert value == pytest.approx(true_parameters(digit)["beta"], rel=1e-3)


def test_the_whole_simulated_time_is_solved() -> None:
    t, states = solve(true_parameters("3"))
    assert (t[0], t[-1], len(t), states.shape) == (0.0, 2.56, len(T) + 1, (2, len(T) + 1))
    np.testing.assert_array_equal(states[:, 0], [1, 1])
    np.testing.assert_allclose(states[:, :-1], trajectory(1.5).u, atol=1e-9)


def test_a_deviation_is_the_greatest_relative_to_the_greatest_state() -> None:
    for each in solved(asked(), identified()):
        assert each.deviation < 1e-10
    found = solved(asked(), identified({"beta": 1.01}))
    assert [each.label for each in found] == list(DIGITS)
    for each in found:
        other = solve({**true_parameters(each.label), "beta": 1.01 * true_parameters(each.label)["beta"]})[1]
        assert each.deviation == np.abs(other - each.truth).max() / np.abs(each.truth).max()
        assert 1e-4 < each.deviation < 0.1


def test_what_a_recipe_fixes_is_the_truth_and_what_blows_up_has_no_trajectory() -> None:
    only = tuple(each for each in identified() if each.name == "beta")
    assert all(each.deviation < 1e-10 for each in solved(asked(), only))
    (wild,) = solved(asked(), (Identified("2", 0, "alpha", 4.0, math.nan, -0.1),))
    assert (wild.found, wild.deviation) == (None, math.inf)


def test_the_table_has_a_line_for_each_digit_that_has_a_cluster() -> None:
    lines = law_lines(asked(), identified({"beta": 0.99}, DIGITS[2:5]))
    assert [line.wanted.label for line in lines] == ["2", "3", "4"]
    for line in lines:
        assert line.wanted.relative_error == pytest.approx(0.01)
        assert [other.name for other in line.others] == ["alpha", "gamma", "delta"]
        assert 1e-4 < line.deviation < 0.1


def test_the_least_exact_seed_is_the_one_with_the_greatest_error_or_without_a_digit() -> None:
    good, worse = oscillator_row(0, identified({"beta": 1.001})), oscillator_row(1, identified({"beta": 0.99}))
    assert least_exact(MNIST_ODE, [good, worse, oscillator_row(2, ())]) is worse
    incomplete = oscillator_row(3, identified(labels=DIGITS[:9]))
    assert least_exact(MNIST_ODE, [good, incomplete, worse]) is incomplete
    assert least_exact(MNIST_ODE, [oscillator_row(2, ())]) is None
    assert least_exact(EXPERIMENTS["mnist_lines"], [good]) is None


def test_a_row_tells_the_parameters_of_the_clusters_that_stand_for_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = [quick(MNIST_ODE.variant(name)) for name in ("expert", "conv-small")]
    straight = {name: {**CURVE, "decoder": STRAIGHT} for name in ("dx_dt", "dy_dt")}
    small[0].changes["modalities"].update(straight)
    truth = lambda digit: {"t": float(digit)}  # noqa: E731
    law = replace(asked(), wanted="t", truth=truth, paper={"4": 3.5}, solve=lambda own: (T, np.full((2, 1), own["t"])))
    monkeypatch.setitem(EXPERIMENTS, "mnist_ode", replace(MNIST_ODE, variants=tuple(small), identification=law))
    fill(tmp_path, "mnist_ode")
    first, second = reproduce("mnist_ode", tmp_path, [0], ["expert", "conv-small"], device="cpu")
    assert second.parameters == ()
    run = load_run(first.run)
    own = run.model.experts()
    assert first.scores is not None
    for label in {each.label for each in first.parameters}:
        told = [each for each in first.parameters if each.label == label]
        cluster = told[0].cluster
        assert [each.name for each in told] == ["1", "t", "1", "t"]
        values = [value for name in ("dx_dt", "dy_dt") for value in own[name].theta[0, cluster].tolist()]
        assert [each.value for each in told] == values
        assert [each.truth for each in told[1::2]] == [float(label)] * 2
        place = first.scores.labels.index(label)
        assert first.scores.confusion["joint"][place][place] > 0
    assert len({each.cluster for each in first.parameters}) == len({each.label for each in first.parameters})
