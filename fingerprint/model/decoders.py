"""Decoders: p(X_m|Z, C=c) = N(mean, variance), from a network G_m,c(Z). [Eq. 9, Eq. 10]"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.model.gaussian import LOG_2PI, Gaussian, smooth_clamp
from fingerprint.model.layers import StackedMLP
from fingerprint.recipe import FixedVariance, LearnedVariance, MLPDecoder

LOG_VARIANCE_RANGE = (-14.0, 6.0)


class Decoder(nn.Module):
    """One network per seed and cluster, or per seed where the clusters share it (section 2.5).

    The variance is the same for all coordinates of the modality: fixed, learned, or a function of Z.
    """

    log_variance: Tensor

    def __init__(
        self,
        spec: MLPDecoder,
        latent: int,
        features: int,
        networks: int,
        generators: Sequence[torch.Generator],
    ) -> None:
        """Build the networks.

        Args:
            spec: the recipe's choice.
            latent: size of the latent space.
            features: size of the modality in model units, d_m.
            networks: the number of clusters, or 1 for one decoder per modality.
            generators: one per seed.
        """
        super().__init__()
        stack = (len(generators), networks)
        widths = (latent, *spec.hidden)
        self.mean = StackedMLP(stack, (*widths, features), spec.activation, generators, skip=spec.skip)
        variance = spec.variance
        self.learned = isinstance(variance, LearnedVariance)
        self.spread: StackedMLP | None = None
        if isinstance(variance, FixedVariance):
            self.register_buffer("log_variance", torch.full((*stack, 1, 1), variance.value).log())
        else:
            self.log_variance = nn.Parameter(torch.full((*stack, 1, 1), variance.log_start))
            if variance.depends_on_z:
                self.spread = StackedMLP(stack, (*widths, 1), spec.activation, generators, skip=spec.skip)

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the networks of each seed in another order; nothing to do where the clusters share one."""
        seeds = torch.arange(len(order), device=order.device).unsqueeze(1)
        for tensor in self.state_dict(keep_vars=True).values():
            if tensor.shape[1] > 1:
                tensor.copy_(tensor[seeds, order])

    def forward(self, z: Float[Tensor, "seed specimen latent"]) -> Gaussian:
        """mean [seed, cluster | 1, specimen, feature] and log_variance, which broadcasts to it."""
        wide = z.unsqueeze(1)
        log_variance: Tensor = self.log_variance
        if self.spread is not None:
            log_variance = log_variance + self.spread(wide)
        if self.learned:
            log_variance = smooth_clamp(log_variance, *LOG_VARIANCE_RANGE)
        return Gaussian(self.mean(wide), log_variance)


def log_likelihood(
    x: Float[Tensor, "#seed specimen feature"], p: Gaussian
) -> Float[Tensor, "seed specimen cluster_or_1"]:
    r"""log p(x_m|Z, C=c), summed over the coordinates: line 1 of Eq. 13, halved, constant included. [Eq. 13]

    Args:
        x: the measurement in model units.
        p: a decoder's answer.
    """
    features = x.shape[-1]
    squared = (x.unsqueeze(1) - p.mean).square().sum(-1)
    log_variance = p.log_variance.squeeze(-1)
    result = -0.5 * (features * (LOG_2PI + log_variance) + squared * torch.exp(-log_variance))
    return result.transpose(1, 2)


def mixture_moments(
    weights: Float[Tensor, "seed specimen cluster"], p: Gaussian
) -> tuple[Float[Tensor, "seed specimen feature"], Float[Tensor, "seed specimen feature"]]:
    r"""Mean and variance of X_m over the clusters. [Eq. 12]

    $$E[X_m] = \sum_c w_c \hat\mu_c, \quad
      Var[X_m] = \sum_c w_c (\hat\sigma_c^2 + \hat\mu_c^2) - E[X_m]^2$$

    The variance is summed as spread about the mean, so that it cannot come out negative.

    Args:
        weights: $w_c$: the responsibilities of an embedded specimen (the paper prints $\pi_c$: docs/deviations.md).
        p: a decoder's answer; decoders shared by all clusters need no weights.
    """
    variance = p.log_variance.exp().expand_as(p.mean)
    if p.mean.shape[1] == 1:
        return p.mean.squeeze(1), variance.squeeze(1)
    share = weights.transpose(1, 2).unsqueeze(-1)
    mean = (share * p.mean).sum(1)
    return mean, (share * (variance + (p.mean - mean.unsqueeze(1)).square())).sum(1)
