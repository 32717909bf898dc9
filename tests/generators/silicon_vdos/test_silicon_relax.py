"""Relaxation ends at rest, and free of stress where edges may change."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.generators.silicon_vdos.field import ForceField
from fingerprint.generators.silicon_vdos.lattice import Atoms, diamond
from fingerprint.generators.silicon_vdos.potential import EV_PER_CUBIC_ANGSTROM_IN_GPA
from fingerprint.generators.silicon_vdos.relax import relax_cell, relax_positions


@pytest.fixture(scope="module")
def disordered() -> Atoms:
    crystal = diamond(2)
    noise = np.random.default_rng(7).normal(0.0, 0.6, crystal.positions.shape)
    return Atoms(crystal.positions + noise, crystal.edges)


def test_atoms_come_to_rest_at_fixed_edges(disordered: Atoms) -> None:
    rested = relax_positions(disordered)
    found = ForceField()(rested)
    assert (rested.edges == disordered.edges).all()
    assert np.abs(found.forces).max() < 2e-4
    assert found.energy < ForceField()(disordered).energy


def test_the_free_cell_has_no_normal_stress(disordered: Atoms) -> None:
    free = relax_cell(disordered)
    found = ForceField()(free)
    stress = np.diag(found.virial) / free.volume * EV_PER_CUBIC_ANGSTROM_IN_GPA
    np.testing.assert_allclose(stress, 0.0, atol=0.01)
    assert np.abs(found.forces).max() < 2e-4
    assert found.energy < ForceField()(relax_positions(disordered)).energy


def test_a_small_rattle_of_the_crystal_is_undone() -> None:
    crystal = diamond(2)
    noise = np.random.default_rng(8).normal(0.0, 0.1, crystal.positions.shape)
    free = relax_cell(Atoms(crystal.positions + noise, crystal.edges * [0.98, 1.02, 1.01]))
    np.testing.assert_allclose(free.edges, crystal.edges, rtol=1e-5)
    energy = ForceField()(free).energy
    assert energy == pytest.approx(ForceField()(crystal).energy, abs=1e-6)
