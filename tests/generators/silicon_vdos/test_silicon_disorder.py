"""Each way of disordering does what it says, and the mix of processes is the one designed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import kstest

from fingerprint.generators.silicon_vdos.disorder import Disorder, disorder
from fingerprint.generators.silicon_vdos.lattice import Atoms, diamond, tetrahedral_holes
from fingerprint.generators.silicon_vdos.process import Compression, process


def off_lattice(atoms: Atoms) -> np.ndarray:
    """How far each atom is from the site of the same index, angstrom."""
    away = atoms.positions - diamond(2).positions
    away -= np.round(away / atoms.edges) * atoms.edges
    return np.linalg.norm(away, axis=1)


def spread(positions: np.ndarray) -> float:
    """Mean distance between two of the atoms, angstrom."""
    away = positions[:, None] - positions
    away -= np.round(away / diamond(2).edges) * diamond(2).edges
    return float(np.linalg.norm(away, axis=2).mean())


def made(kind: Disorder, level: float, seed: int = 10) -> Atoms:
    return disorder(kind, level, 2, np.random.default_rng(seed))


def test_none_is_the_crystal() -> None:
    assert (made(Disorder.NONE, 0.0).positions == diamond(2).positions).all()


def test_vacancies_take_atoms_away() -> None:
    assert len(made(Disorder.VACANCY, 4 / 64)) == 60


def test_frenkel_pairs_keep_the_atoms_but_not_their_places() -> None:
    atoms = made(Disorder.FRENKEL, 4 / 64)
    assert len(atoms) == 64
    assert (off_lattice(atoms) > 1.2).sum() >= 1


def test_displacements_have_the_asked_standard_deviation() -> None:
    away = made(Disorder.DISPLACED, 0.5).positions - diamond(2).positions
    assert away.std() == pytest.approx(0.5, rel=0.15)


def test_only_a_compact_ball_melts() -> None:
    far = off_lattice(made(Disorder.AMORPHISED, 0.8))
    assert (far == 0.0).sum() == 64 - round(0.8 * 64)
    assert (far > 0.5).sum() > 5
    crystal = diamond(2).positions
    assert spread(crystal[far == 0.0]) < 0.9 * spread(crystal)


def test_holes_are_as_far_from_atoms_as_atoms_from_each_other() -> None:
    crystal = diamond(2)
    away = tetrahedral_holes(2)[:, None] - crystal.positions
    away -= np.round(away / crystal.edges) * crystal.edges
    np.testing.assert_allclose(np.linalg.norm(away, axis=2).min(axis=1), crystal.edges[0] / 2 * np.sqrt(3) / 4)


def test_the_mix_of_a_set_is_the_designed_one() -> None:
    processes = [process(1, cell) for cell in range(772)]
    counts = Counter((made.compression, made.disorder) for made in processes)
    assert len(counts) == 15
    for (compression, kind), count in counts.items():
        disordered = {Compression.NONE: 50}.get(compression, 60)
        crystal = {Compression.NONE: 10}.get(compression, 40)
        assert count == pytest.approx(crystal if kind is Disorder.NONE else disordered, abs=3)
    assert process(1, 5) != process(2, 5)


def test_strains_and_levels_are_spread_evenly_within_each_combination() -> None:
    processes = [process(1, cell) for cell in range(772)]
    for compression, width in ((Compression.UNIAXIAL, (0.005, 0.12)), (Compression.HYDROSTATIC, (0.0025, 0.06))):
        for kind in Disorder:
            strains = [p.strain for p in processes if (p.compression, p.disorder) == (compression, kind)]
            assert kstest(strains, "uniform", (width[0], width[1] - width[0])).statistic < 0.15
    for kind, width in ((Disorder.VACANCY, (0.004, 0.06)), (Disorder.DISPLACED, (0.4, 0.8))):
        levels = [p.level for p in processes if p.disorder is kind]
        assert kstest(levels, "uniform", (width[0], width[1] - width[0])).statistic < 0.05
