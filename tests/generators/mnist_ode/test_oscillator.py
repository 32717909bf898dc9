"""Eq. 20 is solved rightly, where its solution is known and where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.generators.mnist_ode import ALPHA, DELTA, END, GAMMA, STEP, T, beta, trajectory

FINE = np.linspace(0, END, 100)


def test_the_axis_is_512_points_in_steps_of_5_ms() -> None:
    np.testing.assert_allclose(T, STEP * np.arange(512), atol=1e-15)
    assert (len(T), T[0], T[-1], END) == (512, 0, 2.555, 2.56)


def test_the_parameters_are_those_of_table_3() -> None:
    told = [0.5, 0.833, 1.166, 1.5, 1.833, 2.166, 2.5, 2.833, 3.166, 3.5]
    np.testing.assert_allclose([beta(digit) for digit in range(10)], told, atol=7e-4)
    assert (ALPHA, GAMMA, DELTA) == (-0.1, -2, -0.1)


def test_it_begins_at_1_and_1_with_the_slopes_of_the_law() -> None:
    for digit in range(10):
        found = trajectory(beta(digit))
        np.testing.assert_array_equal(found.u[:, 0], 1)
        np.testing.assert_allclose(found.rates[:, 0], [digit / 3 + 0.4, -2.1], rtol=1e-15)
        np.testing.assert_array_equal(found.t, T)


def test_uncoupled_it_decays_as_the_closed_form_says() -> None:
    """dx/dt = alpha x^3 is solved by (1 - 2 alpha t)^(-1/2)."""
    found = trajectory(0.0, FINE, alpha=-0.7, gamma=0.0, delta=-3.0)
    exact = 1 / np.sqrt(1 + 2 * np.array([[0.7], [3.0]]) * FINE)
    np.testing.assert_allclose(found.u, exact, atol=1e-11)
    np.testing.assert_allclose(found.rates, np.array([[-0.7], [-3.0]]) * exact**3, atol=1e-10)


def test_undamped_it_keeps_its_energy_and_damped_it_loses_it() -> None:
    """With alpha = delta = 0, beta y^4 - gamma x^4 is constant."""
    x, y = trajectory(2.5, FINE, alpha=0.0, delta=0.0).u
    np.testing.assert_allclose(2.5 * y**4 + 2 * x**4, 4.5, atol=1e-10)
    x, y = trajectory(2.5, FINE).u
    assert (np.diff(2.5 * y**4 + 2 * x**4) < 0).all()


@pytest.mark.parametrize("digit", [0, 9])
def test_it_agrees_with_small_steps_of_runge_kutta(digit: int) -> None:
    matrix = np.array([[-0.1, digit / 3 + 0.5], [-2, -0.1]])
    state, step = np.ones(2), END / 4096
    for _ in range(4096):
        first = matrix @ state**3
        second = matrix @ (state + step / 2 * first) ** 3
        third = matrix @ (state + step / 2 * second) ** 3
        fourth = matrix @ (state + step * third) ** 3
        state = state + step / 6 * (first + 2 * second + 2 * third + fourth)
    np.testing.assert_allclose(trajectory(beta(digit), np.array([END])).u[:, 0], state, atol=1e-10)


def test_the_rates_are_the_derivatives_of_the_states() -> None:
    for digit in (0, 5, 9):
        _, u, rates = trajectory(beta(digit))
        slopes = (u[:, :-4] - 8 * u[:, 1:-3] + 8 * u[:, 3:-1] - u[:, 4:]) / (12 * STEP)
        np.testing.assert_allclose(slopes, rates[:, 2:-2], atol=2e-6)


def test_any_times_will_do_but_earlier_or_disordered_ones() -> None:
    np.testing.assert_array_equal(trajectory(1.0, np.array([0.0, 0.0])).u, 1)
    np.testing.assert_allclose(trajectory(1.0, T[300:301]).u[:, 0], trajectory(1.0).u[:, 300], atol=1e-11)
    for t in ([], [-0.1, 1], [1, 0.5], [np.nan], [[0.0, 1.0]]):
        with pytest.raises(ValueError, match="ascending"):
            trajectory(1.0, np.array(t, float))
    with pytest.raises(ValueError, match=r"ends at t = 0\.5"):  # of alpha = 1 it has a pole
        trajectory(3.0, alpha=1.0)
