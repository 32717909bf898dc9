"""Equations: read, linearised, and refused where they are none."""

from __future__ import annotations

import pytest
import torch

from fingerprint.errors import RecipeError
from fingerprint.experts.ode import dictionary, given


def test_a_given_form_is_linearised_exactly() -> None:
    """[Eq. 21] Against automatic differentiation."""
    system = given(["x", "v"], {"x": "v", "v": "-k * x^3 - c * v + a * sin(w * t)"})
    assert system.names == ("k", "c", "a", "w")
    assert system.linear == (True, True, True, False)
    assert system.follows == (1, None)
    t, u, p = (torch.rand(5, *shape, dtype=torch.float64) for shape in ((), (2,), (4,)))
    rates, by_state, by_parameter = system.linearised(t, u, p)
    torch.testing.assert_close(rates, system.rates(t, u, p))
    torch.testing.assert_close(
        rates[:, 1], -p[:, 0] * u[:, 0] ** 3 - p[:, 1] * u[:, 1] + p[:, 2] * torch.sin(p[:, 3] * t)
    )
    for found, position, value in ((by_state, 1, u), (by_parameter, 2, p)):
        arguments = [t, u, p]

        def summed(
            each: torch.Tensor, position: int = position, arguments: list[torch.Tensor] = arguments
        ) -> torch.Tensor:
            return system.rates(*[each if index == position else other for index, other in enumerate(arguments)]).sum(0)

        expected = torch.autograd.functional.jacobian(summed, value)
        torch.testing.assert_close(found, expected.movedim(1, 0))  # type: ignore[union-attr]


def test_a_library_has_all_monomials() -> None:
    system = dictionary(["x", "y"], 3)
    assert len(system.names) == 20
    assert system.names[:10] == tuple(
        f"x: {term}" for term in ("1", "x", "y", "x^2", "x y", "y^2", "x^3", "x^2 y", "x y^2", "y^3")
    )
    assert all(system.linear)
    p = torch.zeros(20, dtype=torch.float64)
    p[[9, 16]] = torch.tensor([3.0, -2.0], dtype=torch.float64)
    u = torch.tensor([0.5, 2.0], dtype=torch.float64)
    torch.testing.assert_close(system.rates(torch.tensor(0.0), u, p), torch.tensor([24.0, -0.25], dtype=torch.float64))


def test_a_library_may_be_some_of_them() -> None:
    assert dictionary(["x", "y"], 0, ["x^3", "y^3"]).names == ("x: x^3", "x: y^3", "y: x^3", "y: y^3")


@pytest.mark.parametrize(
    ("states", "equations", "said"),
    [
        (["x"], {"x": "1 - x"}, "no parameter"),
        (["x", "y"], {"x": "k * y"}, "'y' has no equation"),
        (["x"], {"x": "k * x", "y": "k"}, "'y' is no state"),
        (["t"], {"t": "k"}, "cannot be called 't'"),
        (["exp"], {"exp": "k"}, "cannot be called 'exp'"),
        (["x'"], {"x'": "k"}, "cannot be called"),
        (["x", "x"], {"x": "k"}, "each its own"),
        (["x"], {"x": "k * x +"}, "cannot be read"),
    ],
)
def test_what_is_no_system_is_refused(states: list[str], equations: dict[str, str], said: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        given(states, equations)
    assert refused.value.where.startswith("options.")


def test_a_monomial_of_something_else_is_refused() -> None:
    with pytest.raises(RecipeError, match="'z' is not known") as refused:
        dictionary(["x"], 0, ["z^2"])
    assert refused.value.where == "options.monomials"
