"""Decoders that are laws: parameters for each cluster, or shared, or depending on Z. [Eq. 11, Eq. 9]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from fingerprint.errors import RecipeError
from fingerprint.experts import check_law_of_z
from fingerprint.model.certainty import CERTAIN, Certainties
from fingerprint.model.experts.law import Law, mean_curves
from fingerprint.model.gaussian import Gaussian
from fingerprint.model.variance import DecoderVariance
from fingerprint.recipe import ExpertComponent, LinearExpert, RegisteredExpert

LEAST_SHARE = 1e-6  # of specimens, below which a cluster's parameters stay
FIRST_SLOPE = 0.1  # standard deviation of the first slopes along Z, in units of a parameter's effect
REFIT = 50  # batches after which a law that is not linear is fitted again to the running means
FEW = 8  # iterations of such a fit, which begins where the last one ended


class ExpertDecoder(nn.Module):
    r"""p(X_m|Z, C=c) = N(E(t, Z; theta_c), variance), the law in measured units. [Eq. 11, Eq. 9]

    Of a law that decodes several modalities this is the first one's decoder, and the others' are its `component`s.

    Buffers or parameters:
        value: $\hat\theta_{m,c}$ in units of `size`, float64, [seed, cluster, parameter]; a parameter where it follows
            the gradient, else a buffer that `fit` and `follow` move.
        size: the change of each parameter that counts for one step of the gradient; 1 but for those,
            [seed, 1, parameter].
        slope: of the parameters that depend on Z, in units of `size`, [seed, cluster | 1, parameter, latent].
        running, total: running means of the clusters' curves and their weights, measured units, of a law that is
            fitted and not linear, [seed, cluster, point]; and `waiting`, batches since the last fit.

    Args:
        spec: the recipe's choice.
        law: what is decoded, in which units.
        clusters, latent: how many there are, and the size of Z.
        generators: one per seed.
    """

    value: Tensor
    size: Tensor
    running: Tensor
    total: Tensor
    waiting: Tensor

    def __init__(
        self,
        spec: LinearExpert | RegisteredExpert,
        law: Law,
        clusters: int,
        latent: int,
        generators: Sequence[torch.Generator],
    ) -> None:
        super().__init__()
        self.law = law
        self.names = law.expert.names
        self.along, self.uses_z, self.tells = law.along, law.uses_z, law.tells
        self.fitted = spec.solve in ("fit", "closed_form")
        if self.uses_z and self.fitted:
            raise RecipeError(
                "parameters of a law that depends on Z are not found by a fit of mean curves",
                where="solve",
                expected='solve = "gradient".',
            )
        if not self.fitted and not law.expert.differentiable:
            raise RecipeError(
                "the law is not differentiable, and its parameters cannot follow the gradient",
                where="solve",
                expected='solve = "fit".',
            )
        if law.expert.takes_z:
            check_law_of_z(law.expert, latent, len(law.centre))
        self.drawn = isinstance(spec, LinearExpert)  # whether its first parameters are random, as the paper's are
        self.one_for_all = law.one_for_all
        seeds, shape = len(generators), (clusters, len(self.names))
        start = torch.tensor([each.start for each in law.expert.parameters], dtype=torch.float64)
        drawn = torch.stack([torch.randn(shape, generator=each) for each in generators]).double()
        first = drawn if self.drawn else start.expand_as(drawn).clone()
        self.register_buffer("size", torch.ones(seeds, 1, shape[1], dtype=torch.float64))
        if self.fitted:
            self.register_buffer("value", first)
        else:
            self.value = nn.Parameter(first)
        self.slope: nn.Parameter | None = None
        if self.along:
            place = (1 if self.one_for_all else clusters, len(self.along), latent)
            tilted = torch.stack([torch.randn(place, generator=each) for each in generators]).double()
            self.slope = nn.Parameter(FIRST_SLOPE * tilted)
        if self.fitted and not law.linear:
            for name in ("running", "total"):
                self.register_buffer(name, torch.zeros(seeds, clusters, len(law.centre), dtype=torch.float64))
            self.register_buffer("waiting", torch.zeros((), dtype=torch.int64))
        self.variance = DecoderVariance(spec.variance, (seeds, 1 if self.one_for_all else clusters))
        self._told: tuple[Tensor, list[Tensor]] | None = None

    @property
    def theta(self) -> Float[Tensor, "seed cluster parameter"]:
        """The parameters in measured units, at Z = 0."""
        theta = self.value * self.size
        return torch.where(self._alike(self.names), theta.mean(1, keepdim=True), theta)

    @property
    def slopes(self) -> Float[Tensor, "seed cluster along latent"]:
        """Change of the parameters that depend on Z, by Z, in measured units."""
        clusters, places = self.value.shape[1], [self.names.index(name) for name in self.along]
        if self.slope is None:
            return self.value.new_zeros(len(self.value), clusters, 0, 0)
        slope = torch.where(self._alike(self.along).unsqueeze(-1), self.slope.mean(1, keepdim=True), self.slope)
        return (slope * self.size[..., places].unsqueeze(-1)).expand(-1, clusters, -1, -1)

    @torch.no_grad()
    def set_theta(self, theta: Float[Tensor, "seed cluster parameter"]) -> None:
        """Put the clusters' parameters to these, as far as their bounds let them."""
        self.value.copy_(self._bounded(theta.to(self.value)) / self.size)

    @torch.no_grad()
    def keep_within_bounds(self) -> None:
        """Bring back what a step of the gradient has led out of its bounds."""
        self.set_theta(self.value * self.size)

    def forward(self, z: Float[Tensor, "seed specimen latent"]) -> Gaussian:
        """mean [seed, cluster | 1, specimen | 1, point] and log_variance, which broadcasts to it."""
        return Gaussian(self.curves(0, z), self.variance())

    def curves(
        self, component: int, z: Float[Tensor, "seed specimen latent"]
    ) -> Float[Tensor, "seed cluster_or_1 specimen_or_1 _"]:
        """Of one of the law's modalities, in model units."""
        with torch.autocast(z.device.type, enabled=False):
            if self.uses_z:
                return self.law.modelled(self._along(z))[component].to(self.variance.log_variance)
            if not self.fitted:
                return self.law.modelled(self.law.expert.curves(self.theta))[component].unsqueeze(2).to(z)
            return self._kept(z)[component]

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the clusters of each seed in another order; one that is named twice is there twice afterwards."""
        seeds = torch.arange(len(order), device=order.device).unsqueeze(1)
        moved = [self.value, *([self.running, self.total] if self.fitted and not self.law.linear else [])]
        if self.slope is not None and not self.one_for_all:
            moved.append(self.slope)
        for tensor in moved:
            tensor.copy_(tensor[seeds, order])
        self.variance.relabel(order)

    @torch.no_grad()
    def fit(
        self,
        gamma: Mapping[str, Float[Tensor, "seed specimen cluster"]],
        curves: Mapping[str, Float[Tensor, "#seed specimen _"]],
        variance: Mapping[str, Float[Tensor, "seed cluster_or_1"]],
        certainty: Certainties = CERTAIN,
        *,
        anew: bool = True,
    ) -> None:
        """The responsibility-weighted least squares of specimens; a cluster without any keeps its own. [Eq. 16]

        Args:
            gamma, curves, variance, certainty: as of `mean_curves`.
            anew: whether a law that is not linear is sought from its beginnings, or from where it is.
        """
        means = mean_curves(self.law, gamma, curves, variance, certainty)
        alive = (torch.stack([each.sum(1) for each in gamma.values()]).sum(0) > LEAST_SHARE).unsqueeze(-1)
        found = self.law.fit(means.values, means.weights, None if anew else self.theta)
        told = alive | (self._alike(self.names) & alive.any(1, keepdim=True))
        self.set_theta(torch.where(told, found, self.theta))
        if self.fitted and not self.law.linear:
            self.running.copy_(means.values)
            self.total.copy_(means.weights / max(1, next(iter(gamma.values())).shape[1]))

    @torch.no_grad()
    def follow(
        self,
        gamma: Mapping[str, Float[Tensor, "seed specimen cluster"]],
        curves: Mapping[str, Float[Tensor, "seed specimen _"]],
        variance: Mapping[str, Float[Tensor, "seed cluster_or_1"]],
        rate: float,
        certainty: Certainties = CERTAIN,
    ) -> None:
        """Move the parameters a step towards the fit of one batch. [Eq. 16]

        Those of a linear law are a moving average of the batches' fits; of any other law the clusters' mean curves are
        one, to which it is fitted again from time to time.

        Args:
            gamma, curves, variance, certainty: as of `mean_curves`.
            rate: of a cluster with an even share of the batch; those with less follow more slowly.
        """
        means = mean_curves(self.law, gamma, curves, variance, certainty)
        share = torch.stack([each.sum(1) for each in gamma.values()]).mean(0)
        if self.law.linear:
            even = share.unsqueeze(-1) * share.shape[-1] / next(iter(gamma.values())).shape[1]
            found = torch.where(share.unsqueeze(-1) > LEAST_SHARE, self.law.fit(*means), self.theta)
            self.set_theta(self.theta.lerp(found, (rate * even).clamp(max=1).to(found)))
            return
        fresh = means.weights / max(1, next(iter(gamma.values())).shape[1])
        summed = (self.total * self.running).lerp(fresh * means.values, rate)
        self.total.lerp_(fresh, rate)
        self.running.copy_(torch.where(self.total > 0, summed / self.total.clamp_min(1e-300), self.running))
        self.waiting += 1
        if int(self.waiting) >= REFIT:
            self.waiting.zero_()
            self.set_theta(self.law.fit(self.running, self.total, self.theta, FEW))

    @torch.no_grad()
    def measure_steps(self) -> None:
        """Let a step of the gradient in every parameter change the curves alike, by 1 in model units."""
        theta = self.theta
        if self.law.expert.takes_z:
            change = torch.tensor([abs(each.start) or 1.0 for each in self.law.expert.parameters])
        else:
            _, jacobian = self.law.expert.jacobian(theta)
            effect = (jacobian / self.law.scale.unsqueeze(-1)).square().mean((1, 2)).sqrt().unsqueeze(1)
            change = torch.where((effect > 0) & effect.isfinite(), 1 / effect.clamp_min(1e-300), 1)
        self.size.copy_(change)
        self.set_theta(theta)

    def theta_at(self, z: Float[Tensor, "seed specimen latent"]) -> Float[Tensor, "seed cluster_or_1 specimen_or_1 _"]:
        """The parameters in measured units at points of the latent space, within their bounds."""
        told = 1 if self.one_for_all else None
        every = self.theta[:, :told].unsqueeze(2)
        if self.slope is None:
            return every
        step = torch.einsum("scpl,snl->scnp", self.slopes[:, :told], z.double())
        places = torch.tensor([self.names.index(name) for name in self.along], device=z.device)
        return self._bounded(every.expand(*step.shape[:3], -1).index_add(-1, places, step))

    def _alike(self, names: Sequence[str]) -> Bool[Tensor, " _"]:
        """Which of these parameters all clusters share."""
        return torch.tensor([name in self.law.shared for name in names], device=self.size.device)

    def _along(self, z: Tensor) -> Tensor:
        """The curves at points of the latent space, measured units, [seed, cluster | 1, specimen, point]."""
        every = self.theta_at(z)
        if not self.law.expert.takes_z:
            return self.law.expert.curves(every.to(z) if self.law.single else every)
        points = z.double().unsqueeze(1).expand(-1, every.shape[1], -1, -1)
        return self.law.expert.curves(every.expand(*points.shape[:3], -1), points)

    def _kept(self, z: Tensor) -> list[Tensor]:
        """The clusters' curves, computed again only when the parameters have moved."""
        kept = self._told
        if kept is None or kept[1][0].dtype != z.dtype or kept[0].device != z.device or not kept[0].equal(self.value):
            with torch.no_grad():
                told = self.law.modelled(self.law.expert.curves(self.theta))
            kept = self._told = (self.value.clone(), [each.unsqueeze(2).to(z) for each in told])
        return kept[1]

    def _bounded(self, theta: Tensor) -> Tensor:
        parameters = self.law.expert.parameters
        lower = torch.tensor([each.lower for each in parameters], dtype=theta.dtype, device=theta.device)
        upper = torch.tensor([each.upper for each in parameters], dtype=theta.dtype, device=theta.device)
        return theta.clamp(lower, upper)


class ComponentDecoder(nn.Module):
    """The decoder of one more modality of a law."""

    def __init__(self, spec: ExpertComponent, owner: ExpertDecoder, component: int) -> None:
        super().__init__()
        self._owner = (owner,)  # in a tuple, so that its parameters are not counted twice
        self.component, self.uses_z, self.tells = component, owner.uses_z, owner.tells
        seeds, clusters = owner.variance.log_variance.shape[:2]
        self.variance = DecoderVariance(spec.variance, (seeds, clusters))

    def forward(self, z: Float[Tensor, "seed specimen latent"]) -> Gaussian:
        """As the law's first decoder."""
        return Gaussian(self._owner[0].curves(self.component, z), self.variance())

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the clusters of each seed in another order."""
        self.variance.relabel(order)


AnyExpertDecoder = ExpertDecoder | ComponentDecoder
