"""AbstractExpert: a law on the axes of the modalities that it decodes. [Eq. 11]"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.parameter import Parameter


class AbstractExpert(ABC):
    r"""$\mathcal E(t, Z; \theta)$ in measured units; t is known when it is made. [Eq. 11]

    What comes in may have any leading axes, and each curve depends on its own parameters alone. "point" runs over the
    points of all modalities that the law decodes, one modality after another.

    Attributes:
        parameters: of one curve, in the order of the last axis of `theta`; their names differ.
        t_unit: in which the law takes t; the axis's own unit where empty.
        takes_z: whether the curve depends on Z beside its parameters.
        differentiable: whether torch can follow the curves' derivatives backwards.
        tries: beginnings that are tried beside its own, where it has parameters that are not linear.
        single: whether single precision is enough for the gradient of a training.
        gives_up: whether it may have no curve at all where it starts, nan throughout: other beginnings are tried then.
        refines: whether its beginnings are improved by least squares; a law that solves for itself says no.
    """

    parameters: tuple[Parameter, ...]
    t_unit: str = ""
    takes_z: bool = False
    differentiable: bool = True
    tries: int = 64
    single: bool = False
    gives_up: bool = True
    refines: bool = True

    @abstractmethod
    def curves(
        self, theta: Float[Tensor, "*many parameter"], z: Float[Tensor, "*many latent"] | None = None
    ) -> Float[Tensor, "*many point"]:
        """The curves of so many sets of parameters, differentiable where the law is, in the precision of `theta`.

        Args:
            theta: the parameters.
            z: points of the latent space; None unless the law takes them.
        """

    def jacobian(
        self, theta: Float[Tensor, "*many parameter"]
    ) -> tuple[Float[Tensor, "*many point"], Float[Tensor, "*many point parameter"]]:
        """The curves, and their derivatives by each parameter; of laws that do not take Z.

        Backwards twice: the derivative of $J^T w$ by w. As every curve depends on its own parameters alone, each
        parameter takes one pass for all curves together.
        """
        with torch.enable_grad():
            given = theta.detach().requires_grad_()
            curves = self.curves(given)
            beside = torch.zeros_like(curves, requires_grad=True)
            (back,) = torch.autograd.grad(curves, given, beside, create_graph=True)
            columns = [
                torch.autograd.grad(each.sum(), beside, retain_graph=True, materialize_grads=True)[0]
                for each in back.unbind(-1)
            ]
        return curves.detach(), torch.stack(columns, -1)

    def starts(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "beginning *many parameter"]:
        """Where fits of these curves may begin, the likeliest first; by default the parameters' own starts.

        Args:
            curves: measured ones, or means of some; finite.
        """
        start = torch.tensor([each.start for each in self.parameters], dtype=torch.float64, device=curves.device)
        return start.expand(1, *curves.shape[:-1], -1).clone()

    def in_order(self, theta: Float[Tensor, "*many parameter"]) -> Float[Tensor, "*many parameter"]:
        """The same curves' parameters as they are reported, where several sets give one curve; by default as given."""
        return theta

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters."""
        return tuple(each.name for each in self.parameters)
