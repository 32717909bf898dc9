"""HDF5: a dataset of ids, [specimen]; scalars [specimen]; curves [specimen, point] with an axis [point];
images [specimen, row, column].
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.checks import axis_order, check_ids, check_unit, complete_rows, refuse_infinite
from fingerprint.ingestion.columns import describe, metadata_values
from fingerprint.ingestion.dataset import STEM, SpecimensSpec
from fingerprint.ingestion.hdf5_layout import layout
from fingerprint.ingestion.reader import Cell, Format, Layout, Request
from fingerprint.modality import Block, Kind, RawModality

_DIMENSIONS = {Kind.SCALAR: 1, Kind.SPECTRUM: 2, Kind.SERIES: 2, Kind.IMAGE: 3}


def read(request: Request) -> RawModality:
    """Read one HDF5 file as one modality, in the units of the request; float32 stays float32.

    Raises:
        ReadError: with the dataset and index at fault.
        DatasetError: the request leaves open which datasets to read.
    """
    spec, modality = request.spec, request.spec.modality(request.name)
    where = f"[modalities.{request.name}]"
    if not spec.values or spec.specimens == STEM or (spec.axis is not None and not spec.axis.values):
        raise DatasetError(
            f"{request.path.name} is HDF5, and not all of its datasets are named",
            where=where,
            expected="The keys values and specimens, and values in axis, name HDF5 datasets.",
        )
    with _opened(request.path) as file:
        values = _values(file, spec.values, _DIMENSIONS[spec.kind])
        ids = texts(_dataset(file, spec.specimens))
        axis = _values(file, spec.axis.values, 1).astype(np.float64) if spec.axis else None
        check_unit(_unit(file, spec.values), modality.unit, spec.values, _at(file, spec.values))
        if spec.axis:
            check_unit(
                _unit(file, spec.axis.values),
                modality.axis_unit,
                spec.axis.values,
                _at(file, spec.axis.values),
            )
    _check_lengths(request, values, len(ids), axis)
    check_ids(ids, lambda row: f"{request.path}: {spec.specimens}[{row}]")

    def place(index: tuple[int, ...]) -> str:
        return f"{request.path}: {spec.values}[{', '.join(map(str, index))}]"

    refuse_infinite(values, place)
    kept = np.flatnonzero(complete_rows(values, place))
    values = values[kept] if len(kept) < len(values) else values
    if spec.axis is not None and axis is not None:
        name = spec.axis.values
        order = axis_order(axis, lambda point: f"{request.path}: {name}[{point}]")
        values, axis = values[:, order], axis[order]
    sources = tuple(place((int(row),)) for row in kept)
    block = Block(tuple(ids[row] for row in kept), values, axis, sources)
    return RawModality(modality, (block,) if block.specimens else ())


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What one-dimensional datasets say about how the specimens were made: id -> dataset -> value.

    Raises:
        ReadError: a dataset is not there or has another length than the ids.
    """
    with _opened(path) as file:
        ids = texts(_dataset(file, spec.id))
        columns = {name: texts(_dataset(file, name)) for name in spec.metadata}
    check_ids(ids, lambda row: f"{path}: {spec.id}[{row}]")
    for name, cells in columns.items():
        if len(cells) != len(ids):
            raise ReadError(f"{len(cells)} values for {len(ids)} specimens", where=f"{path}: {name}")
    typed = {name: metadata_values(cells, missing) for name, cells in columns.items()}
    return {name: {key: column[row] for key, column in typed.items()} for row, name in enumerate(ids)}


