"""The folder of measurements that a simulated set leaves: spectra.h5, stress.csv and dataset.toml."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

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
missing = [""]  # "none" is a way of compressing and of disordering

[specimens]
file = "stress.csv"
id = "specimen"
metadata = [
{metadata}
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
    """What is written down about one cell; every field but `vdos` is a column of stress.csv.

    Attributes:
        specimen: its id.
        stress_gpa: -tr(sigma)/3, compression positive.
        compression: none, uniaxial or hydrostatic.
        strain: linear compressive strain of each compressed edge.
        disorder_kind: none, vacancy, frenkel, displaced or amorphised.
        disorder_level: fraction of the sites; for displaced, the standard deviation per component, angstrom.
        n_sites: lattice sites of the cell.
        n_atoms: atoms in the cell.
        edge_x_angstrom: of the rectangular cell.
        edge_y_angstrom: likewise.
        edge_z_angstrom: likewise.
        energy_ev_per_atom: potential energy.
        coordination: mean number of neighbours nearer than 2.85 angstrom.
        vdos: vibrational density of states on `FREQUENCY_THZ`, [point], float32, 1/THz, unit area.
    """

    specimen: str
    stress_gpa: float
    compression: str
    strain: float
    disorder_kind: str
    disorder_level: float
    n_sites: int
    n_atoms: int
    edge_x_angstrom: float
    edge_y_angstrom: float
    edge_z_angstrom: float
    energy_ev_per_atom: float
    coordination: float
    vdos: NDArray[np.float32]


_COLUMNS = [field.name for field in fields(Measured) if field.name != "vdos"]


def write_folder(folder: Path, cells: Sequence[Measured], description: str) -> tuple[Path, ...]:
    """Write the three files, each whole or not at all, `dataset.toml` last.

    Returns:
        Their paths.
    """
    metadata = [f'    "{name}",' for name in _COLUMNS if name not in ("specimen", "stress_gpa")]
    dataset = _DATASET_TOML.format(description=description, metadata="\n".join(metadata))
    write_atomically(folder / SPECTRA, lambda path: _write_spectra(path, cells))
    write_text_atomically(folder / STRESS, _stress_csv(cells))
    write_text_atomically(folder / DATASET, dataset)
    return folder / SPECTRA, folder / STRESS, folder / DATASET


def read_folder(folder: Path) -> list[Measured]:
    """The cells that `write_folder` wrote.

    Raises:
        OSError: a file is missing or cannot be read.
        KeyError: a dataset or column is missing.
        ValueError: the files hold other specimens than each other, or something that is not a number.
    """
    with h5py.File(folder / SPECTRA) as file:
        spectra = dict(zip(_dataset(file, "specimen").asstr()[:], _dataset(file, "vdos")[:], strict=True))
    with (folder / STRESS).open(encoding="utf-8", newline="") as text:
        return [_cell(row, spectra[row["specimen"]]) for row in csv.DictReader(text)]


def write_part(path: Path, cell: Measured) -> None:
    """Keep one cell in a file of its own."""
    with h5py.File(path, "w") as file:
        file["vdos"] = cell.vdos
        for name in _COLUMNS:
            file.attrs[name] = getattr(cell, name)


def read_part(path: Path) -> Measured:
    """The cell that `write_part` kept."""
    with h5py.File(path) as file:
        return _cell(file.attrs, _dataset(file, "vdos")[:])


def _write_spectra(path: Path, cells: Sequence[Measured]) -> None:
    vdos = np.stack([cell.vdos for cell in cells])
    packed = {"chunks": vdos.shape, "compression": "gzip", "compression_opts": 9, "shuffle": True}
    with h5py.File(path, "w") as file:
        file.create_dataset("vdos", data=vdos, **packed).attrs["unit"] = "1/THz"
        file.create_dataset("frequency_thz", data=FREQUENCY_THZ).attrs["unit"] = "THz"
        file.create_dataset("specimen", data=[cell.specimen for cell in cells], dtype=h5py.string_dtype())


def _stress_csv(cells: Sequence[Measured]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows([getattr(cell, name) for name in _COLUMNS] for cell in cells)
    return text.getvalue()


def _cell(row: Mapping[str, Any], vdos: NDArray[np.float32]) -> Measured:
    types = get_type_hints(Measured)
    return Measured(**{name: types[name](row[name]) for name in _COLUMNS}, vdos=vdos)


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    found = file[name]
    if not isinstance(found, h5py.Dataset):
        raise KeyError(name)
    return found
