"""POUNet: a partition of unity with a polynomial in each part. [appendix A.1]"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.ode.basis import Basis

Kernel = Literal["exponential", "gaussian"]

_NODES = 12  # of the quadrature of each half of a part


@dataclass(frozen=True)
class PartitionOfUnity(Basis):
    r"""Taylor polynomials around centres, blended by normalised kernels of the distance. [appendix A.1]

    The paper's kernel is $\exp(-|t - m| / b)$: its kinks spoil the derivative. $\exp(-(t - m)^2 / b^2)$ has none.
    Centres and widths are fixed, so that a fit is a linear least squares problem.

    Attributes:
        centres: m, ascending, [part].
        width: b.
        degree: of the polynomials.
        kernel: "exponential" is the paper's.
    """

    centres: Float[Tensor, " part"]
    width: float
    degree: int
    kernel: Kernel
    nested: bool = False

    def design(self, t: Float[Tensor, " point"], order: int = 0) -> Float[Tensor, "point function"]:
        """Derivatives by automatic differentiation, antiderivatives by Gauss-Legendre quadrature of every part."""
        if order < 0:
            return self._integrals(t)
        function: Callable[[Tensor], Tensor] = self._values
        for _ in range(order):
            function = _differentiated(function)
        return function(t)

    def _values(self, t: Tensor) -> Tensor:
        distance = (t[..., None] - self.centres) / self.width
        phi = torch.softmax(-distance.abs() if self.kernel == "exponential" else -distance.square(), -1)
        powers = [torch.ones_like(distance)]
        for _ in range(self.degree):
            powers.append(powers[-1] * distance)
        return (phi[..., None] * torch.stack(powers, -1)).flatten(-2)

    def _integrals(self, t: Tensor) -> Tensor:
        """From the first centre: whole halves of parts, and what is left."""
        edges = torch.cat([self.centres, (self.centres[1:] + self.centres[:-1]) / 2]).sort().values
        whole = self._quadrature(edges[:-1], edges[1:])
        before = torch.cat([torch.zeros_like(whole[:1]), whole.cumsum(0)])
        cell = (torch.searchsorted(edges, t, right=True) - 1).clamp(0, len(edges) - 1)
        return before[cell] + self._quadrature(edges[cell], t)

    def _quadrature(self, lower: Tensor, upper: Tensor) -> Tensor:
        nodes, weights = (torch.as_tensor(each).to(lower) for each in np.polynomial.legendre.leggauss(_NODES))
        half = (upper - lower)[:, None] / 2
        values = self._values(lower[:, None] + half * (nodes + 1))
        return torch.einsum("pn,pnf->pf", half * weights, values)


def _differentiated(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The derivative of each of many functions of one t, by reverse differentiation twice."""

    def derivative(t: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = t if t.requires_grad else t.detach().requires_grad_()
            values = function(leaf)
            along = torch.ones_like(values, requires_grad=True)
            (back,) = torch.autograd.grad(values, leaf, along, create_graph=True)
            (forward,) = torch.autograd.grad(back, along, torch.ones_like(back), create_graph=True)
        return forward if t.requires_grad else forward.detach()

    return derivative
