"""Law: an expert, the modalities that it decodes, and their model units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fingerprint.experts import (
    ITERATIONS,
    AbstractExpert,
    Curves,
    Fit,
    Sharing,
    check_chooses,
    descend,
    linear_design,
    matching_names,
    search,
)
from fingerprint.model.certainty import Certainty

MOST_OFFSET = 1e3  # of curves from 0, in units of their scale, at which single precision is enough
MOST_COORDINATES = 12
ABOVE_NOISE = 1.5  # times the greatest eigenvalue that noise alone would have


class Law(nn.Module):
    r"""An expert's curves, in measured units, become model units: (curve - centre) / scale.

    Args:
        expert: the law.
        names: the modalities that it decodes, in its order.
        centres, scales: of their preparations, [point] and [1] or [point], float64.
        shared: parameters that all clusters have alike, by name or pattern.
        along: parameters that are a linear function of Z, likewise.

    Raises:
        RecipeError: a name is no parameter, or parameters are shared of a law that solves for itself.

    Attributes:
        uses_z: whether the curves depend on Z.
        single: whether they do in single precision while the gradient is followed: the law says that it can, and its
            curves are not far from 0 beside their scale.
        one_for_all: whether all clusters have every parameter alike.
        tells: whether the curves tell the clusters apart by themselves.
        linear: whether every parameter enters linearly.
        design, offset: then the curve is design @ theta + offset; [point, parameter] and [point].
        solver: then the least squares of a curve; [parameter, point].
        unit: the root-mean-square scale of each modality, [point]: the measured units in which misfits are taken.
    """

    centre: Tensor
    scale: Tensor
    unit: Tensor
    design: Tensor
    offset: Tensor
    solver: Tensor

    def __init__(
        self,
        expert: AbstractExpert,
        names: Sequence[str],
        centres: Sequence[Float[Tensor, " _"]],
        scales: Sequence[Float[Tensor, " _"]],
        shared: Sequence[str] = (),
        along: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.expert, self.names = expert, tuple(names)
        self.shared = matching_names(expert, shared, "shared")
        if self.shared:
            check_chooses(expert, "shared")
        self.along = matching_names(expert, along, "along_z")
        self.uses_z = expert.takes_z or bool(along)
        self.one_for_all = set(self.shared) >= set(expert.names)
        self.tells = not (self.uses_z or self.one_for_all)
        self.points = tuple(len(each) for each in centres)
        wide = [scale.expand(len(centre)) for centre, scale in zip(centres, scales, strict=True)]
        self.linear = not expert.takes_z and all(each.linear for each in expert.parameters)
        self.register_buffer("centre", torch.cat(list(centres)).double(), persistent=False)
        self.register_buffer("scale", torch.cat(wide).double(), persistent=False)
        alike = [each.double().square().mean().sqrt().expand(len(each)) for each in wide]
        self.register_buffer("unit", torch.cat(alike), persistent=False)
        self.single = expert.single and bool(self.centre.abs().max() < MOST_OFFSET * self.scale.min())
        if self.linear:
            design, offset = linear_design(expert)
            size = design.norm(dim=0)  # functions are compared at unit length, so that none is too small to count
            solver = torch.linalg.pinv(design / size) / size.unsqueeze(-1)
            for name, value in (("design", design), ("offset", offset), ("solver", solver)):
                self.register_buffer(name, value, persistent=False)

    def modelled(self, measured: Float[Tensor, "*many point"]) -> list[Float[Tensor, "*many _"]]:
        """The curves of each modality in model units."""
        return list(((measured - self.centre) / self.scale).split(self.points, -1))

    def measured(self, curves: Mapping[str, Float[Tensor, "*many _"]]) -> Float[Tensor, "*many point"]:
        """Curves in model units by modality, in measured ones, one modality after another, float64."""
        together = torch.cat([curves[name].double() for name in self.names], -1)
        return together * self.scale + self.centre

    def fit(
        self,
        curves: Float[Tensor, "seed cluster point"],
        weights: Float[Tensor, "seed cluster point"],
        start: Float[Tensor, "seed cluster parameter"] | None = None,
        iterations: int = ITERATIONS,
    ) -> Float[Tensor, "seed cluster parameter"]:
        r"""Parameters of least squares of the clusters' mean curves, the misfit taken in measured units. [Eq. 16]

        $$\theta_c = \operatorname{argmin} \sum_p w_{cp} (\mathcal E(t_p; \theta_c) - \bar x_{cp})^2$$

        Normalised coordinates would give the points where all curves are alike as much say as those where they
        differ (docs/deviations.md).

        Args:
            curves: in measured units; where their weight is 0, anything finite.
            weights: of the points.
            start: from where to go on; from the beginning where None.
            iterations: at most, from such a start.
        """
        if self.linear and not self.shared:
            return self._solved(curves - self.offset, weights)
        seeds, clusters = curves.shape[:2]
        given = Curves(curves, weights)
        if not self.shared:
            given = Curves(*(each.flatten(0, 1).unsqueeze(1) for each in given))
        return self._fitted(given, start, clusters, iterations).theta.reshape(seeds, clusters, -1)

    def _fitted(self, given: Curves, start: Tensor | None, clusters: int, iterations: int) -> Fit:
        if start is None:
            return search(self.expert, given, self.shared)
        members = clusters if self.shared else 1
        sharing = Sharing(self.expert, members, self.shared, start.device)
        return descend(self.expert, sharing, given, start.reshape(len(given.values), members, -1), iterations)

    def _solved(self, curves: Tensor, weights: Tensor) -> Tensor:
        """The closed form of a linear law; a training that diverges is noticed by its loss, not here."""
        weights = weights.nan_to_num(0, 0, 0)
        if bool((weights == weights[..., :1]).all()):
            return curves @ self.solver.T
        size = self.design.norm(dim=0)
        root = weights.double().sqrt().unsqueeze(-1)
        solver = torch.linalg.pinv(root * self.design / size) / size.unsqueeze(-1)
        return (solver @ (root * curves.unsqueeze(-1))).squeeze(-1)

    def whitened(self, curves: Mapping[str, Float[Tensor, "specimen _"]]) -> Float[Tensor, "specimen coordinate"]:
        """Coordinates of specimens in which a distance is how far their curves are apart, in units of the noise.

        Of a linear law the curves are those of each specimen's own fit, and the noise is the root-mean-square residual
        over specimens and points; of any other law the curves are what principal components keep of them, and the
        noise is what those leave.
        """
        measured = self.measured(curves)
        if self.linear:
            parts = zip((measured - self.offset).split(self.points, -1), self.design.split(self.points), strict=True)
            noise = [_residual(part, rows) for part, rows in parts]
            unit = torch.cat([each.expand(points) for each, points in zip(noise, self.points, strict=True)])
            basis, _ = torch.linalg.qr(self.design / unit.unsqueeze(-1))
            return ((measured - self.offset) / unit) @ basis
        return torch.cat([_above_noise(each) for each in measured.split(self.points, -1)], -1)


def mean_curves(
    law: Law,
    gamma: Mapping[str, Float[Tensor, "seed specimen cluster"]],
    curves: Mapping[str, Float[Tensor, "#seed specimen _"]],
    variance: Mapping[str, Float[Tensor, "seed cluster_or_1"]],
    certainty: Mapping[str, Certainty],
) -> Curves:
    r"""The responsibility-weighted means that are all that a law needs which does not depend on Z. [Eq. 16]

    $$W_{cp} = \sum_d \gamma_{dc} \frac{s_{dp}}{\hat\sigma_c^2 + v_{dp}}, \quad
      \bar x_{cp} = \frac{1}{W_{cp}} \sum_d \gamma_{dc} \frac{s_{dp}}{\hat\sigma_c^2 + v_{dp}} x_{dp}$$

    Of points with scales of their own the misfit is taken in measured units all the same, in the modality's mean scale;
    where points are uncertain $\hat\sigma^2$ is the mean over clusters.

    Args:
        law: of the modalities.
        gamma: $\gamma_c$ by modality, 0 for specimens of which it was not measured.
        curves: in model units.
        variance: $\hat\sigma_c^2$ of the decoders, model units.
        certainty: of the modalities that are not certain throughout; its values are then meant.

    Returns:
        Means in measured units and the weights of their points, float64.
    """
    means: dict[str, Tensor] = {}
    weights: list[Tensor] = []
    for name in law.names:
        share, noise = gamma[name].double().transpose(1, 2), variance[name].double()
        if name not in certainty:
            total = share.sum(-1, keepdim=True)
            summed = (gamma[name].transpose(1, 2) @ curves[name]).double()
            means[name] = summed / total.clamp_min(1e-12)
            weights.append((total / noise.unsqueeze(-1)).expand_as(summed))
            continue
        own = certainty[name]
        each = point_weights(noise, own).squeeze(1)
        total = share @ each
        means[name] = (share @ (each * own.values)) / total.clamp_min(1e-12)
        weights.append(total)
    return Curves(law.measured(means), torch.cat(weights, -1) / law.unit.square())


def point_weights(
    noise: Float[Tensor, "seed cluster"], certainty: Certainty | None
) -> Float[Tensor, "seed _ #specimen #point"]:
    r"""$s_{dp} / (\hat\sigma_c^2 + v_{dp})$, model units; with the clusters' mean variance where points differ.

    Args:
        noise: $\hat\sigma_c^2$ of a modality's decoder.
        certainty: of its measurements; None where they are certain throughout.
    """
    if certainty is None:
        return 1 / noise[..., None, None].double()
    own = noise.double().mean(1)[:, None, None] + certainty.variance
    return (certainty.weight.double() / own).unsqueeze(1)


def _residual(curves: Float[Tensor, "specimen point"], design: Float[Tensor, "point parameter"]) -> Tensor:
    """Root-mean-square residual of each specimen's own fit; not 0 where there is none."""
    basis, _ = torch.linalg.qr(design)
    coordinates = curves @ basis
    free = max(curves.shape[-1] - basis.shape[-1], 1)
    left = (curves - coordinates @ basis.T).square().sum() / (len(curves) * free)
    return left.sqrt().clamp_min(1e-12 * coordinates.abs().max() + 1e-300)


def _above_noise(curves: Float[Tensor, "specimen point"]) -> Float[Tensor, "specimen coordinate"]:
    """Scores of the principal components whose variance noise alone would not have, in units of the noise.

    The noise's variance is the median of the eigenvalues, and it alone would have none greater than
    (1 + sqrt(points / specimens))^2 times that (Marchenko & Pastur).
    """
    centred = curves - curves.mean(0)
    count, points = centred.shape
    values, vectors = torch.linalg.eigh(centred.T @ centred / max(count - 1, 1))
    noise = values[-min(count - 1, points) :].median().clamp_min(1e-12 * values[-1] + 1e-300)
    edge = ABOVE_NOISE * noise * (1 + (points / count) ** 0.5) ** 2
    kept = max(1, min(int((values > edge).sum()), MOST_COORDINATES))
    return centred @ vectors[:, -kept:].flip(-1) / noise.sqrt()
