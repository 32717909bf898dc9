"""Units that HDF5 states and that letters leave open: ampere or angstrom, as the name of the dataset says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hdf5_files import AXIS, SPECTRA, hyperspy, put

from fingerprint.errors import AmbiguousError
from fingerprint.ingestion import ingest
from fingerprint.store import open_store
from fingerprint.units import decided_unit


def one(path: Path, axis: str, axis_unit: str, values: str = "intensity", unit: str = "") -> None:
    with h5py.File(path, "w") as file:
        put(file, axis, AXIS, axis_unit)
        put(file, values, SPECTRA["S1"], unit or None)


def _nexus(path: Path, axis: str, axis_unit: str) -> None:
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": [axis]})
        put(data, axis, AXIS, axis_unit)
        put(data, "counts", SPECTRA["S1"])


def _hyperspy(path: Path, axis: str, axis_unit: str) -> None:
    hyperspy(path)
    with h5py.File(path, "a") as file:
        file["Experiments/__unnamed__/axis-0"].attrs.update({"name": axis, "units": axis_unit})


def _npz(path: Path, axis: str, axis_unit: str) -> None:
    np.savez(path, **{f"{axis} ({axis_unit})": AXIS, "intensity": SPECTRA["S1"]})


WRITERS = [(one, "f.h5"), (_nexus, "f.nxs"), (_hyperspy, "f.hspy"), (_npz, "f.npz")]


@pytest.mark.parametrize(("write", "file"), WRITERS)
@pytest.mark.parametrize(
    ("axis", "stated", "unit"),
    [
        ("wavelength", "A", "angstrom"),
        ("current", "A", "A"),
        ("q", "1/A", "1/angstrom"),
        ("temperature", "C", "degC"),
        ("wavelength", "angstrom", "angstrom"),
    ],
)
def test_the_name_decides_what_a_letter_is(
    write: Callable[..., None], file: str, axis: str, stated: str, unit: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / file, axis, stated)
    report = ingest(tmp_path / "data", tmp_path / "store")
    (modality,) = open_store(tmp_path / "store").modalities().values()
    assert modality.axis_unit == unit
    (block,) = open_store(tmp_path / "store").read(next(iter(report.modalities))).blocks
    np.testing.assert_array_equal(block.axis, AXIS)


@pytest.mark.parametrize(("write", "file"), WRITERS)
def test_where_the_name_leaves_it_open_it_is_asked_and_the_answer_is_read(
    write: Callable[..., None], file: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / file, "scan", "A")
    with pytest.raises(AmbiguousError, match='may be "A" or "angstrom"') as asked:
        ingest(tmp_path / "data", tmp_path / "store")
    before, axis, rest = asked.value.proposal.rpartition("axis = {")
    toml = before + axis + rest.replace('unit = ""', 'unit = "angstrom"')
    (tmp_path / "data" / "dataset.toml").write_text(toml)
    ingest(tmp_path / "data", tmp_path / "store")
    (modality,) = open_store(tmp_path / "store").modalities().values()
    assert modality.axis_unit == "angstrom"


def test_values_in_ampere_stay_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    one(tmp_path / "data" / "f.h5", "potential", "V", "current", "A")
    ingest(tmp_path / "data", tmp_path / "store")
    assert open_store(tmp_path / "store").modalities()["current"].unit == "A"


def test_units_of_one_meaning_are_left_to_the_file() -> None:
    assert [decided_unit("x", unit) for unit in ("nm", "THz", "A", "1/A")] == ["nm", "THz", None, None]
