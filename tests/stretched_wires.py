"""Wires of three kinds, hung and watched: their length over time is a line, in a unit that makes its numbers large."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.recipe import (
    AlignmentRecipe,
    LearnedVariance,
    LinearExpert,
    MLPDecoder,
    MLPEncoder,
    ModalityRecipe,
    ModelRecipe,
    PriorRecipe,
    Recipe,
    TrainingRecipe,
)
from fingerprint.store import Store, open_store

LENGTH = Modality("length", Kind.SERIES, unit="um", axis_name="time", axis_unit="h")
STIFFNESS = Modality("stiffness", Kind.SCALAR, unit="N/m")
BASIS = ("1", "t")
TIME = np.linspace(0.0, 3.0, 10)
TRUE = np.array([[51_000.0, 300.0], [50_000.0, 900.0], [52_500.0, 2_000.0]])  # um and um/h, by kind
SPREAD = np.array([60.0, 40.0])  # of the specimens of a kind
NOISE = 15.0
WIRES = 150
IDS = tuple(f"w-{number:03}" for number in range(WIRES))
KIND = np.array([0, 1, 1, 2, 2, 2])[np.arange(WIRES) % 6]
NOT_WATCHED = IDS[5:105:20]


def fill_wire_store(path: Path) -> Store:
    """A new store with lengths, but of a few, and stiffnesses."""
    random = np.random.default_rng(11)
    own = TRUE[KIND] + SPREAD * random.normal(size=(WIRES, 2))
    lengths = own @ np.stack([TIME**0, TIME]) + NOISE * random.normal(size=(WIRES, len(TIME)))
    stiffness = np.array([4.0, 1.0, 7.0])[KIND] + 0.3 * random.normal(size=WIRES)
    watched = np.flatnonzero(~np.isin(IDS, NOT_WATCHED))
    store = open_store(path, create=True)
    store.append(
        [
            RawModality(LENGTH, (Block(tuple(IDS[row] for row in watched), lengths[watched], TIME),)),
            RawModality(STIFFNESS, (Block(IDS, stiffness),)),
        ],
        {each: {"kind": f"k{kind}"} for each, kind in zip(IDS, KIND, strict=True)},
        "",
    )
    return store


def wire_recipe(**expert: object) -> Recipe:
    """An expert that any line satisfies, and two members.

    Args:
        expert: its choices.
    """
    encoder = MLPEncoder(hidden=(16,))
    sure = LearnedVariance(log_start=-7.0)  # about that of the wires of a kind: too few steps to learn it from afar
    return Recipe(
        model=ModelRecipe(latent=2, clusters=3),
        prior=PriorRecipe(seeding="expert", layout="separated", start=1.0),
        alignment=AlignmentRecipe(weight=30.0),
        training=TrainingRecipe(restarts=2, epochs=80, batch=40, warmup=10),
        modalities={
            "length": ModalityRecipe(encoder=encoder, decoder=LinearExpert(BASIS, variance=sure, **expert)),  # type: ignore[arg-type]
            "stiffness": ModalityRecipe(encoder=encoder, decoder=MLPDecoder((8,))),
        },
    )
