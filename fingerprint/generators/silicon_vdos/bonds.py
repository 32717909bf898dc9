"""Which atoms interact: every pair nearer than a reach, across the periodic boundary.

A bond is directed: from its centre to its neighbour, so that each pair stands twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.spatial import KDTree

from fingerprint.generators.silicon_vdos.lattice import Atoms


@dataclass(frozen=True)
class Bonds:
    """Directed bonds, sorted by their centre.

    Attributes:
        centre: index of the atom that each starts from, [bond].
        neighbour: index of the atom that each ends at, [bond].
        shift: the neighbour's periodic image in cell edges, [bond, 3].
        atoms: how many atoms there are.
    """

    centre: NDArray[np.intp]
    neighbour: NDArray[np.intp]
    shift: NDArray[np.intp]
    atoms: int

    def __len__(self) -> int:
        return len(self.centre)

    def vectors(self, atoms: Atoms) -> NDArray[np.float64]:
        """From each centre to its neighbour, [bond, 3], angstrom."""
        between = atoms.positions.take(self.neighbour, axis=0) - atoms.positions.take(self.centre, axis=0)
        return between + self.shift * atoms.edges

    def only(self, chosen: NDArray[np.intp]) -> Bonds:
        """The bonds at these indices, which ascend."""
        return Bonds(self.centre[chosen], self.neighbour[chosen], self.shift[chosen], self.atoms)

    @property
    def leaving(self) -> csc_array:
        """Sums over the bonds that start from each atom: ones, sparse [atom, bond]."""
        return self._sum_by(self.centre)

    @property
    def arriving(self) -> csc_array:
        """Sums over the bonds that end at each atom: ones, sparse [atom, bond]."""
        return self._sum_by(self.neighbour)

    def _sum_by(self, atom: NDArray[np.intp]) -> csc_array:
        number = np.arange(len(self) + 1)
        return csc_array((np.ones(len(self)), atom, number), shape=(self.atoms, len(self)))


def find_bonds(atoms: Atoms, reach: float) -> Bonds:
    """All bonds shorter than `reach`, which may be at most every edge.

    An atom may be bonded to several images of one neighbour, or to its own.
    """
    if reach > atoms.edges.min():
        raise ValueError(f"the cell's edges {atoms.edges} must be at least as long as the reach {reach}")
    home = np.floor(atoms.positions / atoms.edges).astype(np.intp)
    inside = atoms.positions - home * atoms.edges
    index, image, place = _with_images(inside, atoms.edges, reach)

    near = KDTree(inside).sparse_distance_matrix(KDTree(place), reach, output_type="ndarray")
    centre, copy = near["i"].astype(np.intp), near["j"].astype(np.intp)
    is_itself = (index[copy] == centre) & ~image[copy].any(axis=1)
    centre, copy = centre[~is_itself], copy[~is_itself]
    order = np.lexsort((copy, centre))
    centre, copy = centre[order], copy[order]
    neighbour = index[copy]
    return Bonds(centre, neighbour, image[copy] + home[centre] - home[neighbour], len(atoms))


def _with_images(
    inside: NDArray[np.float64], edges: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """The atoms and their periodic images that are within `reach` of the cell: index, image, place."""
    indices: list[NDArray[np.intp]] = []
    images: list[NDArray[np.intp]] = []
    for image in product((-1, 0, 1), repeat=3):
        place = inside + np.array(image) * edges
        kept = np.flatnonzero(((place > -reach) & (place < edges + reach)).all(axis=1))
        indices.append(kept)
        images.append(np.broadcast_to(np.array(image, dtype=np.intp), (len(kept), 3)))
    index, shift = np.concatenate(indices), np.concatenate(images)
    return index, shift, inside[index] + shift * edges
