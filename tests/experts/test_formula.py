"""Formulas in t: what they say is computed, and nothing else is ever done."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.errors import RecipeError
from fingerprint.experts.formula import design_matrix, evaluate

T = np.linspace(0.5, 4.0, 15)
FUNCTIONS = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "abs": np.abs,
}


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("1", np.ones(15)),
        ("t", T),
        ("2.5e-1*t", 0.25 * T),
        ("t^2", T**2),
        ("t**2", T**2),
        ("-t^2", -(T**2)),
        ("(-t)^2", T**2),
        ("2^3^2", np.full(15, 512.0)),
        ("2*t^3/4 - 1", 2 * T**3 / 4 - 1),
        ("1 - 2 - 3", np.full(15, -4.0)),
        ("8/4/2", np.ones(15)),
        ("t^-1", 1 / T),
        ("t^0.5", np.sqrt(T)),
        ("--t", T),
        ("exp(-t / 3)", np.exp(-T / 3)),
        ("sin(2*cos(t)) + tanh(abs(-t))", np.sin(2 * np.cos(T)) + np.tanh(T)),
        ("log(t)*sqrt(t)", np.log(T) * np.sqrt(T)),
    ],
)
def test_it_is_what_is_written(formula: str, values: np.ndarray) -> None:
    """[Eq. 11] With the usual precedence, the power before the sign and from the right."""
    found = evaluate(formula, T)
    assert found.dtype == np.float64
    assert found.shape == T.shape
    np.testing.assert_allclose(found, values, rtol=1e-14)


NUMBERS = st.sampled_from(["t", "1", "2", "0.3", "t"])
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^"]), inner).map(lambda each: " ".join(each)),
        inner.map(lambda each: f"-{each}"),
        inner.map(lambda each: f"({each})"),
        st.tuples(st.sampled_from(sorted(FUNCTIONS)), inner).map(lambda each: f"{each[0]}({each[1]})"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_it_is_what_python_makes_of_it(formula: str) -> None:
    """[Eq. 11] Any nesting, beside Python's own reading; or it is not finite, and says so."""
    python = re.sub(r"[0-9.]+", r"number(\g<0>)", formula).replace("^", "**")
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(eval(python, {"t": T, "number": np.float64} | FUNCTIONS), T.shape)  # type: ignore
    if np.isfinite(expected).all():
        np.testing.assert_allclose(evaluate(formula, T), expected, rtol=1e-12)
    else:
        with pytest.raises(RecipeError, match="not finite"):
            evaluate(formula, T)


REFUSED = [
    "", " ", "t +", "2t", "(t", "x", "T", "pi", "exp", "__import__('os')", "t.real", "t.__class__", "exp.__call__(t)",
    "max(t)", "eval('t')", "exp()", "exp(t, t)", "exp(x=t)", "exp(*[t])", "exp(t)(t)", "lambda: t", "(lambda t: t)(t)",
    "[t for t in t]", "[t]", "(t, t)", "{t}", "t[0]", "t if t else 1", "t and 1", "t < 1", "not t", "~t", "t // 2",
    "t % 2", "t @ t", "t | t", "'a'", "b'a'", "f'{t}'", "1j", "True", "None", "...", "(t := 2)", "t; t", "t = 1",
    "import os", "t\n1", "t\x00", "await t", "yield t", "0x", "exp(True)",
]  # fmt: skip


@pytest.mark.parametrize("formula", REFUSED)
def test_anything_else_is_refused_and_named(formula: str) -> None:
    with pytest.raises(RecipeError, match="cannot be read") as refused:
        evaluate(formula, T)
    assert repr(formula) in refused.value.what
    assert refused.value.where == "basis"
    assert "exp" in refused.value.expected


@pytest.mark.parametrize(
    "formula",
    [
        "+".join(["t"] * 20_000),
        "(" * 5_000 + "t" + ")" * 5_000,
        "-" * 20_000 + "t",
        "exp(" * 2_000 + "t" + ")" * 2_000,
        "9" * 400,
        "9" * 10_000,
        "9^9^9^9^9",
        "1e999",
        "t^" * 3_000 + "t",
    ],
    ids=["sum", "parentheses", "signs", "calls", "digits", "more_digits", "powers", "infinity", "power_tower"],
)
def test_a_monster_is_refused_at_once(formula: str) -> None:
    begun = time.monotonic()
    with pytest.raises(RecipeError):
        evaluate(formula, T)
    assert time.monotonic() - begun < 5


def test_nothing_is_executed(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for formula in (
        f"__import__('pathlib').Path({str(made)!r}).touch()",
        f"exp(__import__('pathlib').Path({str(made)!r}).touch())",
        f"t + open({str(made)!r}, 'w')",
    ):
        with pytest.raises(RecipeError, match="not allowed"):
            evaluate(formula, T)
    assert not made.exists()


@pytest.mark.parametrize(
    ("formula", "place"), [("1/t", 0), ("log(t)", 0), ("0/t", 0), ("exp(1000*t)", 1), ("sqrt(1 - t)", 2), ("t^-2", 0)]
)
def test_what_is_not_finite_names_the_first_place(formula: str, place: float) -> None:
    with pytest.raises(RecipeError, match=f"not finite at t = {place}") as refused:
        evaluate(formula, np.arange(5.0))
    assert formula in refused.value.what


def test_the_axis_is_not_handed_out() -> None:
    t = T.copy()
    evaluate("t", t)[:] = 0
    assert np.array_equal(t, T)


def test_a_design_has_a_column_for_each_function() -> None:
    """[Eq. 11]"""
    np.testing.assert_allclose(design_matrix(["1", "t^2", "sin(t)"], T), np.stack([T**0, T**2, np.sin(T)], axis=1))


@pytest.mark.parametrize(
    ("basis", "t"),
    [
        (("t", "2*t"), T),
        (("1", "t", "3 - t"), T),
        (("sin(t)^2", "cos(t)^2", "1"), T),
        (("0*t",), T),
        (("t - t", "t"), T),
        (("1", "t", "t^2"), T[:2]),
        (("1", "t"), np.full(5, 2.0)),
        (("1", "t", "1"), T),
    ],
)
def test_functions_that_say_the_same_are_refused(basis: tuple[str, ...], t: np.ndarray) -> None:
    """[Eq. 11] Their parameters could not be told apart."""
    with pytest.raises(RecipeError, match="cannot be told apart") as refused:
        design_matrix(basis, t)
    assert basis[0] in refused.value.what


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_the_unit_of_the_axis_does_not_make_functions_alike(scale: float) -> None:
    """[Eq. 11]"""
    assert design_matrix(("1", "t", "t^2"), scale * T).shape == (15, 3)


def test_no_functions_at_all_are_refused() -> None:
    with pytest.raises(RecipeError, match="without functions"):
        design_matrix((), T)
