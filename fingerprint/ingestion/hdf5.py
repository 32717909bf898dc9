"""HDF5: a dataset of ids, [specimen]; scalars [specimen]; curves [specimen, point] with an axis [point];
images [specimen, row, column]; or a group per specimen, or a file per specimen, without the first dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion import hdf5_layout
from fingerprint.ingestion.assembling import refuse_acts
from fingerprint.ingestion.checks import (
    axis_order,
    check_ids,
    check_uncertainties,
    check_unit,
    complete_rows,
    refuse_infinite,
)
from fingerprint.ingestion.columns import metadata_by_id, metadata_values
from fingerprint.ingestion.conform import Stated, as_declared, merge
from fingerprint.ingestion.dataset import GROUP, STEM, STEM_ROW, SpecimensSpec
from fingerprint.ingestion.hdf5_access import need, opened
from fingerprint.ingestion.hdf5_address import only, places, stated_unit
from fingerprint.ingestion.hdf5_array import MOST_BYTES, at, numbers, rows, rows_from, texts
from fingerprint.ingestion.hdf5_axis import axis_of
from fingerprint.ingestion.hdf5_parts import Part, parts
from fingerprint.ingestion.reader import BOTH_ACTS, Cell, Format, Layout, Request, stem
from fingerprint.modality import Block, Kind, RawModality


def read(request: Request) -> RawModality:
    """Read one HDF5 file as one modality, in the units of the request; float32 stays float32.

    Raises:
        ReadError: with the dataset and index at fault, or the measurements are more than can be held at once.
        DatasetError: the request leaves open which datasets to read.
    """
    read: list[RawModality] = []
    size = 0
    for piece in pieces(request):
        size += sum(block.values.nbytes for block in piece.blocks)
        if size > MOST_BYTES:
            raise ReadError(
                f"the measurements take more than {MOST_BYTES >> 20} MiB", where=str(request.path), next="Split it."
            )
        read.append(piece)
    return merge(request.spec.modality(request.name), read)


def pieces(request: Request) -> Iterator[RawModality]:
    """As `read`, some specimens at a time, from a file of any size.

    Raises:
        ReadError: with the dataset and index at fault.
        DatasetError: the request leaves open which datasets to read.
    """
    spec, modality = request.spec, request.spec.modality(request.name)
    if not spec.values or (spec.axis is not None and not spec.axis.values):
        raise DatasetError(
            f"{request.path.name} is HDF5, and not all of its datasets are named",
            where=f"[modalities.{request.name}]",
            expected="The keys values and specimens, and values in axis, name HDF5 datasets.",
        )
    if spec.specimens in (GROUP, STEM, STEM_ROW):
        refuse_acts(request.name, spec)
    with opened(request.path) as file:
        for part in parts(file, request.path, spec):
            for block in _blocks(file, part, request):
                if block.specimens:
                    yield RawModality(modality, (block,))


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What datasets say about how the specimens were made: id -> dataset -> value. The key is the
    dataset's own name, and its path where it does not stand beside the ids.

    Raises:
        ReadError: a dataset is not there or has another length than the ids.
    """
    with opened(path) as file:
        if spec.id in (GROUP, STEM):
            found = {name: _of_each(file, name, spec.id, path) for name in spec.metadata}
            ids = list(dict.fromkeys(group for cells in found.values() for group in cells))
            columns = {name.rsplit("/")[-1]: [cells.get(key, "") for key in ids] for name, cells in found.items()}
        else:
            ids, beside = texts(need(file, spec.id)), spec.id.rpartition("/")
            columns = {name.removeprefix("".join(beside[:2])): texts(need(file, name)) for name in spec.metadata}
    return metadata_by_id(ids, columns, missing, f"{path}: {spec.id}")


def inspect(path: Path) -> Layout:
    """What an HDF5 file looks like.

    Raises:
        ReadError: it is damaged.
    """
    with opened(path) as file:
        return hdf5_layout.layout(path, file)


def _of_each(file: h5py.File, address: str, ids: str, path: Path) -> dict[str, str]:
    """Specimen -> the one text or number that stands at an address."""
    there = places(file, address) if ids == GROUP else {stem(path): only(file, address)}
    found: dict[str, str] = {}
    for key, place in there.items():
        cells = texts(need(file, place))
        if len(cells) != 1:
            raise ReadError(f"{len(cells)} values for one specimen", where=f"{path}: {place}")
        found[key] = cells[0]
    return found


