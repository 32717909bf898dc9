"""The multimodal posterior: unimodal Gaussians fused as a product of experts, or, for comparison, as mixtures."""

from __future__ import annotations

from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.model.gaussian import Gaussian
from fingerprint.recipe import Fusion


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


def subsets(modalities: int) -> Float[Tensor, "subset modality"]:
    """Every non-empty subset of the modalities, 1 where a modality is in it."""
    number = torch.arange(1, 2**modalities)
    return ((number.unsqueeze(1) >> torch.arange(modalities)) & 1).float()


def components(fusion: Fusion, modalities: int) -> Tensor:
    """The subsets whose products are the components of the fused posterior, [component, modality]."""
    match fusion:
        case "product":
            return torch.ones(1, modalities)
        case "mixture":
            return torch.eye(modalities)
        case "mixture_of_products":
            return subsets(modalities)
        case _:
            assert_never(fusion)


def fuse(
    unimodal: Gaussian,
    present: Float[Tensor, "*#many modality specimen"],
    fusion: Fusion = "product",
) -> Gaussian:
    r"""The posterior given all that is present: a product of experts [Eq. 5], or the moments of a mixture.

    MMVAE's posterior is the even mixture of the unimodal ones, MoPoE's that of the products of all subsets; among
    specimens with missing modalities, of those components that have anything. A mixture is told by its mean and
    variance: $\mu = \frac1S\sum_s \mu_s$, $\sigma^2 = \frac1S\sum_s (\sigma_s^2 + \mu_s^2) - \mu^2$.

    Args:
        unimodal: $\mu_m$ and $\log\sigma_m^2$, each [*many, modality, specimen, latent].
        present: as in `product_of_experts`.
        fusion: how.
    """
    if fusion == "product":
        return product_of_experts(unimodal, present)
    chosen = components(fusion, present.shape[-2]).to(present)
    kept = chosen.unsqueeze(-1) * present.unsqueeze(-3)
    counts = (kept.sum(-2) > 0).to(present)
    kept = torch.where(counts.unsqueeze(-2) > 0, kept, present.unsqueeze(-3))
    each = product_of_experts(Gaussian(unimodal.mean.unsqueeze(-4), unimodal.log_variance.unsqueeze(-4)), kept)
    share = (counts / counts.sum(-2, keepdim=True)).unsqueeze(-1)
    mean = (share * each.mean).sum(-3)
    variance = (share * (each.log_variance.exp() + (each.mean - mean.unsqueeze(-3)).square())).sum(-3)
    return Gaussian(mean, variance.log())
