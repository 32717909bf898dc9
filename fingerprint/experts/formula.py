"""Formulas: of an expert's functions of t, of a law, of a rate. Parsed, never executed as Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.tape import OPERATIONS, Tape

Array = NDArray[np.float64]

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "abs")


@dataclass(frozen=True)
class Formula:
    """A formula that was read.

    Attributes:
        text: as it was written.
        tree: as Python's own parser has it; numbers, symbols, + - * / **, signs and `FUNCTIONS` of one argument.
        names: of the symbols in it, in the order of their appearance.
    """

    text: str
    tree: ast.expr
    names: tuple[str, ...]

    def __call__(self, **values: Tensor) -> Tensor:
        """Its value in float64, differentiable.

        Args:
            values: of its symbols; they broadcast.
        """
        (value,) = self._tape([values[name].to(torch.float64) for name in self.names], torch)
        return torch.as_tensor(value, dtype=torch.float64)

    def of_arrays(self, **values: Array) -> Array:
        """The same of numpy's arrays; what is not finite is not refused."""
        with np.errstate(all="ignore"):
            (value,) = self._tape([values[name] for name in self.names], np)
        return np.asarray(value, np.float64)

    @cached_property
    def _tape(self) -> Tape:
        return Tape([self.tree], self.names)


def parse_formula(text: str, names: Sequence[str] | None = None, *, where: str = "formula") -> Formula:
    """Read a formula such as "a * exp(-k * t) + c"; ^ and ** are the same.

    Args:
        text: the formula.
        names: the symbols that it may use; any, if None.
        where: the key of the recipe that holds it, for what is refused.

    Raises:
        RecipeError: it cannot be read, or uses another symbol.
    """
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval").body
        found = tuple(dict.fromkeys(_symbols(tree, names)))
        Tape([tree], found)  # numbers that overflow, nesting that is too deep
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        symbols = "symbols" if names is None else ", ".join(names)
        raise RecipeError(
            f"the formula {text!r} cannot be read: {error.msg if isinstance(error, SyntaxError) else error}",
            where=where,
            expected=f"Numbers, {symbols}, + - * / ^, and {', '.join(FUNCTIONS)}.",
        ) from error
    return Formula(text, tree, found)


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
    """One formula in t at every point, [point].

    Raises:
        RecipeError: it cannot be read, or is not finite everywhere.
    """
    values = np.array(np.broadcast_to(parse_formula(formula, ("t",), where="basis").of_arrays(t=t), t.shape))
    if not np.isfinite(values).all():
        point = int(np.flatnonzero(~np.isfinite(values))[0])
        raise RecipeError(
            f"the formula {formula!r} is not finite at t = {t[point]:g}",
            where="basis",
            expected=f"A number everywhere on the axis, from {t[0]:g} to {t[-1]:g}.",
        )
    return values


def _symbols(node: ast.expr, names: Sequence[str] | None) -> Iterator[str]:
    """The symbols of a tree in their order.

    Raises:
        ValueError: something else stands in it.
    """
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            pass
        case ast.Name(id=name) if names is None and name not in FUNCTIONS and not name.startswith("_"):
            yield name
        case ast.Name(id=name) if names is not None and name in names:
            yield name
        case ast.Name(id=name) if names is not None and name not in FUNCTIONS:
            near = get_close_matches(name, names, n=1)
            raise ValueError(f"{name!r} is not known" + (f"; is {near[0]!r} meant?" if near else ""))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            yield from _symbols(inner, names)
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATIONS:
            yield from _symbols(left, names)
            yield from _symbols(right, names)
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in FUNCTIONS:
            yield from _symbols(inner, names)
        case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]) if get_close_matches(name, FUNCTIONS, n=1):
            raise ValueError(f"{name!r} is not known; is {get_close_matches(name, FUNCTIONS, n=1)[0]!r} meant?")
        case _:
            raise ValueError(f"{ast.unparse(node)!r} is not allowed")
