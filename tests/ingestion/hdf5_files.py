"""HDF5 files as laboratories and their programs write them, made by hand: spectra over 0.5, 1.0, ... THz."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

POINTS = 12
AXIS = 0.5 * np.arange(1, POINTS + 1)
SPECTRA = {
    "S1": np.sin(AXIS) + 2,
    "S2": np.cos(AXIS) + 3,
    "S3": np.sqrt(AXIS) * np.cos(3 * AXIS),
}
STRESS = {"S1": 1.25, "S2": -3.5, "S3": 7.0}


def put(group: h5py.Group, name: str, values: Any, unit: str | None = None, **attributes: Any) -> h5py.Dataset:
    """A dataset with attributes."""
    group[name] = values
    for key, value in {**attributes, **({} if unit is None else {"units": unit})}.items():
        group[name].attrs[key] = value
    return group[name]


def groups(path: Path, parent: str = "", names: Mapping[str, np.ndarray] = SPECTRA) -> None:
    """One group per specimen; the second one has a shorter axis."""
    with h5py.File(path, "w") as file:
        for number, (name, values) in enumerate(names.items()):
            group = file.require_group(f"{parent}/{name}")
            end = POINTS - 2 * (number == 1)
            put(group, "frequency", AXIS[:end], "THz")
            put(group, "intensity", values[:end], "1/THz")
            put(group, "stress_gpa", STRESS.get(name, float(number)))
            put(group, "route", f"route of {name}")


def single(path: Path, **more: Any) -> None:
    """One spectrum."""
    with h5py.File(path, "w") as file:
        put(file, "frequency", AXIS, "THz")
        put(file, "intensity", SPECTRA["S1"], "1/THz")
        for name, values in more.items():
            file[name] = values


def nexus_data(entry: h5py.Group, values: np.ndarray, *, old: bool = False, name: str = "data") -> h5py.Group:
    """An NXdata with uncertainties, in the form of today or of before 2014."""
    data = entry.create_group(name)
    data.attrs["NX_class"] = "NXdata"
    put(data, "energy", AXIS, "THz")
    put(data, "counts", values, "1/THz")
    put(data, "errors" if old else "counts_errors", np.sqrt(np.abs(values)))
    if old:
        data["counts"].attrs.update({"signal": 1, "axes": "energy"})
    else:
        data.attrs.update({"signal": "counts", "axes": ["energy"], "energy_indices": 0})
    return data


def nexus(path: Path, names: tuple[str, ...] = ("entry",), *, old: bool = False) -> None:
    """NeXus with as many entries."""
    with h5py.File(path, "w") as file:
        file.attrs["default"] = names[0]
        for name, values in zip(names, SPECTRA.values(), strict=False):
            entry = file.create_group(name)
            entry.attrs.update({"NX_class": "NXentry", "default": "data"})
            nexus_data(entry, values, old=old)
            nexus_data(entry, values[::-1], name="raw")  # not the default
            put(entry, "instrument/temperature", np.arange(5.0))


def hyperspy(path: Path, title: str = "__unnamed__", rows: int = 0, *, uniform: bool = True) -> None:
    """One signal of HyperSpy, or `rows` of them."""
    with h5py.File(path, "a") as file:
        file.attrs.update({"file_format": "HyperSpy", "file_format_version": "3.3"})
        group = file.create_group(f"Experiments/{title}")
        values = list(SPECTRA.values())
        group["data"] = np.stack(values[:rows]) if rows else values[0]
        if rows:
            group.create_group("axis-0").attrs.update(
                {"name": "position", "units": "nm", "offset": 0.0, "scale": 1.0, "size": rows, "navigate": True}
            )
        axis = group.create_group(f"axis-{int(bool(rows))}")
        axis.attrs.update({"name": "Frequency", "units": "THz", "size": POINTS, "navigate": False})
        if uniform:
            axis.attrs.update({"_type": "UniformDataAxis", "offset": 0.5, "scale": 0.5})
        else:
            axis.attrs["_type"] = "DataAxis"
            axis["axis"] = AXIS
        group.create_group("metadata/Signal").attrs.update({"signal_type": "DOS", "quantity": "Density (1/THz)"})


class Matlab:
    """Writes variables as MATLAB 7.3 does: dimensions in reverse, vectors as [1, n], texts as numbers."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file

    def number(self, name: str, values: Any) -> None:
        """A matrix, in the order in which MATLAB shows it."""
        shown = np.atleast_2d(np.asarray(values, dtype=np.float64))
        put(self.file, name, shown.T, MATLAB_class=np.bytes_("double"))

    def text(self, name: str, text: str) -> h5py.Dataset:
        """A character array."""
        codes = np.array([[ord(letter)] for letter in text], dtype=np.uint16)
        return put(self.file, name, codes, MATLAB_class=np.bytes_("char"), MATLAB_int_decode=np.int32(2))

    def cell(self, name: str, texts: list[str]) -> None:
        """A cell array of texts, n x 1."""
        items = [self.text(f"#refs#/{name}{number}", text) for number, text in enumerate(texts)]
        references = np.array([[item.ref for item in items]], dtype=h5py.ref_dtype)
        put(self.file, name, references, MATLAB_class=np.bytes_("cell"))


def matlab(path: Path, write: Callable[[Matlab], None]) -> None:
    """A MATLAB file, with the 512 bytes before the HDF5."""
    with h5py.File(path, "w", userblock_size=512) as file:
        write(Matlab(file))
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")


def matlab_table(path: Path, *, columns: bool = False, names: tuple[str, ...] = tuple(SPECTRA)) -> None:
    """Spectra in rows (or columns), ids in a cell array."""
    spectra = np.stack([SPECTRA[name] for name in names])

    def write(to: Matlab) -> None:
        to.cell("specimen", list(names))
        to.number("frequency_thz", AXIS)
        to.number("intensity", spectra.T if columns else spectra)
        to.number("stress_gpa", [[STRESS[name]] for name in names])

    matlab(path, write)
