"""System: ordinary differential equations u' = f(t, u; p), and the exact derivatives of their right-hand sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.calculus import derivative, linear_symbols, symbols_of
from fingerprint.experts.formula import FUNCTIONS, Formula, parse_formula
from fingerprint.experts.tape import Tape

TIME = "t"


class System:
    """Equations that were read.

    Attributes:
        states: their names.
        names: of the parameters, as users know them.
        formulas: the rate of each state.
        linear: of each parameter, whether all rates are linear in it, the linear ones together.
        follows: of each state, the index of the state that is its rate, as v of "x' = v"; None if there is none.
    """

    def __init__(
        self, states: Sequence[str], formulas: Sequence[Formula], symbols: Sequence[str], names: Sequence[str]
    ) -> None:
        self.states, self.formulas, self.names = tuple(states), tuple(formulas), tuple(names)
        trees = [formula.tree for formula in formulas]
        chosen = linear_symbols(trees, symbols)
        self.linear = tuple(symbol in chosen for symbol in symbols)
        self.follows = tuple(
            self.states.index(formula.text.strip()) if formula.text.strip() in self.states else None
            for formula in formulas
        )
        slots = (TIME, *states, *symbols)
        by_state = [derivative(tree, state) for tree in trees for state in states]
        by_parameter = [derivative(tree, symbol) for tree in trees for symbol in symbols]
        self._rates = Tape(trees, slots)
        self._linearised = Tape([*trees, *by_state, *by_parameter], slots)

    def rates(
        self, t: Tensor, u: Float[Tensor, "*many state"], p: Float[Tensor, "*#many parameter"]
    ) -> Float[Tensor, "*many state"]:
        """f, the derivatives of the states by t. [Eq. 21]

        Args:
            t: broadcasts against one state.
            u: the states.
            p: the parameters.
        """
        return _together(self._rates([t, *u.unbind(-1), *p.unbind(-1)], torch), u)

    def linearised(
        self, t: Tensor, u: Float[Tensor, "*many state"], p: Float[Tensor, "*#many parameter"]
    ) -> tuple[
        Float[Tensor, "*many state"], Float[Tensor, "*many state state"], Float[Tensor, "*many state parameter"]
    ]:
        """f, and its derivatives by the states and by the parameters."""
        count = len(self.states)
        values = _together(self._linearised([t, *u.unbind(-1), *p.unbind(-1)], torch), u)
        by_state, by_parameter = values[..., count : count + count**2], values[..., count + count**2 :]
        return (
            values[..., :count],
            by_state.unflatten(-1, (count, count)),
            by_parameter.unflatten(-1, (count, len(self.names))),
        )


def given(states: Sequence[str], equations: Mapping[str, str]) -> System:
    """Equations of a form that is known: every symbol but t and the states is a parameter.

    Args:
        states: their names.
        equations: the rate of each state, such as {x = "v", v = "-k * x - c * v"}.

    Raises:
        RecipeError: a name cannot serve, an equation is missing or cannot be read, or there are no parameters.
    """
    _check_names(states)
    for state in (*states, *equations):
        if state not in equations or state not in states:
            raise RecipeError(
                f"the state {state!r} has no equation" if state in states else f"{state!r} is no state",
                where="options.equations",
                expected=f"One equation for each of {', '.join(states)}.",
            )
    formulas = [parse_formula(equations[state], where=f"options.equations.{state}") for state in states]
    found = dict.fromkeys(name for formula in formulas for name in formula.names)
    symbols = [name for name in found if name != TIME and name not in states]
    if not symbols:
        raise RecipeError(
            "the equations have no parameter",
            where="options.equations",
            expected='A symbol beside t and the states, as k in "-k * x".',
        )
    return System(states, formulas, symbols, symbols)


def dictionary(states: Sequence[str], degree: int, monomials: Sequence[str] | None = None) -> System:
    """Equations of a form that is sought: each rate is a sum of monomials, each with a parameter, "x: y^3".

    Args:
        states: their names.
        degree: the highest of the monomials.
        monomials: only these, whatever their degree.

    Raises:
        RecipeError: a name cannot serve, or a monomial cannot be read.
    """
    _check_names(states)
    products = [
        product for power in range(degree + 1) for product in combinations_with_replacement(range(len(states)), power)
    ]
    terms = list(monomials) if monomials else [_written(product, states) for product in products]
    for term in terms:
        parse_formula(term, (TIME, *states), where="options.monomials")
    readable = [" ".join(term.replace("**", "^").replace("*", " ").split()) for term in terms]  # "*" is for patterns
    names = [f"{state}: {term}" for state in states for term in readable]
    symbols = [f"_{index}" for index in range(len(names))]  # no state begins so
    formulas: list[Formula] = []
    for index in range(len(states)):
        own = symbols[index * len(terms) : (index + 1) * len(terms)]
        text = " + ".join(f"{symbol} * ({term})" for symbol, term in zip(own, terms, strict=True))
        formulas.append(parse_formula(text, (TIME, *states, *own), where="options.library"))
    return System(states, formulas, symbols, names)


def uses_time(system: System) -> bool:
    """Whether t itself stands in an equation."""
    return any(TIME in symbols_of(formula.tree) for formula in system.formulas)


def _written(product: Sequence[int], states: Sequence[str]) -> str:
    powers = [(state, product.count(index)) for index, state in enumerate(states) if index in product]
    return " * ".join(state if power == 1 else f"{state}^{power}" for state, power in powers) or "1"


def _check_names(states: Sequence[str]) -> None:
    for state in states:
        if not state.isidentifier() or state.startswith("_") or state in (TIME, *FUNCTIONS):
            raise RecipeError(f"a state cannot be called {state!r}", where="options.states", expected="Such as x.")
    if not states or len(set(states)) < len(states):
        raise RecipeError("the states need names, each its own", where="options.states", expected='Such as ["x", "v"].')


def _together(values: Sequence[Tensor | float], u: Tensor) -> Tensor:
    """The values of formulas, some of them mere numbers, as the last axis."""
    shape, numbers = u.shape[:-1], dict[float, Tensor]()
    columns: list[Tensor] = []
    for value in values:
        if not isinstance(value, Tensor):
            if value not in numbers:
                numbers[value] = u.new_full(shape, value)
            value = numbers[value]
        columns.append(value if value.shape == shape else value.expand(shape))
    return torch.stack(columns, -1)
