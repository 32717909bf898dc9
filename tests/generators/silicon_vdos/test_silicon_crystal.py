"""The perfect crystal against numbers that other code found for the same potential."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import find_peaks

from fingerprint.bundled import bundled
from fingerprint.generators.silicon_vdos.bonds import find_bonds
from fingerprint.generators.silicon_vdos.lattice import LATTICE_CONSTANT, diamond
from fingerprint.generators.silicon_vdos.potential import (
    CUTOFF,
    EV_PER_CUBIC_ANGSTROM_IN_GPA,
    evaluate,
    hessian,
)
from fingerprint.generators.silicon_vdos.relax import relax_cell
from fingerprint.generators.silicon_vdos.tables import FREQUENCY_THZ
from fingerprint.generators.silicon_vdos.vibrations import BROADENING_THZ, density, frequencies

CRYSTAL = json.loads(bundled("datasets/silicon_vdos/reference.json").read_text(encoding="utf-8"))[
    "silicon_stillinger_weber"
]

CUBE = diamond(1)
MESH = 20


def stress_gpa(strain: NDArray[np.float64], relaxed: bool) -> NDArray[np.float64]:
    """Stress of the strained crystal, tension positive, its atoms at rest within the strained cell or not."""
    bonds = find_bonds(CUBE, CUTOFF + 0.05)
    vectors = bonds.vectors(CUBE) @ (np.eye(3) + strain).T
    for _ in range(3 if relaxed else 0):
        forces = evaluate(vectors, bonds).forces
        step = (np.linalg.pinv(hessian(vectors, bonds), rcond=1e-9) @ forces.ravel()).reshape(-1, 3)
        vectors = vectors + step[bonds.neighbour] - step[bonds.centre]
    return evaluate(vectors, bonds).virial / CUBE.volume * EV_PER_CUBIC_ANGSTROM_IN_GPA


def modulus(strained: tuple[int, int], answers: tuple[int, int], relaxed: bool = True) -> float:
    """Derivative of a stress component by an (engineering) strain component, GPa."""
    strain = np.zeros((3, 3))
    strain[strained] += 0.5e-4
    strain[strained[::-1]] += 0.5e-4
    change = stress_gpa(strain, relaxed) - stress_gpa(-strain, relaxed)
    size = strain[strained] if strained[0] == strained[1] else 2 * strain[strained]
    return float(change[answers] / (2 * size))


def test_cohesive_energy_and_lattice_constant() -> None:
    bonds = find_bonds(CUBE, CUTOFF)
    energy = evaluate(bonds.vectors(CUBE), bonds).energy / len(CUBE)
    assert energy == pytest.approx(CRYSTAL["cohesive_energy_ev_per_atom"], abs=1e-4)
    free = relax_cell(diamond(2).stretched(1.01))
    np.testing.assert_allclose(free.edges / 2, CRYSTAL["lattice_constant_angstrom"], rtol=1e-5)
    assert CRYSTAL["lattice_constant_angstrom"] == LATTICE_CONSTANT


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("c11_gpa", lambda: modulus((0, 0), (0, 0))),
        ("c12_gpa", lambda: modulus((0, 0), (1, 1))),
        ("c44_gpa", lambda: modulus((1, 2), (1, 2))),
        ("c44_unrelaxed_gpa", lambda: modulus((1, 2), (1, 2), relaxed=False)),
    ],
)
def test_elastic_constants_within_a_thousandth(name: str, found: Callable[[], float]) -> None:
    assert found() == pytest.approx(CRYSTAL[name], rel=1e-3)


def test_frequencies_at_points_of_symmetry() -> None:
    at_centre, at_corner = frequencies(CUBE, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    np.testing.assert_allclose(at_centre[:3], 0.0, atol=1e-4)
    np.testing.assert_allclose(at_centre[-3:], CRYSTAL["gamma_optical_thz"], atol=0.002)
    np.testing.assert_allclose(at_centre[3:-3], np.repeat(CRYSTAL["x_thz"], 3), atol=0.002)
    np.testing.assert_allclose(at_corner, np.repeat(CRYSTAL["l_thz"], 4), atol=0.002)


def test_density_of_states_on_a_fine_mesh() -> None:
    points = list(combinations_with_replacement(range(MESH // 2), 3))
    # Cubic symmetry: a point stands for the permutations of its components.
    permutations = [{1: 1, 2: 3, 3: 6}[len(set(point))] for point in points]
    modes = np.repeat(frequencies(CUBE, (np.array(points) + 0.5) / MESH), permutations, axis=0)
    assert modes.mean() == pytest.approx(CRYSTAL["mean_frequency_thz"], abs=0.002)
    assert np.sqrt((modes**2).mean()) == pytest.approx(CRYSTAL["rms_frequency_thz"], abs=0.002)

    found = density(modes, FREQUENCY_THZ)
    table = np.loadtxt(bundled("datasets/silicon_vdos/reference_dos.csv"), delimiter=",", skiprows=1)
    away = (FREQUENCY_THZ[:, None] - table[:, 0]) / BROADENING_THZ
    gaussian = np.exp(-0.5 * away**2) / (BROADENING_THZ * np.sqrt(2 * np.pi))
    expected = gaussian @ (table[:, 1] / table[:, 1].sum())
    assert np.linalg.norm(found - expected) < 0.01 * np.linalg.norm(expected)

    peaks = FREQUENCY_THZ[find_peaks(found, prominence=0.002)[0]]
    sharp = table[find_peaks(table[:, 1], prominence=0.1)[0], 0]
    acoustic, optical = sharp[0], sharp[-1]
    assert (acoustic, optical) == (CRYSTAL["ta_peak_thz"], CRYSTAL["to_peak_thz"])
    smooth = FREQUENCY_THZ[find_peaks(expected, prominence=0.002)[0]]
    np.testing.assert_allclose(peaks, smooth, atol=0.1)
    assert peaks[-1] == pytest.approx(optical, abs=0.2)
