"""Decoders: p(X_m|Z, C=c) = N(mean, variance), from a network G_m,c(Z). [Eq. 9, Eq. 10]"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import assert_never

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.errors import RecipeError, within
from fingerprint.model.certainty import Certainty
from fingerprint.model.convolutions import StackedConv, StackedTransposedConv, channels_last
from fingerprint.model.experts import AnyExpertDecoder, ComponentDecoder, ExpertDecoder, build_laws
from fingerprint.model.gaussian import LOG_2PI, Gaussian
from fingerprint.model.layers import StackedLinear, StackedMLP, activate, full_precision
from fingerprint.model.shape import ModalityShape
from fingerprint.model.variance import DecoderVariance
from fingerprint.recipe import (
    ConvDecoder,
    ExpertComponent,
    LearnedVariance,
    LinearExpert,
    MLPDecoder,
    ModalityRecipe,
    RegisteredExpert,
)


class AbstractNetworkDecoder(nn.Module):
    """One network per seed and cluster, or per seed where the clusters share it (section 2.5).

    The variance is the same for all coordinates of the modality: fixed, learned, or a function of Z.
    """

    variance: DecoderVariance
    uses_z = True

    def forward(self, z: Float[Tensor, "seed specimen latent"]) -> Gaussian:
        """mean [seed, cluster | 1, specimen, feature] and log_variance, which broadcasts to it."""
        return Gaussian(full_precision(self.mean_of(z.unsqueeze(1))), self.log_variance_of(z.unsqueeze(1)))

    def mean_of(self, z: Float[Tensor, "seed 1 specimen latent"]) -> Float[Tensor, "seed cluster specimen _"]:
        """The decoded mean."""
        raise NotImplementedError

    def log_variance_of(self, z: Float[Tensor, "seed 1 specimen latent"]) -> Tensor:  # noqa: ARG002
        """The decoded log-variance, [seed, cluster | 1, specimen | 1, 1]."""
        return self.variance()

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the networks of each seed in another order; nothing to do where the clusters share one."""
        seeds = torch.arange(len(order), device=order.device).unsqueeze(1)
        for tensor in self.state_dict(keep_vars=True).values():
            if tensor.shape[1] > 1:
                tensor.copy_(tensor[seeds, order])


class _MLP(AbstractNetworkDecoder):
    def __init__(
        self,
        spec: MLPDecoder,
        latent: int,
        features: int,
        stack: tuple[int, int],
        generators: Sequence[torch.Generator],
    ) -> None:
        super().__init__()
        widths = (latent, *spec.hidden)
        self.mean = StackedMLP(stack, (*widths, features), spec.activation, generators, skip=spec.skip)
        self.variance = DecoderVariance(spec.variance, stack)
        self.spread: StackedMLP | None = None
        if isinstance(spec.variance, LearnedVariance) and spec.variance.depends_on_z:
            self.spread = StackedMLP(stack, (*widths, 1), spec.activation, generators, skip=spec.skip)

    def mean_of(self, z: Tensor) -> Tensor:
        return self.mean(z)

    def log_variance_of(self, z: Tensor) -> Tensor:
        return self.variance(None if self.spread is None else full_precision(self.spread(z)))


