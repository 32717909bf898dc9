"""The unit of what multiplies a formula in t."""

from __future__ import annotations

import ast


def coefficient_unit(formula: str) -> str:
    """The unit of what multiplies a formula, as parameters state it: "y*t^-2" of t^2; "y" of what is no power of t,
    whose value is taken as a number.

    Args:
        formula: that can be read.
    """
    power = _power_of_t(ast.parse(formula.replace("^", "**"), mode="eval").body)
    return f"y*t^{-power:g}" if power else "y"


def _power_of_t(node: ast.expr) -> float:
    match node:
        case ast.Name():
            return 1.0
        case ast.BinOp(
            left=ast.Name(), op=ast.Pow(), right=ast.Constant() | ast.UnaryOp(operand=ast.Constant()) as power
        ):
            return float(ast.literal_eval(power))
        case ast.BinOp(left=ast.Constant(), op=ast.Mult(), right=inner) | ast.UnaryOp(operand=inner):
            return _power_of_t(inner)
        case ast.BinOp(left=inner, op=ast.Mult() | ast.Div(), right=ast.Constant()):
            return _power_of_t(inner)
        case ast.BinOp(left=ast.Constant(), op=ast.Div(), right=inner):
            return -_power_of_t(inner)
        case _:
            return 0.0
