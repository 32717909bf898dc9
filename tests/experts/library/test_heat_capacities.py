"""Debye's and Einstein's heat capacities: their limits, and values from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import constants, integrate

from fingerprint.errors import RecipeError, UnitError
from fingerprint.experts import Component, Domain, build_expert
from fingerprint.experts.library.heat_capacities import DULONG_PETIT, debye_function, einstein_function


def at(
    law: str, t: list[float], *theta: float, unit: str = "J/(mol K)", t_unit: str = "K", **options: float
) -> np.ndarray:
    """One curve."""
    domain = Domain((Component("cv", np.array(t, dtype=float), t_unit, unit),))
    return build_expert(law, domain, options).curves(torch.tensor(theta, dtype=torch.float64)).numpy()


@pytest.mark.parametrize("x", [1e-4, 0.01, 0.3, 1.0, 4.0, 15.0, 35.0, 39.9, 40.1, 60.0, 200.0])
def test_the_debye_function_is_its_integral(x: float) -> None:
    def integrand(v: float) -> float:
        return v**4 * np.exp(-v) / np.expm1(-v) ** 2

    parts = [integrate.quad(integrand, a, min(b, x), epsabs=0, epsrel=1e-13)[0] for a, b in ((0, 8), (8, 200)) if a < x]
    assert debye_function(torch.tensor([x], dtype=torch.float64)).item() == pytest.approx(
        3 / x**3 * sum(parts), rel=3e-12
    )


def test_a_published_value() -> None:
    """At its Debye temperature a solid has 95.2 % of its limit (Kittel, Introduction to Solid State Physics, ch. 5)."""
    at_one = torch.ones(1, dtype=torch.float64)
    assert debye_function(at_one).item() == pytest.approx(0.952, abs=5e-4)
    assert einstein_function(at_one).item() == pytest.approx(np.e / (np.e - 1) ** 2, rel=1e-14)


@pytest.mark.parametrize("law", ["debye_heat_capacity", "einstein_heat_capacity"])
def test_far_above_its_temperature_it_is_that_of_dulong_and_petit(law: str) -> None:
    """3R for each mole of atoms; the first correction is $-x^2/20$ of Debye's, $-x^2/12$ of Einstein's."""
    correction = {"debye_heat_capacity": 1 / 20, "einstein_heat_capacity": 1 / 12}[law]
    (told,) = at(law, [3e4], 300.0, atoms=2)
    assert pytest.approx(3 * constants.R, rel=1e-9) == DULONG_PETIT
    assert told / (2 * DULONG_PETIT) == pytest.approx(1 - correction * 1e-4, abs=1e-8)
    assert at(law, [1e12], 300.0, atoms=1)[0] == pytest.approx(DULONG_PETIT, rel=1e-12)


def test_near_absolute_zero_it_follows_the_third_power() -> None:
    r"""$C = \frac{12 \pi^4}{5} R (T/\theta_D)^3$, and Einstein's is less than any power."""
    t = [0.0, 0.5, 2.0, 7.0]
    cubes = 12 * np.pi**4 / 15 * DULONG_PETIT * (np.array(t) / 400) ** 3
    np.testing.assert_allclose(at("debye_heat_capacity", t, 400.0, atoms=1), cubes, rtol=1e-11, atol=1e-25)
    assert at("einstein_heat_capacity", t, 400.0, atoms=1).max() < 1e-18


@pytest.mark.parametrize("law", ["debye_heat_capacity", "einstein_heat_capacity"])
def test_its_derivative_is_finite_from_absolute_zero_to_infinity(law: str) -> None:
    domain = Domain((Component("cv", np.array([0.0, 1e-6, 1.0, 1e3, 1e9]), "K", "J/(mol K)"),))
    _, jacobian = build_expert(law, domain, {}).jacobian(torch.tensor([25.0, 300.0], dtype=torch.float64))
    assert torch.isfinite(jacobian).all()
    assert jacobian[0].abs().max() < 1e-20


def test_the_derivative_of_the_debye_function_is_known() -> None:
    """$D'(x) = 3 (E(x) - D(x)) / x$, with E Einstein's function."""
    x = torch.tensor([0.1, 1.0, 5.0, 20.0, 39.0, 45.0], dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(debye_function(x).sum(), x)
    known = 3 * (einstein_function(x) - debye_function(x)) / x
    torch.testing.assert_close(found, known, rtol=1e-9, atol=0)


def test_the_axis_and_the_measurement_may_have_other_units() -> None:
    (expected,) = at("debye_heat_capacity", [300.0], 640.0, atoms=1)
    assert at("debye_heat_capacity", [26.85], 640.0, t_unit="degC", atoms=1)[0] == pytest.approx(expected)
    assert at("debye_heat_capacity", [300.0], 640.0, unit="kJ/(mol K)", atoms=1)[0] == pytest.approx(expected / 1000)


def test_what_is_no_heat_capacity_is_refused() -> None:
    with pytest.raises(UnitError):
        at("debye_heat_capacity", [300.0], 640.0, unit="J/(kg K)", atoms=1)
    with pytest.raises(UnitError):
        at("einstein_heat_capacity", [300.0], 25.0, 640.0, t_unit="THz")
    with pytest.raises(RecipeError, match="-1"):
        at("debye_heat_capacity", [-1.0, 5.0], 25.0, 640.0)
