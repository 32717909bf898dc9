"""The data sets that are shipped are whole and mean what they say."""

from __future__ import annotations

import csv

import h5py
import numpy as np
import pytest

from fingerprint.bundled import bundled
from fingerprint.generators.shipped import shipped_datasets
from fingerprint.generators.silicon_vdos.tables import FREQUENCY_THZ, read_folder

SILICON = bundled("datasets/silicon_vdos")


def test_772_specimens_with_a_stress_and_a_spectrum_of_unit_area() -> None:
    cells = read_folder(SILICON / "vdos")
    assert [cell.specimen for cell in cells] == [f"si-{number:04d}" for number in range(772)]
    spectra = np.stack([cell.vdos for cell in cells]).astype(float)
    np.testing.assert_allclose(spectra.sum(axis=1) * 0.02, 1.0, atol=5e-4)
    assert np.isfinite([cell.stress_gpa for cell in cells]).all()
    with h5py.File(SILICON / "vdos" / "spectra.h5") as file:
        assert (file["frequency_thz"][:] == FREQUENCY_THZ).all()
        assert file["vdos"].dtype == np.float32


def test_stress_is_positive_in_compression() -> None:
    cells = read_folder(SILICON / "vdos")
    crystals = [cell for cell in cells if cell.disorder_kind == "none" and cell.compression != "none"]
    for compression in ("uniaxial", "hydrostatic"):
        chosen = [cell for cell in crystals if cell.compression == compression]
        slope = np.polyfit([cell.strain for cell in chosen], [cell.stress_gpa for cell in chosen], 1)[0]
        # The bulk modulus, 101 GPa, times the strain of the volume per linear strain.
        assert slope == pytest.approx(101 * (1 if compression == "uniaxial" else 3), rel=0.4)


def test_new_specimens_are_new_and_alike() -> None:
    with (SILICON / "new_specimens" / "truth.csv").open(encoding="utf-8", newline="") as text:
        truth = list(csv.DictReader(text))
    shipped = read_folder(SILICON / "vdos")
    stresses = np.array([cell.stress_gpa for cell in shipped])
    for row in truth:
        table = np.loadtxt(SILICON / "new_specimens" / row["file"], delimiter=",", skiprows=1)
        assert (table[:, 0] == FREQUENCY_THZ).all()
        assert table[:, 1].sum() * 0.02 == pytest.approx(1.0, abs=1e-4)
        assert stresses.min() < float(row["stress_gpa"]) < stresses.max()
        distances = [np.linalg.norm(cell.vdos - table[:, 1]) / np.linalg.norm(table[:, 1]) for cell in shipped]
        assert 1e-3 < min(distances) < 0.1
    assert len(truth) == 2


def test_every_shipped_data_set_has_a_title() -> None:
    names = {dataset.name: dataset for dataset in shipped_datasets()}
    assert names["silicon_vdos"].ingestible == (SILICON / "vdos",)
    assert all(dataset.title for dataset in names.values())
