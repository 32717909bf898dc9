"""Molecular dynamics samples the temperature it is given."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.generators.silicon_vdos import dynamics
from fingerprint.generators.silicon_vdos.field import ForceField
from fingerprint.generators.silicon_vdos.lattice import diamond


def test_equipartition_in_the_nearly_harmonic_crystal() -> None:
    temperature, atoms = 100.0, diamond(2)
    rest = ForceField()(atoms).energy
    random = np.random.default_rng(9)
    heat = []
    for _ in range(40):
        atoms = dynamics.run(atoms, np.full(40, temperature), random)
        heat.append(ForceField()(atoms).energy - rest)
    # 3/2 kT of potential energy per atom; the first pieces start from the perfect lattice.
    expected = 1.5 * dynamics.BOLTZMANN * temperature * len(atoms)
    assert np.mean(heat[5:]) == pytest.approx(expected, rel=0.08)


def test_a_bath_at_zero_kelvin_leaves_the_crystal_alone() -> None:
    crystal = diamond(2)
    after = dynamics.run(crystal, np.zeros(20), np.random.default_rng(0))
    np.testing.assert_allclose(after.positions, crystal.positions, atol=1e-9)


def test_only_the_mobile_atoms_move() -> None:
    crystal, mobile = diamond(2), np.array([3, 17])
    after = dynamics.run(crystal, np.full(20, 900.0), np.random.default_rng(1), mobile)
    moved = np.flatnonzero((after.positions != crystal.positions).any(axis=1))
    assert moved.tolist() == mobile.tolist()
