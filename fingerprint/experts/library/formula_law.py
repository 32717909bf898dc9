"""A formula in t, which most of the library is made of: its fits begin where a scan fits best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Array
from fingerprint.experts.parameter import Parameter


class FormulaLaw(AbstractExpert):
    """A formula in t. Its fits begin where a scan of the non-linear parameters, the linear ones solved, fits best.

    Args:
        formula: of t [point] and of the parameters [*many, 1], in their order.
        t: the axis, [point].
        parameters: of the formula.
        scan: values to try for each non-linear parameter, in their order; all combinations are.
        beginnings: how many of the best to return.
    """

    tries = 0

    def __init__(
        self,
        formula: Callable[..., Tensor],
        t: Array,
        parameters: Sequence[Parameter],
        scan: Sequence[Array],
        beginnings: int = 2,
    ) -> None:
        self.parameters = tuple(parameters)
        self._formula = formula
        self._t = torch.tensor(t, dtype=torch.float64)
        values = iter(scan)
        tried = [[0.0] if each.linear else next(values).tolist() for each in self.parameters]
        self._candidates = torch.tensor(list(product(*tried)), dtype=torch.float64)
        self._beginnings = min(beginnings, len(self._candidates))

    def curves(
        self,
        theta: Float[Tensor, "*many parameter"],
        z: Float[Tensor, "*many latent"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*many point"]:
        """The formula."""
        return self._formula(self._t.to(theta), *theta.unsqueeze(-2).unbind(-1))

    def starts(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "beginning *many parameter"]:
        """The candidates that fit each curve best, with their linear parameters."""
        measured = curves.reshape(-1, curves.shape[-1])
        candidates = self._candidates.to(curves.device)
        base = self.curves(candidates)
        linear = [index for index, each in enumerate(self.parameters) if each.linear]
        unit = torch.eye(len(self.parameters), dtype=torch.float64, device=curves.device)[linear]
        columns = (self.curves(candidates.unsqueeze(1) + unit) - base.unsqueeze(1)).mT
        size = columns.norm(dim=1, keepdim=True).clamp_min(1e-300)
        solver = torch.linalg.pinv(columns / size)
        theta = candidates.unsqueeze(1).repeat(1, len(measured), 1)
        misfit = torch.empty(theta.shape[:2], dtype=torch.float64, device=curves.device)
        for each in range(len(candidates)):
            solved = (measured - base[each]) @ solver[each].T / size[each]
            theta[each][:, linear] = solved
            misfit[each] = (measured - base[each] - solved @ columns[each].T).square().sum(-1)
        best = misfit.topk(self._beginnings, dim=0, largest=False).indices
        chosen = theta.gather(0, best.unsqueeze(-1).expand(-1, -1, theta.shape[-1]))
        return chosen.reshape(self._beginnings, *curves.shape[:-1], -1)
