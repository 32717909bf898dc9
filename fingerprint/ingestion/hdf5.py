"""HDF5: a dataset of ids, [specimen]; scalars [specimen]; curves [specimen, point] with an axis [point];
images [specimen, row, column]; or a group per specimen, or a file per specimen, without the first dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion import hdf5_layout
from fingerprint.ingestion.assembling import refuse_columns
from fingerprint.ingestion.checks import axis_order, check_ids, complete_rows, refuse_infinite
from fingerprint.ingestion.columns import metadata_by_id, metadata_values
from fingerprint.ingestion.conform import Stated, as_declared, merge
from fingerprint.ingestion.dataset import GROUP, STEM, STEM_ROW, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.hdf5_access import need, opened
from fingerprint.ingestion.hdf5_address import only, places, stated_unit
from fingerprint.ingestion.hdf5_array import MOST_BYTES, at, numbers, rows, texts
from fingerprint.ingestion.hdf5_axis import axis_of
from fingerprint.ingestion.reader import BOTH_ACTS, Cell, Format, Layout, Request, row_ids, stem
from fingerprint.modality import Block, Kind, RawModality


class _Part(NamedTuple):
    """Measurements that stand in one dataset.

    Attributes:
        ids: of its specimens; None where the dataset is the only measurement of one, whose id is `alone`.
        values, axis: paths.
        measurements: ids within the specimens, as long as `ids`; facts: what is known of each, as long.
    """

    ids: list[str] | None
    alone: str
    values: str
    axis: str
    measurements: Sequence[str] = ()
    facts: Mapping[str, Sequence[str]] = MappingProxyType({})


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
    if spec.uncertainty:
        raise DatasetError(
            "uncertainties in HDF5 are not read yet",
            where=f"[modalities.{request.name}] uncertainty",
            next="Leave the key out.",
        )
    if spec.specimens in (GROUP, STEM, STEM_ROW):
        refuse_columns(request.name, spec)
    with opened(request.path) as file:
        for part in _parts(file, request.path, spec):
            for block in _blocks(file, part, request):
                if block.specimens:
                    yield RawModality(modality, (block,))


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What datasets say about how the specimens were made: id -> dataset -> value. In a group per specimen the
    dataset's own name is the key.

    Raises:
        ReadError: a dataset is not there or has another length than the ids.
    """
    with opened(path) as file:
        if spec.id in (GROUP, STEM):
            found = {name: _of_each(file, name, spec.id, path) for name in spec.metadata}
            ids = list(dict.fromkeys(group for cells in found.values() for group in cells))
            columns = {name.rsplit("/")[-1]: [cells.get(key, "") for key in ids] for name, cells in found.items()}
        else:
            ids = texts(need(file, spec.id))
            columns = {name: texts(need(file, name)) for name in spec.metadata}
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


def _parts(file: h5py.File, path: Path, spec: ModalitySpec) -> Iterator[_Part]:
    axis = spec.axis.values if spec.axis else ""
    if spec.specimens == GROUP:
        there, axes = places(file, spec.values), places(file, axis) if axis else {}
        if "" in there:
            raise DatasetError(
                f"values = {spec.values!r} names no group", where=str(path), expected="'*' stands for the group."
            )
        for group, values in there.items():
            own = axes.get(group, axes.get("", ""))
            if axis and not own:
                raise ReadError(f"it has no axis {axis}", where=f"{path}: {values}")
            yield _Part(None, group, values, own)
        return
    values, own = only(file, spec.values), only(file, axis) if axis else ""
    if spec.specimens == STEM:
        yield _Part(None, stem(path), values, own)
    elif spec.specimens == STEM_ROW:
        dataset = need(file, values)
        yield _Part(list(row_ids(stem(path), dataset.shape[0] if dataset.shape else 1)), "", values, own)
    else:
        yield _Part(texts(need(file, only(file, spec.specimens))), "", values, own, *_acts(file, spec))


def _acts(file: h5py.File, spec: ModalitySpec) -> tuple[list[str], dict[str, list[str]]]:
    """The ids of the measurements of specimens whose ids repeat, and what is known of each."""
    measurements = texts(need(file, only(file, spec.measurement))) if spec.measurement else []
    if not all(measurements):
        raise ReadError("a measurement has no id", where=f"{file.filename}: {spec.measurement}")
    return measurements, {name: texts(need(file, only(file, name))) for name in spec.facts}


def _blocks(file: h5py.File, part: _Part, request: Request) -> Iterator[Block]:
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

        refuse_infinite(values, place)
        kept: list[int] = np.flatnonzero(complete_rows(values, place)).tolist()
        values = values[kept] if len(kept) < len(values) else values
        if axis is not None:
            order = axis_order(axis, lambda point: f"{file.filename}: {part.axis}[{point}]")
            values = values[:, order]
        sources = tuple(place((row,)) for row in kept)
        block = Block(
            tuple(own[row] for row in kept),
            values,
            None if axis is None else axis[order],
            sources,
            measurements=tuple(part.measurements[first + row] for row in kept) if part.measurements else (),
            facts=tuple({name: cells[first + row] for name, cells in typed.items()} for row in kept) if typed else (),
        )
        yield as_declared(block, modality, stated)


def _values(
    dataset: h5py.Dataset,
    values: NDArray[np.floating[Any]],
    part: _Part,
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
