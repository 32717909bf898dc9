"""Spectra and scalars made for the tests of prepare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from fingerprint.modality import Block, Kind, Modality, RawModality

DOS = Modality("dos", Kind.SPECTRUM, unit="1/THz", axis_name="frequency", axis_unit="THz")
STRESS = Modality("stress", Kind.SCALAR, unit="GPa")
ABSORBANCE = Modality("absorbance", Kind.SPECTRUM, axis_name="wavelength", axis_unit="nm")
AXIS = np.linspace(0.5, 20.0, 30)


@st.composite
def axes(draw: st.DrawFn, least: int = 4, most: int = 60) -> NDArray[np.float64]:
    """Strictly increasing, uneven by up to a factor of three."""
    steps = draw(st.lists(st.floats(0.5, 1.5), min_size=least, max_size=most))
    start, size = draw(st.floats(-100, 100)), draw(st.floats(1e-3, 1e3))
    return start + size * np.cumsum(steps)


def curves(axis: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(3, len(axis)))


def names(count: int, first: int = 0) -> tuple[str, ...]:
    return tuple(f"s{number:03}" for number in range(first, first + count))


def block(values: NDArray[np.generic], axis: NDArray[np.float64] | None = AXIS, first: int = 0) -> Block:
    ids = names(len(values), first)
    return Block(ids, values, axis, tuple(f"{each}.csv" for each in ids))


def spectra(*blocks: Block, outside: str = "") -> RawModality:
    return RawModality(replace(DOS, outside=outside), blocks)


def scalars(values: Sequence[float] | NDArray[np.generic]) -> RawModality:
    return RawModality(STRESS, (block(np.asarray(values, dtype=np.float64), None),))


def same(one: object, other: object) -> bool:
    """Equal to the last bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return type(one) is type(other) and one == other


def gaussian_curves(specimens: int, rank: int = 3, noise: float = 0.05, seed: int = 0) -> NDArray[np.float64]:
    """A mean curve, `rank` Gaussian factors and white noise, [specimen, point]: the model of principal components."""
    fixed, rng = np.random.default_rng(99), np.random.default_rng(seed)
    directions = np.linalg.qr(fixed.normal(size=(len(AXIS), rank)))[0].T
    sizes = 2.0 ** -np.arange(rank)
    factors = rng.normal(size=(specimens, rank)) * sizes
    return 5 + np.sin(AXIS) + factors @ directions + noise * rng.normal(size=(specimens, len(AXIS)))
