"""Tape: several formulas computed at once, and what they have in common only once."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}

_Key = tuple[object, ...]


class Tape:
    """Formulas as a list of operations, each on the results of earlier ones; numbers are folded beforehand.

    Args:
        trees: the formulas, as `formula.parse_formula` leaves them.
        names: the symbols in the order in which their values will be given.
    """

    def __init__(self, trees: Sequence[ast.expr], names: Sequence[str]) -> None:
        self._values: list[float | None] = [None] * len(names)  # of the slots; None where it is computed
        self._places: dict[_Key, int] = {("name", name): slot for slot, name in enumerate(names)}
        self._steps: list[tuple[int, Any, tuple[int, ...]]] = []
        self._results = [self._place(tree) for tree in trees]

    def __call__(self, values: Sequence[Any], library: ModuleType) -> list[Any]:
        """The value of each formula; a plain float where it holds no symbol.

        Args:
            values: of the symbols, arrays or tensors that broadcast.
            library: numpy or torch, whichever they are of.
        """
        slots: list[Any] = [*values, *self._values[len(values) :]]
        for slot, action, operands in self._steps:
            computed = getattr(library, action) if isinstance(action, str) else action
            slots[slot] = computed(*[slots[operand] for operand in operands])
        return [slots[place] for place in self._results]

    def _place(self, node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int() | float() as number):
                return self._number(float(number))
            case ast.Name(id=name):
                return self._places["name", name]
            case ast.UnaryOp(operand=inner):
                return self._step(operator.neg, self._place(inner))
            case ast.BinOp(left=left, op=operation, right=right):
                return self._step(OPERATIONS[type(operation)], self._place(left), self._place(right))
            case ast.Call(func=ast.Name(id=name), args=inner):
                return self._step(name, *map(self._place, inner))
            case _:
                raise ValueError(f"{ast.unparse(node)!r} is not allowed")

    def _number(self, number: float) -> int:
        key = ("number", repr(number))
        if key not in self._places:
            self._places[key] = len(self._values)
            self._values.append(number)
        return self._places[key]

    def _step(self, action: Any, *operands: int) -> int:
        numbers = [self._values[operand] for operand in operands]
        if all(number is not None for number in numbers):
            computed = getattr(np, action) if isinstance(action, str) else action
            with np.errstate(all="ignore"):
                return self._number(float(computed(*[np.float64(number) for number in numbers])))
        key = (action, *operands)
        if key not in self._places:
            self._places[key] = len(self._values)
            self._steps.append((len(self._values), action, operands))
            self._values.append(None)
        return self._places[key]
