"""Ordinary differential equations as an expert: derivatives, and parameters found without labels or guesses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from cubic_oscillator import DOMAIN, NOISE, OPTIONS, TRUTH, T, noisy, rates, solutions
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts import ChosenExpert, Component, Curves, Domain, build_expert, search
from fingerprint.experts.ode import OdeExpert, Smoothed, SpectralExpert, identify, residual

OSCILLATOR = {"states": ["x", "v"], "equations": {"x": "v", "v": "-k * x - c * v"}}
SPRING = torch.tensor([[4.0, 0.3, 1.0, 0.5], [9.0, 0.1, -1.0, 0.0]], dtype=torch.float64)  # k, c, x0, v0


def built(domain: Domain = DOMAIN, **options: object) -> OdeExpert:
    law = build_expert("ode", domain, options)
    assert isinstance(law, OdeExpert)
    return law


def fitted(law: OdeExpert, curves: Tensor) -> Tensor:
    return search(law, Curves(curves[:, None], torch.ones_like(curves)[:, None])).theta[:, 0]


def gauss_newton(
    law: OdeExpert, curves: Tensor, theta: Tensor, weights: Tensor | None = None, steps: int = 4
) -> Tensor:
    """Undamped, for curves without noise: the solver goes on until nothing moves, and takes its time."""
    root = torch.ones_like(curves) if weights is None else weights.sqrt()
    for _ in range(steps):
        told, jacobian = law.jacobian(theta)
        theta = theta + torch.linalg.lstsq(root[..., None] * jacobian, (root * (curves - told))[..., None])[0][..., 0]
    return theta


def slopes(law: OdeExpert, theta: Tensor, h: float = 1e-3) -> Tensor:
    """By central differences of the fourth order."""
    columns = [
        (8 * (law.curves(theta + d) - law.curves(theta - d)) - law.curves(theta + 2 * d) + law.curves(theta - 2 * d))
        / (12 * h)
        for d in h * torch.eye(theta.shape[-1], dtype=torch.float64)
    ]
    return torch.stack(columns, -1)


def test_rates_of_the_cubic_oscillator() -> None:
    """[Eq. 20, Eq. 22] Any leading axes."""
    found = built(**OPTIONS).curves(TRUTH.reshape(2, 5, 4))
    torch.testing.assert_close(found.reshape(10, -1), solutions()[1].flatten(1), rtol=0, atol=2e-6)


def test_sensitivities_are_the_derivatives_of_the_curves() -> None:
    """Of rates and states, by parameters and by initial values, of components with axes of their own."""
    domain = Domain((Component("x", T[3::7]), Component("y", T[::5])))
    law = built(domain, **OPTIONS | {"initial": {"y": 1.0}, "observed": ["x", "y'"]})
    assert law.names == ("alpha", "beta", "gamma", "delta", "x0")
    theta = torch.cat([TRUTH[[1, 7]], torch.tensor([[1.0], [0.8]], dtype=torch.float64)], 1)
    curves, jacobian = law.jacobian(theta)
    assert curves.shape == (2, domain.points)
    torch.testing.assert_close(curves, law.curves(theta))
    torch.testing.assert_close(jacobian, slopes(law, theta), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("gradient", ["direct", "adjoint"])
def test_gradients_go_through_the_steps_or_the_adjoint_equations(gradient: str) -> None:
    law = built(Domain(tuple(replace(each, t=T[::32]) for each in DOMAIN.components)), **OPTIONS, gradient=gradient)
    theta = TRUTH[[2, 6]].requires_grad_()
    target = torch.linspace(-1, 1, law.curves(theta).shape[-1], dtype=torch.float64)
    (found,) = torch.autograd.grad((law.curves(theta) * target).sum(), theta)
    _, jacobian = law.jacobian(theta.detach())
    torch.testing.assert_close(found, torch.einsum("cpk,p->ck", jacobian, target), rtol=1e-4, atol=1e-4)


def test_what_blows_up_has_no_curve() -> None:
    wild = TRUTH[:2].clone()
    wild[0, 0] = 5.0
    curves, jacobian = built(**OPTIONS).jacobian(wild)
    assert curves[0].isnan().all()
    assert jacobian[1].isfinite().all()


def test_a_fit_begins_where_there_is_a_solution() -> None:
    """A state that stays 1 and a rate of 2 say x' = 2 x^3, which blows up: the usual start, 0, does not."""
    options = {"states": ["x"], "equations": {"x": "a * x^3"}, "initial": {"x": 1.0}, "observed": ["x", "x'"]}
    law = built(DOMAIN, **options)
    one = torch.ones(len(T), dtype=torch.float64)
    curves = torch.stack([torch.cat([one, rate * one]) for rate in (2.0, 0.01)])
    identified = law.identified(curves)
    assert identified is not None
    torch.testing.assert_close(identified[:, 0], torch.tensor([2.0, 0.01], dtype=torch.float64))
    torch.testing.assert_close(law.starts(curves)[0, :, 0], torch.tensor([0.0, 0.01], dtype=torch.float64))


