"""Silicon cells with disorder and compression: their vibrational density of states and their mean stress.

Real physics in NumPy and SciPy: a Stillinger-Weber crystal is disordered, relaxed and compressed; the
spectrum comes from the Hessian and the stress from the virial. `datasets/silicon_vdos/README.md` tells the
recipe and what it is good for.

Reading order: lattice, bonds, potential, field; dynamics, disorder, relax, vibrations; process, cell; tables,
workers, dataset.
"""

from __future__ import annotations

from fingerprint.generators.silicon_vdos.dataset import make

__all__ = ["make"]
