"""plan: from what the data are to a recipe in which every choice is written out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import msgspec

from fingerprint.errors import DataError
from fingerprint.modality import Kind, RawModality
from fingerprint.recipe import (
    BasisInput,
    GridInput,
    MLPDecoder,
    MLPEncoder,
    ModalityRecipe,
    Recipe,
)

BATCHES_PER_EPOCH = 4
LEAST_BATCH, LARGEST_BATCH = 16, 256
STEPS = 1000
LEAST_SPECIMENS = 20
MOST_COMPONENTS = 20


def plan(recipe: Recipe, raws: Mapping[str, RawModality], training_specimens: int) -> Recipe:
    """Write out what the recipe leaves open, by kind, shape and number of specimens.

    Args:
        recipe: may leave out modalities, and `epochs` and `batch` at 0.
        raws: the training part of each modality to train on.
        training_specimens: how many specimens have at least one of them.

    Raises:
        DataError: there are too few specimens, or none that was measured in two ways.
    """
    if training_specimens < LEAST_SPECIMENS:
        raise DataError(
            f"the training part has {training_specimens} specimens; at least {LEAST_SPECIMENS} are needed",
            next="Ingest more specimens: fingerprint ingest FOLDER.",
        )
    _check_overlap(raws)
    chosen = {name: recipe.modalities.get(name) or plan_modality(raw) for name, raw in raws.items()}
    training = recipe.training
    batch = training.batch or min(max(math.ceil(training_specimens / BATCHES_PER_EPOCH), LEAST_BATCH), LARGEST_BATCH)
    batches = math.ceil(training_specimens / batch)
    epochs = training.epochs or math.ceil(STEPS / batches)
    return msgspec.structs.replace(
        recipe,
        modalities={name: chosen[name] for name in sorted(chosen)},
        training=msgspec.structs.replace(training, batch=batch, epochs=epochs),
    )


def _check_overlap(raws: Mapping[str, RawModality]) -> None:
    """Refuse modalities of which no specimen has two: nothing can be learned between them."""
    counts = Counter(specimen for raw in raws.values() for specimen in set(raw.specimens))
    if len(raws) > 1 and max(counts.values(), default=0) < 2:
        examples = ", ".join(f"{name}: {raw.specimens[0]!r}" for name, raw in raws.items() if len(raw))
        raise DataError(
            f"no specimen of the training part was measured in two ways ({examples})",
            expected="The same specimen id in two modalities or more.",
            next="Compare the ids: fingerprint show ID. Undo an ingest with other ids: fingerprint store undo INGEST.",
        )


def plan_modality(raw: RawModality) -> ModalityRecipe:
    """The default choice for one modality.

    Curves and images come as scores in a principal basis, which is fast and needs few specimens; convolutions, experts
    and augmentation are there to be asked for.
    """
    if raw.modality.kind is Kind.SCALAR:
        return ModalityRecipe(input=GridInput(), encoder=MLPEncoder(hidden=(100, 100)), decoder=MLPDecoder())
    points = min((math.prod(block.values.shape[1:]) for block in raw.blocks), default=1)
    components = max(1, min(MOST_COMPONENTS, points, len(raw.specimens) // 4))
    return ModalityRecipe(
        input=BasisInput(components),
        encoder=MLPEncoder(hidden=(256, 256), gain=2.5),
        decoder=MLPDecoder(),
    )
