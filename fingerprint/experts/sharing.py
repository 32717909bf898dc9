"""Sharing: parameters that several curves have alike, as one list of free numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert


class Sharing:
    """Which parameters of a group's members are one number.

    Attributes:
        chosen: 1 where a parameter of a member is that free number, [member, parameter, free].
        linear: whether a free number enters linearly, [free].
        lower, upper: bounds of the free numbers, [free].
    """

    chosen: Float[Tensor, "member parameter free"]
    linear: Bool[Tensor, " free"]

    def __init__(self, expert: AbstractExpert, members: int, shared: Sequence[str], device: torch.device) -> None:
        parameters = expert.parameters
        common = [index for index, each in enumerate(parameters) if each.name in shared]
        slots = [[0] * len(parameters) for _ in range(members)]
        free = list(common)
        for member in range(members):
            for index in range(len(parameters)):
                if index in common:
                    slots[member][index] = common.index(index)
                else:
                    slots[member][index] = len(free)
                    free.append(index)
        place = torch.tensor(slots, device=device)
        self.chosen = torch.nn.functional.one_hot(place, len(free)).double()
        self.linear = torch.tensor([parameters[index].linear for index in free], device=device)
        bounds = [(parameters[index].lower, parameters[index].upper) for index in free]
        self.lower, self.upper = torch.tensor(bounds, dtype=torch.float64, device=device).T

    def free(self, theta: Float[Tensor, "group member parameter"]) -> Float[Tensor, "group free"]:
        """The free numbers; of what is shared the mean over members."""
        return torch.einsum("mpf,gmp->gf", self.chosen / self.chosen.sum((0, 1)), theta)

    def theta(self, free: Float[Tensor, "group free"]) -> Float[Tensor, "group member parameter"]:
        """The parameters of every member."""
        return torch.einsum("mpf,gf->gmp", self.chosen, free)

    def gradient(self, own: Float[Tensor, "group member parameter"]) -> Float[Tensor, "group free"]:
        """Of each free number, from those of every member."""
        return torch.einsum("mpf,gmp->gf", self.chosen, own)

    def matrix(self, own: Float[Tensor, "group member parameter parameter"]) -> Float[Tensor, "group free free"]:
        """Of the free numbers, from those of every member."""
        return torch.einsum("mpf,gmpq,mqh->gfh", self.chosen, own, self.chosen)
