"""Small models, priors and posteriors in float64, from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import example_laws  # noqa: F401
import msgspec
import torch
from torch import Tensor

from fingerprint.model import PIMA, Gaussian, ModalityShape
from fingerprint.model.prior import MixturePrior
from fingerprint.recipe import (
    ConvDecoder,
    ConvEncoder,
    LearnedVariance,
    LinearExpert,
    MLPDecoder,
    MLPEncoder,
    ModalityRecipe,
    ModelRecipe,
    PriorRecipe,
    RegisteredExpert,
)

POINTS = 12
ROWS, COLUMNS = 6, 7


class Example(NamedTuple):
    """Two modalities: how they enter the model, and what it is told of them."""

    modalities: dict[str, ModalityRecipe]
    shapes: dict[str, ModalityShape]


def grid_shape(*shape: int, weight: float = 1.0, scale: float = 1.0) -> ModalityShape:
    """Of a curve over 0, 1, 2, ... or of an image, seen point by point; centred on 0.5."""
    points = torch.Size(shape).numel()
    t = torch.arange(points).double() if len(shape) == 1 else None
    centre, unit = torch.full((points,), 0.5).double(), torch.tensor([scale]).double()
    return ModalityShape(torch.ones(points), weight, shape, t, centre, unit)


CURVE_AND_NUMBER = Example(
    {
        "curve": ModalityRecipe(
            encoder=ConvEncoder(channels=(3, 4)), decoder=MLPDecoder(variance=LearnedVariance(log_start=1.0))
        ),
        "number": ModalityRecipe(
            encoder=MLPEncoder(hidden=(7, 5)),
            decoder=MLPDecoder(hidden=(6,), variance=LearnedVariance(log_start=-1.0, depends_on_z=True)),
        ),
    },
    {"curve": grid_shape(POINTS), "number": grid_shape(1, weight=12.0)},
)
IMAGE_AND_LINE = Example(
    {
        "image": ModalityRecipe(
            encoder=ConvEncoder(channels=(3, 4), strides=(2, 1), padded=True, residual=True),
            decoder=ConvDecoder(channels=(3, 4), strides=(2,), variance=LearnedVariance(log_start=1.0)),
        ),
        "line": ModalityRecipe(
            encoder=ConvEncoder(channels=(3, 3), residual=True, padded=True),
            decoder=LinearExpert(variance=LearnedVariance(log_start=4.0)),
            outliers=0.1,
        ),
    },
    {"image": grid_shape(ROWS, COLUMNS), "line": grid_shape(POINTS, weight=3.5, scale=2.0)},
)
TRUSTED_LINE = Example(
    {name: msgspec.structs.replace(each, outliers=0.0) for name, each in IMAGE_AND_LINE.modalities.items()},
    IMAGE_AND_LINE.shapes,
)


def with_law(**choices: object) -> Example:
    """The line decoded by a law that is not linear."""
    line = msgspec.structs.replace(
        TRUSTED_LINE.modalities["line"],
        decoder=RegisteredExpert("example decay", **choices),  # pyright: ignore
    )
    return Example({**TRUSTED_LINE.modalities, "line": line}, TRUSTED_LINE.shapes)


EXAMPLES = {"curve_and_number": CURVE_AND_NUMBER, "image_and_line": IMAGE_AND_LINE}


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


def example_model(
    seeds: Sequence[int] = (0, 1),
    clusters: int = 3,
    decoders: Literal["per_modality", "per_cluster"] = "per_cluster",
    example: Example = CURVE_AND_NUMBER,
    prior: PriorRecipe | None = None,
) -> PIMA:
    """Two modalities, with a mixture that is not symmetric."""
    recipe = ModelRecipe(latent=2, clusters=clusters, decoders=decoders)
    model = PIMA(recipe, example.modalities, example.shapes, generators(seeds), prior).double()
    for index, seed in enumerate(seeds):
        own = mixture(1, clusters, 2, seed=seed)
        model.prior.log_weights[index] = own.log_weights[0]
        model.prior.mean[index] = own.mean[0]
        model.prior.log_variance[index] = own.log_variance[0]
    return model


def example_batch(
    seeds: Sequence[int] = (0, 1), specimens: int = 8, example: Example = CURVE_AND_NUMBER
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Values and presence of each seed's own batch; one specimen lacks its second modality, one its first."""
    values = {
        name: torch.stack([normal(specimens, shape.features, seed=10 * seed + offset) for seed in seeds])
        for offset, (name, shape) in enumerate(example.shapes.items())
    }
    present = {name: torch.ones(len(seeds), specimens, dtype=torch.float64) for name in example.shapes}
    first, second = example.shapes
    present[second][:, 0] = 0
    present[first][:, 1] = 0
    return values, present
