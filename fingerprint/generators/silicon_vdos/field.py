"""The potential along a path.

Bonds are found with some slack, and found again only when an atom has used it up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fingerprint.generators.silicon_vdos.bonds import Bonds, find_bonds
from fingerprint.generators.silicon_vdos.lattice import Atoms
from fingerprint.generators.silicon_vdos.potential import CUTOFF, Evaluation, evaluate

_SLACK = 0.9  # angstrom


class ForceField:
    """Evaluates a sequence of arrangements of the same atoms that change little from one to the next."""

    def __init__(self) -> None:
        self._bonds: Bonds | None = None
        self._found_at: Atoms | None = None

    def __call__(self, atoms: Atoms) -> Evaluation:
        """Energy, forces and virial of `atoms`."""
        vectors, bonds = self.interacting(atoms)
        return evaluate(vectors, bonds)

    def interacting(self, atoms: Atoms) -> tuple[NDArray[np.float64], Bonds]:
        """The bonds shorter than the cutoff: their vectors [bond, 3] and who they join."""
        if self._bonds is None or self._found_at is None or _may_have_missed(atoms, self._found_at):
            self._bonds, self._found_at = find_bonds(atoms, CUTOFF + _SLACK), atoms
        vectors = self._bonds.vectors(atoms)
        chosen = np.flatnonzero(np.einsum("bx,bx->b", vectors, vectors) < CUTOFF**2)
        return vectors[chosen], self._bonds.only(chosen)


def _may_have_missed(atoms: Atoms, before: Atoms) -> bool:
    """Whether two atoms that were too far apart for a bond `before` can be within the cutoff now."""
    stretch = atoms.edges / before.edges
    moved = atoms.positions - before.positions * stretch
    farthest = np.sqrt(np.einsum("ax,ax->a", moved, moved).max())
    return bool(stretch.min() * (CUTOFF + _SLACK) - 2 * farthest < CUTOFF)
