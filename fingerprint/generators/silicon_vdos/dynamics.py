"""Molecular dynamics at a given temperature, to anneal, melt and quench.

Langevin dynamics in the BAOAB splitting of Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34 (2013).
Units: angstrom, femtosecond, eV, kelvin.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprint.generators.silicon_vdos.field import ForceField
from fingerprint.generators.silicon_vdos.lattice import Atoms

MASS = 28.0855
"""Of a silicon atom, atomic mass units."""

BOLTZMANN = 8.617333262e-5  # eV / K
_ACCELERATION = 9.64853321e-3  # angstrom / fs^2 per (eV / angstrom) / u
_FRICTION = 0.01  # 1 / fs
TIME_STEP = 2.0  # fs


def run(
    atoms: Atoms,
    temperatures: Sequence[float] | NDArray[np.float64],
    random: np.random.Generator,
    mobile: NDArray[np.intp] | None = None,
) -> Atoms:
    """Move the atoms for as many time steps of 2 fs as there are temperatures.

    Args:
        atoms: where they start; velocities are drawn at the first temperature.
        temperatures: of the heat bath at each step, kelvin.
        random: draws the velocities and the bath's kicks.
        mobile: indices of the atoms that move; all without it.
    """
    moving = np.arange(len(atoms)) if mobile is None else mobile
    shape = (len(moving), 3)
    field = ForceField()
    kept = np.exp(-_FRICTION * TIME_STEP)
    push = 0.5 * TIME_STEP * _ACCELERATION / MASS
    positions = atoms.positions.copy()
    velocity = _thermal(temperatures[0]) * random.standard_normal(shape)
    forces = field(atoms).forces[moving]
    for temperature in temperatures:
        velocity += push * forces
        kick = _thermal(temperature) * np.sqrt(1 - kept**2) * random.standard_normal(shape)
        step = velocity.copy()
        velocity = kept * velocity + kick
        positions = positions.copy()
        positions[moving] += 0.5 * TIME_STEP * (step + velocity)
        forces = field(Atoms(positions, atoms.edges)).forces[moving]
        velocity += push * forces
    return Atoms(positions, atoms.edges)


def _thermal(temperature: float) -> float:
    """Standard deviation of a velocity component, angstrom / fs."""
    return float(np.sqrt(BOLTZMANN * temperature * _ACCELERATION / MASS))
