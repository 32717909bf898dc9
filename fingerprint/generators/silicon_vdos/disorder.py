"""Ways to disorder a crystal.

Each starts from the perfect crystal and leaves atoms that still have to be relaxed.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fingerprint.generators.silicon_vdos import dynamics
from fingerprint.generators.silicon_vdos.lattice import Atoms, diamond, tetrahedral_holes


class Disorder(StrEnum):
    """What was done to the crystal; in brackets, what its level means."""

    NONE = "none"
    VACANCY = "vacancy"  # atoms taken away (fraction of the sites)
    FRENKEL = "frenkel"  # atoms moved to tetrahedral holes (fraction of the sites)
    DISPLACED = "displaced"  # every atom moved by Gaussian noise (standard deviation per component, angstrom)
    AMORPHISED = "amorphised"  # a ball of atoms molten and quenched (fraction of the atoms)


def disorder(kind: Disorder, level: float, repeats: int, random: np.random.Generator) -> Atoms:
    """A crystal of `repeats` cubic cells along each edge, disordered."""
    crystal = diamond(repeats)
    affected = max(1, round(level * len(crystal)))
    match kind:
        case Disorder.NONE:
            return crystal
        case Disorder.VACANCY:
            removed = random.choice(len(crystal), affected, replace=False)
            return _annealed(Atoms(np.delete(crystal.positions, removed, axis=0), crystal.edges), random)
        case Disorder.FRENKEL:
            moved = random.choice(len(crystal), affected, replace=False)
            holes = random.choice(len(crystal), affected, replace=False)
            positions = crystal.positions.copy()
            positions[moved] = tetrahedral_holes(repeats)[holes]
            return _annealed(Atoms(positions, crystal.edges), random)
        case Disorder.DISPLACED:
            noise = random.normal(0.0, level, crystal.positions.shape)
            return Atoms(crystal.positions + noise, crystal.edges)
        case Disorder.AMORPHISED:
            return _quenched(crystal, _ball(crystal, affected, random), random)


def _annealed(atoms: Atoms, random: np.random.Generator) -> Atoms:
    """0.6 ps at 900 K: near defects recombine or rearrange."""
    return dynamics.run(atoms, _constant(900.0, 0.6), random)


def _quenched(atoms: Atoms, mobile: NDArray[np.intp], random: np.random.Generator) -> Atoms:
    """1 ps at 4500 K, then 2.5 ps from 3000 K down to 300 K; the other atoms are held."""
    ramp = np.linspace(3000.0, 300.0, len(_constant(300.0, 2.5)))
    return dynamics.run(atoms, np.concatenate([_constant(4500.0, 1.0), ramp]), random, mobile)


def _constant(temperature: float, picoseconds: float) -> NDArray[np.float64]:
    return np.full(round(1000 * picoseconds / dynamics.TIME_STEP), temperature)


def _ball(atoms: Atoms, count: int, random: np.random.Generator) -> NDArray[np.intp]:
    """The `count` atoms nearest to a random point."""
    away = atoms.positions - random.uniform(0.0, 1.0, 3) * atoms.edges
    away -= np.round(away / atoms.edges) * atoms.edges
    return np.sort(np.argsort(np.einsum("ax,ax->a", away, away), kind="stable")[:count])
