"""What every law keeps to. A law is tested by being registered; one with needs of its own gets a case."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from law_cases import CASES, component

from fingerprint.errors import FingerprintError
from fingerprint.experts import AbstractExpert, Domain, build_expert, entries
from fingerprint.units import canonical

AXIS = np.linspace(0.05, 1, 40)
ONE = [  # axes that a law may want: the first that it accepts is used
    component(20 * AXIS, "s", "MPa"),
    component(400 * AXIS, "K", "J/(mol K)"),
    component(2 * AXIS, "%", "MPa"),
]
DOMAINS = [Domain(parts) for one in ONE for parts in ((one,), (one, one), (one, one, one))]


def on_some_axis(name: str) -> AbstractExpert:
    """A law with its default options."""
    refusals: list[str] = []
    for domain in DOMAINS:
        try:
            return build_expert(name, domain, {})
        except FingerprintError as error:
            refusals.append(str(error))
    pytest.fail(f"{name} accepts no axis: {refusals}")


def wants_options(name: str) -> bool:
    """Whether a law is made of what the user writes, so that it has no options of its own to begin with."""
    arguments = inspect.signature(entries()[name].written).parameters.values()
    return any(each.kind is each.KEYWORD_ONLY and each.default is each.empty for each in arguments)


LAWS = [
    *(pytest.param(partial(on_some_axis, name), id=name) for name in entries() if not wants_options(name)),
    *(pytest.param(case.expert, id=f"case {case}") for case in CASES if not case.rough),
]
ROUGH = [pytest.param(case.expert, id=f"case {case}") for case in CASES if case.rough]
exact_law = pytest.mark.parametrize("make", LAWS)
every_law = pytest.mark.parametrize("make", LAWS + ROUGH)


def inside(expert: AbstractExpert, *shape: int, spread: float = 0.03) -> torch.Tensor:
    """Parameters near the starts, and off the bounds."""
    generator = np.random.default_rng(8)
    start = np.array([each.start for each in expert.parameters])
    drawn = start + spread * np.maximum(np.abs(start), 0.1) * generator.uniform(-1, 1, (*shape, len(start)))
    lower, upper = (np.array([getattr(each, end) for each in expert.parameters]) for end in ("lower", "upper"))
    margin = 0.01 * np.where(np.isfinite(upper - lower), upper - lower, np.maximum(np.abs(start), 1e-3))
    return torch.tensor(np.clip(drawn, lower + margin, upper - margin))


@every_law
def test_names_tell_parameters_apart_and_units_are_known(make: Callable[[], AbstractExpert]) -> None:
    expert = make()
    assert all(expert.names)
    assert len(set(expert.names)) == len(expert.names)
    for each in expert.parameters:
        canonical(re.sub(r"\by\b", "(MPa)", re.sub(r"\bt\b", "(THz)", each.unit)))


def test_a_law_that_wants_options_has_a_case() -> None:
    assert {name for name in entries() if wants_options(name)} <= {case.law for case in CASES}


@pytest.mark.parametrize("name", [name for name in entries() if not wants_options(name)])
def test_the_docstring_names_the_source(name: str) -> None:
    text = inspect.getdoc(entries()[name].written) or ""
    assert "Source: " in text
    assert re.search(r"\((17|18|19|20)\d\d\)", text), "a year"


@every_law
def test_it_begins_within_its_bounds_with_finite_curves(make: Callable[[], AbstractExpert]) -> None:
    expert = make()
    if expert.takes_z:
        pytest.skip("its fits follow the gradient")
    points = expert.curves(inside(expert)).shape[-1]
    rough = torch.tensor(np.random.default_rng(1).normal(1, 1, (4, points)))
    shown = torch.stack([expert.curves(inside(expert, 4)), rough, 1e6 * rough, torch.zeros_like(rough)])
    starts = expert.starts(shown)
    assert starts.shape[1:] == (4, 4, len(expert.parameters))
    lower, upper = (
        torch.tensor([getattr(each, end) for each in expert.parameters], dtype=torch.float64)
        for end in ("lower", "upper")
    )
    assert ((starts >= lower) & (starts <= upper)).all()
    curves = expert.curves(starts)
    assert curves.dtype == torch.float64
    assert torch.isfinite(curves).all()
    torch.testing.assert_close(expert.starts(shown[0, 1]), starts[:, 0, 1])


@exact_law
def test_derivatives_are_those_of_finite_differences(make: Callable[[], AbstractExpert]) -> None:
    expert = make()
    if expert.takes_z:
        pytest.skip("of laws that do not take Z")
    theta = inside(expert, 3)
    curves, jacobian = expert.jacobian(theta)
    torch.testing.assert_close(curves, expert.curves(theta))
    for index, each in enumerate(expert.parameters):
        step = torch.zeros_like(theta)
        step[..., index] = 1e-6 * max(abs(each.start), 1e-3)
        width = 2 * step[..., index, None]
        difference = (expert.curves(theta + step) - expert.curves(theta - step)) / width
        scale = difference.abs().max() + 1e-12
        assert (jacobian[..., index] - difference).abs().max() < 1e-5 * scale, each.name
        if each.linear:
            again = (expert.curves(theta + 1e6 * step) - curves) / (1e6 * step[..., index, None])
            assert (again - jacobian[..., index]).abs().max() < 1e-8 * scale, each.name


@every_law
def test_derivatives_backwards_are_those_forwards(make: Callable[[], AbstractExpert]) -> None:
    expert = make()
    if expert.takes_z or not expert.differentiable:
        pytest.skip("of differentiable laws that do not take Z")
    theta = inside(expert, 2).requires_grad_()
    _, jacobian = expert.jacobian(theta.detach())
    curves = expert.curves(theta)
    weights = torch.linspace(-1, 2, curves.shape[-1], dtype=torch.float64)
    (gradient,) = torch.autograd.grad((curves * weights).sum(), theta)
    torch.testing.assert_close(gradient, weights @ jacobian, rtol=1e-7, atol=1e-9 * float(jacobian.abs().max()))


@exact_law
def test_many_curves_at_once_are_those_one_by_one(make: Callable[[], AbstractExpert]) -> None:
    expert = make()
    theta = inside(expert, 2, 3)
    z = torch.tensor(np.random.default_rng(2).normal(size=(2, 3, 2))) if expert.takes_z else None
    together = expert.curves(theta, z)
    for seed in range(2):
        for cluster in range(3):
            alone = expert.curves(theta[seed, cluster], None if z is None else z[seed, cluster])
            torch.testing.assert_close(together[seed, cluster], alone, rtol=1e-12, atol=1e-14)


@every_law
def test_in_single_precision_the_curves_are_the_same_within_rounding(make: Callable[[], AbstractExpert]) -> None:
    expert = make()
    if expert.takes_z:
        pytest.skip("of laws that do not take Z")
    theta = inside(expert, 3)
    curves = expert.curves(theta)
    single = expert.curves(theta.float())
    assert (single - curves).abs().max() < 2e-4 * curves.abs().max()
