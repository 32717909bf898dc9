"""Convolutions of several independent networks at once.

The networks of a stack are groups of channels: everything here maps [specimen, network * channel, *point] to the same
layout, so that one grouped convolution serves all networks. `point` is one axis for curves and two for images.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fingerprint.model.layers import draw_uniform, full_precision

_CONVOLUTION = {1: functional.conv1d, 2: functional.conv2d}
_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d}


def grouped(
    x: Float[Tensor, "#seed specimen feature"], networks: int, shape: tuple[int, ...]
) -> Float[Tensor, "specimen network *point"]:
    """Flat measurements as one channel for each network."""
    return channels_last(x.expand(networks, -1, -1).transpose(0, 1).unflatten(-1, shape))


def channels_last(x: Float[Tensor, "specimen channel *point"]) -> Float[Tensor, "specimen channel *point"]:
    """Images on a GPU with the channels last in memory, as its convolutions want them; all else as it is."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 and x.is_cuda else x


def ungrouped(
    x: Float[Tensor, "specimen network_channel *point"], networks: int
) -> Float[Tensor, "network specimen feature"]:
    """All channels and points of each network in one row."""
    return x.unflatten(1, (networks, -1)).flatten(2).transpose(0, 1)


class StackedConv(nn.Module):
    """A convolution for each network of the stack.

    Args:
        stack: the leading axes, (seed,) or (seed, cluster).
        inputs, outputs: channels.
        kernel, stride, padding: in points, alike along every axis.
        dimensions: 1 for curves, 2 for images.
        generators: one per seed.
        bias: whether there is one; before a batch norm it would do nothing.
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        inputs: int,
        outputs: int,
        generators: Sequence[torch.Generator],
        *,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        dimensions: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.stride, self.padding, self.dimensions, self.groups = stride, padding, dimensions, math.prod(stack)
        bound = 1 / math.sqrt(inputs * kernel**dimensions)
        self.weight = draw_uniform((*stack, outputs, inputs, *[kernel] * dimensions), bound, generators)
        self.bias = draw_uniform((*stack, outputs), bound, generators) if bias else None

    def forward(
        self, x: Float[Tensor, "specimen network_channel *point"]
    ) -> Float[Tensor, "specimen network_channel2 *point2"]:
        """Networks are groups of channels."""
        convolve = _CONVOLUTION[self.dimensions]
        weight = self.weight.reshape(-1, *self.weight.shape[-self.dimensions - 1 :])
        bias = None if self.bias is None else self.bias.flatten()
        return convolve(x, weight, bias, self.stride, self.padding, groups=self.groups)


class StackedTransposedConv(nn.Module):
    """A transposed convolution for each network of the stack, which makes `stride` points of each.

    The arguments are those of `StackedConv`; the padding is what keeps size times stride, but for one point more where
    an even kernel has a stride of 1.
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        inputs: int,
        outputs: int,
        generators: Sequence[torch.Generator],
        *,
        kernel: int,
        stride: int = 1,
        dimensions: int = 1,
    ) -> None:
        super().__init__()
        self.stride, self.dimensions, self.groups = stride, dimensions, math.prod(stack)
        self.padding = max(kernel - stride + (stride > 1), 0) // 2
        self.extra = max(stride - kernel + 2 * self.padding, 0)
        bound = 1 / math.sqrt(inputs * kernel**dimensions)
        self.weight = draw_uniform((*stack, inputs, outputs, *[kernel] * dimensions), bound, generators)
        self.bias = draw_uniform((*stack, outputs), bound, generators)

    def forward(
        self, x: Float[Tensor, "specimen network_channel *point"]
    ) -> Float[Tensor, "specimen network_channel2 *point2"]:
        """Networks are groups of channels."""
        convolve = _TRANSPOSED[self.dimensions]
        weight = self.weight.reshape(-1, *self.weight.shape[-self.dimensions - 1 :])
        return convolve(x, weight, self.bias.flatten(), self.stride, self.padding, self.extra, self.groups)


@contextlib.contextmanager
def running_moments_kept(model: nn.Module) -> Generator[None]:
    """What the encoders are shown meanwhile leaves the running moments of their batch norms as they are.

    A trained model sees measurements by these moments, so that only measurements should make them.
    """
    norms = [each for each in model.modules() if isinstance(each, StackedBatchNorm)]
    momenta = [each.momentum for each in norms]
    for each in norms:
        each.momentum = 0.0
    try:
        yield
    finally:
        for each, momentum in zip(norms, momenta, strict=True):
            each.momentum = momentum


class StackedBatchNorm(nn.Module):
    """Batch norm for each network and channel over the specimens that were measured; the others do not count.

    Attributes:
        momentum: of the running moments; 0 while they are kept (`running_moments_kept`).
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, seeds: int, channels: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.scale = nn.Parameter(torch.ones(seeds, channels))
        self.shift = nn.Parameter(torch.zeros(seeds, channels))
        self.register_buffer("running_mean", torch.zeros(seeds, channels))
        self.register_buffer("running_variance", torch.ones(seeds, channels))

    def forward(
        self,
        x: Float[Tensor, "specimen seed_channel *point"],
        present: Float[Tensor, "#seed specimen"] | None,
    ) -> Float[Tensor, "specimen seed_channel *point"]:
        """Normalise by the batch's moments in training, by the running ones otherwise.

        Args:
            x: the seeds' channels.
            present: 1 where measured; None where everything is.
        """
        if present is None or not self.training:
            return functional.batch_norm(
                x,
                self.running_mean.view(-1),
                self.running_variance.view(-1),
                self.scale.view(-1),
                self.shift.view(-1),
                self.training,
                self.momentum,
                self.epsilon,
            )
        seeds, channels = self.scale.shape
        weight = present.expand(seeds, -1).T.repeat_interleave(channels, 1)
        wide = full_precision(x)  # counts and means of many specimens do not fit into half precision
        weight = weight.reshape(*weight.shape, *[1] * (x.ndim - 2)).to(wide.dtype)
        axes = (0, *range(2, x.ndim))
        measured = weight.sum(axes, keepdim=True)
        count = (measured * x[0, 0].numel()).clamp_min(1)
        mean = (weight * wide).sum(axes, keepdim=True) / count
        variance = (weight * (wide - mean).square()).sum(axes, keepdim=True) / count
        with torch.no_grad():
            momentum = self.momentum * (measured > 0).to(self.scale)  # a batch without any teaches nothing
            unbiased = variance * count / (count - 1).clamp_min(1)
            for running, moment in ((self.running_mean, mean), (self.running_variance, unbiased)):
                running.lerp_(moment.to(running).reshape(running.shape), momentum.reshape(running.shape))
        own = (seeds * channels, *[1] * (x.ndim - 2))
        scale = self.scale.view(own) * torch.rsqrt(variance + self.epsilon)
        return ((wide - mean) * scale + self.shift.view(own)).to(x.dtype)
