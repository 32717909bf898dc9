"""A store with every kind of measurement, for the tests of what is written from one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import Store, open_store

VDOS = Modality("vdos", Kind.SPECTRUM, unit="1/THz", axis_name="frequency", axis_unit="THz", outside="zero")
RAMAN = Modality("raman", Kind.SPECTRUM, axis_name="Raman shift", axis_unit="cm^-1")
STRAIN = Modality("pull", Kind.SERIES, unit="MPa", axis_name="strain", axis_unit="%")
STRESS = Modality("stress_gpa", Kind.SCALAR, unit="", sign="compression positive (-tr sigma / 3)")
MAP = Modality("map", Kind.IMAGE, unit="nm")
METADATA = {
    "a": {"route": "cold", "temperature": 300.5, "batch": 7},
    "b": {"route": "hot", "batch": 8},
    "d ü": {"route": "hot", "temperature": 20.0, "batch": 9, "step 1/2 (h)": 1.5},
}


def fill(path: Path) -> Store:
    """Spectra on two axes and in two precisions, some with uncertainties; a curve, numbers, images."""
    random = np.random.default_rng(3)
    long, short = np.linspace(0.1, 9.7, 7), np.array([0.1, 1 / 3, 2.0])
    spectra = (
        Block(("a", "b"), random.normal(size=(2, 7)), long, ("a.csv", "b.csv"), random.random((2, 7))),
        Block(("c",), random.normal(size=(1, 3)).astype(np.float32), short),
        Block(("d ü",), random.normal(size=(1, 7)), long),
    )
    again = ("", "1", "2"), ({}, {"instrument": "R 1", "laser / nm": 532}, {"instrument": "R 2", "laser / nm": 633.5})
    several = (Block(("a", "a", "b"), random.normal(size=(3, 3)), short, measurements=again[0], facts=again[1]),)
    curves = (Block(("b",), np.array([[1e-300, -0.0, 0.1]]), short, (), np.array([[0.0, 1e-9, 2.0]])),)
    numbers = (Block(("a", "c"), np.array([1 / 3, -1e308]), None, (), np.array([0.1, 0.2])), Block(("b",), np.ones(1)))
    images = (Block(("a", "b"), random.integers(0, 9, (2, 3, 4)).astype(np.float32)),)
    store = open_store(path, create=True)
    raws = [
        RawModality(*each)
        for each in ((VDOS, spectra), (RAMAN, several), (STRAIN, curves), (STRESS, numbers), (MAP, images))
    ]
    store.append(raws, METADATA, "")
    return store


def contents(store: Store, name: str) -> dict[tuple[str, str], tuple[str, bytes, bytes, bytes]]:
    """Each measurement bit by bit: type of number, values, axis, uncertainty."""
    found: dict[tuple[str, str], tuple[str, bytes, bytes, bytes]] = {}
    for block in store.read(name).blocks:
        for row, own in enumerate(block.ids):
            axis = b"" if block.axis is None else block.axis.tobytes()
            uncertain = b"" if block.uncertainty is None else block.uncertainty[row].tobytes()
            found[own] = (block.values.dtype.name, block.values[row].tobytes(), axis, uncertain)
    return found


def facts(store: Store, name: str) -> dict[tuple[str, str], dict[str, object]]:
    """What is known of each act of measuring, where anything is."""
    blocks = store.read(name).blocks
    told = [(own, dict(each)) for block in blocks for own, each in zip(block.ids, block.facts, strict=False)]
    return {own: each for own, each in told if each}
