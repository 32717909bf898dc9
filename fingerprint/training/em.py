"""Expectation-maximisation of the mixture prior. [Eq. 15]"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model import Gaussian
from fingerprint.model.prior import MixturePrior, mean_field_responsibilities

LEAST_SHARE = 1e-4  # of all specimens; a cluster below it keeps its place and is called dead
LEAST_VARIANCE = 1e-8  # of a cluster, where rounding leaves none; far below the e^-9 of any encoder


def maximise(
    q: Gaussian,
    gamma: Float[Tensor, "seed specimen cluster"],
    *,
    posterior_variance: bool = True,
) -> tuple[Float[Tensor, "seed cluster"], Float[Tensor, "seed cluster latent"], Float[Tensor, "seed cluster latent"]]:
    r"""Moments of the clusters from the latent points. [Eq. 15]

    $$\tilde\mu_c = \frac{\sum_d \gamma_c \mu}{\sum_d \gamma_c}, \quad
      \tilde\sigma_c^2 = \frac{\sum_d \gamma_c \left(\sigma^2 + (\mu - \tilde\mu_c)^2\right)}{\sum_d \gamma_c}$$

    Eq. 15 leaves out $\sigma^2$, which the ELBO's own stationary point has; without it clusters shrink onto their
    points and collapse (docs/deviations.md). `posterior_variance=False` gives the printed form.

    Args:
        q: posteriors of the specimens, each [seed, specimen, latent].
        gamma: $\gamma_c$; zeros for specimens that do not count.
        posterior_variance: whether $\sigma^2$ is included.

    Returns:
        Share, first and second raw moment of every cluster: $\bar\gamma_c$, $\overline{\gamma_c \mu}$ and
        $\overline{\gamma_c (\sigma^2 + \mu^2)}$, means over those that count, from which `set_prior` makes the mixture.
    """
    second = q.mean.square()
    if posterior_variance:
        second = second + q.log_variance.exp()
    weights = gamma.transpose(1, 2) / gamma.sum((1, 2), keepdim=True).clamp_min(1e-12)
    return weights.sum(-1), weights @ q.mean, weights @ second


def set_prior(
    prior: MixturePrior,
    share: Float[Tensor, "seed cluster"],
    first: Float[Tensor, "seed cluster latent"],
    second: Float[Tensor, "seed cluster latent"],
    floor: float,
) -> None:
    """Make the mixture that has these moments; a dead cluster keeps its mean and variance.

    Weights that follow the gradient stay as they are.

    Args:
        prior: changed in place.
        share, first, second: as `maximise` returns them.
        floor: least variance of a cluster, relative to the variance of the whole mixture.
    """
    alive = (share > LEAST_SHARE).unsqueeze(-1)
    safe = share.clamp_min(LEAST_SHARE).unsqueeze(-1)
    mean = torch.where(alive, first / safe, prior.mean)
    total = second.sum(1, keepdim=True) - first.sum(1, keepdim=True).square()
    variance = (second / safe - mean.square()).maximum(floor * total).clamp_min(LEAST_VARIANCE)
    variance = torch.where(alive, variance, prior.log_variance.exp())
    prior.mean.copy_(mean)
    prior.log_variance.copy_(variance.log())
    prior.log_weights.copy_(torch.log_softmax(share.clamp_min(LEAST_SHARE).log(), -1))
    prior.keep_weights()


@torch.no_grad()
def streaming_update(
    prior: MixturePrior,
    q: Gaussian,
    gamma: Tensor,
    rate: float,
    floor: float,
    *,
    posterior_variance: bool = True,
) -> None:
    """Move the mixture's moments a step of `rate` towards those of one batch. [Eq. 15, section 2.4]

    The mixture itself holds the moving averages: its weights, means and variances are its moments.
    """
    share, first, second = maximise(q, gamma, posterior_variance=posterior_variance)
    old_share = prior.log_weights.exp()
    old_first = old_share.unsqueeze(-1) * prior.mean
    old_second = old_share.unsqueeze(-1) * (prior.log_variance.exp() + prior.mean.square())
    set_prior(
        prior,
        old_share.lerp(share, rate),
        old_first.lerp(first, rate),
        old_second.lerp(second, rate),
        floor,
    )


@torch.no_grad()
def full_update(
    prior: MixturePrior,
    q: Gaussian,
    floor: float,
    *,
    counts: Float[Tensor, "seed specimen 1"] | None = None,
    iterations: int = 1,
    posterior_variance: bool = True,
) -> None:
    """EM over all posteriors, or those with a count of 1, `iterations` times. [Eq. 15]"""
    for _ in range(iterations):
        gamma = mean_field_responsibilities(q, prior)
        if counts is not None:
            gamma = gamma * counts
        set_prior(prior, *maximise(q, gamma, posterior_variance=posterior_variance), floor)
