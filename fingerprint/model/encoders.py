"""Encoders: [mean, log_variance] = F_m(X_m). [Eq. 3]

One class per encoder of the recipe, one signature; `build_encoder` is the only place that knows them all.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fingerprint.errors import RecipeError
from fingerprint.model.convolutions import StackedBatchNorm, StackedConv, grouped, ungrouped
from fingerprint.model.gaussian import Gaussian, smooth_clamp
from fingerprint.model.layers import StackedLinear, StackedMLP, activate, full_precision
from fingerprint.model.shape import ModalityShape
from fingerprint.recipe import ConvEncoder, Encoder, LinearEncoder, MLPEncoder

LOG_VARIANCE_RANGE = (-9.0, 6.0)


class AbstractEncoder(nn.Module):
    """q(Z_m|X_m) = N(mean, variance I). [Eq. 3]

    Log-variances are softly confined to `LOG_VARIANCE_RANGE`, which keeps the product of experts well conditioned.
    """

    def forward(
        self, x: Float[Tensor, "#seed specimen feature"], present: Float[Tensor, "#seed specimen"] | None = None
    ) -> Gaussian:
        """Encode one modality.

        Args:
            x: in model units; rows that were not measured may hold anything finite.
            present: 1 where measured; the others influence no other row. None where everything was.

        Returns:
            mean and log_variance, each [seed, specimen, latent].
        """
        mean, log_variance = full_precision(self.features(x, present)).chunk(2, dim=-1)
        return Gaussian(mean, smooth_clamp(log_variance, *LOG_VARIANCE_RANGE))

    def features(self, x: Tensor, present: Tensor | None) -> Float[Tensor, "seed specimen latent2"]:
        """The 2 * latent numbers that become mean and log-variance."""
        raise NotImplementedError


class _MLP(AbstractEncoder):
    whitening: Tensor

    def __init__(self, spec: MLPEncoder, spread: Tensor, latent: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        widths = (len(spread), *spec.hidden, 2 * latent)
        self.network = StackedMLP(
            (len(generators),), widths, spec.activation, generators, skip=spec.skip, gain=spec.gain
        )
        size = spread if spec.whiten else spread.square().mean().sqrt().expand_as(spread)
        self.register_buffer("whitening", 1 / size)

    def features(self, x: Tensor, present: Tensor | None) -> Tensor:  # noqa: ARG002
        return self.network(x * self.whitening)


class _Linear(AbstractEncoder):
    def __init__(self, spread: Tensor, latent: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.layer = StackedLinear((len(generators),), len(spread), 2 * latent, generators)

    def features(self, x: Tensor, present: Tensor | None) -> Tensor:  # noqa: ARG002
        return self.layer(x)


class _Conv(AbstractEncoder):
    def __init__(
        self, spec: ConvEncoder, shape: tuple[int, ...], latent: int, generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        if spec.strides and len(spec.strides) != len(spec.channels):
            raise RecipeError(
                f"{len(spec.strides)} strides for {len(spec.channels)} convolutions",
                where="encoder",
                expected="One for each, or none for 1 everywhere.",
            )
        self.spec, self.shape = spec, shape
        stack = (len(generators),)
        padding = spec.kernel // 2 if spec.padded else 0
        self.convolutions = nn.ModuleList(
            StackedConv(
                stack,
                inputs,
                outputs,
                generators,
                kernel=spec.kernel,
                stride=spec.stride(layer),
                padding=padding,
                dimensions=len(shape),
                bias=spec.norm != "before",
            )
            for layer, (inputs, outputs) in enumerate(itertools.pairwise((1, *spec.channels)))
        )
        self.norms = nn.ModuleList(StackedBatchNorm(len(generators), width) for width in spec.channels)
        points = shape
        for layer in range(len(spec.channels)):
            points = tuple((each + 2 * padding - spec.kernel) // spec.stride(layer) + 1 for each in points)
        if min(points) < 1:
            raise RecipeError(
                f"{' x '.join(map(str, shape))} points are too few for {len(spec.channels)} convolutions of "
                f"{spec.kernel} points",
                where="encoder",
                expected='An encoder of kind "linear" or "mlp", or input of kind "grid".',
            )
        self.layer = StackedLinear(stack, math.prod(points) * spec.channels[-1], 2 * latent, generators)

    def features(self, x: Tensor, present: Tensor | None) -> Tensor:
        seeds, spec = len(self.layer.weight), self.spec
        hidden = grouped(x, seeds, self.shape)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            made = convolution(hidden)
            if spec.norm == "before":
                made = activate(norm(made, present), spec.activation)
            else:
                made = norm(activate(made, spec.activation), present)
            hidden = made + hidden if spec.residual and made.shape == hidden.shape else made
        return self.layer(ungrouped(hidden, seeds))


def build_encoder(
    spec: Encoder, shape: ModalityShape, latent: int, generators: Sequence[torch.Generator]
) -> AbstractEncoder:
    """The encoder that the recipe asks for.

    Args:
        spec: the recipe's choice.
        shape: what the data say of the modality.
        latent: size of the latent space.
        generators: one per seed.

    Raises:
        RecipeError: the modality has too few points for the convolutions, or none that are neighbours.
    """
    match spec:
        case MLPEncoder():
            return _MLP(spec, shape.spread, latent, generators)
        case LinearEncoder():
            return _Linear(shape.spread, latent, generators)
        case ConvEncoder():
            return _Conv(spec, shape.on_grid("encoder"), latent, generators)
        case _:
            assert_never(spec)
