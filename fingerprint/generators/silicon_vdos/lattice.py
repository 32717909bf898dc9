"""Periodic rectangular cells of atoms, and the diamond lattice.

Lengths are in angstrom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LATTICE_CONSTANT = 5.43095
"""Edge of silicon's cubic cell of 8 atoms, angstrom, at rest in the Stillinger-Weber potential."""

_FCC = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
_DIAMOND = np.concatenate([_FCC, _FCC + 0.25])


@dataclass(frozen=True)
class Atoms:
    """Silicon atoms in a periodic rectangular cell.

    Attributes:
        positions: [atom, 3], angstrom; they may lie outside the cell.
        edges: [3], angstrom.
    """

    positions: NDArray[np.float64]
    edges: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def volume(self) -> float:
        """Of the cell, cubic angstrom."""
        return float(np.prod(self.edges))

    def stretched(self, factors: NDArray[np.float64] | float) -> Atoms:
        """Edges and positions multiplied by `factors` (one, or one per edge)."""
        return Atoms(self.positions * factors, self.edges * factors)


def diamond(repeats: int) -> Atoms:
    """The perfect crystal: `repeats` cubic cells along each edge, 8 atoms each."""
    return _crystal(_DIAMOND, repeats)


def tetrahedral_holes(repeats: int) -> NDArray[np.float64]:
    """Where an interstitial atom of the same crystal fits, [hole, 3]: as many as lattice sites.

    The diamond lattice moved by half a cubic cell's body diagonal.
    """
    return _crystal(_DIAMOND + 0.5, repeats).positions


def _crystal(basis: NDArray[np.float64], repeats: int) -> Atoms:
    corners = np.stack(np.meshgrid(*[np.arange(repeats)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = (corners + basis).reshape(-1, 3) * LATTICE_CONSTANT
    return Atoms(positions, np.full(3, repeats * LATTICE_CONSTANT))
