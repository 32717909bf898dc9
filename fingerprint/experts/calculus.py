"""Derivatives of formulas, exact, and which of their symbols they are linear in."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence


def derivative(tree: ast.expr, name: str) -> ast.expr:
    """The derivative by one symbol; the constant 0 where the symbol does not matter by the structure of the formula.

    It may hold two functions more than formulas do, those of torch: sign, and xlogy(x, y), which is x log(y).

    Args:
        tree: as `formula.parse_formula` leaves it.
        name: of the symbol.
    """
    match tree:
        case ast.Constant():
            return _number(0)
        case ast.Name(id=symbol):
            return _number(float(symbol == name))
        case ast.UnaryOp(operand=inner):
            return _times(_number(-1), derivative(inner, name))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _plus(derivative(left, name), derivative(right, name))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _plus(derivative(left, name), _times(_number(-1), derivative(right, name)))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _plus(_times(derivative(left, name), right), _times(left, derivative(right, name)))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            below = _power(right, _number(-1))
            of_below = _times(_number(-1), _times(tree, _times(below, derivative(right, name))))
            return _plus(_times(derivative(left, name), below), of_below)
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            lowered = _power(base, _plus(exponent, _number(-1)))
            of_base = _times(_times(exponent, lowered), derivative(base, name))
            return _plus(of_base, _times(_call("xlogy", tree, base), derivative(exponent, name)))
        case ast.Call(func=ast.Name(id=function), args=[inner]):
            return _times(_outer(function, inner, tree), derivative(inner, name))
        case _:
            raise ValueError(f"{ast.unparse(tree)!r} has no derivative")


def symbols_of(tree: ast.expr) -> frozenset[str]:
    """All symbols that stand in a formula."""
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions)


def linear_symbols(trees: Sequence[ast.expr], names: Sequence[str]) -> frozenset[str]:
    """Symbols that all formulas are linear in, all of them at once, as far as the structure tells.

    Of a product of two of them it is the first by the order of `names`.

    Args:
        trees: the formulas.
        names: the symbols that come into question.
    """
    in_derivatives = {name: _union(derivative(tree, name) for tree in trees) for name in names}
    chosen: list[str] = []
    for name in names:
        free_of_others = not in_derivatives[name] & {name, *chosen}
        if free_of_others and not any(name in in_derivatives[other] for other in chosen):
            chosen.append(name)
    return frozenset(chosen)


def _union(trees: Iterable[ast.expr]) -> frozenset[str]:
    return frozenset[str]().union(*(symbols_of(tree) for tree in trees))


def _outer(function: str, inner: ast.expr, whole: ast.expr) -> ast.expr:
    match function:
        case "exp":
            return whole
        case "log":
            return _power(inner, _number(-1))
        case "sqrt":
            return _times(_number(0.5), _power(whole, _number(-1)))
        case "sin":
            return _call("cos", inner)
        case "cos":
            return _times(_number(-1), _call("sin", inner))
        case "tanh":
            return _plus(_number(1), _times(_number(-1), _power(whole, _number(2))))
        case "abs":
            return _call("sign", inner)
        case _:
            raise ValueError(f"{function!r} has no derivative")


def _number(value: float) -> ast.Constant:
    return ast.Constant(float(value))


def _is(tree: ast.expr, value: float) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == value


def _plus(left: ast.expr, right: ast.expr) -> ast.expr:
    if _is(left, 0):
        return right
    if _is(right, 0):
        return left
    if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
        return _number(float(left.value) + float(right.value))  # type: ignore[arg-type]
    return ast.BinOp(left, ast.Add(), right)


def _times(left: ast.expr, right: ast.expr) -> ast.expr:
    if _is(left, 0) or _is(right, 0):
        return _number(0)
    if _is(left, 1):
        return right
    if _is(right, 1):
        return left
    if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
        return _number(float(left.value) * float(right.value))  # type: ignore[arg-type]
    return ast.BinOp(left, ast.Mult(), right)


def _power(base: ast.expr, exponent: ast.expr) -> ast.expr:
    if _is(exponent, 0):
        return _number(1)
    if _is(exponent, 1):
        return base
    return ast.BinOp(base, ast.Pow(), exponent)


def _call(function: str, *inner: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function), list(inner), [])
