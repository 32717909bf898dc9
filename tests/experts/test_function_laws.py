"""Laws that are plain functions: what they are given, and simulators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from example_laws import decay, simulated_decay, tilt
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts import Component, Curves, Domain, Parameter, Sharing, descend, search
from fingerprint.experts.function import FunctionExpert, SimulatorExpert, signature

T = np.concatenate([np.linspace(0.0, 2.0, 9), [3.0, 7.0]])
DOMAIN = Domain((Component("line", T, "s"),))
LAW, SIMULATOR = FunctionExpert(decay, DOMAIN), SimulatorExpert(simulated_decay, DOMAIN)
THETA = torch.tensor([[2.0, 0.3], [1e-7, 3.0], [-5e6, 0.0], [1.0, 1e-9]]).double()


def test_a_function_is_given_t_and_one_column_for_each_parameter() -> None:
    """[Eq. 11]"""
    seen: dict[str, torch.Size] = {}

    def law(t: Tensor, z: Tensor, a: Tensor = 1.0, b: Tensor = Parameter(2.0)) -> Tensor:  # pyright: ignore
        seen.update(t=t.shape, z=z.shape, a=a.shape, b=b.shape)
        return a * t + b * z[..., 0]

    made = FunctionExpert(law, DOMAIN)
    assert made.takes_z
    assert made.names == ("a", "b")
    found = made.curves(torch.zeros(2, 3, 2), torch.zeros(2, 3, 4))
    assert seen == {"t": (11,), "z": (2, 3, 1, 4), "a": (2, 3, 1), "b": (2, 3, 1)}
    assert found.shape == (2, 3, 11)


def test_z_moves_the_curve_of_its_own_point() -> None:
    """[Eq. 11]"""
    z = torch.tensor([[0.2, 5.0], [-1.0, 7.0]], dtype=torch.float64)
    theta = torch.tensor([[0.5, 2.0], [1.0, 3.0]]).double()
    found = FunctionExpert(tilt, DOMAIN).curves(theta, z)
    slopes = np.array([2.0, 3.0]) * np.tanh([0.2, -1.0])
    np.testing.assert_allclose(found, np.array([[0.5], [1.0]]) + np.outer(slopes, T), rtol=1e-12)


def test_what_does_not_depend_on_t_is_a_flat_curve() -> None:
    """[Eq. 11]"""

    def flat(t: Tensor, height: Tensor = 1.0) -> Tensor:  # pyright: ignore  # noqa: ARG001
        return height

    found = FunctionExpert(flat, DOMAIN).curves(torch.tensor([[2.0], [3.0]]))
    np.testing.assert_array_equal(found, np.repeat([[2.0], [3.0]], 11, axis=1))


def no_t(x: float, a: float = 1.0) -> float:
    return a * x


def no_start(t: float, a: float) -> float:
    return a * t


def word(t: float, a: str = "one") -> str:
    return a * int(t)


def infinite(t: float, a: float = float("inf")) -> float:
    return a * t


def yes(t: float, a: bool = True) -> float:
    return a * t


def nothing(t: float) -> float:
    return t


def nothing_of_z(t: float, z: float) -> float:
    return t * z


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (no_t, "does not begin with t"),
        (no_start, "what its parameter a is"),
        (word, "what its parameter a is"),
        (infinite, "what its parameter a is"),
        (yes, "what its parameter a is"),
        (nothing, "has no parameter"),
        (nothing_of_z, "has no parameter"),
    ],
)
def test_what_is_not_written_as_a_law_is_refused(law: Callable[..., object], said: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        signature(law)
    assert refused.value.expected


def test_a_simulator_gives_the_same_curves_one_call_for_each() -> None:
    """[Eq. 11]"""
    torch.testing.assert_close(SIMULATOR.curves(THETA), LAW.curves(THETA))
    assert SIMULATOR.curves(THETA.reshape(2, 2, 2)).shape == (2, 2, 11)


def test_finite_differences_are_the_derivatives() -> None:
    """[Eq. 16] Also at a bound, where they are taken to one side, and whatever the size of a parameter."""
    curves, found = SIMULATOR.jacobian(THETA)
    expected_curves, expected = LAW.jacobian(THETA)
    torch.testing.assert_close(curves, expected_curves)
    size = expected.abs().amax(-2, keepdim=True)
    inner = (THETA[:, 1] > 0)[:, None, None]
    assert ((found - expected).abs() <= torch.where(inner, 1e-8, 1e-4) * size).all()


def test_a_simulator_that_fails_is_a_place_where_no_fit_goes() -> None:
    """[Eq. 16] It fails above a rate of 4, and the curve's own is 4.5."""
    failed = SIMULATOR.curves(torch.tensor([[1.0, 4.5], [1.0, 1.0]]).double())
    assert failed[0].isnan().all()
    assert failed[1].isfinite().all()
    curve = torch.as_tensor(np.exp(-4.5 * T))[None, None]
    given = Curves(curve, torch.ones_like(curve))
    for found in (
        search(SIMULATOR, given),
        descend(SIMULATOR, Sharing(SIMULATOR, 1, (), curve.device), given, THETA[None, :1]),
    ):
        assert found.theta.isfinite().all()
        assert 3.9 < found.theta[0, 0, 1] <= 4.0


def test_a_simulator_is_fitted_as_the_formula_is() -> None:
    """[Eq. 16]"""
    noise = 0.01 * np.random.default_rng(0).normal(size=(3, 1, len(T)))
    curves = LAW.curves(torch.tensor([[[2.0, 0.3]], [[0.1, 2.0]], [[-4.0, 0.7]]]).double()) + torch.as_tensor(noise)
    given = Curves(curves, torch.ones_like(curves))
    torch.testing.assert_close(search(SIMULATOR, given).theta, search(LAW, given).theta, rtol=1e-6, atol=1e-8)


def test_a_simulator_does_not_take_z() -> None:
    with pytest.raises(RecipeError, match="takes z and is not differentiable"):
        SimulatorExpert(tilt, DOMAIN)
