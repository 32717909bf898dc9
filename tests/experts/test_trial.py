"""A law that would be fitted wrongly is refused before anything is trained."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts import (
    AbstractExpert,
    ChosenExpert,
    Component,
    Domain,
    Parameter,
    build_expert,
    check_chosen,
    check_law_of_z,
    expert,
)

pytestmark = pytest.mark.usefixtures("own_experts")

DOMAIN = Domain((Component("x", np.linspace(0.0, 2.0, 9), "s", "mm"),))
LINEAR = Parameter(linear=True)
FREE = Parameter(0.5)


def sound(t: Tensor, size: Any = LINEAR, rate: Any = FREE, rest: Any = LINEAR) -> Tensor:
    return size * torch.exp(-rate * t) + rest


def constant(t: Tensor, level: Any = LINEAR) -> Tensor:  # noqa: ARG001
    return level


def of_z(t: Tensor, z: Tensor, level: Any = LINEAR) -> Tensor:
    return level + z[..., :1].squeeze(-1) * t


def of_second_z(t: Tensor, z: Tensor, level: Any = LINEAR) -> Tensor:
    return level + z[..., 1] * t


def sometimes_short(t: np.ndarray, rate: Any = FREE) -> np.ndarray:
    if rate > 3:
        raise RuntimeError("did not converge")
    return np.exp(-rate * t)[: 3 if rate > 2 else None] / (0.0 if rate > 1 else 1.0)


def short(t: Tensor, rate: Any = FREE) -> Tensor:
    return (rate * t)[..., :4]


def product(t: Tensor, one: Any = LINEAR, other: Any = LINEAR) -> Tensor:
    return one * other * t


def squared(t: Tensor, one: Any = LINEAR, other: Any = LINEAR) -> Tensor:
    return one**2 * t + other


def logarithm(t: Tensor, rate: Any = FREE) -> Tensor:
    return rate * torch.log(t)


def numbers(t: Tensor, rate: Any = FREE) -> Tensor:
    return t * torch.tensor(rate.tolist())


def half_numbers(t: Tensor, rate: Any = FREE) -> Tensor:
    return rate * t * rate.detach()


def mean_of_all(t: Tensor, size: Any = FREE, rate: Any = FREE) -> Tensor:
    return size.mean() * torch.exp(-rate * t)


def failing(t: Tensor, rate: Any = FREE) -> Tensor:  # noqa: ARG001
    raise ZeroDivisionError("at rest")


def simulator(t: np.ndarray, rate: Any = FREE) -> np.ndarray:
    return np.exp(-rate * t)


def short_simulator(t: np.ndarray, rate: Any = FREE) -> np.ndarray:
    return np.exp(-rate * t)[:4]


def failing_simulator(t: np.ndarray, rate: Any = FREE) -> np.ndarray:  # noqa: ARG001
    raise ValueError("did not converge")


@pytest.mark.parametrize("law", [sound, constant, of_z])
def test_a_law_that_is_one(law: Callable[..., Any]) -> None:
    expert("it")(law)
    assert build_expert("it", DOMAIN, {}).names


def test_a_simulator_that_is_one() -> None:
    expert("it", differentiable=False)(simulator)
    told = build_expert("it", DOMAIN, {}).curves(torch.tensor([[0.5], [1.0]], dtype=torch.float64))
    torch.testing.assert_close(told, torch.exp(-torch.tensor([[0.5], [1.0]]).double() * torch.as_tensor(DOMAIN.t)))


@pytest.mark.parametrize(
    ("law", "what"),
    [
        (short, "fails at its start: RuntimeError"),
        (failing, "fails at its start: ZeroDivisionError: at rest"),
        (product, "is not a linear function of one and other"),
        (squared, "is not a linear function of one"),
        (logarithm, "is not finite at point 0 (t = 0)"),
        (numbers, "is not followed by torch through its parameters: "),
        (half_numbers, "is not followed by torch through its parameter rate"),
        (mean_of_all, "answers otherwise when it is asked for several curves at once"),
    ],
)
def test_a_law_that_is_none(law: Callable[..., Any], what: str) -> None:
    expert("it")(law)
    with pytest.raises(RecipeError) as refused:
        build_expert("it", DOMAIN, {})
    assert what in refused.value.what
    assert f"'it' ({__file__}" in refused.value.what
    assert refused.value.expected


@pytest.mark.parametrize(
    ("law", "what"),
    [
        (short_simulator, "answers [4] where [9] was asked for"),
        (failing_simulator, "fails at its start: ValueError: did not converge"),
    ],
)
def test_a_simulator_that_is_none(law: Callable[..., Any], what: str) -> None:
    expert("it", differentiable=False)(law)
    with pytest.raises(RecipeError) as refused:
        build_expert("it", DOMAIN, {})
    assert what in refused.value.what


def outside(t: np.ndarray, rate: Any = FREE) -> np.ndarray:
    if rate > 1:
        raise FileNotFoundError("solver.exe")
    return np.exp(-rate * t)


def test_a_simulator_that_cannot_run_says_where_and_with_what() -> None:
    expert("it", differentiable=False)(outside)
    law = build_expert("it", DOMAIN, {})
    with pytest.raises(RecipeError, match="FileNotFoundError: solver") as refused:
        law.curves(torch.tensor([[1.5]], dtype=torch.float64))
    assert f"({__file__}:{inspect.getsourcelines(outside)[1] + 2})" in refused.value.what
    assert "rate = 1.5" in refused.value.expected


def shifting(t: Tensor, rate: Any = FREE) -> Tensor:
    t += 1.0
    return torch.exp(-rate * t)


def test_a_law_may_change_the_t_that_it_is_given() -> None:
    expert("it")(shifting)
    law, rates = build_expert("it", DOMAIN, {}), torch.tensor([[0.5]], dtype=torch.float64)
    torch.testing.assert_close(law.curves(rates), torch.exp(-0.5 * (torch.as_tensor(DOMAIN.t) + 1))[None])
    torch.testing.assert_close(law.curves(rates), torch.exp(-0.5 * (torch.as_tensor(DOMAIN.t) + 1))[None])


def formula(text: str, domain: Domain = DOMAIN, **fixed: float) -> AbstractExpert:
    law = build_expert("formula", domain, {"formula": text})
    return ChosenExpert(law, fixed, {}, {}) if fixed else law


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a*log(t)", "is not finite at point 0 (t = 0)"),
        ("a*log(k*t)", "is not finite at point 0 (t = 0)"),
        ("a/0*t", "is not finite at point 0"),
        ("9**9**9*a", "is not finite at point 0"),
        ("a*t + b*t", "(a, b) that cannot be told apart on 9 points"),
        ("a + b*0*t", "cannot be told apart"),
    ],
)
def test_a_formula_that_has_no_fit(text: str, what: str) -> None:
    with pytest.raises(RecipeError) as refused:
        check_chosen("formula", formula(text), DOMAIN)
    assert what in refused.value.what
    assert refused.value.where == "name"
    assert refused.value.expected


def test_what_the_recipe_chooses_counts() -> None:
    """A start elsewhere, or one of two like parameters that is known, may make a law of it."""
    check_chosen("formula", formula("a*t + b*t", b=2.0), DOMAIN)
    root = build_expert("formula", DOMAIN, {"formula": "a*sqrt(t - s)"})
    with pytest.raises(RecipeError, match="not finite at point 0"):
        check_chosen("formula", root, DOMAIN)
    check_chosen("formula", ChosenExpert(root, {}, {"s": -1.0}, {}), DOMAIN)


def test_a_small_axis_is_told_apart_as_any() -> None:
    picoseconds = Domain((Component("x", 1e-12 * np.linspace(0.0, 2.0, 9), "s", "mm"),))
    check_chosen("formula", formula("a + b*t + c*t^2", picoseconds), picoseconds)


def test_a_trajectory_that_blows_up_is_no_reason() -> None:
    options = {"states": ["x"], "equations": {"x": "k*x^2 + 1e3*x^3"}, "initial": {"x": 1.0}}
    law = build_expert("ode", DOMAIN, options)
    assert torch.isnan(law.curves(torch.ones(1, dtype=torch.float64))).all()
    check_chosen("ode", law, DOMAIN)


def late(t: Tensor, height: Any = LINEAR, delay: Any = Parameter(0.0)) -> Tensor:
    return height * torch.exp(-(((t - delay) / 1e-12) ** 2))


def slow(t: Tensor, slope: Any = LINEAR, rest: Any = LINEAR) -> Tensor:
    return slope**2 * t + rest


def lost(t: Tensor, slope: Any = Parameter(linear=True), rest: Any = LINEAR) -> Tensor:
    return slope.detach() * t + rest


@pytest.mark.parametrize(("law", "what"), [(slow, "not a linear function of slope"), (lost, "its parameter slope")])
def test_a_small_axis_hides_nothing(law: Callable[..., Any], what: str) -> None:
    domain = Domain((Component("x", 1e-18 * np.linspace(0.0, 2.0, 9), "s", "mm"),))
    expert("it")(law)
    with pytest.raises(RecipeError, match=what):
        build_expert("it", domain, {})


def test_a_sound_law_of_picoseconds_is_one() -> None:
    domain = Domain((Component("x", 1e-12 * np.linspace(0.0, 2.0, 9), "s", "mm"),))
    expert("it")(late)
    assert build_expert("it", domain, {}).names == ("height", "delay")


def test_the_line_that_fails_is_named() -> None:
    expert("it")(failing)
    with pytest.raises(RecipeError) as refused:
        build_expert("it", DOMAIN, {})
    lines = inspect.getsourcelines(failing)
    assert f"({__file__}:{lines[1] + 1})" in refused.value.what


def test_a_law_of_z_is_asked_when_the_size_of_z_is_known() -> None:
    for law, latent in ((of_z, 1), (of_second_z, 2)):
        expert(law.__name__)(law)
        check_law_of_z(build_expert(law.__name__, DOMAIN, {}), latent, DOMAIN.points)
    with pytest.raises(RecipeError, match="fails at its start: IndexError") as refused:
        check_law_of_z(build_expert("of_second_z", DOMAIN, {}), 1, DOMAIN.points)
    assert __file__ in refused.value.what


def test_a_simulator_that_fails_elsewhere_is_a_place_that_no_fit_goes_to() -> None:
    expert("it", differentiable=False)(sometimes_short)
    law = build_expert("it", DOMAIN, {})
    told = law.curves(torch.tensor([[0.5], [1.5], [2.5], [3.5]], dtype=torch.float64))
    assert torch.isfinite(told).all(-1).tolist() == [True, False, False, False]
