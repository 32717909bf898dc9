"""Lines, polynomials, decays, powers, Arrhenius, principal components: values, and axes that they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.constants import physical_constants

from fingerprint.errors import RecipeError, UnitError
from fingerprint.experts import AbstractExpert, Component, Curves, Domain, build_expert, search
from fingerprint.experts.library.arrhenius import BOLTZMANN

T = np.array([0.0, 0.5, 1.0, 4.0])


def law(name: str, t: np.ndarray = T, t_unit: str = "s", **options: object) -> AbstractExpert:
    """Any law on one axis."""
    return build_expert(name, Domain((Component("curve", t, t_unit, "MPa"),)), options)


def curve(expert: AbstractExpert, *theta: float) -> np.ndarray:
    """One curve."""
    return expert.curves(torch.tensor(theta, dtype=torch.float64)).numpy()


def found(expert: AbstractExpert, measured: torch.Tensor) -> torch.Tensor:
    """The parameters of least squares of one curve."""
    return search(expert, Curves(measured.expand(1, 1, -1), torch.ones(1, 1, len(measured)))).theta[0, 0]


def test_each_law_is_its_formula() -> None:
    """[Eq. 11]"""
    np.testing.assert_allclose(curve(law("affine", origin=1.0), 2, 3), 2 + 3 * (T - 1))
    np.testing.assert_allclose(curve(law("polynomial", order=3), 2, 3, 1, -1), 2 + 3 * T + T**2 - T**3)
    np.testing.assert_allclose(curve(law("exponential"), 2, 0.7, 1), 1 + 2 * np.exp(-0.7 * T))
    np.testing.assert_allclose(curve(law("exponential", offset=False), 2, -0.7), 2 * np.exp(0.7 * T))
    np.testing.assert_allclose(curve(law("stretched_exponential"), 2, 0.7, 0.4, 1), 1 + 2 * np.exp(-((T / 0.7) ** 0.4)))
    np.testing.assert_allclose(curve(law("power_law", offset=True, reference=2.0), 3, 0.5, 1), 1 + 3 * np.sqrt(T / 2))


def test_boltzmanns_constant_is_that_of_codata() -> None:
    """1 eV is 11604.518 K (CODATA 2018)."""
    assert pytest.approx(physical_constants["Boltzmann constant in eV/K"][0], rel=1e-9) == BOLTZMANN
    told = curve(law("arrhenius", np.array([0.0, 300.0, 11604.518]), "K"), 5.0, 1.0)
    np.testing.assert_allclose(told, [0, 5 * np.exp(-11604.518 / 300), 5 / np.e], rtol=1e-6)
    warm = curve(law("arrhenius", np.array([26.85]), "degC"), 5.0, 0.3)
    np.testing.assert_allclose(warm, curve(law("arrhenius", np.array([300.0]), "K"), 5.0, 0.3))


def test_powers_far_from_the_origin_are_refused_until_it_is_moved() -> None:
    far = np.linspace(1e5, 1e5 + 10, 30)
    with pytest.raises(RecipeError, match="told apart"):
        law("polynomial", far, order=3)
    with pytest.raises(RecipeError, match="cannot be told"):
        law("exponential", far)
    near = law("polynomial", far, order=3, origin=1e5 + 5)
    truth = torch.tensor([1.0, -2.0, 0.3, 0.05], dtype=torch.float64)
    torch.testing.assert_close(found(near, near.curves(truth)), truth, rtol=1e-9, atol=0)


def test_a_polynomial_is_of_some_order_with_points_enough() -> None:
    with pytest.raises(RecipeError, match="-1"):
        law("polynomial", order=-1)
    with pytest.raises(RecipeError, match="told apart"):
        law("polynomial", order=4)


def test_a_law_is_finite_at_its_bounds() -> None:
    """So that no fit meets what is not a number."""
    for expert in (
        law("exponential", np.linspace(-3, 5, 9)),
        law("exponential", np.linspace(1e3, 1.1e3, 9)),
        law("stretched_exponential"),
        law("power_law", np.geomspace(1e-9, 1e12, 9)),
        law("power_law", offset=True),
        law("arrhenius", np.array([0.0, 1.0, 900.0]), "K"),
    ):
        bounds = [[each.lower, each.upper] for each in expert.parameters]
        corners = torch.tensor(bounds, dtype=torch.float64).T.clamp(-1e3, 1e3)
        curves, jacobian = expert.jacobian(corners)
        assert torch.isfinite(curves).all()
        assert torch.isfinite(jacobian).all()


def test_a_power_of_zero_is_no_negative_power() -> None:
    assert law("power_law").parameters[1].lower == 0
    assert law("power_law", T[1:]).parameters[1].lower < -5


@pytest.mark.parametrize("name", ["power_law", "stretched_exponential"])
def test_a_negative_axis_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="-1"):
        law(name, np.array([-1.0, 2.0]))


def test_arrhenius_wants_a_temperature() -> None:
    with pytest.raises(UnitError):
        law("arrhenius", T, "s")


def test_principal_components_rebuild_what_they_span() -> None:
    """[Eq. 11] Scores are in measured units, and the mean has none."""
    generator = np.random.default_rng(0)
    mean, directions = generator.normal(size=12), np.linalg.qr(generator.normal(size=(12, 3))).Q.T
    domain = Domain((Component("vdos", np.arange(12.0), "THz", "", mean, directions),))
    expert = build_expert("principal", domain, {"components": 2})
    measured = torch.tensor(mean + 3 * directions[0] - 0.5 * directions[1] + 9 * directions[2])
    torch.testing.assert_close(found(expert, measured), torch.tensor([3.0, -0.5], dtype=torch.float64))
    np.testing.assert_allclose(curve(expert, 0, 0), mean)
    with pytest.raises(RecipeError, match="3 principal components, not 4"):
        build_expert("principal", domain, {})
    with pytest.raises(RecipeError, match="0 principal components"):
        law("principal")