@pytest.mark.parametrize("approximation", ["legendre", "fourier", "pou", "smooth_pou"])
def test_the_spectral_way_begins_close_to_the_truth(approximation: str) -> None:
    """[Eq. 24, Eq. 25] Within 1e-5 from exact rates, and a few 1e-3 from those of perfect clusters."""
    law = built(**OPTIONS, approximation=approximation)
    exact = law.starts(solutions()[1].flatten(1))[0]
    torch.testing.assert_close(exact, TRUTH, rtol=0, atol=1e-5)
    assert float((law.starts(noisy(1))[0] / TRUTH - 1)[:, 1].abs().max()) < 4e-3


def test_exact_rates_give_exact_parameters() -> None:
    """[Eq. 22] Gauss-Newton on the initial value problem: within 1e-6."""
    law, curves = built(**OPTIONS), solutions()[1][[0, 9]].flatten(1)
    found = gauss_newton(law, curves, law.starts(curves)[0])
    torch.testing.assert_close(found, TRUTH[[0, 9]], rtol=0, atol=1e-6)


def test_noisy_rates_give_parameters_within_their_errors() -> None:
    """Beside the Cramer-Rao standard deviations, sqrt of the diagonal of (J' J)^-1 times the noise."""
    law = built(**OPTIONS)
    found = fitted(law, noisy(2)[[0, 9]])
    _, jacobian = law.jacobian(TRUTH[[0, 9]])
    errors = NOISE * torch.linalg.inv(jacobian.mT @ jacobian).diagonal(dim1=-2, dim2=-1).sqrt()
    deviations = (found - TRUTH[[0, 9]]) / errors
    assert float(deviations.abs().max()) < 3.5
    assert float(deviations.square().mean()) > 0.05


def test_any_axis_and_missing_points() -> None:
    generator = np.random.default_rng(5)
    t = np.sort(generator.uniform(0, 2.5, 150))
    law = built(Domain((Component("dx_dt", t), Component("dy_dt", t[::2]))), **OPTIONS)
    curves = law.curves(TRUTH[[3, 8]])
    weights = torch.as_tensor(generator.uniform(size=curves.shape) > 0.3).double()
    spectral = law.identified(torch.where(weights > 0, curves, torch.nan), weights)
    assert spectral is not None
    torch.testing.assert_close(spectral, TRUTH[[3, 8]], rtol=0, atol=3e-2)
    found = gauss_newton(law, torch.where(weights > 0, curves, 7.0), spectral, weights)
    torch.testing.assert_close(found, TRUTH[[3, 8]], rtol=0, atol=1e-6)


