"""The potential against its printed formula, and its derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint.generators.silicon_vdos.bonds import Bonds, find_bonds
from fingerprint.generators.silicon_vdos.lattice import Atoms, diamond
from fingerprint.generators.silicon_vdos.potential import (
    CUTOFF,
    EPSILON,
    GAMMA,
    LAMBDA,
    SIGMA,
    A,
    B,
    Evaluation,
    evaluate,
    hessian,
    mean_stress_gpa,
)

STEP = 1e-5


@pytest.fixture(scope="module")
def shaken() -> Atoms:
    """64 atoms far from rest in a cell of unequal edges: 7 to 15 bonds per atom."""
    crystal = diamond(2)
    noise = np.random.default_rng(0).normal(0.0, 0.2, crystal.positions.shape)
    return Atoms(crystal.positions + noise, crystal.edges * [0.97, 1.01, 0.95])


def bonded(atoms: Atoms) -> tuple[NDArray[np.float64], Bonds]:
    bonds = find_bonds(atoms, CUTOFF + 0.1)
    return bonds.vectors(atoms), bonds


def at(atoms: Atoms) -> Evaluation:
    return evaluate(*bonded(atoms))


def moved(atoms: Atoms, step: NDArray[np.float64]) -> Atoms:
    return Atoms(atoms.positions + step, atoms.edges)


def printed_energy(atoms: Atoms) -> float:
    """Equations 2.1 to 2.6 of Stillinger and Weber, one triplet at a time, nearest images only."""
    total = 0.0
    for i in range(len(atoms)):
        near: list[tuple[NDArray[np.float64], float]] = []
        for j in range(len(atoms)):
            away = atoms.positions[j] - atoms.positions[i]
            away -= atoms.edges * np.round(away / atoms.edges)
            r = float(np.linalg.norm(away))
            if i != j and r < CUTOFF:
                near.append((away / r, r))
        for m, (unit, r) in enumerate(near):
            total += 0.5 * A * EPSILON * (B * (SIGMA / r) ** 4 - 1) * np.exp(SIGMA / (r - CUTOFF))
            for other, s in near[:m]:
                screening = np.exp(GAMMA * SIGMA / (r - CUTOFF)) * np.exp(GAMMA * SIGMA / (s - CUTOFF))
                total += LAMBDA * EPSILON * screening * (unit @ other + 1 / 3) ** 2
    return total


def test_the_energy_is_the_printed_sum_over_pairs_and_triplets(shaken: Atoms) -> None:
    assert at(shaken).energy == pytest.approx(printed_energy(shaken), rel=1e-13)


def test_forces_are_minus_the_gradient_of_the_energy(shaken: Atoms) -> None:
    forces = at(shaken).forces
    for direction in np.random.default_rng(1).normal(size=(8, len(shaken), 3)):
        up, down = (at(moved(shaken, sign * STEP * direction)).energy for sign in (1, -1))
        slope = (up - down) / (2 * STEP)
        assert -np.sum(forces * direction) == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_the_hessian_is_the_gradient_of_the_forces(shaken: Atoms) -> None:
    matrix = hessian(*bonded(shaken))
    for direction in np.random.default_rng(2).normal(size=(4, len(shaken), 3)):
        up, down = (at(moved(shaken, sign * STEP * direction)).forces for sign in (1, -1))
        change = -(up - down).ravel() / (2 * STEP)
        np.testing.assert_allclose(matrix @ direction.ravel(), change, atol=1e-6 * np.abs(change).max())


def test_the_virial_is_the_derivative_by_strain_shear_included(shaken: Atoms) -> None:
    vectors, bonds = bonded(shaken)
    virial = evaluate(vectors, bonds).virial
    for row in range(3):
        for column in range(3):
            strain = np.zeros((3, 3))
            strain[row, column] = STEP
            up, down = (evaluate(vectors + sign * vectors @ strain.T, bonds).energy for sign in (1, -1))
            assert virial[row, column] == pytest.approx((up - down) / (2 * STEP), abs=1e-5)
    np.testing.assert_allclose(virial, virial.T, atol=1e-10)


def test_nothing_depends_on_where_the_crystal_stands(shaken: Atoms) -> None:
    here, there = at(shaken), at(moved(shaken, np.array([3.1, -40.0, 0.7])))
    assert here.energy == pytest.approx(there.energy, rel=1e-12)
    np.testing.assert_allclose(here.forces, there.forces, atol=1e-10)
    np.testing.assert_allclose(here.forces.sum(axis=0), 0.0, atol=1e-11)
    rows = hessian(*bonded(shaken)).reshape(-1, len(shaken), 3).sum(axis=1)
    np.testing.assert_allclose(rows, 0.0, atol=1e-11)


def test_the_order_of_the_atoms_does_not_matter(shaken: Atoms) -> None:
    order = np.random.default_rng(3).permutation(len(shaken))
    plain, mixed = at(shaken), at(Atoms(shaken.positions[order], shaken.edges))
    assert mixed.energy == pytest.approx(plain.energy, rel=1e-12)
    np.testing.assert_allclose(mixed.forces, plain.forces[order], atol=1e-11)


def test_everything_vanishes_smoothly_at_the_cutoff() -> None:
    edges = np.full(3, 20.0)
    for distance in (CUTOFF - 1e-9, CUTOFF, np.nextafter(CUTOFF, 0.0), CUTOFF + 0.05):
        pair = Atoms(np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]]), edges)
        vectors, bonds = bonded(pair)
        found = evaluate(vectors, bonds)
        assert found.energy == 0.0
        assert not found.forces.any()
        assert not hessian(vectors, bonds).any()


def test_compression_is_positive_stress() -> None:
    squeezed, stretched = diamond(2).stretched(0.99), diamond(2).stretched(1.01)
    assert mean_stress_gpa(squeezed, at(squeezed).virial) > 2.0
    assert mean_stress_gpa(stretched, at(stretched).virial) < -2.0
