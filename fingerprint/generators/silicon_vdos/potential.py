r"""The Stillinger-Weber potential of silicon: energy, forces, virial and Hessian.

F. H. Stillinger and T. A. Weber, Phys. Rev. B 31, 5262 (1985), with epsilon scaled to the cohesive energy of
4.3366 eV (the constants of LAMMPS' `Si.sw`). With $g(r) = \exp(\gamma\sigma / (r - a\sigma))$,

$$E = \sum_{i<j} A\epsilon \left[B (\sigma/r)^4 - 1\right] e^{\sigma/(r - a\sigma)}
    + \sum_i \sum_{j<k} \lambda\epsilon\, g_{ij}\, g_{ik} \left(\cos\theta_{jik} + \tfrac13\right)^2.$$

The sum over pairs of bonds is never formed. For the bonds $d$ of one atom let $T = \sum g\, \hat d \hat d^T$,
$V = \sum g\, \hat d$ and $S = \sum g$; the square expands to

$$\sum_{j<k} g_j g_k \left(\hat d_j \cdot \hat d_k + \tfrac13\right)^2
    = \tfrac12 \left[T{:}T + \tfrac23 V \cdot V + \tfrac19 S^2 - \tfrac{16}{9} \sum_j g_j^2\right],$$

so every quantity costs one pass over the bonds. Units: eV and angstrom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bsr_array, diags_array, eye_array, kron

from fingerprint.generators.silicon_vdos.bonds import Bonds
from fingerprint.generators.silicon_vdos.lattice import Atoms

EPSILON = 2.1683  # eV
SIGMA = 2.0951  # angstrom
CUTOFF = 1.80 * SIGMA
LAMBDA = 21.0
GAMMA = 1.20
A = 7.049556277
B = 0.6022245584

EV_PER_CUBIC_ANGSTROM_IN_GPA = 160.2176634

_ANGULAR = LAMBDA * EPSILON
# The moments of an atom's bonds are T (9 numbers), V (3) and S; these are their weights in the bracket above.
_WEIGHTS = np.array([1.0] * 9 + [2 / 3] * 3 + [1 / 9])
_SELF = 16 / 9


class Evaluation(NamedTuple):
    """What the potential says about one arrangement.

    Attributes:
        energy: eV.
        forces: [atom, 3], eV / angstrom.
        virial: dE/d(strain), [3, 3], eV; divided by the volume it is the stress, tension positive.
    """

    energy: float
    forces: NDArray[np.float64]
    virial: NDArray[np.float64]


class _Radial(NamedTuple):
    """A function of the bond length and its first two derivatives, each [bond]."""

    value: NDArray[np.float64]
    slope: NDArray[np.float64]
    curvature: NDArray[np.float64]


def mean_stress_gpa(atoms: Atoms, virial: NDArray[np.float64]) -> float:
    """-tr(sigma)/3 in GPa, compression positive."""
    return float(-np.trace(virial) / 3 / atoms.volume * EV_PER_CUBIC_ANGSTROM_IN_GPA)


def evaluate(vectors: NDArray[np.float64], bonds: Bonds) -> Evaluation:
    """Energy, forces and virial from the bond vectors, [bond, 3]; bonds beyond the cutoff count nothing."""
    length, unit = _polar(vectors)
    pair, g = _pair(length), _screening(length)
    moments = _moments(g.value, unit, bonds)
    energy = 0.5 * pair.value.sum()
    energy += 0.5 * _ANGULAR * ((moments**2 @ _WEIGHTS).sum() - _SELF * (g.value**2).sum())

    tensor, vector, scalar = _conjugate(moments, bonds)
    turned = np.einsum("bxy,by->bx", tensor, unit)
    along = np.einsum("bx,bx->b", turned, unit)
    aside = np.einsum("bx,bx->b", vector, unit)
    across = g.value / length
    radial = 0.5 * pair.slope + (along + aside + scalar - _SELF * _ANGULAR * g.value) * g.slope
    radial -= (2 * along + aside) * across
    gradient = radial[:, None] * unit + across[:, None] * (2 * turned + vector)
    forces = bonds.leaving @ gradient - bonds.arriving @ gradient
    return Evaluation(float(energy), forces, vectors.T @ gradient)


def hessian(
    vectors: NDArray[np.float64], bonds: Bonds, phases: NDArray[np.inexact] | None = None
) -> NDArray[np.inexact]:
    r"""Second derivatives of the energy, [3 atom, 3 atom], eV / angstrom^2.

    $H = D^\dagger (M^T W M + K) D$: D takes displacements to changes of the bond vectors, M those to changes
    of the moments, and K holds the second derivatives along each bond, moments held.

    Args:
        vectors: [bond, 3].
        bonds: those beyond the cutoff count nothing.
        phases: Bloch factor of each bond's neighbour, [bond]; 1 without it. H is real where they are, else
            Hermitian.
    """
    length, unit = _polar(vectors)
    g = _screening(length)
    moments = _moments(g.value, unit, bonds)
    number = np.arange(len(length) + 1)

    arriving = bonds.arriving if phases is None else bonds.arriving * phases
    displace = kron(arriving - bonds.leaving, eye_array(3)).T.tocsr()
    starts = np.searchsorted(bonds.centre, np.arange(bonds.atoms + 1))
    along = bsr_array((_moment_slopes(g, length, unit), number[:-1], starts)).tocsr()
    weights = diags_array(np.tile(_ANGULAR * _WEIGHTS, len(moments)))
    each = bsr_array((_bond_curvature(g, length, unit, moments, bonds), number[:-1], number)).tocsr()
    return (displace.conj().T @ ((along.T @ weights @ along + each) @ displace)).toarray()


def _polar(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lengths [bond] and unit vectors [bond, 3]."""
    length = np.sqrt(np.einsum("bx,bx->b", vectors, vectors))
    return length, vectors / length[:, None]


