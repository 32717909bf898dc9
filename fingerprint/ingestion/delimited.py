"""Delimited text: scalar tables, wide tables (headers that are numbers are the axis), columns over an axis, a row per
point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.acts import DECLARE, check_once, facts_of, ids_of, measurements_of, specimens_of
from fingerprint.ingestion.checks import (
    axis_order,
    check_ids,
    complete_rows,
    refuse_infinite,
)
from fingerprint.ingestion.columns import by_specimen, metadata_values
from fingerprint.ingestion.conform import Stated, as_declared, merge
from fingerprint.ingestion.dataset import COLUMN, STEM, SpecimensSpec
from fingerprint.ingestion.decoding import compressed
from fingerprint.ingestion.delimited_layout import inspect
from fingerprint.ingestion.opening import open_text
from fingerprint.ingestion.pairs import find_pairs, read_pairs
from fingerprint.ingestion.reader import BOTH_ACTS, Cell, Format, Request
from fingerprint.ingestion.text import Text
from fingerprint.ingestion.text_curves import (
    axis_column,
    curve_of_file,
    curves_of_points,
    uncertainty_of,
    value_columns,
)
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.units import split_unit

_PLAIN = (
    ".csv", ".txt", ".dat", ".tsv", ".asc", ".xy", ".prn", ".tab", ".dpt", ".xye", ".chi", ".mpt", ".dta", ".tra",
    ".lvm", ".xdi", ".nor", ".ras", ".uxd", ".gsa",
)  # fmt: skip

Array = NDArray[np.float64]


def read(request: Request) -> RawModality:
    """Read one delimited file as one modality, in the units of the request.

    Raises:
        ReadError: with the line and column at fault.
        DatasetError: the request asks for what delimited text cannot hold.
    """
    refuse_images(request)
    return read_text(open_text(request.path, request.spec.decimal, request.spec), request)


def refuse_images(request: Request) -> None:
    """Raise DatasetError where images are asked of a table."""
    if request.spec.kind is Kind.IMAGE:
        raise DatasetError(
            "images are read from PNG, TIFF, HDF5, NumPy and IDX files only",
            where=f"[modalities.{request.name}] files",
        )


def read_text(text: Text, request: Request) -> RawModality:
    """Read rows of text as one modality, in the units of the request.

    Raises:
        ReadError: with the row and column at fault.
        DatasetError: the request asks for what rows of text cannot hold.
    """
    spec = request.spec
    modality = spec.modality(request.name)
    for note in text.notes:
        request.tell(note)
    if spec.kind is Kind.SCALAR:
        blocks = [_scalars(text, request, modality)]
    elif spec.specimens == STEM and not spec.measurement:
        blocks = [curve_of_file(text, request, modality)]
    elif spec.specimens == COLUMN:
        blocks = _curves_side_by_side(text, request, modality)
    elif spec.axis and spec.axis.values:
        blocks = curves_of_points(text, request, modality)
    else:
        blocks = [_wide(text, request)]
    return merge(modality, [RawModality(modality, (block,)) for block in blocks if block.specimens])


def _scalars(text: Text, request: Request, modality: Modality) -> Block:
    columns, unit = value_columns(text, request)
    acts = _acts(text, request)
    numbers = text.numbers(columns, request.missing)
    refuse_infinite(numbers, lambda index: text.where(index[0]))
    kept = np.flatnonzero(~np.isnan(numbers[:, 0]))
    uncertainty = uncertainty_of(numbers[:, 0], numbers[:, 1:], text.where)
    block = replace(acts, values=numbers[:, 0], uncertainty=uncertainty)
    return as_declared(block.taking(kept), modality, Stated(unit, None, text.top))


def _acts(text: Text, request: Request) -> Block:
    """A measurement in each row: its specimen, its id, its place and what is known of it, without values."""
    spec = request.spec
    if spec.specimens == STEM and not spec.measurement and len(text.rows) != 1:
        raise ReadError(
            f"{len(text.rows)} rows and no column of ids",
            where=text.top,
            expected=f'One row where specimens = "{STEM}", else the name of the column of ids.',
            next=DECLARE,
        )
    specimens, measurements = specimens_of(text, spec), measurements_of(text, spec)
    check_once(text, specimens, measurements)
    rows = range(len(specimens))
    facts = facts_of(text, spec, request.missing, [[row] for row in rows])
    sources = tuple(map(text.where, rows))
    return Block(tuple(specimens), np.empty(len(rows)), None, sources, measurements=tuple(measurements), facts=facts)


def _wide(text: Text, request: Request) -> Block:
    if request.spec.values:
        raise DatasetError(
            f"values = {request.spec.values!r} in a wide table",
            where=f"[modalities.{request.name}] values",
            expected=f'Leave values out: the axis is in the header. For two columns: specimens = "{STEM}".',
        )
    headers = [text.dialect.number(field) for field in text.header or ()]
    points = [column for column, number in enumerate(headers) if number is not None]
    if not points:
        raise ReadError(
            "no header is a number, and dataset.toml names no column of the axis",
            where=text.top,
            expected=f'The axis in the header, or values = "COLUMN" in axis of [modalities.{request.name}].',
        )
    axis = np.array([number for number in headers if number is not None], dtype=np.float64)
    order = axis_order(axis, lambda _: text.top)
    acts = _acts(text, request)
    values = text.numbers(points, request.missing)

    def where(index: tuple[int, ...]) -> str:
        return f"{text.where(index[0])}: column {text.label(points[index[1]])}"

    refuse_infinite(values, where)
    kept = np.flatnonzero(complete_rows(values, where))
    return replace(acts, values=values[:, order], axis=axis[order]).taking(kept)


def _curves_side_by_side(text: Text, request: Request, modality: Modality) -> list[Block]:
    """Curves in pairs of columns, or over one axis; what stands above the numbers is known of each."""
    spec = request.spec
    for key, named in (("measurement", spec.measurement), ("uncertainty", spec.uncertainty)):
        if named:
            raise DatasetError(
                f"{key} = {named!r} where each column is a specimen, {COLUMN}",
                where=f"[modalities.{request.name}] {key}",
                next=f"Leave it out, or write a row per point: specimen, axis, value and {key}.",
            )
    facts = facts_of(text, spec, request.missing, [range(len(text.rows))])
    blocks = _pairs(text, request, modality)
    blocks = [_columns(text, request, modality)] if blocks is None else blocks
    return [replace(block, facts=facts * len(block.specimens)) for block in blocks]


def _columns(text: Text, request: Request, modality: Modality) -> Block:
    """Several curves over one axis, the specimen of each of which is its header."""
    x, axis_unit = axis_column(text, request)
    others = [column for column in range(text.width) if column != x]
    labels = [split_unit(text.label(column)) for column in others]
    unit = labels[0].unit if labels else None
    for label, column in zip(labels, others, strict=True):
        if (label.unit or "") != (unit or ""):
            raise ReadError(
                f"{text.label(column)!r} and {text.label(others[0])!r} do not state the same unit",
                where=text.top,
                expected="One unit for all columns, stated in all of their headers or in none.",
            )
    ids = [label.name for label in labels]
    check_ids(ids, lambda row: f"{text.top}: column {text.label(others[row])}")
    numbers = text.numbers([x, *others], request.missing)

    def where(index: tuple[int, ...]) -> str:
        return f"{text.where(index[1])}: column {text.label(others[index[0]])}"

    values = np.ascontiguousarray(numbers[:, 1:].T)
    refuse_infinite(values, where)
    order = axis_order(numbers[:, 0], text.where)
    sources = tuple(f"{text.path}: column {text.label(column)}" for column in others)
    kept = np.flatnonzero(complete_rows(values, where))
    block = Block(tuple(ids), values[:, order], numbers[order, 0].copy(), sources).taking(kept)
    return as_declared(block, modality, Stated(unit, axis_unit, text.top))


def _pairs(text: Text, request: Request, modality: Modality) -> list[Block] | None:
    """Curves in pairs of columns; None where the text is no such."""
    pairs = find_pairs(text)
    if pairs is None or text.header is None:
        return None
    axis = request.spec.axis.values if request.spec.axis else ""
    if axis not in ("", text.header[0]) or request.spec.values not in ("", text.header[1]):
        return None
    stated = Stated(split_unit(text.header[1]).unit, split_unit(text.header[0]).unit, text.top)
    return [as_declared(block, modality, stated) for block in read_pairs(text, request.missing)]


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What a table says about how the specimens were made: id -> column -> value.

    Raises:
        ReadError: a column is not there, or an id is empty or repeated.
    """
    return metadata_of(open_text(path, spec.decimal, spec), spec, missing)


def metadata_of(text: Text, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What rows of text say about how the specimens were made: id -> column -> value.

    Raises:
        ReadError: a column is not there, an id is empty, or rows of one specimen contradict each other.
    """
    ids = ids_of(text, spec.id)
    columns = text.strings([text.find(name) for name in spec.metadata])
    typed = [metadata_values(column, missing, text.dialect.decimal) for column in columns]
    return by_specimen(ids, dict(zip(spec.metadata, typed, strict=True)), text.where)


FORMAT = Format(
    "delimited text",
    compressed(*_PLAIN),
    read,
    read_metadata,
    inspect,
    acts=BOTH_ACTS,
)
