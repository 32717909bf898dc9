"""How each specimen of a set is made: a designed mix, spread evenly however many specimens there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from fingerprint.generators.silicon_vdos.disorder import Disorder


class Compression(StrEnum):
    """How a cell was compressed."""

    NONE = "none"
    UNIAXIAL = "uniaxial"  # along [001], the other edges kept
    HYDROSTATIC = "hydrostatic"


@dataclass(frozen=True)
class Process:
    """How one specimen is made.

    Attributes:
        compression: which edges are shortened.
        strain: by how much, as a fraction of each.
        disorder: what is done to the crystal before.
        level: how much of it; `Disorder` says in what.
    """

    compression: Compression
    strain: float
    disorder: Disorder
    level: float


_STRAIN = {
    Compression.NONE: (0.0, 0.0),
    Compression.UNIAXIAL: (0.005, 0.12),
    Compression.HYDROSTATIC: (0.0025, 0.06),
}
_LEVEL = {
    Disorder.NONE: (0.0, 0.0),
    Disorder.VACANCY: (0.004, 0.06),
    Disorder.FRENKEL: (0.004, 0.06),
    Disorder.DISPLACED: (0.40, 0.80),
    Disorder.AMORPHISED: (0.15, 1.0),
}
# Shares of each combination, 77 in all.
_SHARE_DISORDERED = {Compression.NONE: 5, Compression.UNIAXIAL: 6, Compression.HYDROSTATIC: 6}
_SHARE_CRYSTAL = {Compression.NONE: 1, Compression.UNIAXIAL: 4, Compression.HYDROSTATIC: 4}
_MIX = [
    (compression, kind)
    for kind in Disorder
    for compression in Compression
    for _ in range((_SHARE_CRYSTAL if kind is Disorder.NONE else _SHARE_DISORDERED)[compression])
]
# Multiples of these fill the unit cube evenly: powers of the inverse root of x^4 = x + 1
# (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
_STEPS = 1.2207440846057596 ** -np.arange(1.0, 4.0)


def process(seed: int, cell: int) -> Process:
    """The process of cell `cell` of the set of `seed`; it depends on nothing else."""
    start = np.random.default_rng(seed).random(3)
    which, strain, level = (start + cell * _STEPS) % 1.0
    compression, kind = _MIX[int(which * len(_MIX))]
    return Process(compression, _between(_STRAIN[compression], strain), kind, _between(_LEVEL[kind], level))


def _between(limits: tuple[float, float], share: float) -> float:
    low, high = limits
    return float(low + share * (high - low))
