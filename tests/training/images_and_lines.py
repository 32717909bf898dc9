"""Images and lines of three hidden states, so small that a training takes a second."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.model import PIMA, ModalityShape
from fingerprint.prediction import embed
from fingerprint.prepare import Preparation, Tensors, align, fit_preparation, to_tensors
from fingerprint.recipe import (
    AlignmentRecipe,
    ConvEncoder,
    LinearExpert,
    MLPDecoder,
    ModalityRecipe,
    ModelRecipe,
    PriorRecipe,
    Recipe,
    TrainingRecipe,
)
from fingerprint.run import build_model, make_generators, modality_shapes
from fingerprint.training.batch import BatchSource, batch_source
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import make_optimizer

SLOPES = np.array([1.0, 2.0, 3.0])
PLACES = np.array([[2.0, 2.0], [2.0, 5.0], [5.0, 3.5]])
SIZE, AXIS, NOISE = 8, np.linspace(0.0, 1.0, 10), 0.1
IMAGE = Modality("image", Kind.IMAGE)
LINE = Modality("line", Kind.SERIES, unit="m", axis_name="time", axis_unit="s")
RECIPE = Recipe(
    model=ModelRecipe(latent=2, clusters=3),
    prior=PriorRecipe(seeding="expert", layout="separated", start=1.0),
    alignment=AlignmentRecipe(weight=30.0),
    training=TrainingRecipe(restarts=1, epochs=20, join=0.2, batch=50, warmup=10, weight_decay=0.01),
    modalities={
        "image": ModalityRecipe(
            encoder=ConvEncoder((4, 8), strides=(2, 2), padded=True, activation="relu", norm="before"),
            decoder=MLPDecoder((32,), "relu", skip=False),
        ),
        "line": ModalityRecipe(encoder=ConvEncoder((4, 8)), decoder=LinearExpert(("t",))),
    },
)


class Problem(NamedTuple):
    """Prepared measurements, and what is true of them.

    Attributes:
        recipe: planned.
        state: of each specimen, [specimen].
        line_state: the state whose line it has: another one where lines were swapped.
        raws: what was measured.
    """

    recipe: Recipe
    preparations: dict[str, Preparation]
    tensors: Tensors
    state: NDArray[np.int64]
    line_state: NDArray[np.int64]
    raws: dict[str, RawModality]

    @property
    def shapes(self) -> dict[str, ModalityShape]:
        return modality_shapes(self.recipe, self.preparations)

    def source(self) -> BatchSource:
        return batch_source(self.recipe, self.tensors, self.shapes, self.model(0).telling())

    def training(self, *seeds: int) -> TrainingState:
        """Before the first epoch; of one seed, 0, where none is named."""
        generators = make_generators(seeds or (0,))
        model = build_model(self.recipe, self.preparations, generators)
        return TrainingState(model, make_optimizer(model, self.recipe), generators)

    def model(self, *seeds: int) -> PIMA:
        return self.training(*seeds).model

    def accuracy(self, model: PIMA, *given: str) -> list[float]:
        """Share of those that have what is given in their own state, states matched to clusters by the lines; by seed.

        Clusters are numbered by slope, up or down.
        """
        names = given or tuple(model.names)
        rows = torch.nonzero(torch.stack([self.tensors.present[name] for name in names]).sum(0)).flatten()
        with torch.no_grad():
            labels = embed(model.eval(), self.tensors.subset(rows.numpy()), names).responsibilities.argmax(-1).numpy()
        true = self.state[rows.numpy()]
        order = np.argsort(np.argsort(model.experts()["line"].theta[..., 0].detach().numpy(), axis=1), axis=1)
        return [float((own[row] == true).mean()) for own, row in zip(order, labels, strict=True)]


def images_and_lines(
    specimens: int = 300,
    seed: int = 0,
    missing: float = 0.0,
    swapped: float = 0.0,
    noise: float = NOISE,
    recipe: Recipe = RECIPE,
    **choices: Any,
) -> Problem:
    """A blob in one of three places, and a line of one of three slopes.

    Args:
        specimens: how many.
        seed: of all draws.
        missing: share of the specimens whose line was not measured.
        swapped: share of those whose line is that of a random state.
        noise: of the images and the lines.
        recipe: planned, but for `choices` of its sections: `prior=dict(start=1.0)`.
    """
    rng = np.random.default_rng(seed)
    state = rng.integers(3, size=specimens)
    line_state = np.where(rng.random(specimens) < swapped, rng.integers(3, size=specimens), state)
    at = np.arange(SIZE)
    place = PLACES[state] + 0.3 * rng.normal(size=(specimens, 2))
    rows, columns = (np.exp(-0.5 * (at - place[:, axis, None]) ** 2) for axis in (0, 1))
    images = rows[:, :, None] * columns[:, None] + noise * rng.normal(size=(specimens, SIZE, SIZE))
    lines = SLOPES[line_state][:, None] * AXIS + noise * rng.normal(size=(specimens, len(AXIS)))
    ids = tuple(f"s{number:04}" for number in range(specimens))
    kept = np.sort(rng.permutation(specimens)[: round((1 - missing) * specimens)])
    raws = {
        "image": RawModality(IMAGE, (Block(ids, images),)),
        "line": RawModality(LINE, (Block(tuple(ids[row] for row in kept), lines[kept], AXIS),)),
    }
    for section, values in choices.items():
        recipe = msgspec.structs.replace(
            recipe, **{section: msgspec.structs.replace(getattr(recipe, section), **values)}
        )
    preparations = {name: fit_preparation(raws[name], recipe.modalities[name].input) for name in sorted(raws)}
    return Problem(
        recipe, preparations, to_tensors(align(raws, preparations, ids), preparations), state, line_state, raws
    )
