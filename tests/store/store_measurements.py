"""Small measurements that the tests of the store write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fingerprint.modality import Block, Kind, Modality, RawModality

STRESS = Modality("stress", Kind.SCALAR, unit="GPa", sign="compression positive")
VDOS = Modality("vdos", Kind.SPECTRUM, unit="1/THz", axis_name="frequency", axis_unit="THz")
MAP = Modality("map", Kind.IMAGE)


def stress(values: Mapping[str, float], modality: Modality = STRESS) -> RawModality:
    """Scalars by specimen."""
    numbers = np.array(list(values.values()), np.float64)
    return RawModality(modality, (Block(tuple(values), numbers, None, tuple(f"s.csv:{key}" for key in values)),))


def several(values: Mapping[tuple[str, str], float]) -> RawModality:
    """Scalars by specimen and measurement."""
    specimens, measurements = (tuple(key[place] for key in values) for place in (0, 1))
    block = Block(specimens, np.array(list(values.values()), np.float64), measurements=measurements)
    return RawModality(STRESS, (block,))


def vdos(specimens: Sequence[str], points: int = 5, seed: int = 0, dtype: str = "float64") -> RawModality:
    """Spectra with random values on an axis of `points` points."""
    values = np.random.default_rng(seed).normal(size=(len(specimens), points)).astype(dtype)
    axis = np.linspace(0.0, 20.0, points)
    return RawModality(VDOS, (Block(tuple(specimens), values, axis, tuple(f"{key}.csv" for key in specimens)),))


def by_specimen(raw: RawModality) -> dict[str, tuple[str, bytes, bytes]]:
    """Each measurement bit by bit: type of number, values, axis."""
    return {
        specimen: (values.dtype.name, values.tobytes(), b"" if axis is None else axis.tobytes())
        for specimen, values, axis in raw.rows()
    }
