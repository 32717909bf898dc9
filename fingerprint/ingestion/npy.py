"""NumPy's .npy: images [specimen, row, column], one number per specimen, two columns, or a structured array."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.assembling import Places, assemble, floats, place_in, refuse_columns
from fingerprint.ingestion.dataset import STEM, SpecimensSpec
from fingerprint.ingestion.delimited import metadata_of, read_text
from fingerprint.ingestion.delimited_layout import layout_of
from fingerprint.ingestion.npy_array import read_npy
from fingerprint.ingestion.reader import BOTH_ACTS, Cell, CurveLayout, Format, Layout, Request, Unrecognised, stem
from fingerprint.ingestion.stack import check_metadata, check_request, read_stack, stack_layout, stack_metadata
from fingerprint.ingestion.table import DIALECT, Table, as_row, as_text
from fingerprint.modality import Kind, RawModality

_FAMILY = "NumPy's .npy"
_LAST_LETTER, _SURROGATES = 0x10FFFF, (0xD800, 0xDFFF)  # of Unicode; halves of letters
_WITHOUT_AXIS = (
    "an array {} without an axis: numpy.savez writes it into an .npz together with its axis and the ids "
    '(one image: kind = "image", specimens = "{{stem}}" in dataset.toml)'
)


def read(request: Request) -> RawModality:
    """Read one .npy file as one modality.

    Raises:
        ReadError: the file is damaged, or its array is not what the request says.
        DatasetError: the request asks for what an array without names cannot hold.
    """
    path, spec = request.path, request.spec
    if spec.specimens == STEM and spec.kind is not Kind.SCALAR and not spec.values:
        array = read_npy(path)
        if array.dtype.names is None or spec.kind is Kind.IMAGE:
            return _single(request, array)
    elif not spec.values or spec.kind is Kind.IMAGE:
        check_request(path, request.name, spec, _FAMILY)
        return read_stack(request, read_npy(path))
    return read_text(_table(path, read_npy(path)), request)


def _single(request: Request, array: NDArray[Any]) -> RawModality:
    """An image, or a curve of two columns, of the one specimen that the file is called after."""
    path, spec = request.path, request.spec
    refuse_columns(request.name, spec)
    if array.ndim != 2 or not array.size or (spec.kind is not Kind.IMAGE and array.shape[1] != 2):
        raise ReadError(
            f"the shape is {array.shape}",
            where=str(path),
            expected="[row, column] for an image, [point, 2] (axis and values) for a curve.",
        )
    place = place_in(str(path))
    numbers, ids, modality = floats(array, spec.kind, place), (stem(path),), spec.modality(request.name)
    if spec.kind is Kind.IMAGE:
        places = Places(lambda index: place(index[1:]), str, str)
        return assemble(modality, ids, numbers[None], None, places, (str(path),))
    places = Places(lambda index: place((*index[1:], 1)), str, lambda point: place((point, 0)))
    axis = numbers[:, 0].astype(np.float64)
    return assemble(modality, ids, numbers[None, :, 1], axis, places, (str(path),))


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What the columns of a structured array, or the numbers of a plain one, say of the specimens.

    Raises:
        ReadError: the file is damaged, or a column is not there.
        DatasetError: `spec` asks for what an array without names cannot hold.
    """
    array = read_npy(path)
    if array.dtype.names is not None:
        return metadata_of(_table(path, array), spec, missing)
    check_metadata(path, spec, _FAMILY)
    return stack_metadata(path, spec, missing, array)


def inspect(path: Path) -> Layout:
    """What a .npy file looks like.

    Raises:
        ReadError: it is damaged, or holds Python objects.
    """
    array = read_npy(path)
    if array.dtype.names is not None:
        return layout_of(_table(path, array))
    if array.dtype.kind not in "biuf":
        return Unrecognised(path, f"an array of {array.dtype}, which are no numbers to learn from")
    if array.ndim == 2 and array.shape[1] == 2 and len(array) > 2:
        steps = np.sign(np.diff(array[:, 0].astype(np.float64)))
        if steps[0] and (steps == steps[0]).all():
            return CurveLayout(path, None, None)
    if array.ndim == 2:
        return Unrecognised(path, _WITHOUT_AXIS.format(array.shape))
    return stack_layout(path, array.shape, _FAMILY)


def _table(path: Path, array: NDArray[Any]) -> Table:
    """A structured array as a table."""
    names = array.dtype.names
    if names is None:
        raise ReadError(
            f"there are no columns, but an array {array.shape}",
            where=str(path),
            expected="A structured array, whose columns have names.",
        )
    for name in names:
        kind = array.dtype[name]
        if kind.shape or kind.names or kind.kind not in "biufUSM" or (kind.kind == "f" and kind.itemsize > 8):
            raise ReadError(
                f"column {name!r} is {kind}", where=str(path), expected="Columns of text or real numbers up to float64."
            )
    if array.ndim != 1 or not len(array):
        raise ReadError(f"the shape is {array.shape}", where=str(path), expected="Some rows, one per specimen.")
    columns = [_cells(array[name], f"{path}: {name}") for name in names]
    rows = [as_row(cells) for cells in zip(*columns, strict=True)]
    return Table(path, tuple(names), 0, rows, range(len(rows)), DIALECT, len(names))


def _cells(column: NDArray[Any], where: str) -> list[str]:
    return [as_text(cell) for cell in texts(column, where)]


def texts(column: NDArray[Any], where: str) -> list[object]:
    """What stands in a one-dimensional array, as Python's own texts and numbers; dates as text.

    Raises:
        ReadError: what is in it is no text.
    """
    if column.dtype.kind == "U":
        letters = np.frombuffer(column.tobytes(), np.dtype("u4").newbyteorder(column.dtype.byteorder))
        if ((letters > _LAST_LETTER) | ((letters >= _SURROGATES[0]) & (letters <= _SURROGATES[1]))).any():
            raise ReadError("the letters are no Unicode", where=where)
    if column.dtype.kind == "M":
        return np.datetime_as_string(column).tolist()
    if column.dtype.kind == "U" and column.dtype.itemsize:
        codes = np.ascontiguousarray(column).view(np.dtype(np.uint32).newbyteorder(column.dtype.byteorder))
        if (codes > 0x10FFFF).any():
            raise ReadError("the characters are none of Unicode", where=where)
    if column.dtype.kind != "S":
        return column.tolist()
    try:
        return [cell.decode() for cell in column.tolist()]
    except UnicodeDecodeError:
        raise ReadError("the bytes are no text in UTF-8", where=where) from None


FORMAT = Format(_FAMILY, (".npy",), read, read_metadata, inspect, acts=BOTH_ACTS)
