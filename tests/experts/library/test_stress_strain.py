"""Stress over strain: what the equations say, in tension and compression."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import optimize

from fingerprint.errors import UnitError
from fingerprint.experts import AbstractExpert, Component, Domain, build_expert


def law(name: str, t: np.ndarray, t_unit: str = "", **options: float) -> AbstractExpert:
    """Stress in MPa."""
    return build_expert(name, Domain((Component("stress", t, t_unit, "MPa"),)), options)


STRAIN = np.array([-0.05, -0.004, -1e-5, 0.0, 1e-9, 1e-4, 1e-3, 0.0024, 0.004, 0.02, 0.3])


@pytest.mark.parametrize("exponent", [1.0, 2.5, 8.0, 30.0, 100.0])
@pytest.mark.parametrize("modulus", [700.0, 70e3, 7e6])
def test_ramberg_osgood_solves_its_equation(exponent: float, modulus: float) -> None:
    """To rounding, whichever of the two terms is greater."""
    stress = law("ramberg_osgood", STRAIN).curves(torch.tensor([modulus, 300.0, exponent], dtype=torch.float64)).numpy()
    size = np.abs(stress)
    np.testing.assert_allclose(size / modulus + 0.002 * (size / 300) ** exponent, np.abs(STRAIN), rtol=1e-12, atol=0)
    np.testing.assert_array_equal(np.sign(stress), np.sign(STRAIN))


def test_ramberg_osgood_is_what_a_root_finder_finds() -> None:
    """And has passed the proof strain at the proof stress."""
    proof = 300 / 70e3 + 0.002
    stress = law("ramberg_osgood", np.array([proof, 0.01])).curves(torch.tensor([70e3, 300, 12], dtype=torch.float64))
    root = optimize.brentq(lambda s: s / 70e3 + 0.002 * (s / 300) ** 12 - 0.01, 0, 700, xtol=1e-12)
    np.testing.assert_allclose(stress, [300, root], rtol=1e-12)


def test_ramberg_osgood_has_the_derivatives_of_the_implicit_function() -> None:
    r"""$d\sigma/d\theta = -F_\theta / F_\sigma$, forwards and backwards."""
    modulus, proof, exponent = 70e3, 300.0, 12.0
    expert = law("ramberg_osgood", STRAIN)
    theta = torch.tensor([modulus, proof, exponent], dtype=torch.float64)
    curve, jacobian = expert.jacobian(theta)
    s = curve.abs().numpy()
    slope = 1 / modulus + 0.002 * exponent / proof * (s / proof) ** (exponent - 1)
    power = 0.002 * (s / proof) ** exponent
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(s > 0, power * np.log(s / proof), 0)
    known = np.stack([s / modulus**2, power * exponent / proof, -logarithm], 1) / slope[:, None]
    known *= np.sign(STRAIN)[:, None]
    np.testing.assert_allclose(jacobian, known, rtol=1e-9, atol=1e-14)
    backwards = torch.autograd.functional.jacobian(expert.curves, theta)
    np.testing.assert_allclose(backwards, known, rtol=1e-9, atol=1e-14)


def test_elastic_plastic_has_two_slopes_that_meet() -> None:
    t = np.array([-0.02, -0.002, 0.0, 0.001, 0.004, 0.005, 0.02])
    stress = law("elastic_plastic", t).curves(torch.tensor([200e3, 0.004, 10e3], dtype=torch.float64))
    np.testing.assert_allclose(stress, [-960, -400, 0, 200, 800, 810, 960])


def test_a_rounded_kink_is_the_same_far_from_it_and_begins_at_zero() -> None:
    t = np.array([0.0, 0.001, 0.004, 0.02])
    theta = torch.tensor([200e3, 0.004, 10e3], dtype=torch.float64)
    kink, rounded = law("elastic_plastic", t).curves(theta), law("elastic_plastic", t, smooth=2e-4).curves(theta)
    assert rounded[0] == 0
    np.testing.assert_allclose(rounded[[1, 3]], kink[[1, 3]], rtol=1e-6)
    assert (kink - rounded)[2] == pytest.approx((200e3 - 10e3) * 2e-4 * np.log(2), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "theta"), [("elastic_plastic", (2e5, 0.004, 1e4)), ("ramberg_osgood", (2e5, 400.0, 8.0))]
)
def test_strain_in_percent_is_a_ratio_to_the_law(name: str, theta: tuple[float, ...]) -> None:
    t, values = np.array([0.001, 0.003, 0.01]), torch.tensor(theta, dtype=torch.float64)
    torch.testing.assert_close(law(name, 100 * t, "%").curves(values), law(name, t).curves(values))
    with pytest.raises(UnitError):
        law(name, t, "mm")
