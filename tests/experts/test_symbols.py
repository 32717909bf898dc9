"""Formulas of several symbols: computed by torch as by hand, differentiated exactly, linear where they are."""

from __future__ import annotations

import ast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import RecipeError
from fingerprint.experts.calculus import derivative, linear_symbols, symbols_of
from fingerprint.experts.formula import parse_formula
from fingerprint.experts.tape import Tape

VALUES = {name: torch.tensor([0.3, 0.8, 1.9], dtype=torch.float64) + 0.1 * i for i, name in enumerate("abt")}


def test_it_broadcasts_and_is_in_double() -> None:
    formula = parse_formula("a * exp(-k * t) + c")
    assert formula.names == ("a", "k", "t", "c")
    a, k, c = torch.rand(3, 2, 1).unbind(0)
    t = torch.linspace(0, 1, 5)
    found = formula(a=a, k=k, t=t, c=c)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, (a * torch.exp(-k * t) + c).double(), rtol=1e-6, atol=0)


def test_arrays_and_tensors_give_the_same() -> None:
    formula = parse_formula("sqrt(abs(a)) / (1 + tanh(b)^2) - log(t) * cos(2^-1 * a)")
    arrays = formula.of_arrays(**{name: value.numpy() for name, value in VALUES.items()})
    np.testing.assert_allclose(formula(**VALUES).numpy(), arrays, rtol=1e-13)


def test_a_number_alone_is_a_tensor() -> None:
    assert parse_formula("2^3")() == 8


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        ("alpha*x^3 + betta*y", ("alpha", "beta", "x", "y"), "'betta' is not known; is 'beta' meant"),
        ("q", ("x",), "'q' is not known"),
        ("sine(x)", ("x",), "'sine' is not known; is 'sin' meant"),
        ("exp", None, "'exp' is not allowed"),
        ("_x", None, "'_x' is not allowed"),
        ("x.y", None, "'x.y' is not allowed"),
    ],
)
def test_what_is_not_known_is_named(text: str, names: tuple[str, ...] | None, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        parse_formula(text, names, where="options.equations.x")
    assert refused.value.where == "options.equations.x"
    assert "tanh" in refused.value.expected


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "t", "2", "0.5", "3"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", " * ", " / "]), inner).map("".join).map("({})".format),
        inner.map("(-{})".format),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "0.5", "a"])).map("({0[0]})^{0[1]}".format),
        st.tuples(st.sampled_from(["exp", "log", "sqrt", "sin", "cos", "tanh", "abs"]), inner).map(
            lambda each: f"{each[0]}({each[1]})"
        ),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, st.sampled_from("ab"))
def test_derivatives_are_those_of_torch(text: str, name: str) -> None:
    formula = parse_formula(text, tuple(VALUES))
    leaf = VALUES[name].clone().requires_grad_()
    value = formula(**{each: VALUES[each] for each in formula.names} | ({name: leaf} if name in formula.names else {}))
    expected = torch.zeros(3, dtype=torch.float64)
    if value.requires_grad:
        (expected,) = torch.autograd.grad(value.sum(), leaf)
    (found,) = Tape([derivative(formula.tree, name)], tuple(VALUES))(list(VALUES.values()), torch)
    found = torch.as_tensor(found, dtype=torch.float64).expand(3)
    sound = torch.isfinite(value) & torch.isfinite(expected) & torch.isfinite(found) & (expected.abs() < 1e9)
    torch.testing.assert_close(found[sound], expected[sound], rtol=1e-7, atol=1e-7)


def test_what_does_not_matter_has_the_derivative_0() -> None:
    tree = parse_formula("sin(b) * t / (1 + t^2) - exp(t)").tree
    assert ast.unparse(derivative(tree, "a")) == "0.0"
    assert symbols_of(tree) == {"b", "t"}


@pytest.mark.parametrize(
    ("text", "linear"),
    [
        ("a * exp(-k * t) + c", {"a", "c"}),
        ("(a * t + c) / exp(t)", {"a", "c"}),
        ("k * (t - m)", {"k"}),
        ("a * b * t", {"a"}),
        ("(a + c)^2", set()),
        ("a^1 + 0 * c^2 + b / 2", {"a", "b", "c"}),
        ("log(a) + abs(c)", set()),
        ("-(a - b) * t", {"a", "b"}),
    ],
)
def test_linear_symbols_are_found(text: str, linear: set[str]) -> None:
    formula = parse_formula(text)
    assert linear_symbols([formula.tree], [name for name in formula.names if name != "t"]) == linear


def test_several_formulas_are_linear_together() -> None:
    trees = [parse_formula(text).tree for text in ("a * x + b", "b * a * x")]
    assert linear_symbols(trees, ["a", "b"]) == {"a"}


def test_what_formulas_have_in_common_is_computed_once() -> None:
    trees = [parse_formula(text).tree for text in ("exp(x) * y", "exp(x) + exp(x) * y")]
    calls: list[str] = []

    class Counting:
        @staticmethod
        def exp(value: float) -> float:
            calls.append("exp")
            return float(np.exp(value))

    assert Tape(trees, ("x", "y"))([0.0, 3.0], Counting) == [3.0, 4.0]  # type: ignore[arg-type]
    assert calls == ["exp"]
