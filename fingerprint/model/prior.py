"""The Gaussian mixture prior, and which cluster a point belongs to."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.model.gaussian import Gaussian, entropy, expected_log_density, log_density


class MixturePrior(nn.Module):
    r"""p(C) = Cat(pi), p(Z|C=c) = N(mean_c, variance_c). [Eq. 7, Eq. 8]

    It starts as N(0, I): all clusters alike. EM moves it (`training.em`), never the gradient; see
    docs/deviations.md. Only the weights can be made to follow the gradient, as the paper's do.

    Buffers:
        log_weights: $\log\pi_c$, [seed, cluster].
        mean: $\tilde\mu_c$, [seed, cluster, latent].
        log_variance: $\log\tilde\sigma_c^2$, [seed, cluster, latent].
    """

    log_weights: Tensor
    mean: Tensor
    log_variance: Tensor

    def __init__(self, seeds: int, clusters: int, latent: int, *, weights_by_gradient: bool = False) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(seeds, clusters)) if weights_by_gradient else None
        self.register_buffer("log_weights", torch.full((seeds, clusters), -math.log(clusters)))
        self.register_buffer("mean", torch.zeros(seeds, clusters, latent))
        self.register_buffer("log_variance", torch.zeros(seeds, clusters, latent))

    def components(self) -> Gaussian:
        """p(Z|C=c) of every cluster, shaped to meet [seed, specimen, latent]: [seed, 1, cluster, latent]."""
        return Gaussian(self.mean.unsqueeze(1), self.log_variance.unsqueeze(1))

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the clusters of each seed in another order: new cluster c is old cluster `order[:, c]`."""
        if self.logits is not None:
            self.logits.copy_(self.logits.gather(1, order))
        self.log_weights.copy_(self.log_weights.gather(1, order))
        rows = order.unsqueeze(-1).expand_as(self.mean)
        self.mean.copy_(self.mean.gather(1, rows))
        self.log_variance.copy_(self.log_variance.gather(1, rows))

    def log_weights_per_specimen(self) -> Float[Tensor, "seed 1 cluster"]:
        r"""$\log\pi_c$, shaped to meet [seed, specimen, cluster]; the softmax of $\vec v$ where it is learned."""
        own = self.log_weights if self.logits is None else torch.log_softmax(self.logits, -1)
        return own.unsqueeze(1)

    @torch.no_grad()
    def spread(self) -> Float[Tensor, "seed 1 latent"]:
        """Variance of the whole mixture, shaped to meet [seed, specimen, latent]."""
        share = self.log_weights_per_specimen().exp().transpose(1, 2)
        second = (share * (self.log_variance.exp() + self.mean.square())).sum(1, keepdim=True)
        return second - (share * self.mean).sum(1, keepdim=True).square()

    def expected_log_density(self, q: Gaussian) -> Float[Tensor, "seed specimen cluster"]:
        r"""$E_{q(Z)} \log p(Z|C=c)$ of posteriors, each [seed, specimen, latent]. [Eq. 31]"""
        return expected_log_density(Gaussian(q.mean.unsqueeze(-2), q.log_variance.unsqueeze(-2)), self.components())

    @torch.no_grad()
    def keep_weights(self) -> None:
        """Take the weights over from the gradient's step, where they follow it."""
        if self.logits is not None:
            self.log_weights.copy_(torch.log_softmax(self.logits, -1))


def responsibilities(
    z: Float[Tensor, "seed specimen latent"], prior: MixturePrior
) -> Float[Tensor, "seed specimen cluster"]:
    r"""p(C=c|Z) of points in the latent space, $\gamma_c(Z)$. [Eq. 14]

    $$\gamma_c = \pi_c\, p(Z|c) \,/\, \textstyle\sum_{c'} \pi_{c'}\, p(Z|c')$$
    """
    log_joint = prior.log_weights_per_specimen() + log_density(z.unsqueeze(-2), prior.components())
    return torch.softmax(log_joint, -1)


def mean_field_responsibilities(
    q: Gaussian,
    prior: MixturePrior,
    log_likelihood: Float[Tensor, "seed specimen cluster"] | None = None,
    expected: Float[Tensor, "seed specimen cluster"] | None = None,
) -> Float[Tensor, "seed specimen cluster"]:
    r"""The q(C|X) that maximises the ELBO for a given q(Z|X). (replaces Eq. 14 in the ELBO: docs/deviations.md)

    $$q(c) \propto \pi_c \exp\left( E_{q(Z)} \log p(Z|c) + \log p(X|c) \right)$$

    Being the maximum, it needs no gradient: the ELBO's derivative through it is zero.

    Args:
        q: the posterior, each [seed, specimen, latent].
        prior: the mixture.
        log_likelihood: the weighted reconstruction term per cluster, where each has decoders of its own.
        expected: `prior.expected_log_density(q)`, where it is there already.
    """
    expected = prior.expected_log_density(q) if expected is None else expected
    log_joint = prior.log_weights_per_specimen() + expected
    if log_likelihood is not None:
        log_joint = log_joint + log_likelihood
    return torch.softmax(log_joint, -1)


def kl_divergence(
    q: Gaussian,
    gamma: Float[Tensor, "seed specimen cluster"],
    prior: MixturePrior,
    expected: Float[Tensor, "seed specimen cluster"] | None = None,
) -> Float[Tensor, "seed specimen"]:
    r"""KL of q(Z)q(C) from p(Z|C)p(C): the last two lines of Eq. 13, halved and negated. [Eq. 13]

    Args:
        q: q(Z|X), each [seed, specimen, latent].
        gamma: $\gamma_c$, q(C=c|X).
        prior: the mixture.
        expected: `prior.expected_log_density(q)`, where it is there already.
    """
    expected = prior.expected_log_density(q) if expected is None else expected
    cross = (gamma * expected).sum(-1)
    own = gamma.clamp_min(torch.finfo(gamma.dtype).tiny).log()  # a gradient also where gamma is zero
    categorical = (gamma * (own - prior.log_weights_per_specimen())).sum(-1)
    return categorical - cross - entropy(q)
