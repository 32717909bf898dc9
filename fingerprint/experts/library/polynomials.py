"""Straight lines and polynomials."""

from __future__ import annotations

import numpy as np

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.library.law import LinearLaw
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family


@family("affine")
def affine(domain: Domain, *, origin: float = 0.0) -> AbstractExpert:
    r"""A straight line.

    $$y = a + b\,(t - t_0)$$

    Source: Legendre, Nouvelles methodes pour la determination des orbites des cometes (1805), for its least squares.

    Args:
        domain: one modality.
        origin: $t_0$, where y is the intercept.
    """
    parameters = (
        Parameter(0.0, unit="y", linear=True, name="intercept"),
        Parameter(0.0, unit="y/t", linear=True, name="slope"),
    )
    return LinearLaw(parameters, np.stack([np.ones_like(domain.t), domain.t - origin], axis=1))


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
    units = ("y", "y/t", *(f"y/t^{power}" for power in range(2, order + 1)))
    parameters = [
        Parameter(0.0, unit=units[power], linear=True, name=f"coefficient {power}") for power in range(order + 1)
    ]
    return LinearLaw(parameters, np.stack([(domain.t - origin) ** power for power in range(order + 1)], axis=1))
