"""What MATLAB 7.3 writes into HDF5: dimensions in reverse, vectors as [1, n], texts as numbers, cells as references."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.hdf5_access import words

_MOST_LETTERS = 1 << 22
_TEXT = ("char", "cell")
_NUMBERS = ("double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
_NEXT = "Save it as a cell array of character vectors (cellstr) or as numbers."


def wrote(dataset: h5py.Dataset) -> bool:
    """Whether MATLAB wrote this dataset."""
    return bool(_class(dataset))


def is_text(dataset: h5py.Dataset) -> bool:
    """Whether it is a character array, or a cell array (of which only texts are read)."""
    return _class(dataset) in _TEXT and not words(dataset, "MATLAB_empty")


def is_other(dataset: h5py.Dataset) -> bool:
    """Whether MATLAB means something else by its numbers than numbers."""
    name = _class(dataset)
    return bool(name) and (name not in _NUMBERS or bool(words(dataset, "MATLAB_empty")))


def reason(dataset: h5py.Dataset) -> str:
    """Why a dataset of MATLAB is not read; "" for one that is not MATLAB's."""
    if words(dataset, "MATLAB_empty"):
        return "the MATLAB variable is empty"
    if wrote(dataset):
        return f"a MATLAB variable of class {_class(dataset)} is not read: save numbers, or texts as a cell array"
    if dataset.dtype == h5py.ref_dtype:
        return "it refers to other datasets (a struct array of MATLAB): save one variable or struct field per quantity"
    return ""


def shape_of(dataset: h5py.Dataset) -> tuple[int, ...]:
    """Its shape as MATLAB shows it; a vector has one dimension, and so has what holds texts."""
    shape = tuple(dataset.shape or ())[::-1]
    if _class(dataset) == "char":
        return shape[:1]
    return (max(shape),) if len(shape) == 2 and 1 in shape else shape


def oriented(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers as MATLAB shows them; a vector has one dimension."""
    turned = values.T
    return turned.ravel() if turned.ndim == 2 and 1 in turned.shape else turned


def texts(dataset: h5py.Dataset) -> list[str]:
    """The rows of a character array, or the texts of a cell array.

    Raises:
        ReadError: a cell holds something else, such as another cell.
    """
    if _class(dataset) == "char":
        return _rows(dataset)
    found: list[str] = []
    for index, reference in enumerate(np.asarray(dataset[()]).T.ravel()):
        item: Any = dataset.file[reference] if reference else None
        rows = _rows(item) if isinstance(item, h5py.Dataset) and _class(item) == "char" else []
        if len(rows) != 1:
            where = f"{dataset.file.filename}: {str(dataset.name).lstrip('/')}[{index}]"
            raise ReadError("the cell does not hold one text", where=where, next=_NEXT)
        found += rows
    return found


def _rows(dataset: h5py.Dataset) -> list[str]:
    if dataset.dtype.kind not in "iu" or dataset.ndim != 2 or int(dataset.size or 0) > _MOST_LETTERS:
        return []
    codes = np.asarray(dataset[()]).T.astype("<u2")
    return [row.tobytes().decode("utf-16-le", errors="replace").strip() for row in codes]


def _class(dataset: h5py.Dataset) -> str:
    return next(iter(words(dataset, "MATLAB_class")), "")
