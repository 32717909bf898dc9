"""The folder of measurements that a simulated set leaves: spectra.h5, stress.csv and dataset.toml."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.files import write_atomically, write_text_atomically

SPECTRA = "spectra.h5"
STRESS = "stress.csv"
DATASET = "dataset.toml"

FREQUENCY_THZ: NDArray[np.float64] = np.arange(1351) / 50.0
"""The axis of every spectrum: 0 to 27 THz in steps of 0.02."""

_DATASET_TOML = """\
name = "silicon_vdos"
description = "{description}"

[specimens]
file = "stress.csv"
id = "specimen"
metadata = [
    "compression", "strain", "disorder_kind", "disorder_level", "n_atoms",
    "edge_x_angstrom", "edge_y_angstrom", "edge_z_angstrom", "energy_ev_per_atom", "coordination",
]

[modalities.vdos]
kind = "spectrum"
unit = "1/THz"
files = "spectra.h5"
values = "vdos"
specimens = "specimen"
axis = {{ name = "frequency", unit = "THz", values = "frequency_thz" }}

[modalities.stress]
kind = "scalar"
unit = "GPa"
sign = "compression positive (-tr sigma / 3)"
files = "stress.csv"
values = "stress_gpa"
specimens = "specimen"
"""


@dataclass(frozen=True)
class Measured:
    """What is written down about one cell.

    Attributes:
        specimen: its id.
        vdos: vibrational density of states on `FREQUENCY_THZ`, [point], 1/THz, unit area.
        stress_gpa: -tr(sigma)/3, compression positive.
        compression: none, uniaxial or hydrostatic.
        strain: linear compressive strain of each compressed edge.
        disorder_kind: none, vacancy, frenkel, displaced or amorphised.
        disorder_level: fraction of the sites; for displaced, the standard deviation per component in angstrom.
        n_atoms: in the cell.
        edges_angstrom: of the rectangular cell, (x, y, z).
        energy_ev_per_atom: potential energy.
        coordination: mean number of neighbours nearer than 2.85 angstrom.
    """

    specimen: str
    vdos: NDArray[np.floating]
    stress_gpa: float
    compression: str
    strain: float
    disorder_kind: str
    disorder_level: float
    n_atoms: int
    edges_angstrom: tuple[float, float, float]
    energy_ev_per_atom: float
    coordination: float


_COLUMNS = (
    "specimen",
    "stress_gpa",
    "compression",
    "strain",
    "disorder_kind",
    "disorder_level",
    "n_atoms",
    "edge_x_angstrom",
    "edge_y_angstrom",
    "edge_z_angstrom",
    "energy_ev_per_atom",
    "coordination",
)


def write_folder(folder: Path, cells: Sequence[Measured], description: str) -> tuple[Path, ...]:
    """Write the three files, each whole or not at all; `dataset.toml` last.

    Returns:
        Their paths.
    """
    spectra, stress, dataset = folder / SPECTRA, folder / STRESS, folder / DATASET
    write_atomically(spectra, lambda path: _write_spectra(path, cells))
    write_text_atomically(stress, _stress_csv(cells))
    write_text_atomically(dataset, _DATASET_TOML.format(description=description))
    return spectra, stress, dataset


def _write_spectra(path: Path, cells: Sequence[Measured]) -> None:
    vdos = np.stack([cell.vdos for cell in cells]).astype(np.float32)
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "vdos", data=vdos, chunks=vdos.shape, compression="gzip", compression_opts=9, shuffle=True
        ).attrs["unit"] = "1/THz"
        file.create_dataset("frequency_thz", data=FREQUENCY_THZ).attrs["unit"] = "THz"
        file.create_dataset("specimen", data=[cell.specimen for cell in cells], dtype=h5py.string_dtype())


def _stress_csv(cells: Sequence[Measured]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for cell in cells:
        rows.writerow(
            (
                cell.specimen,
                cell.stress_gpa,
                cell.compression,
                cell.strain,
                cell.disorder_kind,
                cell.disorder_level,
                cell.n_atoms,
                *cell.edges_angstrom,
                cell.energy_ev_per_atom,
                cell.coordination,
            )
        )
    return text.getvalue()
