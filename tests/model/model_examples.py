"""Small models, priors and posteriors in float64, from a seed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fingerprint.model import PIMA, Gaussian, ModalityShape
from fingerprint.model.prior import MixturePrior
from fingerprint.recipe import ConvEncoder, LearnedVariance, MLPDecoder, MLPEncoder, ModalityRecipe, ModelRecipe

POINTS = 12
EXAMPLE = {
    "curve": ModalityRecipe(
        encoder=ConvEncoder(channels=(3, 4)), decoder=MLPDecoder(variance=LearnedVariance(log_start=1.0))
    ),
    "number": ModalityRecipe(
        encoder=MLPEncoder(hidden=(7, 5)),
        decoder=MLPDecoder(hidden=(6,), variance=LearnedVariance(log_start=-1.0, depends_on_z=True)),
    ),
}
SHAPES = {"curve": ModalityShape(torch.ones(POINTS), 1.0), "number": ModalityShape(torch.ones(1), 12.0)}


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gaussian(*shape: int, seed: int = 0) -> Gaussian:
    """Means about N(0, 1), variances between about 0.1 and 10."""
    return Gaussian(normal(*shape, seed=seed), normal(*shape, seed=seed + 1000).clamp(-2.3, 2.3))


def mixture(seeds: int = 2, clusters: int = 3, latent: int = 2, seed: int = 0) -> MixturePrior:
    prior = MixturePrior(seeds, clusters, latent).double()
    p = gaussian(seeds, clusters, latent, seed=seed + 1)
    prior.log_weights.copy_(torch.log_softmax(normal(seeds, clusters, seed=seed), -1))
    prior.mean.copy_(p.mean)
    prior.log_variance.copy_(p.log_variance)
    return prior


def example_model(seeds: Sequence[int] = (0, 1), clusters: int = 3, decoders: str = "per_cluster") -> PIMA:
    """A convolutional and a fully connected modality, with a mixture that is not symmetric."""
    recipe = ModelRecipe(latent=2, clusters=clusters, decoders=decoders)  # type: ignore[arg-type]
    model = PIMA(recipe, EXAMPLE, SHAPES, generators(seeds)).double()
    for index, seed in enumerate(seeds):
        own = mixture(1, clusters, 2, seed=seed)
        model.prior.log_weights[index] = own.log_weights[0]
        model.prior.mean[index] = own.mean[0]
        model.prior.log_variance[index] = own.log_variance[0]
    return model


def example_batch(seeds: Sequence[int] = (0, 1), specimens: int = 8) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Values and presence of each seed's own batch; one specimen lacks its number, one its curve."""
    values = {
        name: torch.stack([normal(specimens, shape.features, seed=10 * seed + offset) for seed in seeds])
        for offset, (name, shape) in enumerate(SHAPES.items())
    }
    present = {name: torch.ones(len(seeds), specimens, dtype=torch.float64) for name in SHAPES}
    present["number"][:, 0] = 0
    present["curve"][:, 1] = 0
    return values, present
