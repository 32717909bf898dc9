"""One specimen from end to end: disorder, relax, compress, measure."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from fingerprint.generators.silicon_vdos.bonds import find_bonds
from fingerprint.generators.silicon_vdos.disorder import disorder
from fingerprint.generators.silicon_vdos.field import ForceField
from fingerprint.generators.silicon_vdos.lattice import Atoms
from fingerprint.generators.silicon_vdos.potential import mean_stress_gpa
from fingerprint.generators.silicon_vdos.process import Compression, Process, process
from fingerprint.generators.silicon_vdos.relax import relax_cell, relax_positions
from fingerprint.generators.silicon_vdos.tables import FREQUENCY_THZ, Measured
from fingerprint.generators.silicon_vdos.vibrations import density, frequencies

REPEATS = 4
"""Cubic cells along each edge of a specimen: 512 sites."""

_FROZEN_STRAIN = 0.001
_COORDINATION_REACH = 2.85  # angstrom

_COMPRESSED = {
    Compression.NONE: np.zeros(3),
    Compression.UNIAXIAL: np.array([0.0, 0.0, 1.0]),
    Compression.HYDROSTATIC: np.ones(3),
}


def make_cell(seed: int, cell: int, repeats: int = REPEATS) -> Measured:
    """Make and measure cell `cell` of the set of `seed`, the same whatever else is made.

    Linear algebra is kept to one thread, whose number would change the last digits.
    """
    with threadpool_limits(1):
        steps = process(seed, cell)
        atoms = build(steps, np.random.default_rng([seed, cell]), repeats)
        return measure(atoms, steps, specimen_id(seed, cell), 8 * repeats**3)


def specimen_id(seed: int, cell: int) -> str:
    """What cell `cell` of the set of `seed` is called."""
    return f"si-{seed}-{cell:04d}"


def build(steps: Process, random: np.random.Generator, repeats: int = REPEATS) -> Atoms:
    """The atoms of a specimen, at rest in their final cell."""
    free = relax_cell(disorder(steps.disorder, steps.level, repeats, random))
    frozen = 1 + random.normal(0.0, _FROZEN_STRAIN, 3)
    return relax_positions(free.stretched(frozen * (1 - steps.strain * _COMPRESSED[steps.compression])))


def measure(atoms: Atoms, steps: Process, specimen: str, sites: int) -> Measured:
    """Spectrum, stress and what a laboratory would note of a specimen built on so many lattice sites."""
    found = ForceField()(atoms)
    x, y, z = atoms.edges.tolist()
    return Measured(
        specimen=specimen,
        stress_gpa=mean_stress_gpa(atoms, found.virial),
        compression=steps.compression.value,
        strain=steps.strain,
        disorder_kind=steps.disorder.value,
        disorder_level=steps.level,
        n_sites=sites,
        n_atoms=len(atoms),
        edge_x_angstrom=x,
        edge_y_angstrom=y,
        edge_z_angstrom=z,
        energy_ev_per_atom=found.energy / len(atoms),
        coordination=len(find_bonds(atoms, _COORDINATION_REACH)) / len(atoms),
        vdos=density(frequencies(atoms), FREQUENCY_THZ).astype(np.float32),
    )
