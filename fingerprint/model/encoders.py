"""Encoders: [mean, log_variance] = F_m(X_m). [Eq. 3]

One class per encoder of the recipe, one signature; `build_encoder` is the only place that knows them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fingerprint.errors import RecipeError
from fingerprint.model.gaussian import Gaussian, smooth_clamp
from fingerprint.model.layers import StackedBatchNorm, StackedConv, StackedLinear, StackedMLP, activate
from fingerprint.recipe import ConvEncoder, LinearEncoder, MLPEncoder

LOG_VARIANCE_RANGE = (-9.0, 6.0)


class AbstractEncoder(nn.Module):
    """q(Z_m|X_m) = N(mean, variance I). [Eq. 3]

    Log-variances are softly confined to `LOG_VARIANCE_RANGE`, which keeps the product of experts well conditioned.
    """

    def forward(self, x: Float[Tensor, "#seed specimen feature"], present: Float[Tensor, "#seed specimen"]) -> Gaussian:
        """Encode one modality.

        Args:
            x: in model units; rows that were not measured may hold anything finite.
            present: 1 where measured; the others influence no other row.

        Returns:
            mean and log_variance, each [seed, specimen, latent].
        """
        mean, log_variance = self.features(x, present).chunk(2, dim=-1)
        return Gaussian(mean, smooth_clamp(log_variance, *LOG_VARIANCE_RANGE))

    def features(self, x: Tensor, present: Tensor) -> Float[Tensor, "seed specimen latent2"]:
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

    def features(self, x: Tensor, present: Tensor) -> Tensor:  # noqa: ARG002
        return self.network(x * self.whitening)


class _Linear(AbstractEncoder):
    def __init__(self, spread: Tensor, latent: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.layer = StackedLinear((len(generators),), len(spread), 2 * latent, generators)

    def features(self, x: Tensor, present: Tensor) -> Tensor:  # noqa: ARG002
        return self.layer(x)


class _Conv(AbstractEncoder):
    def __init__(self, spec: ConvEncoder, spread: Tensor, latent: int, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        self.spec = spec
        channels = (1, *spec.channels)
        self.convolutions = nn.ModuleList(
            StackedConv(inputs, outputs, spec.kernel, spec.stride, generators)
            for inputs, outputs in itertools.pairwise(channels)
        )
        self.norms = nn.ModuleList(StackedBatchNorm(len(generators), width) for width in spec.channels)
        points = len(spread)
        for _ in spec.channels:
            points = (points - spec.kernel) // spec.stride + 1
        if points < 1:
            raise RecipeError(
                f"{len(spread)} points are too few for {len(spec.channels)} convolutions of {spec.kernel} points",
                where="encoder",
                expected='An encoder of kind "linear" or "mlp", or input of kind "grid".',
            )
        self.layer = StackedLinear((len(generators),), points * channels[-1], 2 * latent, generators)

    def features(self, x: Tensor, present: Tensor) -> Tensor:
        hidden = x.expand(len(self.layer.weight), -1, -1).unsqueeze(2)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            hidden = norm(activate(convolution(hidden), self.spec.activation), present)
        return self.layer(hidden.flatten(2))


def build_encoder(
    spec: LinearEncoder | MLPEncoder | ConvEncoder,
    spread: Float[Tensor, " feature"],
    latent: int,
    generators: Sequence[torch.Generator],
) -> AbstractEncoder:
    """The encoder that the recipe asks for.

    Args:
        spec: the recipe's choice.
        spread: standard deviation of each input feature in the training part.
        latent: size of the latent space.
        generators: one per seed.

    Raises:
        RecipeError: the modality has too few points for the convolutions.
    """
    match spec:
        case MLPEncoder():
            return _MLP(spec, spread, latent, generators)
        case LinearEncoder():
            return _Linear(spread, latent, generators)
        case ConvEncoder():
            return _Conv(spec, spread, latent, generators)
        case _:
            assert_never(spec)
