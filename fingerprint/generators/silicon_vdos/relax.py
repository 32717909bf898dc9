"""Static relaxation: to rest at fixed edges, or to rest and zero stress."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fingerprint.generators.silicon_vdos.field import ForceField
from fingerprint.generators.silicon_vdos.lattice import Atoms

_LARGEST_FORCE = 1e-4  # eV / angstrom
_MOST_STEPS = 5000


def relax_positions(atoms: Atoms) -> Atoms:
    """Move the atoms to a minimum of the energy, edges fixed; no force stays above 1e-4 eV / angstrom."""
    field = ForceField()

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        found = field(Atoms(flat.reshape(-1, 3), atoms.edges))
        return found.energy, -found.forces.ravel()

    return Atoms(_minimum(objective, atoms.positions.ravel()).reshape(-1, 3), atoms.edges)


def relax_cell(atoms: Atoms) -> Atoms:
    """Move the atoms and change the edges to a minimum of the energy: at rest and free of normal stress.

    The edges' stretches are scaled by the root of the number of atoms times a bond length, which makes them
    about as stiff as the atoms' own coordinates.
    """
    field = ForceField()
    scale = 2.35 * np.sqrt(len(atoms))

    def place(flat: NDArray[np.float64]) -> tuple[Atoms, NDArray[np.float64]]:
        stretch = 1 + flat[-3:] / scale
        return Atoms(flat[:-3].reshape(-1, 3), atoms.edges).stretched(stretch), stretch

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        placed, stretch = place(flat)
        found = field(placed)
        by_stretch = np.diag(found.virial) / stretch / scale
        return found.energy, np.concatenate([(-found.forces * stretch).ravel(), by_stretch])

    return place(_minimum(objective, np.concatenate([atoms.positions.ravel(), np.zeros(3)])))[0]


def _minimum(objective: object, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """L-BFGS from `start`."""
    options = {
        "maxcor": 30,
        "maxiter": _MOST_STEPS,
        "maxfun": 2 * _MOST_STEPS,
        "gtol": _LARGEST_FORCE,
        "ftol": 0.0,
    }
    return minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
