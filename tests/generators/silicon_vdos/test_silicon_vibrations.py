"""Frequencies and their density."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fingerprint.generators.silicon_vdos.lattice import Atoms, diamond
from fingerprint.generators.silicon_vdos.relax import relax_positions
from fingerprint.generators.silicon_vdos.tables import FREQUENCY_THZ
from fingerprint.generators.silicon_vdos.vibrations import ZONE_BOUNDARY, density, frequencies


def deformed_cube() -> Atoms:
    """8 atoms at rest in a strained cell without cubic symmetry."""
    return relax_positions(diamond(1).stretched(np.array([0.98, 1.0, 1.03])))


def repeated(atoms: Atoms) -> Atoms:
    """Two cells along each edge."""
    corners = np.array(list(product(range(2), repeat=3))) * atoms.edges
    return Atoms((corners[:, None] + atoms.positions).reshape(-1, 3), 2 * atoms.edges)


@pytest.mark.parametrize("wave_vector", [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.3, 0.1, -0.2]])
def test_a_larger_cell_folds_the_wave_vectors_of_a_smaller_one(wave_vector: list[float]) -> None:
    small = deformed_cube()
    of_large = frequencies(repeated(small), np.array([wave_vector]))
    unfolded = (np.array(wave_vector) + list(product(range(2), repeat=3))) / 2
    of_small = np.sort(frequencies(small, unfolded).ravel())
    np.testing.assert_allclose(np.sort(of_large.ravel()), of_small, atol=2e-3)
    assert of_small[-1] > 15


def test_opposite_wave_vectors_have_the_same_frequencies() -> None:
    there, back = frequencies(deformed_cube(), np.array([[0.3, 0.1, -0.2], [-0.3, -0.1, 0.2]]))
    np.testing.assert_allclose(there, back, atol=1e-6)


def test_no_mode_of_a_resting_cell_is_near_zero_at_the_zone_boundary() -> None:
    assert frequencies(repeated(deformed_cube()), ZONE_BOUNDARY).min() > 0.5


def test_the_density_has_unit_area_and_the_moments_of_the_modes() -> None:
    modes = np.random.default_rng(6).uniform(3.0, 18.0, (4, 300))
    found = density(modes, FREQUENCY_THZ)
    step = FREQUENCY_THZ[1]
    mean = (found * FREQUENCY_THZ).sum() * step
    assert found.sum() * step == pytest.approx(1.0, abs=1e-12)
    assert mean == pytest.approx(modes.mean(), abs=1e-9)
    variance = (found * (FREQUENCY_THZ - mean) ** 2).sum() * step
    assert variance == pytest.approx(modes.var() + 0.2**2, abs=1e-9)