def _screening(length: NDArray[np.float64], rate: float = GAMMA) -> _Radial:
    """exp(rate sigma / (r - cutoff)), and 0 from the cutoff on, where all derivatives vanish too."""
    inside = length < CUTOFF
    inverse = 1 / np.where(inside, length - CUTOFF, -np.inf)
    value = np.where(inside, np.exp(rate * SIGMA * inverse), 0.0)
    bend = -rate * SIGMA * inverse**2
    return _Radial(value, bend * value, (bend**2 - 2 * bend * inverse) * value)


def _pair(length: NDArray[np.float64]) -> _Radial:
    """The two-body energy of a bond, eV."""
    decay = _screening(length, 1.0)
    power = A * EPSILON * B * SIGMA**4 / length**4
    value, slope, curvature = power - A * EPSILON, -4 * power / length, 20 * power / length**2
    return _Radial(
        value * decay.value,
        slope * decay.value + value * decay.slope,
        curvature * decay.value + 2 * slope * decay.slope + value * decay.curvature,
    )


def _moments(g: NDArray[np.float64], unit: NDArray[np.float64], bonds: Bonds) -> NDArray[np.float64]:
    """T, V and S of every atom, [atom, moment]."""
    first = g[:, None] * unit
    second = (first[:, :, None] * unit[:, None, :]).reshape(-1, 9)
    return bonds.leaving @ np.concatenate([second, first, g[:, None]], axis=1)


def _conjugate(
    moments: NDArray[np.float64], bonds: Bonds
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Derivatives of the energy by the moments of each bond's centre: [bond, 3, 3], [bond, 3] and [bond]."""
    scaled = _ANGULAR * moments
    parts = scaled[:, :9].reshape(-1, 3, 3), 2 / 3 * scaled[:, 9:12], scaled[:, 12] / 9
    tensor, vector, scalar = (part.take(bonds.centre, axis=0) for part in parts)
    return tensor, vector, scalar


def _moment_slopes(g: _Radial, length: NDArray[np.float64], unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivatives of a bond's moments by its vector, [bond, moment, 3]."""
    outward = unit[:, :, None] * unit[:, None, :]
    turning = (g.value / length)[:, None, None] * (np.eye(3) - outward)
    first = turning + g.slope[:, None, None] * outward
    second = first[:, :, None] * unit[:, None, :, None] + unit[:, :, None, None] * turning[:, None]
    last = (g.slope[:, None] * unit)[:, None]
    return np.concatenate([second.reshape(-1, 9, 3), first, last], axis=1)


def _bond_curvature(
    g: _Radial,
    length: NDArray[np.float64],
    unit: NDArray[np.float64],
    moments: NDArray[np.float64],
    bonds: Bonds,
) -> NDArray[np.float64]:
    r"""Second derivatives by a bond's vector d of what it adds at fixed moments, [bond, 3, 3].

    That is $\tfrac{g}{r^2}\, d \cdot T d + \tfrac{g}{r}\, V \cdot d + R(r)$, where R is half the pair energy,
    $S g$ and the self term.
    """
    pair = _pair(length)
    tensor, vector, scalar = _conjugate(moments, bonds)
    turned = np.einsum("bxy,by->bx", tensor, unit)
    along = np.einsum("bx,bx->b", turned, unit)
    aside = np.einsum("bx,bx->b", vector, unit)
    # Radial parts times their power of r: h1 = g / r and h2 = g / r^2.
    h1_slope = g.slope - g.value / length
    h1_curvature = g.curvature - 2 * h1_slope / length
    h2_slope = g.slope - 2 * g.value / length
    h2_curvature = g.curvature - (4 * g.slope - 6 * g.value / length) / length
    own = scalar - _SELF * _ANGULAR * g.value
    rest_slope = 0.5 * pair.slope + own * g.slope
    rest_curvature = 0.5 * pair.curvature + own * g.curvature - _SELF * _ANGULAR * g.slope**2

    isotropic = (along * h2_slope + aside * h1_slope + rest_slope) / length
    radial = along * h2_curvature + aside * h1_curvature + rest_curvature - isotropic
    mixed = (
        unit[:, :, None] * ((2 * h2_slope[:, None] * turned + h1_slope[:, None] * vector) / length[:, None])[:, None]
    )
    curvature = radial[:, None, None] * unit[:, :, None] * unit[:, None, :]
    curvature += isotropic[:, None, None] * np.eye(3) + mixed + mixed.swapaxes(1, 2)
    return curvature + 2 * (g.value / length**2)[:, None, None] * tensor
