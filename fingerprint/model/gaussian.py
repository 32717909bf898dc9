"""Diagonal Gaussians, in terms of mean and log-variance."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

LOG_2PI = math.log(2 * math.pi)


class Gaussian(NamedTuple):
    """A Gaussian with diagonal covariance, or many: the last axis holds the coordinates; the two broadcast."""

    mean: Float[Tensor, "*#many #coordinate"]
    log_variance: Float[Tensor, "*#many #coordinate"]


def log_density(z: Float[Tensor, "*#many latent"], p: Gaussian) -> Float[Tensor, "*#many"]:
    """log N(z; mean, variance), summed over the latent axis; the leading axes of z and p broadcast. [Eq. 8]"""
    scaled = (z - p.mean).square() * torch.exp(-p.log_variance)
    return -0.5 * (LOG_2PI + p.log_variance + scaled).sum(-1)


def expected_log_density(q: Gaussian, p: Gaussian) -> Float[Tensor, "*many"]:
    r"""$E_{q(Z)} \log p(Z)$ in closed form; the leading axes of q and p broadcast. [Eq. 31, Lemma B.1]

    $$-\frac12 \sum_j \log 2\pi\tilde\sigma_j^2 + \frac{\sigma_j^2}{\tilde\sigma_j^2}
      + \frac{(\mu_j - \tilde\mu_j)^2}{\tilde\sigma_j^2}$$

    Args:
        q: the Gaussian that is averaged over, $\mu, \log\sigma^2$.
        p: the Gaussian whose log-density is averaged, $\tilde\mu, \log\tilde\sigma^2$.
    """
    second = torch.exp(q.log_variance) + (q.mean - p.mean).square()
    return -0.5 * ((LOG_2PI + p.log_variance).sum(-1) + (second * torch.exp(-p.log_variance)).sum(-1))


def entropy(q: Gaussian) -> Float[Tensor, "*many"]:
    """The entropy of q, minus `expected_log_density(q, q)`. [Eq. 34, Lemma B.4]"""
    return 0.5 * (LOG_2PI + 1 + q.log_variance).sum(-1)


def draw(q: Gaussian, noise: Float[Tensor, "*many latent"]) -> Float[Tensor, "*many latent"]:
    """A reparameterised draw Z = mean + sd * noise, with noise ~ N(0, I). (section 2.1)"""
    return q.mean + noise * torch.exp(0.5 * q.log_variance)


def smooth_clamp(x: Tensor, low: float, high: float) -> Tensor:
    """`x` softly confined to (low, high), with a gradient everywhere; the identity well inside."""
    return low + softplus(x - low) - softplus(x - high)
