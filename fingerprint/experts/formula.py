"""Formulas in t, the functions of a generalised linear expert: parsed, never executed as Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import RecipeError

Array = NDArray[np.float64]

_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "abs": np.abs,
}
_OPERATIONS: dict[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}


def design_matrix(basis: Sequence[str], t: Array) -> Array:
    """The functions of a basis at every point, [point, function].

    Args:
        basis: formulas in t, such as "1", "t^2", "exp(-t / 3)".
        t: the axis in its own unit, [point].

    Raises:
        RecipeError: there is none, one cannot be read or is not finite on the axis, or two or more say the same there.
    """
    if not basis:
        raise RecipeError("an expert without functions says nothing", where="basis", expected='A formula, such as "t".')
    design = np.stack([evaluate(formula, t) for formula in basis], axis=1)
    norms = np.linalg.norm(design, axis=0)
    if (norms == 0).any() or np.linalg.matrix_rank(design / norms) < len(basis):
        raise RecipeError(
            f"the functions {', '.join(basis)} cannot be told apart on {len(t)} points from {t[0]:g} to {t[-1]:g}",
            where="basis",
            expected="Linearly independent functions, no more of them than points.",
        )
    return design


def evaluate(formula: str, t: Array) -> Array:
    """One formula at every point, [point].

    Raises:
        RecipeError: it cannot be read, or is not finite everywhere.
    """
    try:
        tree = ast.parse(formula.replace("^", "**"), mode="eval")
        with np.errstate(all="ignore"):
            values = np.broadcast_to(_value(tree.body, t), t.shape).astype(np.float64)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise RecipeError(
            f"the formula {formula!r} cannot be read: {error.msg if isinstance(error, SyntaxError) else error}",
            where="basis",
            expected=f"Numbers, t, + - * / ^, and {', '.join(_FUNCTIONS)}.",
        ) from error
    if not np.isfinite(values).all():
        point = int(np.flatnonzero(~np.isfinite(values))[0])
        raise RecipeError(
            f"the formula {formula!r} is not finite at t = {t[point]:g}",
            where="basis",
            expected=f"A number everywhere on the axis, from {t[0]:g} to {t[-1]:g}.",
        )
    return values


def coefficient_unit(formula: str) -> str:
    """The unit of what multiplies a formula, as parameters state it: "y/t^2" of t^2; "y" of what is no power of t, whose
    value is taken as a number.

    Args:
        formula: that can be read.
    """
    power = _power_of_t(ast.parse(formula.replace("^", "**"), mode="eval").body)
    return f"y*t^{-power:g}" if power else "y"


def _power_of_t(node: ast.expr) -> float:
    match node:
        case ast.Name():
            return 1.0
        case ast.BinOp(left=ast.Name(), op=ast.Pow(), right=ast.Constant() | ast.UnaryOp(operand=ast.Constant()) as power):
            return float(ast.literal_eval(power))
        case ast.BinOp(left=ast.Constant(), op=ast.Mult(), right=inner) | ast.UnaryOp(operand=inner):
            return _power_of_t(inner)
        case ast.BinOp(left=inner, op=ast.Mult() | ast.Div(), right=ast.Constant()):
            return _power_of_t(inner)
        case ast.BinOp(left=ast.Constant(), op=ast.Div(), right=inner):
            return -_power_of_t(inner)
        case _:
            return 0.0


def _value(node: ast.expr, t: Array) -> Array:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return np.float64(number) + np.zeros(1)
        case ast.Name(id="t"):
            return t
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, t)
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATIONS:
            return _OPERATIONS[type(operation)](_value(left, t), _value(right, t))
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(inner, t))
        case _:
            raise ValueError(f"{ast.unparse(node)!r} is not allowed")
