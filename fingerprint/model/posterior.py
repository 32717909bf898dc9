"""The multimodal posterior: unimodal Gaussians fused as a product of experts."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model.gaussian import Gaussian


def product_of_experts(
    unimodal: Gaussian,
    present: Float[Tensor, "*#many modality specimen"],
) -> Gaussian:
    r"""Fuse unimodal posteriors into q(Z|X_1..X_M). [Eq. 4, Eq. 5, section 2.5]

    $$\sigma^{-2} = \sum_m w_m \sigma_m^{-2}, \quad \mu = \sigma^2 \sum_m w_m \mu_m \sigma_m^{-2}$$

    computed as a log-sum-exp over $-\log\sigma_m^2 + \log w_m$, so no precision overflows.

    Args:
        unimodal: $\mu_m$ and $\log\sigma_m^2$, each [*many, modality, specimen, latent].
        present: $w_m$; 1 where measured and kept, else 0. At least one per specimen.

    Returns:
        $\mu$ and $\log\sigma^2$, each [*many, specimen, latent].
    """
    log_precision = torch.log(present).unsqueeze(-1) - unimodal.log_variance
    share = torch.softmax(log_precision, dim=-3)
    return Gaussian((share * unimodal.mean).sum(-3), -torch.logsumexp(log_precision, dim=-3))
