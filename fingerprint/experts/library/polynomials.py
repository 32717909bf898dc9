"""Straight lines and polynomials."""

from __future__ import annotations

import numpy as np

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Array, Domain
from fingerprint.experts.linear import LinearLaw
from fingerprint.experts.options import number
from fingerprint.experts.registry import family

_ALIKE = 1e10  # condition number of the powers, each of length 1


@family("affine")
def affine(domain: Domain, *, origin: float = 0.0) -> AbstractExpert:
    r"""A straight line.

    $$y = a + b\,(t - t_0)$$

    Source: Legendre, Nouvelles methodes pour la determination des orbites des cometes (1805), for its least squares.

    Args:
        domain: one modality.
        origin: $t_0$, where y is the intercept.

    Raises:
        RecipeError: the axis has one point, or lies too far from the origin.
    """
    return LinearLaw(("intercept", "slope"), _powers(domain.t - number(origin, "origin"), 1), ("y", "y/t"))


@family("polynomial")
def polynomial(domain: Domain, *, order: int = 2, origin: float = 0.0) -> AbstractExpert:
    r"""A polynomial.

    $$y = \sum_k c_k\,(t - t_0)^k$$

    Far from $t_0$ the powers look alike: put it into the axis where that lies far from 0, or the law is refused.

    Source: Gergonne, Annales de mathematiques 6, 242 (1815), for its least squares.

    Args:
        domain: one modality.
        order: the highest power.
        origin: $t_0$.

    Raises:
        RecipeError: the order is negative, or the powers cannot be told apart on the axis.
    """
    if order < 0:
        raise RecipeError(f"a polynomial has no order {order}", where="order", expected="0, 1, 2 or more.")
    t = domain.t - number(origin, "origin")
    units = ("y", "y/t", *(f"y/t^{power}" for power in range(2, order + 1)))[: order + 1]
    return LinearLaw([f"coefficient {power}" for power in range(order + 1)], _powers(t, order), units)


def _powers(t: Array, order: int) -> Array:
    """[point, power]"""
    powers = t[:, None] ** np.arange(order + 1)
    size = np.linalg.norm(powers, axis=0)
    if len(size) > len(t) or not size.all() or np.linalg.cond(powers / size) > _ALIKE:
        raise RecipeError(
            f"powers of t up to {order} cannot be told apart on {len(t)} points",
            where="order",
            expected="A lower order, no more powers than points, or an `origin` near the middle of the axis.",
        )
    return powers