def test_the_papers_expert_fits_the_least_residual() -> None:
    """[Eq. 24, Eq. 25, Eq. 26] Its least squares are those of the residual, which is linear in the parameters."""
    law = built(**OPTIONS)
    states, of_rates = (each.transpose(1, 2)[[4, 5]] for each in solutions())
    smoothed = Smoothed(torch.as_tensor(T), states, of_rates, torch.ones_like(of_rates))
    expert = SpectralExpert(law.system, smoothed, law.parameters)
    one_by_one = rates(states[0].T.numpy(), TRUTH[0]).T
    np.testing.assert_allclose(expert.curves(TRUTH[[0, 0]])[0].reshape(-1, 2), one_by_one)
    assert float(residual(law.system, smoothed, TRUTH[[4, 5]]).abs().max()) < 1e-12
    found = identify(law.system, smoothed, law.parameters)
    torch.testing.assert_close(found, search(expert, expert.measured()).theta[:, 0], rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(found, TRUTH[[4, 5]])


def test_the_spectral_result_is_kept_where_the_recipe_says_so() -> None:
    """[Eq. 26] As the paper does."""
    law = built(**OPTIONS, method="spectral")
    curves = noisy(3)[:3]
    assert not law.refines
    torch.testing.assert_close(fitted(law, curves), law.starts(curves)[0])


@pytest.mark.parametrize("key", ["fixed", "start", "bounds"])
def test_the_spectral_way_refuses_what_it_would_not_look_at(key: str) -> None:
    chosen: dict[str, dict[str, Any]] = {"fixed": {}, "start": {}, "bounds": {}}
    chosen[key] = {"beta": (0.0, 1.0) if key == "bounds" else 0.5}
    assert ChosenExpert(built(**OPTIONS), **chosen).names
    with pytest.raises(RecipeError, match="the spectral way finds every parameter") as refused:
        ChosenExpert(built(**OPTIONS, method="spectral"), **chosen)
    assert refused.value.where == key
    assert 'method = "trajectory"' in refused.value.expected


def test_the_spectral_way_needs_every_state() -> None:
    options = {"states": ["x", "y"], "equations": {"x": "a * y", "y": "b * x"}, "observed": ["x"]}
    domain = Domain((Component("x", T),))
    assert not built(domain, **options).tells_itself
    with pytest.raises(RecipeError, match="needs every state") as refused:
        built(domain, **options, method="spectral")
    assert refused.value.where == "options.method"


def test_a_library_finds_the_equations() -> None:
    """Twenty monomials, four of which are there: all clusters tell together which."""
    options = {key: value for key, value in OPTIONS.items() if key != "equations"}
    law = built(**options, library=3, method="spectral", threshold=0.05)
    found = law.starts(noisy(4))[0]
    there = [law.names.index(name) for name in ("x: x^3", "x: y^3", "y: x^3", "y: y^3")]
    assert set(torch.nonzero(found.abs().sum(0))[:, 0].tolist()) == set(there)
    torch.testing.assert_close(found[:, there], TRUTH, rtol=0, atol=1e-2)


@pytest.mark.parametrize("observed", ["x", "v"])
def test_a_damped_oscillator_is_found_from_its_position_or_its_speed(observed: str) -> None:
    """What nobody measured follows from x' = v; where it begins is found as well."""
    t = np.linspace(0.1, 6.0, 121)
    known = {} if observed == "x" else {"x": 1.0}
    truth = SPRING if observed == "x" else SPRING[:1, [0, 1, 3]]
    law = built(Domain((Component("measured", t),)), **OSCILLATOR, observed=[observed], initial=known)
    assert law.start == 0.0
    curves = law.curves(truth)
    if observed == "x":
        np.testing.assert_allclose(curves[0], closed_form(t, *truth[0].tolist()), atol=1e-6)
    torch.testing.assert_close(law.starts(curves)[0], truth, rtol=0, atol=2e-2)
    generator = torch.Generator().manual_seed(6)
    noise = 0.02 * torch.randn(curves.shape, generator=generator, dtype=torch.float64)
    found = fitted(law, curves + noise)
    _, jacobian = law.jacobian(truth)
    errors = 0.02 * torch.linalg.inv(jacobian.mT @ jacobian).diagonal(dim1=-2, dim2=-1).sqrt()
    assert float(((found - truth) / errors).abs().max()) < 3.5


def closed_form(t: np.ndarray, k: float, c: float, x0: float, v0: float) -> np.ndarray:
    """x'' = -k x - c x', below the critical damping."""
    frequency = np.sqrt(k - c**2 / 4)
    return np.exp(-c * t / 2) * (x0 * np.cos(frequency * t) + (v0 + c * x0 / 2) / frequency * np.sin(frequency * t))


def test_parameters_that_are_not_linear_in_the_rates_are_found() -> None:
    """A substrate that an enzyme consumes (Michaelis and Menten): s' = -v s / (K + s)."""
    domain = Domain((Component("substrate", np.linspace(0, 10, 101)),))
    law = built(domain, states=["s"], equations={"s": "-v * s / (K + s)"}, initial={"s": 5.0}, units={"v": "y/t"})
    assert law.system.linear == (True, False)
    assert [each.unit for each in law.parameters] == ["y/t", ""]
    truth = torch.tensor([[1.0, 0.5], [2.0, 3.0]], dtype=torch.float64)
    torch.testing.assert_close(law.starts(law.curves(truth))[0], truth, rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("first", "start"), [(0.0, 0.0), (0.5, 0.0), (3.0, 3.0), (-1.0, -1.0)], ids=["at", "near", "far", "before"]
)
def test_initial_values_hold_at_0_if_that_is_near(first: float, start: float) -> None:
    domain = Domain((Component("x", first + np.linspace(0, 1, 9)),))
    assert built(domain, **OSCILLATOR, observed=["x"]).start == start
    assert built(domain, **OSCILLATOR, observed=["x"], start_time=0.25).start == 0.25


@pytest.mark.parametrize(
    ("change", "said", "where"),
    [
        ({"library": 3}, "given form, or a library", "options"),
        ({"equations": None}, "given form, or a library", "options"),
        ({"initial": {"z": 1.0}}, "'z' is no state", "options.initial"),
        ({"observed": ["x'"]}, "1 observed", "options.observed"),
        ({"observed": ["x'", "z'"]}, "not observable", "options.observed"),
        ({"units": {"zeta": "m"}}, "'zeta' is no parameter", "options.units"),
        ({"units": {"alpha": "blorg"}}, "'blorg' is not known", "options.units.alpha"),
        ({"initial": {"x": float("nan"), "y": 1.0}}, "nan cannot serve", "options.initial.x"),
        ({"steps": 0}, "0 cannot serve", "options.steps"),
        ({"equations": None, "library": -1}, "-1 cannot serve", "options.library"),
        ({"threshold": -0.1, "method": "spectral"}, "-0.1 cannot serve", "options.threshold"),
        ({"start_time": float("inf")}, "begin at t = inf", "options.start_time"),
        ({"start_time": float("nan")}, "begin at t = nan", "options.start_time"),
        ({"start_time": -300.0}, "begin at t = -300", "options.start_time"),
        ({"threshold": 0.1}, "leaves out no parameter", "options.threshold"),
        ({"method": "guess"}, "guess", "options.method"),
        ({"equations": {"x": "x0 * y", "y": "x"}, "initial": {}}, "one name", "options.equations"),
    ],
)
def test_what_contradicts_itself_is_refused(change: dict[str, object], said: str, where: str) -> None:
    options = {key: value for key, value in (OPTIONS | change).items() if value is not None}
    with pytest.raises(RecipeError, match=said) as refused:
        built(**options)
    assert refused.value.where == where
