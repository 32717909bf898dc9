"""Measurements that belong to another cluster than the rest of their specimen."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def with_outliers(
    log_likelihood: Float[Tensor, "seed specimen cluster"],
    log_weights: Float[Tensor, "seed 1 cluster"],
    share: Float[Tensor, " seed"],
) -> Float[Tensor, "seed specimen cluster"]:
    r"""log p(x|c) where a share of the measurements was swapped with another specimen's.

    $$\tilde p(x|c) = (1 - \epsilon)\, p(x|c) + \epsilon \sum_{c'} \pi_{c'} p(x|c')$$

    However sharp p(x|c) is, it then outvotes the other modalities by at most about
    $\log (1 - \epsilon)/(\epsilon \pi_c)$ nats: a label that is wrong can be overruled.

    Args:
        log_likelihood: $\log p(x|c)$.
        log_weights: $\log\pi_c$.
        share: $\epsilon$, in [0, 1); at 0 every measurement is trusted.
    """
    marginal = torch.logsumexp(log_weights + log_likelihood, -1, keepdim=True)
    epsilon = share.reshape(-1, 1, 1)
    return torch.logaddexp(torch.log1p(-epsilon) + log_likelihood, epsilon.log() + marginal)


def outlier_given_cluster(
    log_likelihood: Float[Tensor, "seed specimen cluster"],
    log_weights: Float[Tensor, "seed 1 cluster"],
    share: Float[Tensor, " seed"],
) -> Float[Tensor, "seed specimen cluster"]:
    r"""Probability that each measurement is an outlier, if its specimen is in cluster c.

    $$\epsilon \sum_{c'} \pi_{c'} p(x|c') \,/\, \tilde p(x|c)$$

    Weighted by the responsibilities, its mean over the specimens is the next share in EM; and an expert is fitted to
    what is left of each specimen.
    """
    mixed = with_outliers(log_likelihood, log_weights, share)
    marginal = torch.logsumexp(log_weights + log_likelihood, -1, keepdim=True)
    return (share.reshape(-1, 1, 1).log() + marginal - mixed).exp()
