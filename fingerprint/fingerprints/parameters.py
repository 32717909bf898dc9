"""ParameterSums: how well specimens determine the parameters of a law, and whether it describes their mean."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fingerprint.experts import Sharing
from fingerprint.fingerprints.lack_of_fit import LEAST_FOR_LACK, Residuals, lack_of_fit
from fingerprint.model.experts import Law
from fingerprint.run import LEAST_FITTED, LackOfFit

LEAST_FOR_ERROR = 2.0  # specimens
MOST_COMPARED = 64  # points between which correlations are counted
RANK = 1e-12  # of eigenvalues of the Hessian, its diagonal being 1
LOST = 1e-6  # share of a parameter that no specimen tells


class Inverse(NamedTuple):
    """Of the Hessian, [free, free], and which of the free numbers the specimens tell."""

    matrix: Float[Tensor, "free free"]
    told: Bool[Tensor, " free"]


class ParameterSums:
    r"""Sums over specimens, from which follow the covariance of a law's parameters and its lack of fit. [Eq. 16]

    The parameters solve $\sum_d \psi_d = 0$, where each specimen has the score
    $\psi_{dc} = J_c^T (\omega_{dc} \circ (x_d - \mathcal E(t; \theta_c)))$ with the weights $\omega_{dcp} = \gamma_{dc}
    s_{dp} / (\hat\sigma_c^2 + v_{dp})$ of its points. Specimens are independent, so that, however the noise along a
    curve is correlated and whatever the specimens of a cluster have each to themselves,

    $$\operatorname{Cov}\hat\theta = f\, H^{-1} \Big(\sum_d \psi_d \psi_d^T\Big) H^{-1}, \quad
      H = J^T \operatorname{diag}\Big(\sum_d \omega_d\Big) J, \quad
      f = \frac{(\sum_d\gamma_d)^2}{(\sum_d\gamma_d)^2 - \sum_d\gamma_d^2}$$

    where a number that clusters share has the sum of their scores (sandwich: Huber, Proc. 5th Berkeley Symp. 1 (1967)
    221; White, Econometrica 48 (1980) 817). For n specimens of weight 1 and a linear law these are the usual standard
    errors of the mean of their own fits. The responsibilities and weights are taken as known. A parameter at a bound is
    held, and the others' errors are those with it held.

    Args:
        law: that does not depend on Z.
        theta: its parameters in each cluster.
    """

    def __init__(self, law: Law, theta: Float[Tensor, "cluster parameter"]) -> None:
        curves, jacobian = law.expert.jacobian(theta.detach().double())
        self._points = law.points
        self._finite = torch.isfinite(curves).all(-1) & torch.isfinite(jacobian).all(-1).all(-1)
        self._theta = torch.where(self._finite[:, None], theta.detach().double(), 0)
        self._curves = torch.where(self._finite[:, None], curves, 0)
        self._jacobian = torch.where(self._finite[:, None, None], jacobian, 0)
        self._sharing = Sharing(law.expert, len(theta), law.shared, theta.device)
        clusters, points = curves.shape
        self._compared = torch.linspace(0, points - 1, min(points, MOST_COMPARED), device=theta.device).round().long()
        free, few = self._sharing.chosen.shape[-1], len(self._compared)
        zeros = torch.zeros(0, dtype=torch.float64, device=theta.device).new_zeros
        self._count, self._squared = zeros(clusters), zeros(clusters)
        self._weight, self._pull, self._pulls = zeros(3, clusters, points)
        self._scores, self._beside = zeros(free, free), zeros(clusters, points, free)
        self._between = zeros(clusters, few, few)

    def add(
        self,
        curves: Float[Tensor, "specimen point"],
        weights: Float[Tensor, "cluster specimen point"],
        gamma: Float[Tensor, "specimen cluster"],
    ) -> None:
        r"""Add specimens.

        Args:
            curves: in measured units; where their weight is 0, anything finite.
            weights: $\omega$, as they are fitted with.
            gamma: how much of each specimen counts in each cluster.
        """
        pulls = weights * (curves - self._curves.unsqueeze(1))
        scores = self._sharing.gradient((pulls @ self._jacobian).transpose(0, 1))
        some = pulls[..., self._compared]
        self._count += gamma.sum(0)
        self._squared += gamma.square().sum(0)
        self._weight += weights.sum(1)
        self._pull += pulls.sum(1)
        self._pulls += pulls.square().sum(1)
        self._scores += scores.T @ scores
        self._beside += pulls.mT @ scores
        self._between += some.mT @ some

    def known(self) -> Bool[Tensor, "cluster parameter"]:
        """Whether there are specimens enough to speak of a parameter at all."""
        count, _ = self._per_number()
        return (count >= LEAST_FITTED)[self._places]

    def errors(self) -> Float[Tensor, "cluster parameter"]:
        """Standard errors; nan at a bound, where no specimen tells the parameter, and with fewer than two specimens."""
        count, squared = self._per_number()
        inverse = self._inverse()
        variance = (inverse.matrix @ self._scores @ inverse.matrix).diagonal() * _correction(count, squared)
        return torch.where(inverse.told, variance.clamp_min(0), torch.nan).sqrt()[self._places]

    def lack_of_fit(self) -> list[LackOfFit | None]:
        """Of each cluster; None with fewer than ten specimens, or points than parameters."""
        moved = self._inverse().matrix
        correction = _correction(self._count, self._squared)
        found: list[LackOfFit | None] = []
        for cluster, finite in enumerate(self._finite.tolist()):
            enough = bool(self._count[cluster].square() >= LEAST_FOR_LACK * self._squared[cluster])
            if not (finite and enough and self._count[cluster] > 0):
                found.append(None)
                continue
            residuals = Residuals(
                curve=self._curves[cluster],
                weight=self._weight[cluster],
                pull=self._pull[cluster],
                pulls=self._pulls[cluster],
                beside=self._beside[cluster],
                between=self._between[cluster],
                compared=self._compared,
                moved=self._jacobian[cluster] @ self._sharing.chosen[cluster] @ moved,
                scores=self._scores,
                correction=float(correction[cluster]),
            )
            found.append(lack_of_fit(residuals, self._points, self._theta.shape[1]))
        return found

    @property
    def _places(self) -> Tensor:
        """Which free number each parameter is, [cluster, parameter]."""
        return self._sharing.chosen.argmax(-1)

    def _per_number(self) -> tuple[Float[Tensor, " free"], Float[Tensor, " free"]]:
        """Sum of the weights, and of their squares, of the specimens that tell each free number."""
        member = self._sharing.chosen.sum(1)
        return member.T @ self._count, member.T @ self._squared

    def _inverse(self) -> Inverse:
        """Of the Hessian, without what is held at a bound and what no specimen tells."""
        own = self._jacobian.mT @ (self._weight.unsqueeze(-1) * self._jacobian)
        hessian = self._sharing.matrix(own.unsqueeze(0))[0]
        free = self._sharing.free(self._theta.unsqueeze(0))[0]
        size = hessian.diagonal().sqrt()
        moving = (size > 0) & (free > self._sharing.lower) & (free < self._sharing.upper)
        scale = torch.where(moving, 1 / size, 0)
        values, vectors = torch.linalg.eigh(scale.unsqueeze(-1) * hessian * scale)
        kept = values > RANK * values[-1]
        lost = vectors[:, ~kept].square().sum(-1)
        scaled = scale.unsqueeze(-1) * vectors[:, kept]
        return Inverse(scaled / values[kept] @ scaled.T, moving & (lost < LOST))


def _correction(count: Tensor, squared: Tensor) -> Tensor:
    """What the mean's own part in the residuals takes from them; nan with fewer than two specimens."""
    enough = (count > 0) & (count.square() >= LEAST_FOR_ERROR * squared)
    return torch.where(enough, count.square() / (count.square() - squared), torch.nan)
