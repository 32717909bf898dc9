"""Layers that hold the parameters of several independent networks, one per leading index.

The leading axes (`stack`) are seeds, or seeds and clusters. Member i of a stack computes, and is initialised, exactly
as it would be alone: each seed draws from its own generator, in the same order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

Activation = Literal["silu", "elu", "relu"]

_ACTIVATIONS = {"silu": nn.functional.silu, "elu": nn.functional.elu, "relu": nn.functional.relu}


def activate(x: Tensor, activation: Activation) -> Tensor:
    """The activation function of that name."""
    return _ACTIVATIONS[activation](x)


def _draw_uniform(shape: tuple[int, ...], bound: float, generators: Sequence[torch.Generator]) -> nn.Parameter:
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
        self.weight = _draw_uniform((*stack, inputs, outputs), gain * bound, generators)
        self.bias = _draw_uniform((*stack, 1, outputs), bound, generators)

    def forward(self, x: Float[Tensor, "*stack specimen inputs"]) -> Float[Tensor, "*stack2 specimen outputs"]:
        """Apply every member; a stack axis of length 1 in `x` serves all members."""
        return x @ self.weight + self.bias


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


class StackedConv(nn.Module):
    """One-dimensional convolution without padding: one group per seed."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs * kernel)
        self.stride = stride
        self.weight = _draw_uniform((len(generators), outputs, inputs, kernel), bound, generators)
        self.bias = _draw_uniform((len(generators), outputs), bound, generators)

    def forward(
        self, x: Float[Tensor, "seed specimen channel point"]
    ) -> Float[Tensor, "seed specimen channel2 point2"]:
        """Seeds become groups of channels, so that one convolution serves them all."""
        seeds, specimens, channels, points = x.shape
        grouped = x.transpose(0, 1).reshape(specimens, seeds * channels, points)
        result = nn.functional.conv1d(
            grouped, self.weight.flatten(0, 1), self.bias.flatten(), stride=self.stride, groups=seeds
        )
        return result.reshape(specimens, seeds, -1, result.shape[-1]).transpose(0, 1)


class StackedBatchNorm(nn.Module):
    """Batch norm per seed and channel over the specimens that were measured; the others do not count."""

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, seeds: int, channels: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.momentum = momentum
        self.epsilon = epsilon
        self.scale = nn.Parameter(torch.ones(seeds, 1, channels, 1))
        self.shift = nn.Parameter(torch.zeros(seeds, 1, channels, 1))
        self.register_buffer("running_mean", torch.zeros(seeds, 1, channels, 1))
        self.register_buffer("running_variance", torch.ones(seeds, 1, channels, 1))

    def forward(
        self,
        x: Float[Tensor, "seed specimen channel point"],
        present: Float[Tensor, "#seed specimen"],
    ) -> Float[Tensor, "seed specimen channel point"]:
        """Normalise by the batch's moments in training, by the running ones otherwise."""
        if self.training:
            weight = present[:, :, None, None]
            measured = weight.sum((1, 3), keepdim=True)
            count = measured.clamp_min(1) * x.shape[-1]
            mean = (weight * x).sum((1, 3), keepdim=True) / count
            variance = (weight * (x - mean).square()).sum((1, 3), keepdim=True) / count
            with torch.no_grad():
                momentum = self.momentum * (measured > 0).to(x.dtype)  # a batch without any teaches nothing
                self.running_mean.lerp_(mean, momentum)
                self.running_variance.lerp_(variance, momentum)
        else:
            mean, variance = self.running_mean, self.running_variance
        return (x - mean) * torch.rsqrt(variance + self.epsilon) * self.scale + self.shift
