"""The evidence lower bound of one set of encoders, decoders and prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model.gaussian import Gaussian
from fingerprint.model.prior import MixturePrior, kl_divergence, mean_field_responsibilities


class ELBO(NamedTuple):
    r"""The bound and its parts, per specimen. [Eq. 1, Eq. 13]

    elbo = reconstruction - kl, in nats: half of Eq. 13's $\mathcal L$, whose constant
    $-\frac12 \sum_m w_m d_m \log 2\pi$ is kept here.
    """

    reconstruction: Float[Tensor, "seed specimen"]
    kl: Float[Tensor, "seed specimen"]
    responsibilities: Float[Tensor, "seed specimen cluster"]

    def value(self, kl_weight: float = 1.0) -> Float[Tensor, "seed specimen"]:
        """reconstruction - kl_weight * kl; the bound itself at 1."""
        return self.reconstruction - kl_weight * self.kl


def elbo(
    q: Gaussian,
    prior: MixturePrior,
    log_likelihoods: Mapping[str, Float[Tensor, "seed specimen cluster_or_1"]],
    weights: Mapping[str, float],
    present: Mapping[str, Float[Tensor, "#seed specimen"]],
    kl_weight: float = 1.0,
) -> ELBO:
    r"""The single-draw ELBO. [Eq. 13, section 2.5]

    $$\sum_m w_m \sum_c \gamma_c \log p(x_m|z, c) - KL\left(q(Z)q(C) \,\|\, p(Z|C)p(C)\right)$$

    Args:
        q: q(Z|X), from which z was drawn.
        prior: the mixture.
        log_likelihoods: log p(x_m|z, c) by modality, at the drawn z.
        weights: $w_m$ by modality: $d_{max}/d_m$, or the user's.
        present: 1 where the modality was measured, by modality; what was not measured is not reconstructed.
        kl_weight: that `ELBO.value` will be asked for: the responsibilities maximise that value, and need no
            gradient.
    """
    terms = [weights[name] * present[name].unsqueeze(-1) * log_likelihoods[name] for name in sorted(log_likelihoods)]
    per_cluster = torch.stack(torch.broadcast_tensors(*terms)).sum(0)
    with torch.no_grad():
        evidence = per_cluster / kl_weight if per_cluster.shape[-1] > 1 else None
        gamma = mean_field_responsibilities(q, prior, evidence)
    reconstruction = (gamma * per_cluster).sum(-1)
    return ELBO(reconstruction, kl_divergence(q, gamma, prior), gamma)
