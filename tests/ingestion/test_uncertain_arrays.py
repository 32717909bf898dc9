"""Uncertainties in HDF5 and .npz: found by name or by what NeXus says, stored with their values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import h5py
import numpy as np
import pytest
from hdf5_files import AXIS, POINTS, SPECTRA, groups, hyperspy, nexus, nexus_data, put, single

from fingerprint.errors import AmbiguousError, ReadError
from fingerprint.ingestion import ingest
from fingerprint.ingestion.reader import Column
from fingerprint.ingestion.report import IngestReport
from fingerprint.ingestion.uncertain_arrays import Array, find_uncertainties
from fingerprint.store import open_store

ROWS = np.stack(list(SPECTRA.values()))
IDS = list(SPECTRA)


def errors_of(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.abs(values)) + 0.01


def stored(folder: Path, modality: str) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """Specimen -> its values and their uncertainty, as the store holds them."""
    found: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    for block in open_store(folder / "store").read(modality).blocks:
        for row, name in enumerate(block.specimens):
            own = None if block.uncertainty is None else np.asarray(block.uncertainty)[row]
            found[name] = (np.asarray(block.values)[row], own)
    return found


def taken_in(folder: Path, write: Callable[[Path], object], name: str = "f.h5") -> IngestReport:
    (folder / "data").mkdir(exist_ok=True)
    write(folder / "data" / name)
    return ingest(folder / "data", folder / "store")


def _nexus_attribute(path: Path) -> None:
    nexus(path)
    with h5py.File(path, "a") as file:
        data = file["entry/data"]
        data.move("counts_errors", "deviations")
        data["counts"].attrs["uncertainties"] = "deviations"


def _nexus_group_attribute(path: Path) -> None:
    nexus(path)
    with h5py.File(path, "a") as file:
        file["entry/data"].move("counts_errors", "deviations")
        file["entry/data"].attrs["counts_uncertainties"] = "deviations"


def _nexus_rows(path: Path) -> None:
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = nexus_data(entry, ROWS)
        data["counts_errors"][...] = np.sqrt(np.abs(ROWS))
        data["sample"] = IDS
        data.attrs["axes"] = ["sample", "energy"]
        data.attrs["energy_indices"] = 1


@pytest.mark.parametrize(
    ("write", "path", "count"),
    [
        (nexus, "entry/data/counts_errors", 1),
        (lambda path: nexus(path, old=True), "entry/data/errors", 1),
        (lambda path: nexus(path, ("S1", "S2", "S3")), "*/data/counts_errors", 3),
        (_nexus_attribute, "entry/data/deviations", 1),
        (_nexus_group_attribute, "entry/data/deviations", 1),
        (_nexus_rows, "entry/data/counts_errors", 3),
    ],
)
def test_uncertainties_of_nexus_are_stored(
    write: Callable[[Path], None], path: str, count: int, tmp_path: Path
) -> None:
    report = taken_in(tmp_path, write, "f.nxs")
    assert f'\nuncertainty = "{path}"\n' in report.dataset_toml
    assert f"its uncertainty is {path}" in report.dataset_toml
    found = stored(tmp_path, "counts")
    assert len(found) == count
    for values, error in found.values():
        np.testing.assert_array_equal(error, np.sqrt(np.abs(values)))


def _groups(path: Path) -> None:
    groups(path)
    with h5py.File(path, "a") as file:
        for name in ("S1", "S2"):
            file[f"{name}/intensity_err"] = errors_of(file[f"{name}/intensity"][()])
            put(file[name], "stress_err_gpa", 0.5)


def test_groups_have_uncertainties_of_curves_and_scalars_where_they_hold_them(tmp_path: Path) -> None:
    report = taken_in(tmp_path, _groups)
    assert 'uncertainty = "*/intensity_err"' in report.dataset_toml
    assert 'uncertainty = "*/stress_err_gpa"' in report.dataset_toml
    found = stored(tmp_path, "intensity")
    for name in ("S1", "S2"):
        np.testing.assert_array_equal(found[name][1], errors_of(found[name][0]))
    assert found["S3"][1] is None
    scalars = {name: error for name, (_, error) in stored(tmp_path, "stress").items()}
    assert scalars == {"S1": 0.5, "S2": 0.5, "S3": None}


NAMES = ("intensity_err", "intensityerr", "sigma_intensity", "err", "errors", "esd", "unc", "sigma")


@pytest.mark.parametrize("name", NAMES)
def test_one_spectrum_in_a_file_has_its_uncertainty(name: str, tmp_path: Path) -> None:
    error = errors_of(SPECTRA["S1"])
    taken_in(tmp_path, lambda path: single(path, **{name: error}))
    np.testing.assert_array_equal(stored(tmp_path, "intensity")["f"][1], error)


def _table(path: Path, **more: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["id"] = IDS
        put(file, "frequency", AXIS[::-1], "THz")
        file["intensity"] = ROWS
        for name, values in more.items():
            file[name] = values


def test_an_array_with_ids_has_its_uncertainty_turned_with_its_axis(tmp_path: Path) -> None:
    taken_in(tmp_path, lambda path: _table(path, intensity_std=errors_of(ROWS)))
    found = stored(tmp_path, "intensity")
    for row, name in enumerate(IDS):
        np.testing.assert_array_equal(found[name][1], errors_of(ROWS)[row, ::-1])


def test_an_uncertainty_of_another_shape_or_unit_or_of_an_axis_is_named_and_left_out(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        _table(path, intensity_std=errors_of(ROWS[0]), frequency_err=np.full(POINTS, 0.1))

    report = taken_in(tmp_path, write)
    assert "uncertainty =" not in report.dataset_toml
    assert set(report.modalities) == {"intensity"}
    reasons = " ".join(each.reason for each in report.ignored)
    assert f"intensity_std: the uncertainty of intensity, which is not kept: its shape is ({POINTS},)" in reasons
    assert "frequency_err: the uncertainty of frequency, which is not kept" in reasons


@pytest.mark.parametrize("change", ["shape", "unit"])
def test_nexus_leaves_out_what_does_not_fit(change: str, tmp_path: Path) -> None:
    def write(path: Path) -> None:
        nexus(path)
        with h5py.File(path, "a") as file:
            if change == "unit":
                file["entry/data/counts_errors"].attrs["units"] = "THz"
            else:
                del file["entry/data/counts_errors"]
                file["entry/data/counts_errors"] = np.ones(POINTS - 1)

    report = taken_in(tmp_path, write, "f.nxs")
    assert "uncertainty =" not in report.dataset_toml
    reasons = " ".join(each.reason for each in report.ignored)
    assert "counts_errors: the uncertainty of entry/data/counts, which is not kept: it" in reasons


def test_entries_whose_uncertainties_differ_are_read_without(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        nexus(path, ("S1", "S2"))
        with h5py.File(path, "a") as file:
            del file["S2/data/counts_errors"]
            file["S2/data/counts_errors"] = np.ones(3)

    report = taken_in(tmp_path, write, "f.nxs")
    assert {error is None for _, error in stored(tmp_path, "counts").values()} == {True}
    assert any("in other entries" in each.reason for each in report.ignored)


def test_files_with_and_without_uncertainties_are_both_stored(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    single(tmp_path / "data" / "b.h5")
    error = errors_of(SPECTRA["S1"])
    report = taken_in(tmp_path, lambda path: single(path, intensity_err=error), "a.h5")
    found = [stored(tmp_path, name) for name in report.modalities]
    assert {name: error is None for each in found for name, (_, error) in each.items()} == {"a": False, "b": True}


@pytest.mark.parametrize(("axis", "values"), [("temperature_K", "kappa"), ("strain", "intensity")])
def test_strength_and_conductivity_are_no_uncertainties(axis: str, values: str, tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file[axis], file[values], file["sigma"] = AXIS, SPECTRA["S1"], SPECTRA["S2"]

    with pytest.raises(AmbiguousError, match="sigma"):
        taken_in(tmp_path, write)


def test_the_noise_of_hyperspy_is_named(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        hyperspy(path)
        with h5py.File(path, "a") as file:
            file.create_group("Experiments/__unnamed__/metadata/Signal/Noise_properties").attrs["variance"] = 2.0

    report = taken_in(tmp_path, write, "f.hspy")
    assert any("noise" in each.reason for each in report.ignored)


def test_arrays_of_npz_have_their_uncertainties(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        np.savez(
            path, id=np.array(IDS), frequency_thz=AXIS[::-1], y=ROWS, y_err=errors_of(ROWS), other=ROWS[:, :5],
            other_err=ROWS[:, :4],
        )  # fmt: skip

    report = taken_in(tmp_path, write, "f.npz")
    assert 'uncertainty = "y_err"' in report.dataset_toml
    found = stored(tmp_path, "y")
    for row, name in enumerate(IDS):
        np.testing.assert_array_equal(found[name][1], errors_of(ROWS)[row, ::-1])
    assert any("other_err: the uncertainty of other" in each.reason for each in report.ignored)


def test_scalars_with_ids_that_are_numbers_have_their_uncertainties(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["id"], file["hardness"], file["err"] = [3, 5, 8], [1.0, 2.5, 2.0], [0.1, 0.2, 0.3]

    taken_in(tmp_path, write)
    assert {name: error for name, (_, error) in stored(tmp_path, "hardness").items()} == {"3": 0.1, "5": 0.2, "8": 0.3}


def test_a_file_of_many_arrays_is_looked_at_in_time() -> None:
    many = [Array(Column(name, name, None, numeric=True, unique=True), {"": (9,)}) for name in _many(4000)]
    began = perf_counter()
    found = find_uncertainties(many)
    assert len(found.of) == 4000
    assert perf_counter() - began < 2


def _many(count: int) -> list[str]:
    return [name for number in range(count) for name in (f"a{number}", f"a{number}_err")]


@pytest.mark.parametrize("name", ["y_err", "yerr", "sigma"])
def test_one_curve_of_an_npz_has_its_uncertainty(name: str, tmp_path: Path) -> None:
    error = errors_of(SPECTRA["S1"])
    arrays = {"frequency_thz": AXIS, "y": SPECTRA["S1"], name: error}
    taken_in(tmp_path, lambda path: np.savez(path, **arrays), "f.npz")
    np.testing.assert_array_equal(stored(tmp_path, "y")["f"][1], error)


@pytest.mark.parametrize("name", ["f.h5", "f.npz"])
def test_an_uncertainty_below_zero_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    error = errors_of(ROWS)
    error[1, 3] = -1

    def write(path: Path) -> None:
        if path.suffix == ".h5":
            _table(path, intensity_err=error)
        else:
            np.savez(path, id=np.array(IDS), frequency_thz=AXIS, y=ROWS, y_err=error)

    with pytest.raises(ReadError, match=r"_err\[1, 3\]: the uncertainty is -1"):
        taken_in(tmp_path, write, name)
