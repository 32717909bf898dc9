"""PIMA: encoders, product of experts, mixture prior, decoders, for several seeds at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fingerprint.model.decoders import Decoder, log_likelihood, mixture_moments
from fingerprint.model.elbo import ELBO, elbo
from fingerprint.model.encoders import build_encoder
from fingerprint.model.gaussian import Gaussian, draw
from fingerprint.model.posterior import product_of_experts
from fingerprint.model.prior import MixturePrior, responsibilities
from fingerprint.recipe import ModalityRecipe, ModelRecipe


@dataclass(frozen=True)
class ModalityShape:
    """What the model knows of a modality.

    Attributes:
        spread: standard deviation of each feature in the training part, in model units, [feature].
        weight: of its reconstruction term, $d_{max}/d_m$ or the user's (section 2.5).
    """

    spread: Float[Tensor, " feature"]
    weight: float

    @property
    def features(self) -> int:
        """$d_m$ in model units."""
        return len(self.spread)


class PIMA(nn.Module):
    """The model of section 2. Values are in model units, [seed | 1, specimen, feature] by modality.

    Args:
        recipe: latent size, clusters, and whether clusters have decoders of their own.
        modalities: encoder and decoder of each modality, from the recipe.
        shapes: what the data say of each modality.
        generators: one per seed; they give the first weights.
    """

    def __init__(
        self,
        recipe: ModelRecipe,
        modalities: Mapping[str, ModalityRecipe],
        shapes: Mapping[str, ModalityShape],
        generators: Sequence[torch.Generator],
    ) -> None:
        super().__init__()
        self.names = tuple(sorted(modalities))
        self.weights = {name: shapes[name].weight for name in self.names}
        self.encoders = nn.ModuleList(
            build_encoder(modalities[name].encoder, shapes[name].spread, recipe.latent, generators)
            for name in self.names
        )
        networks = recipe.clusters if recipe.decoders == "per_cluster" else 1
        self.decoders = nn.ModuleList(
            Decoder(modalities[name].decoder, recipe.latent, shapes[name].features, networks, generators)
            for name in self.names
        )
        self.prior = MixturePrior(len(generators), recipe.clusters, recipe.latent)

    @property
    def seeds(self) -> int:
        """How many members there are."""
        return self.prior.mean.shape[0]

    def relabel(self, order: Int[Tensor, "seed cluster"]) -> None:
        """Put the clusters of each member in another order: new cluster c is old cluster `order[:, c]`."""
        with torch.no_grad():
            self.prior.relabel(order)
            for decoder in self._decoders():
                decoder.relabel(order)

    def _decoders(self) -> list[Decoder]:
        return [cast("Decoder", decoder) for decoder in self.decoders]

    def encode(
        self,
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        present: Mapping[str, Float[Tensor, "#seed specimen"]],
    ) -> Gaussian:
        """Unimodal posteriors q(Z_m|X_m), each [seed, modality, specimen, latent], in the order of `names`. [Eq. 3]"""
        unimodal = [
            encoder(values[name], present[name]) for name, encoder in zip(self.names, self.encoders, strict=True)
        ]
        return Gaussian(
            torch.stack([each.mean for each in unimodal], 1),
            torch.stack([each.log_variance for each in unimodal], 1),
        )

    def embed(
        self,
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        present: Mapping[str, Float[Tensor, "#seed specimen"]],
    ) -> Gaussian:
        """q(Z|X_1..X_M) from what is present, each [seed, specimen, latent]. [Eq. 4, Eq. 5]"""
        kept = torch.stack([present[name] for name in self.names], -2)
        return product_of_experts(self.encode(values, present), kept)

    def elbo(
        self,
        q: Gaussian,
        noise: Float[Tensor, "seed specimen latent"],
        values: Mapping[str, Float[Tensor, "#seed specimen _"]],
        present: Mapping[str, Float[Tensor, "#seed specimen"]],
        kl_weight: float = 1.0,
    ) -> ELBO:
        """The ELBO of every specimen for one draw from `q`; `kl_weight` as in `elbo`. [Eq. 13]"""
        z = draw(q, noise)
        likelihoods = {
            name: log_likelihood(values[name], decoder(z))
            for name, decoder in zip(self.names, self.decoders, strict=True)
        }
        return elbo(q, self.prior, likelihoods, self.weights, present, kl_weight)

    def decode(
        self, z: Float[Tensor, "seed specimen latent"], name: str
    ) -> tuple[Float[Tensor, "seed specimen _"], Float[Tensor, "seed specimen _"]]:
        """Mean and variance of one modality at points of the latent space, in model units. [Eq. 12]"""
        decoder = self.decoders[self.names.index(name)]
        return mixture_moments(responsibilities(z, self.prior), decoder(z))
