"""Measurements made from two hidden factors, so that what is learned from them is known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.recipe import Recipe, load_recipe
from fingerprint.store import Store, open_store

VDOS = Modality("vdos", Kind.SPECTRUM, unit="1/THz", axis_name="frequency", axis_unit="THz")
STRESS = Modality("stress", Kind.SCALAR, unit="GPa", sign="compression positive")
DENSITY = Modality("density", Kind.SCALAR, unit="g/cm^3")
AXIS = np.linspace(0.5, 20.0, 40)
NOISE = {"vdos": 0.01, "stress": 0.1, "density": 0.02}
BLOBS = 3.0 * np.array([[0.0, 1.0], [-0.9, -0.5], [0.9, -0.5]])


class TwoFactors(NamedTuple):
    """Specimens, their factors and blobs, and what was measured of them.

    Attributes:
        ids: of the specimens, [specimen].
        factors: [specimen, 2].
        blob: [specimen].
        raws: by modality.
    """

    ids: tuple[str, ...]
    factors: NDArray[np.float64]
    blob: NDArray[np.int64]
    raws: dict[str, RawModality]

    def metadata(self) -> dict[str, dict[str, str]]:
        """A true label of every specimen, and a plate on which ten of them were made."""
        return {
            each: {"label": f"state-{blob}", "plate": f"plate-{row // 10}"}
            for row, (each, blob) in enumerate(zip(self.ids, self.blob, strict=True))
        }


def two_factors(specimens: int = 120, blobs: int = 3, seed: int = 0, missing: float = 0.0) -> TwoFactors:
    """Specimens in separated blobs (or a single one) of two factors.

    Args:
        specimens: how many.
        blobs: 3, or 1 for a single round one.
        seed: of all draws.
        missing: share of each modality that was not measured; each specimen keeps one at least.
    """
    random = np.random.default_rng(seed)
    ids = tuple(f"si-{number:04}" for number in range(specimens))
    blob = random.integers(0, blobs, specimens)
    factors = random.normal(size=(specimens, 2)) * (0.5 if blobs > 1 else 1.5)
    if blobs > 1:
        factors += BLOBS[blob]
    clean = {"vdos": spectra(factors), "stress": stress(factors), "density": 2.3 + 0.1 * factors.sum(1)}
    raws: dict[str, RawModality] = {}
    lost = np.zeros(specimens, dtype=bool)
    for modality in (VDOS, STRESS, DENSITY):
        name = modality.name
        values = clean[name] + NOISE[name] * random.normal(size=clean[name].shape)
        absent = (random.random(specimens) < missing) & ~lost
        lost |= absent
        rows = np.flatnonzero(~absent)
        block = Block(tuple(ids[row] for row in rows), values[rows], AXIS if modality.has_axis else None)
        raws[name] = RawModality(modality, (block,))
    return TwoFactors(ids, factors, blob, raws)


def spectra(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """A peak whose height follows the first factor and one whose height follows the second, [specimen, point]."""
    low, high = (np.exp(-0.5 * ((AXIS - centre) / 2.0) ** 2) for centre in (6.0, 14.0))
    return 0.5 + 0.1 * factors[:, :1] * low + 0.1 * factors[:, 1:] * high


def stress(factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """In GPa, [specimen]."""
    return 2.0 * factors[:, 0] - factors[:, 1]


def fill_store(path: Path, data: TwoFactors, names: Sequence[str] = ("vdos", "stress")) -> Store:
    """A new store with some of the modalities."""
    store = open_store(path, create=True)
    store.append([data.raws[name] for name in names], data.metadata(), "")
    return store


def quick_recipe(**choices: Any) -> Recipe:
    """The default recipe, small enough for a test."""
    return load_recipe("default", **({"epochs": 20, "batch": 50, "restarts": 2, "clusters": 3} | choices))


def write_spectrum(path: Path, values: NDArray[np.float64], header: str = "frequency_thz,vdos") -> Path:
    """One spectrum as a file of two columns, every digit written out."""
    rows = [f"{x!r},{y!r}" for x, y in zip(AXIS.tolist(), values.tolist(), strict=True)]
    path.write_text("\n".join([*([header] if header else []), *rows]) + "\n", encoding="utf-8")
    return path
