"""NumPy's .npz: several named arrays, as in HDF5: ids [specimen]; scalars [specimen]; curves [specimen, point] with an
axis [point]; images [specimen, row, column]; or the one curve of one specimen.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.archive import opened_archive
from fingerprint.ingestion.assembling import Places, assemble, floats, place_in, refuse_acts
from fingerprint.ingestion.checks import check_uncertainties, check_unit
from fingerprint.ingestion.columns import describe, metadata_by_id
from fingerprint.ingestion.conform import Stated, all_as_declared
from fingerprint.ingestion.dataset import STEM, SpecimensSpec
from fingerprint.ingestion.npy import texts
from fingerprint.ingestion.npy_array import Header, read_array, read_header
from fingerprint.ingestion.npz_layout import layout
from fingerprint.ingestion.reader import (
    ArraysLayout,
    Cell,
    Column,
    CurveLayout,
    Format,
    Layout,
    Request,
    Unrecognised,
    stem,
)
from fingerprint.ingestion.table import as_text
from fingerprint.ingestion.uncertain_arrays import Array, find_uncertainties
from fingerprint.modality import Kind, RawModality

_FAMILY = "NumPy's .npz"


def read(request: Request) -> RawModality:
    """Read one .npz file as one modality, in the units of the request; float32 stays float32.

    Raises:
        ReadError: the file is damaged, or its arrays do not fit together.
        DatasetError: the request leaves open which arrays to read.
    """
    path, spec, modality = request.path, request.spec, request.spec.modality(request.name)
    refuse_acts(request.name, spec)
    alone = spec.specimens == STEM and spec.axis is not None
    if not spec.values or (spec.specimens == STEM and not alone) or (spec.axis is not None and not spec.axis.values):
        raise DatasetError(
            f"{path.name} holds named arrays, and not all of them are named here",
            where=f"[modalities.{request.name}]",
            expected="The keys values and specimens, and values in axis, name arrays.",
        )
    with opened_archive(path, _FAMILY) as archive:
        raw = _array(archive, path, spec.values)
        points = _array(archive, path, spec.axis.values) if spec.axis else None
        errors = _array(archive, path, spec.uncertainty) if spec.uncertainty else None
        ids = [stem(path)] if alone else _texts(archive, path, spec.specimens)
    dimensions = 1 if alone else spec.kind.dimensions
    _check_dimensions(raw, dimensions, f"{path}: {spec.values}")
    place = place_in(f"{path}: {spec.values}")
    values = floats(raw, spec.kind, place)
    stated = Stated(describe(spec.values, ()).unit, None, f"{path}: {spec.values}")
    uncertainty = None
    if errors is not None:
        at_error = place_in(f"{path}: {spec.uncertainty}")
        uncertainty = check_uncertainties(values, floats(errors, spec.kind, at_error), at_error)
        own_unit = describe(spec.uncertainty, ()).unit
        check_unit(own_unit, modality.unit if stated.unit is None else stated.unit, spec.uncertainty, stated.where)
    axis, at_point = None, place_in(f"{path}: {spec.axis.values if spec.axis else ''}")
    if spec.axis is not None and points is not None:
        _check_dimensions(points, 1, f"{path}: {spec.axis.values}")
        axis = floats(points, Kind.SCALAR, at_point).astype(np.float64)
        stated = stated._replace(axis_unit=describe(spec.axis.values, ()).unit)
        if values.shape[-1] != len(axis):
            raise ReadError(f"{values.shape[-1]} points on an axis of {len(axis)}", where=f"{path}: {spec.values}")
    if alone:
        places = Places(lambda index: place(index[1:]), str, lambda point: at_point((point,)))
        uncertainty = uncertainty if uncertainty is None else uncertainty[None]
        raw = assemble(modality, ids, values[None], axis, places, (str(path),), uncertainty)
        return all_as_declared(raw, stated)
    if len(values) != len(ids) or not len(ids):
        raise ReadError(
            f"{len(values)} rows for the {len(ids)} ids in {spec.specimens}", where=f"{path}: {spec.values}"
        )
    at_id = place_in(f"{path}: {spec.specimens}")
    places = Places(place, lambda row: at_id((row,)), lambda point: at_point((point,)))
    return all_as_declared(assemble(modality, ids, values, axis, places, uncertainty=uncertainty), stated)


def _check_dimensions(array: NDArray[Any], dimensions: int, where: str) -> None:
    if array.ndim != dimensions:
        raise ReadError(f"the shape is {array.shape}", where=where, expected=f"{dimensions} dimension(s) are needed.")


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What one-dimensional arrays say about how the specimens were made: id -> array -> value.

    Raises:
        ReadError: an array is not there or has another length than the ids.
    """
    with opened_archive(path, _FAMILY) as archive:
        ids = _texts(archive, path, spec.id)
        columns = {name: _texts(archive, path, name) for name in spec.metadata}
    return metadata_by_id(ids, columns, missing, f"{path}: {spec.id}")


