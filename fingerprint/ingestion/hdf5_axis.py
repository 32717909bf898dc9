"""The axis at a path of an HDF5 file: a dataset, or a group of HyperSpy that says where it begins and its step."""

from __future__ import annotations

import math

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.hdf5_access import find, no_dataset, words
from fingerprint.ingestion.hdf5_array import numbers, shape_of

_MOST_POINTS = 1 << 25
_KEYS = ("offset", "scale", "size")


def axis_of(file: h5py.File, path: str) -> NDArray[np.float64]:
    """The axis at a path.

    Raises:
        ReadError: it is not there, or no axis.
    """
    item = find(file, path)
    if isinstance(item, h5py.Group):
        return _of_group(item)
    if item is None:
        raise no_dataset(file, path)
    values = numbers(item)
    if values.ndim != 1:
        raise ReadError(
            f"the shape is {shape_of(item)}", where=f"{file.filename}: {path}", expected="1 dimension(s) are needed."
        )
    return values.astype(np.float64)


def size_of(group: h5py.Group) -> int:
    """How many points the axis of such a group has; 0 where it does not say."""
    size = (*words(group, "size"), "0")[0]
    values = find(group, "axis")
    if isinstance(values, h5py.Dataset):
        return int(values.size or 0)
    return int(size) if size.isdigit() else 0


def _of_group(group: h5py.Group) -> NDArray[np.float64]:
    where = f"{group.file.filename}: {str(group.name).lstrip('/')}"
    values = find(group, "axis")
    if isinstance(values, h5py.Dataset):
        return numbers(values).astype(np.float64)
    if words(group, "expression"):
        raise ReadError(
            "the axis is a function, which is not evaluated",
            where=where,
            next="In HyperSpy: s.axes_manager[-1].convert_to_non_uniform_axis(), and save again.",
        )
    stated = [words(group, key) for key in _KEYS]
    try:
        offset, scale, size = (float(found[0]) for found in stated)
    except (IndexError, ValueError):
        raise ReadError("this is a group, and no axis", where=where, expected=f"{', '.join(_KEYS)}.") from None
    if not (math.isfinite(offset) and math.isfinite(scale) and 0 <= size <= _MOST_POINTS):
        raise ReadError(f"the axis has offset {offset:g}, scale {scale:g} and {size:g} points", where=where)
    return offset + scale * np.arange(int(size), dtype=np.float64)
