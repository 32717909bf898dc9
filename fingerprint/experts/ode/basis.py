"""Bases in which a trajectory is approximated, with exact derivatives and antiderivatives: Legendre and Fourier."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


class Basis(ABC):
    """Functions psi of t, whose sums with coefficients are approximations. [Eq. 23]

    Attributes:
        nested: whether the functions go from coarse to fine, so that the first few are a basis too.
    """

    nested: bool = True

    @abstractmethod
    def design(self, t: Float[Tensor, " point"], order: int = 0) -> Float[Tensor, "point function"]:
        """Each function, or a derivative of it, at each point.

        Args:
            t: any points; the approximation is good where data are.
            order: of the derivative; -1 is an antiderivative, with any constant.
        """


@dataclass(frozen=True)
class Legendre(Basis):
    """Legendre polynomials on an interval.

    Attributes:
        lower, upper: the interval.
        count: of functions, of degree 0 to one less.
    """

    lower: float
    upper: float
    count: int

    def design(self, t: Float[Tensor, " point"], order: int = 0) -> Float[Tensor, "point function"]:
        """By the recurrences of the polynomials and of their derivatives."""
        half = (self.upper - self.lower) / 2
        s = (t - self.lower) / half - 1
        if order < 0:
            values = _legendre(s, self.count + 1)
            first = values[:, 1:2] if self.count else values[:, :0]
            index = torch.arange(1, self.count, device=t.device)
            return torch.cat([first, (values[:, 2:] - values[:, :-2]) / (2 * index + 1)], -1) * half
        values = _legendre(s, self.count)
        for _ in range(order):
            values = _differentiated(values) / half
        return values


@dataclass(frozen=True)
class Fourier(Basis):
    """1, and cosine and sine of the multiples of one frequency.

    Attributes:
        lower: where the first phase is 0.
        period: of the slowest; longer than the data where the two ends need not meet.
        count: of functions.
    """

    lower: float
    period: float
    count: int

    def design(self, t: Float[Tensor, " point"], order: int = 0) -> Float[Tensor, "point function"]:
        """A derivative turns the phase by a quarter of a period."""
        columns: list[Tensor] = [(t - self.lower) if order < 0 else torch.full_like(t, float(order == 0))]
        for index in range(1, self.count):
            frequency = 2 * math.pi * ((index + 1) // 2) / self.period
            phase = frequency * (t - self.lower) + order * math.pi / 2 - (math.pi / 2 if index % 2 == 0 else 0.0)
            columns.append(torch.cos(phase) * frequency**order)
        return torch.stack(columns, -1)


def _legendre(s: Tensor, count: int) -> Tensor:
    columns = [torch.ones_like(s), s]
    for n in range(1, count - 1):
        columns.append(((2 * n + 1) * s * columns[n] - n * columns[n - 1]) / (n + 1))
    return torch.stack(columns[:count], -1)


def _differentiated(values: Tensor) -> Tensor:
    """P'(n) = P'(n - 2) + (2 n - 1) P(n - 1); the same holds one derivative up."""
    columns: list[Tensor] = []
    for n in range(values.shape[-1]):
        lower = columns[n - 2] if n >= 2 else torch.zeros_like(values[:, 0])
        columns.append(lower + (2 * n - 1) * values[:, n - 1] if n else lower)
    return torch.stack(columns, -1)
