"""PIMA: encoders, product of experts, mixture prior, decoders, for several seeds at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.errors import within
from fingerprint.model.certainty import CERTAIN, Certainties
from fingerprint.model.decoders import AbstractNetworkDecoder, build_decoders, log_likelihood, mixture_moments
from fingerprint.model.elbo import ELBO, elbo
from fingerprint.model.encoders import build_encoder
from fingerprint.model.experts import AnyExpertDecoder, ComponentDecoder, ExpertDecoder
from fingerprint.model.gaussian import Gaussian, draw
from fingerprint.model.outliers import outlier_given_cluster, with_outliers
from fingerprint.model.posterior import fuse
from fingerprint.model.prior import MixturePrior, responsibilities
from fingerprint.model.shape import ModalityShape
from fingerprint.recipe import Fusion, ModalityRecipe, ModelRecipe, PriorRecipe


class PIMA(nn.Module):
    """The model of section 2. Values are in model units, [seed | 1, specimen, feature] by modality, and so is their
    certainty, of the modalities that are not certain throughout.

    Buffers:
        log_precision: of each modality's posterior in the product, 0 unless calibrated (`training.precisions`),
            [seed, modality].
        outliers: share of the specimens whose measurement belongs to another cluster, [seed, modality].

    Args:
        recipe: latent size, clusters, and whether clusters have decoders of their own.
        modalities: encoder and decoder of each modality, from the recipe.
        shapes: what the data say of each modality.
        generators: one per seed; they give the first weights.
        prior: how its weights and q(C|X) are found; the defaults where None.
    """

    log_precision: Tensor
    outliers: Tensor

    def __init__(
        self,
        recipe: ModelRecipe,
        modalities: Mapping[str, ModalityRecipe],
        shapes: Mapping[str, ModalityShape],
        generators: Sequence[torch.Generator],
        prior: PriorRecipe | None = None,
    ) -> None:
        super().__init__()
        prior = prior or PriorRecipe()
        self.names = tuple(sorted(modalities))
        self.weights = {name: shapes[name].weight for name in self.names}
        self.encoders, self.decoders = nn.ModuleList(), nn.ModuleList()
        for name in self.names:
            with within(f"modalities.{name}"):
                encoder = build_encoder(modalities[name].encoder, shapes[name], recipe.latent, generators)
            self.encoders.append(encoder)
        networks = recipe.clusters if recipe.decoders == "per_cluster" else 1
        decoders = build_decoders(modalities, shapes, recipe.latent, recipe.clusters, networks, generators)
        self.decoders.extend(decoders[name] for name in self.names)
        self.fusion: Fusion = recipe.fusion
        self.prior = MixturePrior(
            len(generators), recipe.clusters, recipe.latent, weights_by_gradient=prior.weights == "gradient"
        )
        self.mean_field = prior.responsibilities == "mean_field"
        seeds = len(generators)
        self.register_buffer("log_precision", torch.zeros(seeds, len(self.names)))
        self.doubted = frozenset(name for name in self.names if modalities[name].outliers > 0)
        start = torch.tensor([modalities[name].outliers for name in self.names])
        self.register_buffer("outliers", start.expand(seeds, -1).clone())

    @property
    def seeds(self) -> int:
        """How many members there are."""
        return self.prior.mean.shape[0]

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the clusters of each member in another order: new cluster c is old cluster `order[:, c]`."""
        with torch.no_grad():
            self.prior.relabel(order)
            for name in self.names:
                self.decoder(name).relabel(order)

    def decoder(self, name: str) -> AbstractNetworkDecoder | AnyExpertDecoder:
        """The decoder of one modality."""
        return cast("AbstractNetworkDecoder | AnyExpertDecoder", self.decoders[self.names.index(name)])

    def experts(self) -> dict[str, ExpertDecoder]:
        """The decoders that are laws, by modality; of a law that decodes several, the first."""
        decoders = {name: self.decoder(name) for name in self.names}
        return {name: each for name, each in decoders.items() if isinstance(each, ExpertDecoder)}

    def telling(self) -> tuple[str, ...]:
        """The modalities whose measurement tells the cluster by itself: decoded by a law of its own for each cluster,
        which does not depend on Z."""
        decoders = {name: self.decoder(name) for name in self.names}
        return tuple(
            name for name, each in decoders.items() if isinstance(each, ExpertDecoder | ComponentDecoder) and each.tells
        )

    def noise(self, names: Collection[str]) -> dict[str, Float[Tensor, "seed cluster"]]:
        """The variance that decoders leave whatever Z, model units, by modality."""
        return {name: self.decoder(name).variance().exp().flatten(2).mean(-1) for name in names}

    def encode(
        self,
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        present: Mapping[str, Float[Tensor, "#seed specimen"]],
        complete: Collection[str] = (),
        names: Collection[str] | None = None,
        certainty: Certainties = CERTAIN,
    ) -> Gaussian:
        r"""Unimodal posteriors q(Z_m|X_m), each [seed, modality, specimen, latent], in the model's order. [Eq. 3]

        An encoder cannot tell an expected point from a measured one. If it were linear, what is lost of a measurement,
        a share $u$ of the modality's spread, would be uncertain in the latent space by that share of the spread there,
        which is added to its variance: $\sigma_m^2 + u \operatorname{Var}[Z]$.

        Args:
            values, present, certainty: by modality.
            complete: modalities that every specimen of the data has, which spares batch norm the bookkeeping.
            names: of the modalities that are encoded; all where None.
        """
        unimodal: list[Gaussian] = []
        for name, encoder in zip(self.names, self.encoders, strict=True):
            if names is None or name in names:
                q = encoder(values[name], None if name in complete else present[name])
                if name in certainty:
                    lost = certainty[name].lost.unsqueeze(-1) * self.prior.spread()
                    q = Gaussian(q.mean, torch.logaddexp(q.log_variance, lost.log()))
                unimodal.append(q)
        return Gaussian(
            torch.stack([each.mean for each in unimodal], 1),
            torch.stack([each.log_variance for each in unimodal], 1),
        )

    def fuse(
        self,
        unimodal: Gaussian,
        present: Float[Tensor, "*#many modality specimen"],
        fusion: Fusion | None = None,
        names: Collection[str] | None = None,
    ) -> Gaussian:
        """The posterior of unimodal ones, [seed, *many, modality, specimen, latent], of the modalities `names`, all
        where None; `fusion` as in `embed`. [Eq. 5]"""
        own = self.log_precision.exp()
        if names is not None:
            own = own[:, [index for index, name in enumerate(self.names) if name in names]]
        weight = own.reshape(len(own), *[1] * (present.ndim - 3), -1, 1)
        return fuse(unimodal, present * weight, fusion or self.fusion)

    def embed(
        self,
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        present: Mapping[str, Float[Tensor, "#seed specimen"]],
        fusion: Fusion | None = None,
        certainty: Certainties = CERTAIN,
        names: Collection[str] | None = None,
    ) -> Gaussian:
        """q(Z|X_1..X_M) from what is present, each [seed, specimen, latent]. [Eq. 4, Eq. 5]

        Args:
            values, present, certainty: by modality.
            fusion: of the unimodal posteriors; the model's own where None.
            names: of the modalities that are used; all where None.
        """
        used = [name for name in self.names if names is None or name in names]
        kept = torch.stack([present[name] for name in used], -2)
        return self.fuse(self.encode(values, present, names=used, certainty=certainty), kept, fusion, used)

    def log_likelihoods(
        self,
        z: Float[Tensor, "seed draw latent"],
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        certainty: Certainties = CERTAIN,
    ) -> dict[str, Float[Tensor, "seed draw cluster_or_1"]]:
        """Weighted log p(X_m|Z, C=c) by modality; there may be several draws of each specimen, one after another.

        Where a modality's decoder differs between clusters, its measurement may be an outlier (`model.outliers`).
        """
        result: dict[str, Tensor] = {}
        for index, name in enumerate(self.names):
            each = self.weights[name] * log_likelihood(values[name], self.decoder(name)(z), certainty.get(name))
            if name in self.doubted and each.shape[-1] > 1:
                each = with_outliers(each, self.prior.log_weights_per_specimen(), self.outliers[:, index])
            result[name] = each if each.shape[1] == z.shape[1] else each.repeat(1, z.shape[1] // each.shape[1], 1)
        return result

    def expert_log_likelihood(
        self, name: str, values: Mapping[str, Float[Tensor, "#seed specimen _"]], certainty: Certainties = CERTAIN
    ) -> Float[Tensor, "seed specimen cluster"]:
        """log p(X_m|C=c) of a modality that tells the cluster, however its measurements are doubted. [Eq. 11]"""
        return log_likelihood(values[name], self.decoder(name)(self.prior.mean), certainty.get(name))

    def cluster_evidence(
        self,
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        present: Mapping[str, Float[Tensor, "#seed specimen"]],
        certainty: Certainties = CERTAIN,
    ) -> Float[Tensor, "seed specimen cluster"]:
        r"""What the modalities that tell the cluster say of it by themselves: $\sum_m w_m \log p(X_m|C=c)$.

        The numerator of Eq. 18 without the prior; zeros where there is no such modality or none was measured. [Eq. 18]
        """
        some = next(iter(present.values()))
        total = self.prior.mean.new_zeros(self.seeds, some.shape[-1], self.prior.mean.shape[1])
        for name in self.telling():
            each = self.weights[name] * self.expert_log_likelihood(name, values, certainty)
            if name in self.doubted:
                share = self.outliers[:, self.names.index(name)]
                each = with_outliers(each, self.prior.log_weights_per_specimen(), share)
            total = total + present[name].unsqueeze(-1) * each
        return total

    @torch.no_grad()
    def outlier_given_cluster(
        self, name: str, values: Mapping[str, Float[Tensor, "#seed specimen _"]], certainty: Certainties = CERTAIN
    ) -> Float[Tensor, "seed specimen cluster"]:
        """Probability that the measurement of an expert's modality is an outlier, by cluster; 0 where it is trusted."""
        if name not in self.doubted:
            return self.prior.mean.new_zeros(self.seeds, values[name].shape[-2], self.prior.mean.shape[1])
        plain = self.weights[name] * self.expert_log_likelihood(name, values, certainty)
        share = self.outliers[:, self.names.index(name)]
        return outlier_given_cluster(plain, self.prior.log_weights_per_specimen(), share)

    @torch.no_grad()
    def follow_outliers(
        self,
        name: str,
        outlier: Float[Tensor, "seed specimen cluster"],
        gamma: Float[Tensor, "seed specimen cluster"],
        rate: float,
    ) -> None:
        """Move the share of outliers of a modality a step of `rate` towards that of one batch.

        Args:
            name: of the modality.
            outlier: as from `outlier_given_cluster`.
            gamma: responsibilities, 0 for specimens that were not measured or do not count.
            rate: of the moving average.
        """
        index = self.names.index(name)
        share, counted = self.outliers[:, index], gamma.sum((1, 2))
        found = torch.where(counted > 0, (gamma * outlier).sum((1, 2)) / counted.clamp_min(1e-12), share)
        self.outliers[:, index] = share.lerp(found, rate).clamp(1e-4, 0.5)

    def elbo(
        self,
        q: Gaussian,
        noise: Float[Tensor, "seed draw latent"],
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        present: Mapping[str, Float[Tensor, "#seed draw"]],
        kl_weight: float = 1.0,
        certainty: Certainties = CERTAIN,
    ) -> ELBO:
        """The ELBO of every specimen for each draw from `q`; `kl_weight` as in `elbo`. [Eq. 13]"""
        z = draw(q, noise)
        own = None if self.mean_field else z
        return elbo(q, self.prior, self.log_likelihoods(z, values, certainty), present, kl_weight, own)

    def decode(
        self, z: Float[Tensor, "seed specimen latent"], name: str
    ) -> tuple[Float[Tensor, "seed specimen _"], Float[Tensor, "seed specimen _"]]:
        """Mean and variance of one modality at points of the latent space, in model units. [Eq. 12]"""
        p = self.decoder(name)(z)
        return mixture_moments(responsibilities(z, self.prior) if p.mean.shape[1] > 1 else None, p)
