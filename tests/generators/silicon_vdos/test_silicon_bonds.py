"""Who interacts with whom, across the periodic boundary and while atoms move."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fingerprint.generators.silicon_vdos.bonds import find_bonds
from fingerprint.generators.silicon_vdos.field import ForceField
from fingerprint.generators.silicon_vdos.lattice import Atoms, diamond
from fingerprint.generators.silicon_vdos.potential import CUTOFF, evaluate


def scattered(count: int, edges: tuple[float, float, float], seed: int) -> Atoms:
    """Atoms anywhere, also outside the cell."""
    box = np.array(edges)
    return Atoms(np.random.default_rng(seed).uniform(-1.5, 2.5, (count, 3)) * box, box)


@pytest.mark.parametrize("edges", [(4.0, 5.5, 7.0), (12.0, 9.0, 8.0)])
def test_every_pair_of_images_within_reach_is_found_once(edges: tuple[float, float, float]) -> None:
    atoms = scattered(20, edges, seed=4)
    bonds = find_bonds(atoms, 3.9)
    found = {
        (int(i), int(j), *map(int, shift))
        for i, j, shift in zip(bonds.centre, bonds.neighbour, bonds.shift, strict=True)
    }
    shifts = np.array(list(product(range(-6, 7), repeat=3)))
    expected: set[tuple[int, ...]] = set()
    for i, j in product(range(20), repeat=2):
        away = np.linalg.norm(atoms.positions[j] - atoms.positions[i] + shifts * atoms.edges, axis=1)
        expected |= {(i, j, *map(int, shift)) for shift in shifts[(away > 0) & (away < 3.9)]}
    assert found == expected
    assert len(bonds) == len(found)
    assert (np.diff(bonds.centre) >= 0).all()
    lengths = np.linalg.norm(bonds.vectors(atoms), axis=1)
    assert ((lengths > 0) & (lengths < 3.9)).all()


def test_an_edge_shorter_than_the_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="at least as long as the reach"):
        find_bonds(scattered(3, (3.0, 9.0, 9.0), seed=0), 3.9)


def test_atoms_that_wander_and_edges_that_change_lose_no_bond() -> None:
    random = np.random.default_rng(5)
    atoms, field = diamond(2), ForceField()
    for _ in range(60):
        atoms = Atoms(atoms.positions + random.normal(0, 0.05, atoms.positions.shape), atoms.edges)
        atoms = atoms.stretched(1 + random.normal(0, 0.01, 3))
        fresh = find_bonds(atoms, CUTOFF)
        expected = evaluate(fresh.vectors(atoms), fresh)
        found = field(atoms)
        assert found.energy == pytest.approx(expected.energy, rel=1e-12)
        np.testing.assert_allclose(found.forces, expected.forces, atol=1e-9)


def test_the_crystal_has_four_neighbours_at_the_bond_length() -> None:
    crystal = diamond(2)
    bonds = find_bonds(crystal, CUTOFF)
    assert (np.bincount(bonds.centre) == 4).all()
    lengths = np.linalg.norm(bonds.vectors(crystal), axis=1)
    np.testing.assert_allclose(lengths, crystal.edges[0] / 2 * np.sqrt(3) / 4)
