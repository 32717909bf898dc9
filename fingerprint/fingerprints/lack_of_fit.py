"""Lack of fit: whether a law describes the mean of a cluster's specimens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from scipy import stats
from torch import Tensor

from fingerprint.run import LackOfFit

LEAST_FOR_LACK = 10.0  # specimens
NOTHING = 1e-12  # variance of the mean residual, as a share of that of the specimens' residuals


class Residuals(NamedTuple):
    r"""Sums over the specimens of one cluster, with $\rho_{dp} = \omega_{dp} (x_{dp} - \mathcal E_p)$.

    Attributes:
        curve: $\mathcal E$.
        weight: $W = \sum_d \omega_d$.
        pull, pulls: $\sum_d \rho_d$ and $\sum_d \rho_d^2$.
        beside: $\sum_d \rho_d \psi_d^T$, with the scores $\psi$ of the free parameters.
        between: $\sum_d \rho_d \rho_d^T$ at the points `compared`.
        compared: some of the points.
        moved: $J H^{-1}$: how far a score moves the curve.
        scores: $\sum_d \psi_d \psi_d^T$.
        correction: for the specimens' number.
    """

    curve: Float[Tensor, " point"]
    weight: Float[Tensor, " point"]
    pull: Float[Tensor, " point"]
    pulls: Float[Tensor, " point"]
    beside: Float[Tensor, "point free"]
    between: Float[Tensor, "some some"]
    compared: Int[Tensor, " some"]
    moved: Float[Tensor, "point free"]
    scores: Float[Tensor, "free free"]
    correction: float


def lack_of_fit(residuals: Residuals, points: Sequence[int], parameters: int) -> LackOfFit | None:
    r"""Compare the mean residual with what chance makes of it.

    Were the law right, the mean residual $m = \sum_d \rho_d / W$ would be a sum of what single specimens contribute,
    $u_d = \rho_d / W - J H^{-1} \psi_d$: their own deviation, less what it moves the fit by. So $\operatorname{Var} m =
    \sum_d u_d u_d^T$, however the noise along a curve is correlated, and with the points weighted by the variance
    $v_p$ of their deviation alone

    $$X^2 = \sum_p \frac{m_p^2}{v_p} \Big/ \sum_p \frac{\operatorname{Var} m_p}{v_p}$$

    is about 1: a $\chi^2_k/k$ whose degrees of freedom follow from its variance (Satterthwaite, Biometrics Bull. 2
    (1946) 110), which the covariances between some of the points tell.

    Args:
        residuals: of one cluster.
        points: how many each modality of the law has.
        parameters: how many the law has.

    Returns:
        None where there are no more points than parameters, or they do not differ from the law at all.
    """
    has = residuals.weight > 0
    weight = torch.where(has, residuals.weight, 1)
    mean = residuals.pull / weight
    alone = residuals.pulls / weight.square()
    has = has & (alone > 0)
    if int(has.sum()) <= parameters:
        return None
    moved = residuals.moved @ residuals.scores
    crossed = (residuals.beside * residuals.moved).sum(-1) / weight
    variance = alone - 2 * crossed + (moved * residuals.moved).sum(-1)
    total = float((variance / alone)[has].sum())
    if not total > NOTHING * int(has.sum()):
        return None
    ratio = float((mean.square() / alone)[has].sum()) / (total * residuals.correction)
    freedom = _freedom(residuals, weight, alone, has, moved)
    share = _share(residuals.curve, mean, residuals.weight > 0, points)
    return LackOfFit(ratio, float(stats.chi2.sf(ratio * freedom, freedom)), share)


def _freedom(residuals: Residuals, weight: Tensor, alone: Tensor, has: Tensor, moved: Tensor) -> float:
    """tr(A)^2 / tr(A^2) of the covariance of the mean residual at some points, in units of their own variance."""
    some = residuals.compared[has[residuals.compared]]
    kept = has[residuals.compared]
    crossed = (residuals.beside / weight.unsqueeze(-1))[some] @ residuals.moved[some].T
    own = residuals.between[kept][:, kept] / (weight[some].unsqueeze(-1) * weight[some])
    covariance = own - crossed - crossed.T + moved[some] @ residuals.moved[some].T
    unit = alone[some].sqrt()
    scaled = covariance / (unit.unsqueeze(-1) * unit)
    return max(1.0, float(scaled.diagonal().sum().square() / scaled.square().sum().clamp_min(1e-300)))


def _share(curve: Tensor, mean: Tensor, has: Tensor, points: Sequence[int]) -> float:
    """Root-mean-square residual over the range of the mean curve, where it is greatest of all modalities."""
    shares = [0.0]
    for own, off, there in zip(*(each.split(list(points)) for each in (curve + mean, mean, has)), strict=True):
        extent = float(own[there].max() - own[there].min()) if bool(there.any()) else 0.0
        if extent > 0:
            shares.append(float(off[there].square().mean().sqrt()) / extent)
    return max(shares)