class _Conv(AbstractNetworkDecoder):
    def __init__(
        self,
        spec: ConvDecoder,
        latent: int,
        shape: tuple[int, ...],
        stack: tuple[int, int],
        generators: Sequence[torch.Generator],
    ) -> None:
        super().__init__()
        if isinstance(spec.variance, LearnedVariance) and spec.variance.depends_on_z:
            raise RecipeError(
                "a convolutional decoder has one variance",
                where="decoder",
                expected='depends_on_z = false, or a decoder of kind "mlp".',
            )
        if len(spec.channels) != len(spec.strides) + 1:
            raise RecipeError(
                f"{len(spec.channels)} channels and {len(spec.strides)} strides",
                where="decoder",
                expected="One number of channels more than there are strides.",
            )
        self.shape, self.spec = shape, spec
        whole = math.prod(spec.strides)
        self.small = tuple(-(-points // whole) for points in shape)
        self.first = StackedLinear(stack, latent, spec.channels[0] * math.prod(self.small), generators)
        self.layers = nn.ModuleList(
            StackedTransposedConv(
                stack, inputs, outputs, generators, kernel=spec.kernel, stride=stride, dimensions=len(shape)
            )
            for inputs, outputs, stride in zip(spec.channels[:-1], spec.channels[1:], spec.strides, strict=True)
        )
        padding = spec.kernel // 2
        self.last = StackedConv(
            stack, spec.channels[-1], 1, generators, kernel=spec.kernel, padding=padding, dimensions=len(shape)
        )
        self.variance = DecoderVariance(spec.variance, stack)

    def mean_of(self, z: Tensor) -> Tensor:
        flat = self.first(z)
        seeds, clusters, specimens, _ = flat.shape
        hidden = channels_last(flat.flatten(0, 1).transpose(0, 1).reshape(specimens, -1, *self.small))
        for layer in self.layers:
            hidden = activate(layer(hidden), self.spec.activation)
        image = self.last(hidden)
        for axis, points in enumerate(self.shape):
            image = image.narrow(2 + axis, 0, points)
        return image.flatten(2).transpose(0, 1).unflatten(0, (seeds, clusters))


def build_decoders(
    modalities: Mapping[str, ModalityRecipe],
    shapes: Mapping[str, ModalityShape],
    latent: int,
    clusters: int,
    networks: int,
    generators: Sequence[torch.Generator],
) -> dict[str, AbstractNetworkDecoder | AnyExpertDecoder]:
    """The decoders that the recipe asks for, by modality in the order of their names.

    Args:
        modalities: the recipe's choices.
        shapes: what the data say of them.
        latent: size of the latent space.
        clusters: how many there are; an expert has parameters for each.
        networks: the number of clusters, or 1 for one network per modality.
        generators: one per seed.

    Raises:
        RecipeError: a choice does not suit its modality.
    """
    laws = build_laws(modalities, shapes)
    stack = (len(generators), networks)
    made: dict[str, AbstractNetworkDecoder | AnyExpertDecoder] = {}
    for name in sorted(modalities, key=lambda each: (isinstance(modalities[each].decoder, ExpertComponent), each)):
        with within(f"modalities.{name}"):
            match spec := modalities[name].decoder:
                case MLPDecoder():
                    made[name] = _MLP(spec, latent, shapes[name].features, stack, generators)
                case ConvDecoder():
                    made[name] = _Conv(spec, latent, shapes[name].on_grid("decoder"), stack, generators)
                case LinearExpert() | RegisteredExpert():
                    with within("decoder"):
                        made[name] = ExpertDecoder(spec, laws[name][0], clusters, latent, generators)
                case ExpertComponent():
                    owner = made[spec.of]
                    assert isinstance(owner, ExpertDecoder)
                    made[name] = ComponentDecoder(spec, owner, laws[name][1])
                case _:
                    assert_never(spec)
    return {name: made[name] for name in sorted(made)}


def log_likelihood(
    x: Float[Tensor, "#seed specimen feature"], p: Gaussian, certainty: Certainty | None = None
) -> Float[Tensor, "seed draw cluster_or_1"]:
    r"""log p(x_m|Z, C=c), summed over the coordinates: line 1 of Eq. 13, halved, constant included. [Eq. 13]

    Of what is not certain, $-\frac12\sum_j s_j \left(\log 2\pi(\hat\sigma^2 + v_j) +
    (x_j - \hat\mu_j)^2 / (\hat\sigma^2 + v_j)\right)$: what was not measured says nothing, and the decoder's
    variance is what the measurements' own leaves (docs/deviations.md).

    Args:
        x: the measurement in model units.
        p: a decoder's answer, for one draw of each specimen or for several, all specimens before the next draw; or one
            answer for all specimens, and then there is one draw.
        certainty: $s_j$ and $v_j$ of each specimen; None where everything was measured and nothing is known of its
            uncertainty.
    """
    specimens, features = x.shape[-2:]
    if certainty is not None:
        return _uncertain_log_likelihood(p, certainty)
    if p.mean.shape[2] == 1:
        squared = (x.unsqueeze(1) - p.mean).square().sum(-1)
    else:
        each = p.mean.unflatten(2, (-1, specimens))
        squared = (x[:, None, None] - each).square().sum(-1).flatten(2)
    log_variance = p.log_variance.squeeze(-1)
    result = -0.5 * (features * (LOG_2PI + log_variance) + squared * torch.exp(-log_variance))
    return result.transpose(1, 2)


def _uncertain_log_likelihood(p: Gaussian, certainty: Certainty) -> Float[Tensor, "seed draw cluster_or_1"]:
    """As `log_likelihood`, feature by feature."""
    x = certainty.values
    specimens = x.shape[-2]
    mean, log_variance = p.mean, p.log_variance.expand(*p.mean.shape[:-1], 1)
    draws = (1, 1) if mean.shape[2] == 1 else (mean.shape[2] // specimens, specimens)
    variance = log_variance.unflatten(2, draws).exp() + certainty.variance[:, None, None]
    squared = (x[:, None, None] - mean.unflatten(2, draws)).square()
    each = certainty.weight[:, None, None] * (LOG_2PI + variance.log() + squared / variance)
    return -0.5 * each.sum(-1).flatten(2).transpose(1, 2)


def mixture_moments(
    weights: Float[Tensor, "seed specimen cluster"] | None, p: Gaussian
) -> tuple[Float[Tensor, "seed specimen feature"], Float[Tensor, "seed specimen feature"]]:
    r"""Mean and variance of X_m over the clusters. [Eq. 12]

    $$E[X_m] = \sum_c w_c \hat\mu_c, \quad
      Var[X_m] = \sum_c w_c (\hat\sigma_c^2 + \hat\mu_c^2) - E[X_m]^2$$

    The variance is summed as spread about the mean, so that it cannot come out negative; of decoders that do not see Z,
    whose sums are matrix products, what rounding leaves below 0 is 0.

    Args:
        weights: $w_c$: the responsibilities of an embedded specimen (the paper prints $\pi_c$: docs/deviations.md).
            None for a decoder that the clusters share.
        p: a decoder's answer.
    """
    variance = p.log_variance.exp().expand_as(p.mean)
    if weights is None or p.mean.shape[1] == 1:
        return p.mean.squeeze(1), variance.squeeze(1)
    if p.mean.shape[2] == 1:
        centre = p.mean.mean(1)
        apart = p.mean.squeeze(2) - centre
        moved = weights @ apart
        spread = (weights @ apart.square() - moved.square()).clamp_min(0)
        return centre + moved, weights @ variance.squeeze(2) + spread
    share = weights.transpose(1, 2).unsqueeze(-1)
    mean = (share * p.mean).sum(1)
    return mean, (share * (variance + (p.mean - mean.unsqueeze(1)).square())).sum(1)
