"""Debye's and Einstein's densities of states: areas, limits, and what smearing does to the edge."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import integrate

from fingerprint.errors import RecipeError
from fingerprint.experts import Component, Domain, build_expert

F = np.linspace(0.0, 20.0, 2001)


def density(law: str, *theta: float, t: np.ndarray = F, **options: str) -> np.ndarray:
    """One curve."""
    expert = build_expert(law, Domain((Component("vdos", t, "THz", "1/THz"),)), options)
    return expert.curves(torch.tensor(theta, dtype=torch.float64)).numpy()


@pytest.mark.parametrize("width", [0.1, 0.5, 1.5])
def test_its_area_is_the_area(width: float) -> None:
    """Also where the smearing reaches to negative frequencies, but for Einstein's far from 0 only."""
    assert integrate.simpson(density("debye_density", 3.0, 9.0, width), x=F) == pytest.approx(3, rel=1e-6)
    assert integrate.simpson(density("debye_density", 3.0, 2.0, width), x=F) == pytest.approx(3, rel=1e-6)
    assert integrate.simpson(density("einstein_density", 3.0, 10.0, width), x=F) == pytest.approx(3, rel=1e-6)
    assert integrate.simpson(density("debye_density", 3.0, 9.005, edge="sharp"), x=F) == pytest.approx(3, rel=2e-3)


@pytest.mark.parametrize(("cutoff", "width"), [(9.0, 0.4), (9.0, 3.0), (1.0, 2.0)])
def test_the_smooth_edge_is_the_convolution_with_a_gaussian(cutoff: float, width: float) -> None:
    t = np.array([0.0, 0.3, 2.0, 8.0, 9.0, 9.5, 12.0])

    def smeared(f: float) -> float:
        def integrand(x: float) -> float:
            return 3 * x**2 / cutoff**3 * np.exp(-(((f - x) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))

        return integrate.quad(integrand, -cutoff, cutoff, epsabs=1e-14, points=[np.clip(f, -cutoff, cutoff)])[0]

    told = density("debye_density", 1.0, cutoff, width, t=t)
    np.testing.assert_allclose(told, [smeared(f) for f in t], rtol=1e-9, atol=1e-13)


def test_a_narrow_width_leaves_the_sharp_edge() -> None:
    away = np.abs(F - 9.005) > 0.1
    smooth, sharp = density("debye_density", 2.0, 9.005, 0.01), density("debye_density", 2.0, 9.005, edge="sharp")
    np.testing.assert_allclose(smooth[away], sharp[away], atol=1e-6)
    assert sharp[900] == pytest.approx(3 * 2 * 9.0**2 / 9.005**3)
    assert sharp[901] == 0


def test_the_sharp_edge_has_no_derivative_and_the_smooth_one_has() -> None:
    """At the point below the edge, how the density answers to a cut-off that passes the point."""
    t = np.array([5.0, 8.99, 12.0])
    domain, theta = Domain((Component("vdos", t, "THz", "1/THz"),)), torch.tensor([1.0, 9.0], dtype=torch.float64)
    _, sharp = build_expert("debye_density", domain, {"edge": "sharp"}).jacobian(theta)
    _, smooth = build_expert("debye_density", domain, {}).jacobian(torch.tensor([1.0, 9.0, 0.1], dtype=torch.float64))
    assert sharp[1, 1] == pytest.approx(-9 * 8.99**2 / 9**4)
    assert smooth[1, 1] > 3 / 9 * 0.9 / (0.1 * np.sqrt(2 * np.pi))  # height of the jump times that of the Gaussian


def test_a_negative_axis_is_refused() -> None:
    for law in ("debye_density", "einstein_density"):
        with pytest.raises(RecipeError, match="-1"):
            density(law, 1.0, 1.0, 1.0, t=np.array([-1.0, 2.0]))
