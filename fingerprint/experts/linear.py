"""The generalised linear law: a sum of known functions of t."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Array
from fingerprint.experts.parameter import Parameter


class LinearLaw(AbstractExpert):
    r"""$\mathcal E(t) = f_0(t) + \sum_k \theta_k f_k(t)$. [Eq. 11]

    Args:
        names: of the parameters.
        design: the functions, [point, function].
        units: of the parameters; none where empty.
        offset: $f_0$, [point]; nothing where None.
    """

    def __init__(
        self, names: Sequence[str], design: Array, units: Sequence[str] = (), offset: Array | None = None
    ) -> None:
        units = units or [""] * len(names)
        self.parameters = tuple(
            Parameter(linear=True, name=name, unit=unit) for name, unit in zip(names, units, strict=True)
        )
        self.design = torch.as_tensor(design)
        self.offset = None if offset is None else torch.as_tensor(offset)

    def curves(
        self,
        theta: Float[Tensor, "*many parameter"],
        z: Float[Tensor, "*many latent"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*many point"]:
        """Sums of the functions."""
        told = theta @ self.design.to(theta).T
        return told if self.offset is None else told + self.offset.to(theta)
