"""Harmonic frequencies of a cell, and their density.

Frequencies are in THz; an unstable mode counts as 0 THz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh

from fingerprint.generators.silicon_vdos.bonds import find_bonds
from fingerprint.generators.silicon_vdos.dynamics import MASS
from fingerprint.generators.silicon_vdos.lattice import Atoms
from fingerprint.generators.silicon_vdos.potential import CUTOFF, hessian

BROADENING_THZ = 0.2
ZONE_BOUNDARY = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]) / 2
"""Wave vectors in reciprocal edges, an odd number of halves: H(q) is real, and sound far from 0 THz."""

_THZ = np.sqrt(1.602176634e-19 * 1e20 / 1.66053906660e-27) / (2 * np.pi) * 1e-12  # per sqrt(eV / angstrom^2 / u)
_CHUNK = 512


def frequencies(atoms: Atoms, wave_vectors: NDArray[np.float64] = ZONE_BOUNDARY) -> NDArray[np.float64]:
    """Of all modes at each wave vector, ascending, [wave vector, 3 atom], THz.

    Args:
        atoms: at rest.
        wave_vectors: in reciprocal edges of the cell, [wave vector, 3].
    """
    bonds = find_bonds(atoms, CUTOFF)
    vectors = bonds.vectors(atoms)
    found: list[NDArray[np.float64]] = []
    for wave_vector in wave_vectors:
        angle = 2 * (bonds.shift @ wave_vector)  # in half turns
        is_real = bool((angle == np.round(angle)).all())
        phases = (-1.0) ** np.round(angle) if is_real else np.exp(1j * np.pi * angle)
        matrix = hessian(vectors, bonds, phases) / MASS
        found.append(eigvalsh(matrix, overwrite_a=True, check_finite=False))
    return np.sqrt(np.clip(found, 0.0, None)) * _THZ


def density(
    modes: NDArray[np.float64], axis: NDArray[np.float64], broadening: float = BROADENING_THZ
) -> NDArray[np.float64]:
    """Density of states on `axis`, [point], 1/THz: every mode a Gaussian, their mean of unit area.

    Args:
        modes: frequencies, any shape, THz.
        axis: [point], THz.
        broadening: standard deviation of the Gaussian, THz.
    """
    flat = modes.ravel()
    total = np.zeros_like(axis)
    for start in range(0, len(flat), _CHUNK):
        away = (axis - flat[start : start + _CHUNK, None]) / broadening
        total += np.exp(-0.5 * away**2).sum(axis=0)
    return total / (len(flat) * broadening * np.sqrt(2 * np.pi))
