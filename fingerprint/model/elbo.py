"""The evidence lower bound of one set of encoders, decoders and prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model.gaussian import Gaussian
from fingerprint.model.prior import MixturePrior, kl_divergence, mean_field_responsibilities, responsibilities


class ELBO(NamedTuple):
    r"""The bound and its parts, per specimen. [Eq. 1, Eq. 13]

    elbo = reconstruction - kl, in nats: half of Eq. 13's $\mathcal L$, whose constant
    $-\frac12 \sum_m w_m d_m \log 2\pi$ is kept here. `expected` is
    $E_{q(Z)} \log p(Z|C=c)$, of which the divergence is made.
    """

    reconstruction: Float[Tensor, "seed specimen"]
    kl: Float[Tensor, "seed specimen"]
    responsibilities: Float[Tensor, "seed specimen cluster"]
    expected: Float[Tensor, "seed specimen cluster"]

    def value(self, kl_weight: float = 1.0) -> Float[Tensor, "seed specimen"]:
        """reconstruction - kl_weight * kl; the bound itself at 1."""
        return self.reconstruction - kl_weight * self.kl


def elbo(
    q: Gaussian,
    prior: MixturePrior,
    log_likelihoods: Mapping[str, Float[Tensor, "seed specimen cluster_or_1"]],
    present: Mapping[str, Float[Tensor, "#seed specimen"]],
    kl_weight: float = 1.0,
    z: Float[Tensor, "seed specimen latent"] | None = None,
) -> ELBO:
    r"""The single-draw ELBO. [Eq. 13, section 2.5]

    $$\sum_m w_m \sum_c \gamma_c \log p(x_m|z, c) - KL\left(q(Z)q(C) \,\|\, p(Z|C)p(C)\right)$$

    Args:
        q: q(Z|X), from which z was drawn.
        prior: the mixture.
        log_likelihoods: $w_m \log p(x_m|z, c)$ by modality, at the drawn z; $w_m$ is $d_{max}/d_m$, or the user's.
        present: 1 where the modality was measured, by modality; what was not measured is not reconstructed.
        kl_weight: that `ELBO.value` will be asked for: the responsibilities maximise that value, and need no
            gradient.
        z: the draw, for the paper's q(C|X) = p(C|Z); the mean-field optimum where None (docs/deviations.md).
    """
    terms = [present[name].unsqueeze(-1) * log_likelihoods[name] for name in sorted(log_likelihoods)]
    per_cluster = torch.stack(torch.broadcast_tensors(*terms)).sum(0)
    expected = prior.expected_log_density(q)
    if z is None:
        with torch.no_grad():
            evidence = per_cluster / kl_weight if per_cluster.shape[-1] > 1 else None
            gamma = mean_field_responsibilities(q, prior, evidence, expected)
    else:
        gamma = responsibilities(z, prior)
    reconstruction = (gamma * per_cluster).sum(-1)
    return ELBO(reconstruction, kl_divergence(q, gamma, prior, expected), gamma, expected)