def _blocks(file: h5py.File, part: Part, request: Request) -> Iterator[Block]:
    """The measurements of a part, some rows at a time where each row is a specimen."""
    spec, modality = request.spec, request.spec.modality(request.name)
    dataset = need(file, part.values)
    where = at(dataset)
    axis = axis_of(file, part.axis) if part.axis and spec.axis else None
    stated = Stated(stated_unit(file, part.values), stated_unit(file, part.axis) if part.axis else None, where)
    ids = part.ids if part.ids is not None else [part.alone]
    if any(len(each) != len(ids) for each in (part.measurements or ids, *part.facts.values())):
        raise ReadError(
            f"measurement or facts are not as long as the {len(ids)} ids in {spec.specimens}", where=file.filename
        )
    check_ids(ids, lambda row: f"{file.filename}: {spec.specimens}[{row}]", part.measurements)
    typed = {name: metadata_values(cells, request.missing) for name, cells in part.facts.items()}
    order = slice(None)
    by_rows = part.ids is not None and dataset.ndim == spec.kind.dimensions and dataset.shape[0] == len(ids)
    errors = need(file, part.uncertainty) if part.uncertainty else None
    errors_from = None if errors is None else rows_from(errors) if by_rows else lambda *_: numbers(errors)
    for first, piece in rows(dataset) if by_rows else ((0, numbers(dataset)),):
        own = ids[first : first + len(piece)] if by_rows else ids
        values = _values(dataset, piece, part, len(own), spec.kind, axis)
        if len(values) != len(own):
            raise ReadError(f"{len(values)} rows for the {len(own)} ids in {spec.specimens}", where=where)
        if axis is not None and values.shape[1] != len(axis):
            raise ReadError(f"{values.shape[1]} points on an axis of {len(axis)}", where=where)

        def place(index: tuple[int, ...], first: int = first) -> str:
            inside = (index[0] + first, *index[1:]) if part.ids is not None else index[1:]
            return f"{where}[{', '.join(map(str, inside))}]" if inside else where

        uncertainty = None
        if errors is not None and errors_from is not None:
            check_unit(stated_unit(file, part.uncertainty), stated.unit or modality.unit, part.uncertainty, at(errors))

            def place_of_error(index: tuple[int, ...], first: int = first, where: str = at(errors)) -> str:
                return f"{where}[{', '.join(map(str, (index[0] + first, *index[1:])))}]" if index else where

            found = _values(errors, errors_from(first, len(own)), part, len(own), spec.kind, axis)
            uncertainty = check_uncertainties(values, found, place_of_error)
        refuse_infinite(values, place)
        kept: list[int] = np.flatnonzero(complete_rows(values, place)).tolist()
        values = values[kept] if len(kept) < len(values) else values
        uncertainty = uncertainty if uncertainty is None else uncertainty[kept]
        if axis is not None:
            order = axis_order(axis, lambda point: f"{file.filename}: {part.axis}[{point}]")
            values = values[:, order]
            uncertainty = uncertainty if uncertainty is None else uncertainty[:, order]
        sources = tuple(place((row,)) for row in kept)
        block = Block(
            tuple(own[row] for row in kept),
            values,
            None if axis is None else axis[order],
            sources,
            uncertainty,
            measurements=tuple(part.measurements[first + row] for row in kept) if part.measurements else (),
            facts=tuple({name: cells[first + row] for name, cells in typed.items()} for row in kept) if typed else (),
        )
        yield as_declared(block, modality, stated)


def _values(
    dataset: h5py.Dataset,
    values: NDArray[np.floating[Any]],
    part: Part,
    count: int,
    kind: Kind,
    axis: NDArray[np.float64] | None,
) -> NDArray[np.floating[Any]]:
    """The numbers, a specimen per row; in whichever way the lengths fit where a file has a specimen per column."""
    dimensions = kind.dimensions
    if kind is Kind.SCALAR:
        values = values.astype(np.float64, copy=False)
        values = values.reshape(1) if values.size == 1 else values
    elif part.ids is None and dimensions == 2 and values.size == max(values.shape, default=0):
        values = values.reshape(1, -1)
    elif part.ids is None or (dimensions == 2 and count == 1 and values.ndim == 1):
        values = values[None]
    if values.ndim != dimensions:
        shown = dimensions - (part.ids is None and kind is not Kind.SCALAR)
        raise ReadError(
            f"the shape is {dataset.shape}", where=at(dataset), expected=f"{shown} dimension(s) are needed."
        )
    if dimensions == 2 and axis is not None and part.ids is not None:
        turned = (len(axis), count)
        if values.shape == turned and turned[0] != turned[1]:
            values = values.T
    return values


_SUFFIXES = (".h5", ".hdf5", ".hdf", ".nxs", ".nx", ".hspy", ".mat")
FORMAT = Format("HDF5", _SUFFIXES, read, read_metadata, inspect, acts=BOTH_ACTS, pieces=pieces)
