"""Layers that hold the parameters of several independent networks, one per leading index.

The leading axes (`stack`) are seeds, or seeds and clusters. Member i of a stack computes, and is initialised, exactly
as it would be alone: each seed draws from its own generator, in the same order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fingerprint.recipe import Activation

_ACTIVATIONS = {"silu": nn.functional.silu, "elu": nn.functional.elu, "relu": nn.functional.relu}


def activate(x: Tensor, activation: Activation) -> Tensor:
    """The activation function of that name."""
    return _ACTIVATIONS[activation](x)


def draw_uniform(shape: tuple[int, ...], bound: float, generators: Sequence[torch.Generator]) -> nn.Parameter:
    """U(-bound, bound) of `shape` = (seed, ...), each seed from its own generator."""
    members = [torch.rand(shape[1:], generator=generator) for generator in generators]
    return nn.Parameter((2 * torch.stack(members) - 1) * bound)


class StackedLinear(nn.Module):
    """y = x W + b for every member of the stack.

    Args:
        stack: the leading axes, (seed,) or (seed, cluster).
        inputs, outputs: widths.
        generators: one per seed.
        gain: multiplies the usual bound 1 / sqrt(inputs) of the weights.
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        inputs: int,
        outputs: int,
        generators: Sequence[torch.Generator],
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = draw_uniform((*stack, inputs, outputs), gain * bound, generators)
        self.bias = draw_uniform((*stack, 1, outputs), bound, generators)

    def forward(self, x: Float[Tensor, "*stack specimen inputs"]) -> Float[Tensor, "*stack2 specimen outputs"]:
        """Apply every member; a stack axis of length 1 in `x` serves all members."""
        stack = self.weight.shape[:-2]
        if x.shape[:-2] != stack:
            return x @ self.weight + self.bias
        if stack.numel() == 1:  # a batch of one product costs copies that the product alone does not
            only = torch.addmm(self.bias.flatten(), x.flatten(0, -2), self.weight.flatten(0, -2))
            return only.unflatten(0, x.shape[:-1])
        flat = torch.baddbmm(self.bias.flatten(0, -3), x.flatten(0, -3), self.weight.flatten(0, -3))
        return flat.unflatten(0, stack)


class StackedMLP(nn.Module):
    """Fully connected layers with an optional linear path beside them."""

    def __init__(
        self,
        stack: tuple[int, ...],
        widths: Sequence[int],
        activation: Activation,
        generators: Sequence[torch.Generator],
        *,
        skip: bool = False,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.activation: Activation = activation
        pairs = list(itertools.pairwise(widths))
        self.layers = nn.ModuleList(
            StackedLinear(stack, inputs, outputs, generators, gain if index == 0 else 1.0)
            for index, (inputs, outputs) in enumerate(pairs)
        )
        has_skip = skip and len(pairs) > 1
        self.skip = StackedLinear(stack, widths[0], widths[-1], generators) if has_skip else None

    def forward(self, x: Float[Tensor, "*stack specimen inputs"]) -> Float[Tensor, "*stack2 specimen outputs"]:
        """The last layer has no activation."""
        hidden = x
        for layer in self.layers[:-1]:
            hidden = activate(layer(hidden), self.activation)
        result = self.layers[-1](hidden)
        return result if self.skip is None else result + self.skip(x)


def full_precision(x: Tensor) -> Tensor:
    """`x` as float32 where a network answered in half precision; else as it is."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