def inspect(path: Path) -> Layout:
    """What an .npz file looks like.

    Raises:
        ReadError: it is damaged.
    """
    vectors: dict[str, Column] = {}
    cells: dict[str, list[str]] = {}
    arrays: dict[str, tuple[Column, tuple[int, ...]]] = {}
    unread: list[str] = []
    with opened_archive(path, _FAMILY) as archive:
        for name, header in _headers(archive, path).items():
            kind = header.dtype.kind
            if header.fault or kind == "c" or header.dtype.names:
                fault = header.fault or ("complex numbers" if kind == "c" else "a structured array")
                unread.append(f"{name} is {fault}")
            elif len(header.shape) == 1 and kind in "biufUSM":
                cells[name] = _texts(archive, path, name)
                vectors[name] = describe(name, cells[name])._replace(numeric=kind in "biuf")
            elif len(header.shape) > 1 and kind in "biuf":
                arrays[name] = (describe(name, ())._replace(numeric=True), header.shape)
    shapes = {name: (len(cells[name]),) for name, vector in vectors.items() if vector.numeric}
    described = [Array(vectors[name], {"": shape}) for name, shape in shapes.items()]
    errors = find_uncertainties([*described, *(Array(column, {"": shape}) for column, shape in arrays.values())])
    vectors = {name: column for name, column in vectors.items() if name not in errors.headers}
    arrays = {name: array for name, array in arrays.items() if name not in errors.headers}
    curve = _curve(path, vectors, cells) if not arrays else None
    if curve is not None and curve.y is not None:
        unread.extend(errors.notes([curve.y.header]))
        owned = errors.of.get(curve.y.header)
        error = describe(owned, cells[owned]) if owned else None
        return replace(curve, uncertainty=error, notes=tuple(f"{path}: {each}" for each in unread))
    found = layout(path, vectors, arrays, cells)
    if isinstance(found, Unrecognised):
        return Unrecognised(path, "; ".join((found.reason, *unread)))
    if not isinstance(found, ArraysLayout):
        return found
    measured = [each.header for each in (*(values for values, _ in found.curves), *found.images, *found.columns)]
    unmatched = (*found.unmatched, *unread, *errors.notes(measured))
    return replace(found, unmatched=unmatched, uncertainties=errors.of_measured(measured))


def _curve(path: Path, vectors: Mapping[str, Column], cells: Mapping[str, list[str]]) -> CurveLayout | None:
    """Two vectors of numbers of one length, of which exactly one runs strictly up or down."""
    if len(vectors) != 2 or not all(column.numeric for column in vectors.values()):
        return None
    numbers = {name: np.array(cells[name], dtype=np.float64) for name in vectors}
    steps = {name: np.sign(np.diff(each)) for name, each in numbers.items()}
    axes = [name for name, each in steps.items() if len(each) > 1 and each[0] and (each == each[0]).all()]
    if len(axes) != 1 or len({len(each) for each in numbers.values()}) > 1:
        return None
    (other,) = set(vectors) - set(axes)
    return CurveLayout(path, vectors[axes[0]], vectors[other])


def _headers(archive: zipfile.ZipFile, path: Path) -> dict[str, Header]:
    headers: dict[str, Header] = {}
    for member in archive.infolist():
        if member.filename.endswith(".npy"):
            with archive.open(member) as stream:
                name = member.filename.removesuffix(".npy")
                headers[name] = read_header(stream, f"{path}: {name}")
    if not headers:
        raise ReadError("there is no array in it", where=str(path), expected="A file that numpy.savez wrote.")
    return headers


def _array(archive: zipfile.ZipFile, path: Path, name: str) -> NDArray[Any]:
    members = {each.filename.removesuffix(".npy"): each for each in archive.infolist()}
    if name not in members:
        listed = ", ".join(members)
        raise ReadError(f"there is no array {name!r}", where=str(path), expected=f"The arrays are {listed}.")
    with archive.open(members[name]) as stream:
        return read_array(stream, members[name].file_size, f"{path}: {name}")


def _texts(archive: zipfile.ZipFile, path: Path, name: str) -> list[str]:
    array = _array(archive, path, name)
    where = f"{path}: {name}"
    if array.ndim != 1 or array.dtype.kind not in "biufUSM":
        raise ReadError(
            f"the shape is {array.shape} and the type {array.dtype}",
            where=where,
            expected="One dimension, of text or numbers.",
        )
    return [as_text(cell) for cell in texts(array, where)]


FORMAT = Format(_FAMILY, (".npz",), read, read_metadata, inspect)
