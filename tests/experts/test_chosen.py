"""What a recipe says of a law's parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from example_laws import decay, simulated_decay, tilt

from fingerprint.errors import RecipeError
from fingerprint.experts import ChosenExpert, Component, Curves, Domain, search
from fingerprint.experts.function import FunctionExpert, SimulatorExpert

T = np.linspace(0.0, 4.0, 20)
DOMAIN = Domain((Component("line", T),))
LAW = FunctionExpert(decay, DOMAIN)


def given(*theta: float) -> Curves:
    curve = LAW.curves(torch.tensor([[theta]], dtype=torch.float64))
    return Curves(curve, torch.ones_like(curve))


def test_what_is_fixed_is_no_parameter_any_more() -> None:
    """[Eq. 11] Curves and derivatives are the law's."""
    law = ChosenExpert(LAW, {"amplitude": 2.0}, {}, {})
    assert law.names == ("rate",)
    rates = torch.tensor([[0.3], [1.0]]).double()
    whole = torch.cat([torch.full_like(rates, 2.0), rates], -1)
    torch.testing.assert_close(law.curves(rates), LAW.curves(whole))
    for found, expected in zip(law.jacobian(rates), LAW.jacobian(whole), strict=True):
        torch.testing.assert_close(found, expected if found.ndim == 2 else expected[..., 1:])
    torch.testing.assert_close(
        search(law, given(2.0, 0.7)).theta[0, 0], torch.tensor([0.7], dtype=torch.float64), rtol=1e-8, atol=0
    )


def test_a_simulator_with_a_fixed_parameter_is_one() -> None:
    """[Eq. 16]"""
    law = ChosenExpert(SimulatorExpert(simulated_decay, DOMAIN), {"rate": 0.7}, {}, {})
    assert not law.differentiable
    assert law.tries == SimulatorExpert.tries
    torch.testing.assert_close(
        search(law, given(2.0, 0.7)).theta[0, 0], torch.tensor([2.0], dtype=torch.float64), rtol=1e-8, atol=0
    )


def test_a_law_that_takes_z_still_does() -> None:
    """[Eq. 11]"""
    law = ChosenExpert(FunctionExpert(tilt, DOMAIN), {"offset": 0.5}, {}, {})
    assert law.takes_z
    z, heights = torch.ones(3, 2), torch.tensor([[1.0], [2.0], [3.0]])
    expected = FunctionExpert(tilt, DOMAIN).curves(torch.cat([torch.full_like(heights, 0.5), heights], -1), z)
    torch.testing.assert_close(law.curves(heights, z), expected)


def test_a_start_is_tried_before_the_laws_own() -> None:
    """[Eq. 16]"""
    law = ChosenExpert(LAW, {}, {"rate": 2.0}, {})
    assert [each.start for each in law.parameters] == [1.5, 2.0]
    starts = law.starts(torch.zeros(3, len(T)).double())
    assert starts[:, 0].tolist() == [[1.5, 2.0], [1.5, pytest.approx(0.3)]]


def test_bounds_are_kept_and_take_the_place_of_the_laws() -> None:
    """[Eq. 16] A start outside is moved to the nearest; a linear parameter is no longer solved in closed form."""
    law = ChosenExpert(LAW, {}, {}, {"rate": (0.5, 1.0), "amplitude": (-math.inf, 3.0)})
    amplitude, rate = law.parameters
    assert (rate.start, rate.lower, rate.upper) == (0.5, 0.5, 1.0)
    assert not amplitude.linear
    assert (law.starts(torch.zeros(1, len(T)).double())[..., 1] == 0.5).all()
    found = search(law, given(2.0, 0.7)).theta[0, 0]
    torch.testing.assert_close(found, torch.tensor([2.0, 0.7], dtype=torch.float64), rtol=1e-7, atol=0)
    assert search(law, given(2.0, 2.0)).theta[0, 0, 1] == 1.0
    assert search(law, given(9.0, 0.7)).theta[0, 0, 0] == 3.0


def test_a_pattern_means_all_that_fit_it_and_a_name_counts_before_it() -> None:
    law = ChosenExpert(LAW, {}, {}, {"rate": (0.5, 1.0), "*": (-1.0, 2.0)})
    assert [(each.lower, each.upper) for each in law.parameters] == [(-1.0, 2.0), (0.5, 1.0)]
    assert ChosenExpert(LAW, {"r?te": 0.7}, {}, {}).names == ("amplitude",)
    assert [each.start for each in ChosenExpert(LAW, {}, {"*e": 2.0}, {}).parameters] == [2.0, 2.0]


def test_an_infinite_bound_leaves_the_laws() -> None:
    rate = ChosenExpert(LAW, {}, {}, {"rate": (-math.inf, math.inf)}).parameters[1]
    assert (rate.lower, rate.upper) == (0.0, 5.0)
    rate = ChosenExpert(LAW, {}, {}, {"rate": (1.0, math.inf)}).parameters[1]
    assert (rate.lower, rate.upper) == (1.0, 5.0)


@pytest.mark.parametrize(
    ("fixed", "start", "bounds", "where", "said"),
    [
        ({"speed": 1.0}, {}, {}, "fixed", "no parameter 'speed'"),
        ({}, {"speed": 1.0}, {}, "start", "no parameter 'speed'"),
        ({}, {}, {"speed": (0.0, 1.0)}, "bounds", "no parameter 'speed'"),
        ({"rate": 1.0, "amplitude": 1.0}, {}, {}, "fixed", "none is left"),
        ({"rate": 1.0}, {"rate": 1.0}, {}, "fixed", "'rate' is fixed, and yet"),
        ({"rate": 1.0}, {}, {"rate": (0.0, 1.0)}, "fixed", "'rate' is fixed, and yet"),
        ({"rate": -1.0}, {}, {}, "fixed", "'rate' is fixed at -1"),
        ({}, {}, {"rate": (-1.0, 1.0)}, "bounds", "bounds -1 and 1 of 'rate' reach beyond the law"),
        ({}, {}, {"rate": (0.0, 6.0)}, "bounds", "bounds 0 and 6 of 'rate' reach beyond the law"),
        ({}, {}, {"rate": (math.nan, 1.0)}, "bounds", "bounds nan and 1 of 'rate' reach beyond the law"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(
    fixed: dict[str, float],
    start: dict[str, float],
    bounds: dict[str, tuple[float, float]],
    where: str,
    said: str,
) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        ChosenExpert(LAW, fixed, start, bounds)
    assert refused.value.where == where
    assert refused.value.expected
