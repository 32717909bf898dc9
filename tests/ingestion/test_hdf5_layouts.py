"""Each way in which laboratories lay out HDF5: inferred, read by the inferred dataset.toml, and predicted from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest
from hdf5_files import (
    AXIS,
    SPECTRA,
    STRESS,
    Matlab,
    groups,
    hyperspy,
    matlab,
    matlab_table,
    nexus,
    nexus_data,
    put,
    single,
)

from fingerprint.errors import AmbiguousError, DatasetError, ReadError
from fingerprint.ingestion import ingest, read_measurement
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.store import open_store

ROWS = tuple(f"f-{row:05d}" for row in range(3))


class Case(NamedTuple):
    """A way of writing, what the dataset.toml should say of it, and which specimens it holds."""

    file: str
    write: Callable[[Path], None]
    values: str
    axis: str
    specimens: str
    modality: str = "intensity"
    ids: tuple[str, ...] = ("f",)
    shorter: str = ""  # the specimen whose axis ends two points earlier


def _nexus_table(path: Path) -> None:
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = nexus_data(entry, np.stack(list(SPECTRA.values())))
        data["sample"] = list(SPECTRA)
        data.attrs["axes"] = ["sample", "energy"]
        data.attrs["energy_indices"] = 1


def _nexus_old_axes(path: Path) -> None:
    with h5py.File(path, "w") as file:
        data = file.create_group("entry")
        data.attrs["NX_class"] = "NXdata"
        put(data, "energy", AXIS, "THz", axis=1)
        put(data, "counts", SPECTRA["S1"], "1/THz", signal=1)


def _matlab_groups(path: Path) -> None:
    def write(to: Matlab) -> None:
        for name, values in SPECTRA.items():
            to.number(f"results/{name}/frequency_thz", AXIS)
            to.number(f"results/{name}/intensity", values)

    matlab(path, write)


def _matlab_single(path: Path) -> None:
    def write(to: Matlab) -> None:
        to.number("frequency_thz", AXIS)
        to.number("intensity", SPECTRA["S1"][:, None])

    matlab(path, write)


ALL = tuple(SPECTRA)
CASES = [
    Case("f.h5", groups, "*/intensity", "*/frequency", "{group}", ids=ALL, shorter="S2"),
    Case("f.h5", lambda p: groups(p, "a/b"), "a/b/*/intensity", "a/b/*/frequency", "{group}", ids=ALL, shorter="S2"),
    Case("f.hdf5", single, "intensity", "frequency", "{stem}"),
    Case("f.nxs", nexus, "entry/data/counts", "entry/data/energy", "{stem}", "counts"),
    Case("f.nxs", lambda p: nexus(p, old=True), "entry/data/counts", "entry/data/energy", "{stem}", "counts"),
    Case("f.nxs", _nexus_old_axes, "entry/counts", "entry/energy", "{stem}", "counts"),
    Case("f.h5", lambda p: nexus(p, ALL), "*/data/counts", "*/data/energy", "{group}", "counts", ALL),
    Case("f.h5", _nexus_table, "entry/data/counts", "entry/data/energy", "entry/data/sample", "counts", ALL),
    Case("f.hspy", hyperspy, "Experiments/*/data", "Experiments/*/axis-0", "{stem}", "dos"),
    Case(
        "f.hspy",
        lambda p: hyperspy(p, "X", uniform=False),
        "Experiments/*/data",
        "Experiments/*/axis-0",
        "{stem}",
        "dos",
    ),
    Case(
        "f.hspy",
        lambda p: hyperspy(p, rows=3),
        "Experiments/*/data",
        "Experiments/*/axis-1",
        "{stem}-{row}",
        "dos",
        ROWS,
    ),
    Case("f.mat", matlab_table, "intensity", "frequency_thz", "specimen", ids=ALL),
    Case("f.mat", lambda p: matlab_table(p, columns=True), "intensity", "frequency_thz", "specimen", ids=ALL),
    Case("f.mat", _matlab_groups, "results/*/intensity", "results/*/frequency_thz", "{group}", ids=ALL),
    Case("f.mat", _matlab_single, "intensity", "frequency_thz", "{stem}"),
]


def _curves(raw: RawModality) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    return {name: (axis, values) for name, values, axis in raw.rows() if axis is not None}


def _check(raw: RawModality, case: Case) -> None:
    found = _curves(raw)
    assert tuple(found) == case.ids or set(found) == set(case.ids)
    for name, expected in zip(case.ids, SPECTRA.values(), strict=False):
        axis, values = found[name]
        assert len(axis) == len(values) == 12 - 2 * (name == case.shorter)
        assert (axis[0], axis[-1]) == (AXIS[0], AXIS[len(axis) - 1])
        assert (values[0], values[-1]) == (expected[0], expected[len(axis) - 1])
        np.testing.assert_array_equal(values, expected[: len(axis)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.values}:{case.specimens}")
def test_a_layout_is_inferred_read_back_and_predicted_from(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    case.write(folder / case.file)
    report = ingest(folder, tmp_path / "store")
    modality = open_store(tmp_path / "store").modalities()[case.modality]
    assert (modality.kind, modality.axis_unit) == (Kind.SPECTRUM, "THz")
    assert modality.unit == ("" if case.file == "f.mat" else "1/THz")
    for key, value in (("values", case.values), ("specimens", case.specimens)):
        assert f'\n{key} = "{value}"\n' in report.dataset_toml
    assert f'values = "{case.axis}"' in report.dataset_toml
    _check(open_store(tmp_path / "store").read(case.modality), case)

    (folder / "dataset.toml").write_text(report.dataset_toml)
    again = ingest(folder, tmp_path / "again")
    assert not again.inferred
    _check(open_store(tmp_path / "again").read(case.modality), case)

    known = Modality(
        "another_name", Kind.SPECTRUM, modality.unit, "", "frequency", "GHz" if modality.unit == "" else "THz"
    )
    raw = read_measurement(folder / case.file, known).raw
    scale = 1000 if modality.unit == "" else 1
    (axis, values), expected = _curves(raw)[case.ids[0]], SPECTRA["S1"]
    np.testing.assert_allclose((axis[0], axis[-1]), (scale * AXIS[0], scale * AXIS[-1]))
    np.testing.assert_array_equal(values, expected)


def test_scalars_and_texts_of_groups_come_along(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    groups(tmp_path / "data" / "f.h5")
    with h5py.File(tmp_path / "data" / "f.h5", "a") as file:
        del file["S3/stress_gpa"]
        file["about/version"] = "3"  # a group that is no specimen
    ingest(tmp_path / "data", tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert {name: float(value) for name, value, _ in store.read("stress").rows()} == {
        name: STRESS[name] for name in ("S1", "S2")
    }
    assert store.modalities()["stress"].unit == "GPa"
    assert store.specimens()["S2"] == {"route": "route of S2"}


def test_a_spectrum_that_some_groups_lack_was_not_measured_there(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    groups(tmp_path / "data" / "f.h5")
    with h5py.File(tmp_path / "data" / "f.h5", "a") as file:
        del file["S1/intensity"]
    ingest(tmp_path / "data", tmp_path / "store")
    assert set(open_store(tmp_path / "store").read("intensity").specimens) == {"S2", "S3"}


def test_one_axis_may_serve_all_groups(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with h5py.File(tmp_path / "data" / "f.h5", "w") as file:
        put(file, "frequency", AXIS, "THz")
        for name, values in SPECTRA.items():
            file[f"{name}/intensity"] = values
    report = ingest(tmp_path / "data", tmp_path / "store")
    assert 'values = "frequency"' in report.dataset_toml
    block = open_store(tmp_path / "store").read("intensity").blocks[0]
    assert block.specimens == ALL
    np.testing.assert_array_equal(block.axis, AXIS)


@pytest.mark.parametrize(("write", "ending"), [(single, "h5"), (nexus, "nxs"), (hyperspy, "hspy")])
def test_many_files_of_one_spectrum_are_one_modality(
    write: Callable[[Path], None], ending: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    for name in ("A", "B", "C"):
        if write is hyperspy:
            hyperspy(tmp_path / "data" / f"{name}.{ending}", title=f"title of {name}")
        else:
            write(tmp_path / "data" / f"{name}.{ending}")
    report = ingest(tmp_path / "data", tmp_path / "store")
    assert [(each.read, each.missing) for each in report.modalities.values()] == [(3, 0)]
    assert f'files = "*.{ending}"' in report.dataset_toml


def _two_signals(path: Path) -> None:
    single(path, background=np.cos(7 * AXIS))


def _two_axes(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["first"], file["second"] = AXIS, AXIS**2


def _two_levels(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for name, values in SPECTRA.items():
            for technique in ("raman", "ir"):
                file[f"{name}/{technique}/x"], file[f"{name}/{technique}/y"] = AXIS, values


def _two_plots(path: Path) -> None:
    nexus(path)
    with h5py.File(path, "a") as file:
        del file["entry"].attrs["default"]


def _two_experiments(path: Path) -> None:
    hyperspy(path, "low loss")
    hyperspy(path, "core loss")


def _square(path: Path) -> None:
    def write(to: Matlab) -> None:
        to.cell("specimen", [f"s{number}" for number in range(12)])
        to.number("frequency", AXIS)
        to.number("intensity", np.cos(np.outer(AXIS, AXIS)))

    matlab(path, write)


@pytest.mark.parametrize(
    ("file", "write", "what"),
    [
        ("f.h5", _two_signals, "2 datasets over frequency (background, intensity)"),
        ("f.h5", _two_axes, "2 datasets that could be the axis (first, second)"),
        ("f.h5", _two_levels, "groups inside groups"),
        ("f.nxs", _two_plots, "2 signals (entry/data/counts, entry/raw/counts)"),
        ("f.hspy", _two_experiments, "2 signals (core loss, low loss); where each is a specimen"),
        ("f.mat", _square, "as many points as specimens"),
    ],
)
def test_what_is_open_stops_with_a_proposal(
    file: str, write: Callable[[Path], None], what: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / file)
    with pytest.raises(AmbiguousError) as error:
        ingest(tmp_path / "data", tmp_path / "store")
    assert what in error.value.what
    (tmp_path / "data" / "dataset.toml").write_text(error.value.proposal)
    assert ingest(tmp_path / "data", tmp_path / "store").modalities
    if write is not _square:
        unknown = Modality("vdos", Kind.SPECTRUM, "", "", "frequency", "THz")
        with pytest.raises(ReadError, match="no vdos is found here"):
            read_measurement(tmp_path / "data" / file, unknown)


def test_experiments_of_hyperspy_as_specimens(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    _two_experiments(tmp_path / "data" / "f.hspy")
    (tmp_path / "data" / "dataset.toml").write_text(
        '[modalities.dos]\nkind = "spectrum"\nfiles = "f.hspy"\nvalues = "Experiments/*/data"\n'
        'specimens = "{group}"\naxis = { name = "f", unit = "THz", values = "Experiments/*/axis-0" }\n'
    )
    ingest(tmp_path / "data", tmp_path / "store")
    assert set(open_store(tmp_path / "store").read("dos").specimens) == {"low loss", "core loss"}
    toml = (tmp_path / "data" / "dataset.toml").read_text().replace("{group}", "{stem}")
    (tmp_path / "data" / "dataset.toml").write_text(toml)
    with pytest.raises(ReadError, match="stands for 2 datasets"):
        ingest(tmp_path / "data", tmp_path / "store")


def _nexus_scan(path: Path) -> None:
    _nexus_table(path)
    with h5py.File(path, "a") as file:
        file["entry/data"].attrs["axes"] = [".", "energy"]
        del file["entry/data/sample"]


def _nexus_edges(path: Path) -> None:
    nexus(path)
    with h5py.File(path, "a") as file:
        del file["entry/data/energy"]
        file["entry/data/energy"] = np.arange(13.0)


def _map(path: Path) -> None:
    hyperspy(path)
    with h5py.File(path, "a") as file:
        group = file["Experiments/__unnamed__"]
        del group["data"]
        group["data"] = np.zeros((2, 2, 12))
        group.move("axis-0", "axis-2")
        for number in (0, 1):
            group.create_group(f"axis-{number}").attrs.update({"navigate": True, "size": 2})


def _image(path: Path) -> None:
    hyperspy(path, rows=3)
    with h5py.File(path, "a") as file:
        file["Experiments/__unnamed__/axis-0"].attrs["navigate"] = False


@pytest.mark.parametrize(
    ("file", "write", "what"),
    [
        ("f.nxs", _nexus_scan, "no axis of it holds the ids of specimens"),
        ("f.nxs", _nexus_edges, "holds the 13 edges of 12 bins"),
        ("f.hspy", _map, "a map of 2 x 2 spectra"),
        ("f.hspy", _image, "its signal has 2 dimensions"),
    ],
)
def test_what_is_no_spectrum_is_left_out_with_the_reason(
    file: str, write: Callable[[Path], None], what: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / file)
    with pytest.raises(DatasetError, match="no measurements were recognised") as error:
        ingest(tmp_path / "data", tmp_path / "store")
    assert what in error.value.expected
