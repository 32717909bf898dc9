"""Whole specimens: those of the shipped set are measured again, new ones follow from their seed."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.bundled import bundled
from fingerprint.generators.silicon_vdos.cell import build, make_cell, measure
from fingerprint.generators.silicon_vdos.disorder import Disorder
from fingerprint.generators.silicon_vdos.field import ForceField
from fingerprint.generators.silicon_vdos.lattice import Atoms
from fingerprint.generators.silicon_vdos.potential import mean_stress_gpa
from fingerprint.generators.silicon_vdos.process import Compression, Process
from fingerprint.generators.silicon_vdos.tables import FREQUENCY_THZ
from fingerprint.generators.silicon_vdos.vibrations import density, frequencies


@pytest.mark.parametrize("name", ["crystal", "vacancy", "amorphised"])
def test_the_stress_and_spectrum_of_shipped_cells_are_found_again(name: str) -> None:
    """The shipped spectra were made from frequencies rounded to the axis, which moves a crystal's by 0.4 %."""
    with np.load(bundled("datasets/silicon_vdos/reference_cells.npz"), allow_pickle=False) as stored:
        cell = {field: stored[f"{name}_{field}"] for field in ("positions", "edges", "stress_gpa", "vdos")}
    atoms = Atoms(cell["positions"].astype(float), cell["edges"].astype(float))
    stress = mean_stress_gpa(atoms, ForceField()(atoms).virial)
    assert stress == pytest.approx(float(cell["stress_gpa"]), abs=1e-4)

    modes, size = frequencies(atoms), np.linalg.norm(cell["vdos"])
    rounded = density(np.round(modes * 50) / 50, FREQUENCY_THZ)
    assert np.linalg.norm(rounded - cell["vdos"]) < 5e-4 * size
    assert np.linalg.norm(density(modes, FREQUENCY_THZ) - cell["vdos"]) < 5e-3 * size


def test_a_cell_follows_from_seed_and_number_alone() -> None:
    first, again, other = make_cell(1, 2, repeats=2), make_cell(1, 2, repeats=2), make_cell(1, 4, repeats=2)
    assert (first.vdos == again.vdos).all()
    assert first.stress_gpa == again.stress_gpa
    assert first.specimen == "si-1-0002"
    assert other.stress_gpa != first.stress_gpa


def test_compression_shortens_the_edges_it_names_and_raises_the_stress() -> None:
    stresses = []
    for compression, factors in [
        (Compression.NONE, [1, 1, 1]),
        (Compression.UNIAXIAL, [1, 1, 0.94]),
        (Compression.HYDROSTATIC, [0.94, 0.94, 0.94]),
    ]:
        steps = Process(compression, 0.06, Disorder.NONE, 0.0)
        atoms = build(steps, np.random.default_rng(11), repeats=2)
        np.testing.assert_allclose(atoms.edges, 2 * 5.43095 * np.array(factors), rtol=0.004)
        found = measure(atoms, steps, "x", sites=64)
        stresses.append(found.stress_gpa)
        assert found.vdos.sum() * 0.02 == pytest.approx(1.0, abs=1e-3)
    assert abs(stresses[0]) < 0.5 < stresses[1] < stresses[2]
    # The bulk modulus is 101 GPa; stiffening under 6 % makes it more than linear.
    assert 3 * 0.06 * 101 < stresses[2] < 1.5 * 3 * 0.06 * 101
