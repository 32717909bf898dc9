"""Specimens of three kinds, imaged, measured over time and dosed; of a few the line is of another specimen."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from two_factors import quick_recipe

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.recipe import BasisInput, GridInput, MLPDecoder, MLPEncoder, ModalityRecipe, Recipe
from fingerprint.store import Store, open_store

IMAGE = Modality("image", Kind.IMAGE, unit="counts")
LINE = Modality("line", Kind.SERIES, unit="V", axis_name="time", axis_unit="s")
DOSE = Modality("dose", Kind.SCALAR, unit="J", sign="absorbed positive")
SHAPE = (6, 8)
TIME = np.linspace(0.0, 1.1, 12)
SPECIMENS = 180
IDS = tuple(f"p-{number:03}" for number in range(SPECIMENS))
KIND = np.arange(SPECIMENS) % 3
NOT_IMAGED, NOT_DOSED = (IDS[10], IDS[11]), (IDS[20],)
SWAPPED = IDS[40:160:20]  # six: their lines are those of the next kind

Array = NDArray[np.float64]


def images(kind: NDArray[np.int64], random: np.random.Generator) -> Array:
    """A blot at a place of its own for each kind, [specimen, row, column], in counts about 1000."""
    rows, columns = np.indices(SHAPE)
    places = np.array([[1.0, 1.0], [4.0, 3.0], [2.0, 6.0]])[kind]
    distance = (rows - places[:, :1, None]) ** 2 + (columns - places[:, 1:, None]) ** 2
    bright = 200 * (1 + 0.2 * random.normal(size=(len(kind), 1, 1)))
    return 1000 + bright * np.exp(-distance / 2) + 4 * random.normal(size=(len(kind), *SHAPE))


def raws(seed: int = 5) -> dict[str, RawModality]:
    """All measurements, by modality."""
    random = np.random.default_rng(seed)
    shown = np.array([IDS.index(each) for each in IDS if each not in NOT_IMAGED])
    dosed = np.array([IDS.index(each) for each in IDS if each not in NOT_DOSED])
    told = np.where(np.isin(IDS, SWAPPED), (KIND + 1) % 3, KIND)
    lines = np.array([-1.0, 0.5, 2.0])[told][:, None] * TIME + 0.05 * random.normal(size=(SPECIMENS, len(TIME)))
    doses = np.array([5.0, 9.0, 1.0])[KIND] + 0.3 * random.normal(size=SPECIMENS)
    pictures = images(KIND, random).astype(np.float32)
    return {
        "image": RawModality(IMAGE, (Block(tuple(IDS[row] for row in shown), pictures[shown]),)),
        "line": RawModality(LINE, (Block(IDS, lines, TIME),)),
        "dose": RawModality(DOSE, (Block(tuple(IDS[row] for row in dosed), doses[dosed]),)),
    }


def fill_image_store(path: Path) -> Store:
    """A new store with all of them."""
    store = open_store(path, create=True)
    parts = (*("train",) * 7, "validation", "test", "test") * (SPECIMENS // 10)
    metadata = {each: {"kind": f"k{kind}", "part": part} for each, kind, part in zip(IDS, KIND, parts, strict=True)}
    store.append(list(raws().values()), metadata, "")
    return store


def image_recipe() -> Recipe:
    """Small networks for a run of two members."""
    small = {"encoder": MLPEncoder(hidden=(32,)), "decoder": MLPDecoder(hidden=(16,))}
    return msgspec.structs.replace(
        quick_recipe(epochs=60),
        modalities={
            "image": ModalityRecipe(input=BasisInput(8), **small),
            "line": ModalityRecipe(input=GridInput(), **small),
            "dose": ModalityRecipe(input=GridInput(), **small),
        },
    )
