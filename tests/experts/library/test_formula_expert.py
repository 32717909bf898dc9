"""A formula as an expert: its parameters are found, with those that are linear in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fingerprint.errors import RecipeError
from fingerprint.experts import Component, Curves, Domain, build_expert, search

T = np.linspace(0, 4, 41)
DOMAIN = Domain((Component("decay", T),))
DECAY = {"formula": "a * exp(-k * t) + c", "units": {"k": "1/t"}}


def test_parameters_are_the_symbols() -> None:
    law = build_expert("formula", DOMAIN, DECAY)
    assert [(each.name, each.linear, each.unit) for each in law.parameters] == [
        ("a", True, ""),
        ("k", False, "1/t"),
        ("c", True, ""),
    ]
    assert not law.takes_z


def test_it_is_recovered() -> None:
    """[Eq. 11, Eq. 16] The truth, from curves without noise."""
    law = build_expert("formula", DOMAIN, DECAY)
    truth = torch.tensor([[2.0, 0.7, 1.0], [-1.0, 3.0, 0.2]], dtype=torch.float64)
    curves = law.curves(truth)
    np.testing.assert_allclose(curves[0], 2 * np.exp(-0.7 * T) + 1, rtol=1e-14)
    found = search(law, Curves(curves[None], torch.ones_like(curves)[None])).theta[0]
    torch.testing.assert_close(found, truth, rtol=1e-7, atol=1e-7)


def test_its_jacobian_is_the_derivative() -> None:
    law = build_expert("formula", DOMAIN, DECAY)
    theta = torch.tensor([2.0, 0.7, 1.0], dtype=torch.float64)
    _, found = law.jacobian(theta)
    torch.testing.assert_close(found, torch.autograd.functional.jacobian(law.curves, theta))  # type: ignore[arg-type]


def test_it_may_use_z() -> None:
    law = build_expert("formula", DOMAIN, {"formula": "a * t + z2"})
    assert law.takes_z
    assert law.names == ("a",)
    z = torch.tensor([[9.0, 1.0], [9.0, -1.0]], dtype=torch.float64)
    found = law.curves(torch.tensor([[2.0], [3.0]], dtype=torch.float64), z)
    np.testing.assert_allclose(found, [2 * T + 1, 3 * T - 1])
    with pytest.raises(RecipeError, match="uses z2, and the latent space has 1"):
        law.curves(torch.ones(2, 1, dtype=torch.float64), z[:, :1])


def test_a_formula_without_t_is_a_constant_curve() -> None:
    law = build_expert("formula", DOMAIN, {"formula": "a"})
    np.testing.assert_allclose(law.curves(torch.tensor([3.0], dtype=torch.float64)), np.full(41, 3.0))


@pytest.mark.parametrize(
    ("options", "said", "where"),
    [
        ({"formula": "t + 1"}, "no parameter", "options.formula"),
        ({"formula": "a +"}, "cannot be read", "options.formula"),
        ({"formula": "a * t", "units": {"b": "m"}}, "'b' is no parameter", "options.units"),
        ({"formula": "a * t", "units": {"a": "blorg"}}, "'blorg' is not known", "options.units.a"),
    ],
)
def test_what_is_no_law_is_refused(options: dict[str, object], said: str, where: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        build_expert("formula", DOMAIN, options)
    assert refused.value.where == where
