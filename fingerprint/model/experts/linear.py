"""The generalised linear expert: a curve for each cluster, linear in its parameters, the same whatever Z."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.model.certainty import Certainty
from fingerprint.model.gaussian import Gaussian
from fingerprint.model.variance import DecoderVariance
from fingerprint.recipe import LinearExpert


class ExpertSpace(nn.Module):
    """How an expert's curves, in measured units, become model units: (curve - centre) / scale.

    Args:
        design: the functions of the basis on the grid, [point, function], float64.
        centre, scale: of the preparation, [point] and [1] or [point], float64.
    """

    design: Tensor
    centre: Tensor
    scale: Tensor
    solver: Tensor

    def __init__(
        self,
        design: Float[Tensor, "point function"],
        centre: Float[Tensor, " point"],
        scale: Float[Tensor, " _"],
    ) -> None:
        super().__init__()
        size = design.norm(dim=0)  # the functions are compared at unit length, so that none is too small to count
        solver = torch.linalg.pinv(design / size) / size.unsqueeze(-1)
        for name, value in (("design", design), ("centre", centre), ("scale", scale), ("solver", solver)):
            self.register_buffer(name, value, persistent=False)

    def fit(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "*many function"]:
        r"""Parameters of least squares of curves in model units, the misfit taken in measured units. [Eq. 16]

        $$\theta = \operatorname{argmin} \|A \theta - x\|^2$$

        Normalised coordinates would give the points where all curves are alike as much say as those where they
        differ (docs/deviations.md).
        """
        return self.measured(curves) @ self.solver.T

    def fit_weighted(
        self, curves: Float[Tensor, "*many point"], weights: Float[Tensor, "*many point"]
    ) -> Float[Tensor, "*many function"]:
        r"""As `fit`, each point with its own weight; where all are 0 the parameters are 0. [Eq. 16]

        $$\theta = \operatorname{argmin} \sum_p w_p \left((A \theta)_p - x_p\right)^2$$
        """
        size = self.design.norm(dim=0)
        root = weights.double().sqrt().unsqueeze(-1)
        solver = torch.linalg.pinv(root * self.design / size) / size.unsqueeze(-1)
        return (solver @ (root * self.measured(curves).unsqueeze(-1))).squeeze(-1)

    def measured(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "*many point"]:
        """Curves in model units, in measured ones, float64."""
        return curves.double() * self.scale + self.centre

    def whitened(self, curves: Float[Tensor, "specimen point"]) -> Float[Tensor, "specimen function"]:
        """Coordinates of each specimen's own fit in which a distance is the misfit between the fitted curves, in units
        of the noise: the root-mean-square residual over specimens and points."""
        basis, _ = torch.linalg.qr(self.design)
        measured = self.measured(curves)
        coordinates = measured @ basis
        free = max(measured.shape[-1] - basis.shape[-1], 1)
        left = (measured - coordinates @ basis.T).square().sum() / (len(measured) * free)
        return coordinates / left.sqrt().clamp_min(1e-12 * coordinates.abs().max() + 1e-300)


class LinearExpertDecoder(nn.Module):
    r"""p(X_m|C=c) = N(A theta_c, variance) in measured units, whatever Z. [Eq. 11, Eq. 9]

    Buffers or parameters:
        theta: $\hat\theta_{m,c}$, in measured units, [seed, cluster, function]; a parameter where it follows the
            gradient, else a buffer that `solve` moves.

    Attributes:
        basis: the functions as the recipe writes them, [function].
    """

    theta: Tensor
    design: Tensor
    offset: Tensor
    uses_z = False

    def __init__(
        self, spec: LinearExpert, space: ExpertSpace, clusters: int, generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        self.space = space
        self.basis = spec.basis
        self.closed_form = spec.solve == "closed_form"
        self.register_buffer("design", (space.design / space.scale.unsqueeze(-1)).float())
        self.register_buffer("offset", (space.centre / space.scale).float())
        shape = (clusters, space.design.shape[1])
        drawn = torch.stack([torch.randn(shape, generator=generator) for generator in generators])
        if self.closed_form:
            self.register_buffer("theta", drawn)
        else:
            self.theta = nn.Parameter(drawn)
        self.variance = DecoderVariance(spec.variance, (len(generators), clusters))

    def forward(self, z: Float[Tensor, "seed specimen latent"]) -> Gaussian:  # noqa: ARG002
        """mean [seed, cluster, 1, point] and log_variance, which broadcast over specimens."""
        # A sum of products and no matrix product, which autocast would do in half precision.
        mean = (self.theta.unsqueeze(-2) * self.design).sum(-1) - self.offset
        return Gaussian(mean.unsqueeze(2), self.variance())

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the clusters of each seed in another order."""
        seeds = torch.arange(len(order), device=order.device).unsqueeze(1)
        self.theta.copy_(self.theta[seeds, order])
        self.variance.relabel(order)

    @torch.no_grad()
    def set_theta(self, theta: Float[Tensor, "seed cluster function"]) -> None:
        """Put the clusters' parameters to these."""
        self.theta.copy_(theta)

    @torch.no_grad()
    def fit(
        self,
        gamma: Float[Tensor, "seed specimen cluster"],
        curves: Float[Tensor, "#seed specimen point"],
        certainty: Certainty | None = None,
    ) -> Float[Tensor, "seed cluster function"]:
        r"""The responsibility-weighted least squares of all specimens; a cluster without any keeps its own. [Eq. 16]

        For an expert that does not depend on Z this is the fit of the weighted means
        $\bar x_c = \sum_d \gamma_c x / \sum_d \gamma_c$; where points are missing or uncertain, each point's mean has
        its own weights $\gamma_c s_j \hat\sigma^2 / (\hat\sigma^2 + v_j)$, with the mean over clusters of
        $\hat\sigma^2$.

        Args:
            gamma: $\gamma_c$, 0 for specimens that were not measured.
            curves: in model units.
            certainty: of the curves; its values are then fitted.
        """
        weights = gamma.transpose(1, 2)
        share = weights.sum(-1, keepdim=True)
        if certainty is None:
            fitted = self.space.fit((weights @ curves) / share.clamp_min(1e-12))
        else:
            noise = self.variance().exp().mean(1)
            each = certainty.weight * noise / (noise + certainty.variance)
            total = weights @ each
            fitted = self.space.fit_weighted((weights @ (each * certainty.values)) / total.clamp_min(1e-12), total)
            share = total.mean(-1, keepdim=True)
        return torch.where(share > 1e-6, fitted.to(self.theta), self.theta)

    def follow(
        self,
        gamma: Float[Tensor, "seed specimen cluster"],
        curves: Float[Tensor, "seed specimen point"],
        rate: float,
        certainty: Certainty | None = None,
    ) -> None:
        """Move the parameters a step towards the fit of one batch, so that they are a moving average. [Eq. 16]

        Args:
            gamma, curves, certainty: as in `fit`.
            rate: of a cluster with an even share of the batch; those with less follow more slowly.
        """
        even = gamma.sum(1).unsqueeze(-1) * gamma.shape[-1] / gamma.shape[1]
        self.set_theta(self.theta.lerp(self.fit(gamma, curves, certainty), (rate * even).clamp(max=1)))
