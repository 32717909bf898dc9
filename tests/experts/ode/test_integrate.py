"""Trajectories: as other codes have them, each for itself, and never a crash."""

from __future__ import annotations

import time

import numpy as np
import torch
from cubic_oscillator import TRUTH, T, solutions

from fingerprint.experts.ode import Accuracy, given, trajectories

CUBIC = given(["x", "y"], {"x": "alpha*x^3 + beta*y^3", "y": "gamma*x^3 + delta*y^3"})
AXIS = torch.as_tensor(T)


def accuracy(states: int = 2, steps: int = 1000) -> Accuracy:
    return Accuracy(torch.full((states,), 1e-8, dtype=torch.float64), steps=steps)


def cubic(parameters: torch.Tensor) -> torch.Tensor:
    begun = torch.ones(len(parameters), 2, dtype=torch.float64)
    return trajectories(lambda t, u: CUBIC.rates(t, u, parameters), begun, 0.0, AXIS, accuracy())


def test_the_cubic_oscillator_is_solved() -> None:
    """[Eq. 20, Eq. 21, Eq. 22] Beside SciPy's eighth order, twice as tight."""
    torch.testing.assert_close(cubic(TRUTH).permute(1, 2, 0), solutions()[0], rtol=0, atol=2e-7)


def test_what_blows_up_is_nan_and_does_not_disturb_the_others() -> None:
    wild = TRUTH.clone()
    wild[3, 0], wild[4, 0], wild[5, 1] = 5.0, 1e6, torch.nan
    begun = time.monotonic()
    found = cubic(wild)
    assert time.monotonic() - begun < 5
    lost = found.isnan()
    assert lost[:, 3:6].all()
    rest = [0, 1, 2, 6, 7, 8, 9]
    torch.testing.assert_close(found[:, rest], cubic(TRUTH)[:, rest], rtol=0, atol=2e-7)


def test_what_needs_too_many_steps_is_given_up() -> None:
    """x'' = -w^2 x: each for itself, whatever the others need."""
    frequency = torch.tensor([1.0, 1e4], dtype=torch.float64)
    begun = torch.tensor([[1.0, 0.0]] * 2, dtype=torch.float64)

    def rates(_: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        return torch.stack([frequency * u[:, 1], -frequency * u[:, 0]], -1)

    found = trajectories(rates, begun, 0.0, AXIS, accuracy(steps=100))
    np.testing.assert_allclose(found[:, 0, 0], np.cos(T), atol=1e-6)
    assert found[:, 1].isnan().all()


def test_the_initial_value_may_hold_anywhere() -> None:
    """Before, at, between and after the times; u' = t has no other solution."""
    times = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)
    for start in (-1.0, 0.5, 2.0, 4.0, 7.0):
        begun = torch.full((1, 1), start**2 / 2, dtype=torch.float64)
        found = trajectories(lambda t, _: t[:, None], begun, start, times, accuracy(1))
        torch.testing.assert_close(found[:, 0, 0], times**2 / 2)


def test_only_the_first_entries_are_controlled() -> None:
    """A companion entry changes neither the steps nor the states."""
    begun = torch.ones(1, 2, dtype=torch.float64)
    alone = trajectories(lambda _, u: -u, begun, 0.0, AXIS, accuracy())
    both = trajectories(lambda _, u: -u, torch.cat([begun, 1e6 * begun], 1), 0.0, AXIS, accuracy())
    assert torch.equal(both[..., :2], alone)