def inspect(path: Path) -> Layout:
    """What an HDF5 file looks like.

    Raises:
        ReadError: it is damaged.
    """
    with _opened(path) as file:
        datasets: dict[str, h5py.Dataset] = {}

        def note(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and item.ndim and (item.dtype.kind in "iuf" or _is_text(item)):
                datasets[name] = item

        file.visititems(note)
        vectors = {name: item for name, item in datasets.items() if item.ndim == 1}
        columns = {name: describe(name, texts(item), _unit(file, name)) for name, item in vectors.items()}
        arrays = {
            name: (describe(name, (), _unit(file, name))._replace(numeric=True), item.shape)
            for name, item in datasets.items()
            if item.ndim > 1
        }
        return layout(path, columns, arrays, {name: texts(item) for name, item in vectors.items()})


def texts(dataset: h5py.Dataset) -> list[str]:
    """A one-dimensional dataset as text, whole numbers without a decimal point.

    Raises:
        ReadError: it has more dimensions, or holds neither text nor numbers.
    """
    if dataset.ndim != 1 or not (dataset.dtype.kind in "iuf" or _is_text(dataset)):
        raise ReadError(
            f"the shape is {dataset.shape} and the type {dataset.dtype}",
            where=f"{dataset.file.filename}: {str(dataset.name).lstrip('/')}",
            expected="One dimension, of text or numbers.",
        )
    if _is_text(dataset):
        return [str(cell).strip() for cell in dataset.asstr()[:]]
    return [str(cell) for cell in dataset[:].tolist()]


def _is_text(dataset: h5py.Dataset) -> bool:
    return h5py.check_string_dtype(dataset.dtype) is not None


@contextmanager
def _opened(path: Path) -> Generator[h5py.File]:
    """An open file; what h5py raises on a damaged one becomes a ReadError."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except FileNotFoundError:
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    except PermissionError:
        raise
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        raise ReadError(
            f"the HDF5 file is damaged, cut off or no HDF5 at all: {error}",
            where=str(path),
            next="Copy the file again from where it was measured.",
        ) from None


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    item: Any = file.get(name)
    if isinstance(item, h5py.Dataset):
        return item
    known: list[str] = []
    file.visititems(lambda each, kind: known.append(each) if isinstance(kind, h5py.Dataset) else None)
    raise ReadError(
        f"there is no dataset {name!r}",
        where=str(file.filename),
        expected=f"The datasets are {', '.join(known)}.",
    )


def _values(file: h5py.File, name: str, dimensions: int) -> NDArray[np.floating[Any]]:
    dataset = _dataset(file, name)
    if dataset.dtype.kind not in "iuf":
        raise ReadError("the values are not numbers", where=_at(file, name))
    if dataset.ndim != dimensions:
        raise ReadError(
            f"the shape is {dataset.shape}",
            where=_at(file, name),
            expected=f"{dimensions} dimension(s) are needed.",
        )
    values = dataset[:]
    keep = values.dtype.kind == "f" and values.dtype.itemsize == 4 and dimensions > 1
    return values.astype(np.float32 if keep else np.float64, copy=False)


def _unit(file: h5py.File, name: str) -> str | None:
    """The unit that a dataset's attributes `unit` or `units`, or its name, states."""
    attributes = _dataset(file, name).attrs
    for key in ("unit", "units"):
        if key in attributes:
            stated = attributes[key]
            return stated.decode() if isinstance(stated, bytes) else str(stated)
    return describe(name, ()).unit


def _check_lengths(
    request: Request, values: NDArray[np.floating[Any]], ids: int, axis: NDArray[np.float64] | None
) -> None:
    where = f"{request.path}: {request.spec.values}"
    if not len(values):
        raise ReadError("the dataset is empty", where=where)
    if len(values) != ids:
        raise ReadError(f"{len(values)} rows for the {ids} ids in {request.spec.specimens}", where=where)
    if axis is not None and values.shape[1] != len(axis):
        raise ReadError(f"{values.shape[1]} points on an axis of {len(axis)}", where=where)


def _at(file: h5py.File, name: str) -> str:
    return f"{file.filename}: {name}"


FORMAT = Format("HDF5", (".h5", ".hdf5", ".hdf"), read, read_metadata, inspect)
