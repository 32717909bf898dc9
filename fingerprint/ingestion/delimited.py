"""Delimited text: scalar tables, wide tables (headers that are numbers are the axis), two-column curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.checks import axis_order, check_ids, check_unit, complete_rows, refuse_infinite
from fingerprint.ingestion.columns import describe, find_id, metadata_values
from fingerprint.ingestion.dataset import STEM, SpecimensSpec
from fingerprint.ingestion.decoding import COMPRESSIONS
from fingerprint.ingestion.reader import (
    Cell,
    CurveLayout,
    Format,
    Layout,
    Request,
    TableLayout,
    Unrecognised,
    stem,
)
from fingerprint.ingestion.text import Text, open_text
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.units import split_unit

_PLAIN = (".csv", ".txt", ".dat", ".tsv", ".asc", ".xy", ".prn", ".tab")


def read(request: Request) -> RawModality:
    """Read one delimited file as one modality, in the units of the request.

    Raises:
        ReadError: with the line and column at fault.
        DatasetError: the request asks for what delimited text cannot hold.
    """
    refuse_images(request)
    return read_text(open_text(request.path, request.spec.decimal), request)


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
    modality = request.spec.modality(request.name)
    if request.spec.kind is Kind.SCALAR:
        block = _scalars(text, request, modality)
    elif request.spec.specimens == STEM:
        block = _curve(text, request, modality)
    else:
        block = _wide(text, request)
    return RawModality(modality, (block,) if block.specimens else ())


def _scalars(text: Text, request: Request, modality: Modality) -> Block:
    column = _find(text, request.spec.values)
    check_unit(split_unit(text.label(column)).unit, modality.unit, text.label(column), _top(text))
    ids = _stem_id(text) if request.spec.specimens == STEM else _ids(text, request.spec.specimens)
    values = text.numbers([column], request.missing)[:, 0]
    refuse_infinite(values, lambda index: text.where(index[0]))
    kept: list[int] = np.flatnonzero(~np.isnan(values)).tolist()
    return Block(tuple(ids[row] for row in kept), values[kept], None, tuple(text.where(row) for row in kept))


def _wide(text: Text, request: Request) -> Block:
    if request.spec.values:
        raise DatasetError(
            f"values = {request.spec.values!r} in a wide table",
            where=f"[modalities.{request.name}] values",
            expected=f'Leave values out: the axis is in the header. For two columns: specimens = "{STEM}".',
        )
    headers = [text.dialect.number(field) for field in text.header or ()]
    points = [column for column, number in enumerate(headers) if number is not None]
    axis = np.array([number for number in headers if number is not None], dtype=np.float64)
    order = axis_order(axis, lambda _: _top(text))
    ids = _ids(text, request.spec.specimens)
    values = text.numbers(points, request.missing)

    def where(index: tuple[int, ...]) -> str:
        return f"{text.where(index[0])}: column {text.label(points[index[1]])}"

    refuse_infinite(values, where)
    kept: list[int] = np.flatnonzero(complete_rows(values, where)).tolist()
    specimens = tuple(ids[row] for row in kept)
    return Block(specimens, values[kept][:, order], axis[order], tuple(text.where(row) for row in kept))


def _curve(text: Text, request: Request, modality: Modality) -> Block:
    spec = request.spec
    named = spec.axis.values if spec.axis else ""
    if text.width != 2 and not (named and spec.values):
        raise ReadError(
            f"{text.width} columns",
            where=_top(text),
            expected="Two columns, axis and values, or two that dataset.toml names (axis.values and values).",
        )
    columns = [_find(text, named) if named else 0, _find(text, spec.values) if spec.values else 1]
    if text.header:
        check_unit(split_unit(text.label(columns[0])).unit, modality.axis_unit, text.label(columns[0]), _top(text))
        check_unit(split_unit(text.label(columns[1])).unit, modality.unit, text.label(columns[1]), _top(text))
    numbers = text.numbers(columns, request.missing)

    def where(index: tuple[int, ...]) -> str:
        return text.where(index[-1])

    axis, values = numbers[:, 0], numbers[:, 1]
    refuse_infinite(values, where)
    order = axis_order(axis, text.where)
    if not complete_rows(values[None], where).all():
        raise ReadError("no value at all", where=text.where(0), expected="Leave the file out: it is no measurement.")
    return Block((stem(text.path),), values[order][None].copy(), axis[order].copy(), (str(text.path),))


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What a table says about how the specimens were made: id -> column -> value.

    Raises:
        ReadError: a column is not there, or an id is empty or repeated.
    """
    return metadata_of(open_text(path), spec, missing)


def metadata_of(text: Text, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """What rows of text say about how the specimens were made: id -> column -> value.

    Raises:
        ReadError: a column is not there, or an id is empty or repeated.
    """
    ids = _ids(text, spec.id)
    columns = text.strings([_find(text, name) for name in spec.metadata])
    typed = [metadata_values(column, missing, text.dialect.decimal) for column in columns]
    return {
        name: {header: column[row] for header, column in zip(spec.metadata, typed, strict=True)}
        for row, name in enumerate(ids)
    }


def inspect(path: Path) -> Layout:
    """What a delimited file looks like.

    Raises:
        ReadError: it is damaged or empty.
    """
    return layout_of(open_text(path))


def layout_of(text: Text) -> CurveLayout | TableLayout | Unrecognised:
    """What rows of text look like.

    Raises:
        ReadError: they are damaged.
    """
    path = text.path
    if text.header is None or text.width == 2:
        curve = _curve_layout(text)
        if curve is not None:
            return curve
    if text.header is None:
        return Unrecognised(path, f"{text.width} column(s) of numbers without a header that says what they are")
    named = [column for column, field in enumerate(text.header) if text.dialect.number(field) is None]
    points = text.width - len(named)
    try:
        strings = text.strings(named)
    except ReadError:
        if _is_prose(text):
            return Unrecognised(path, "text, not a table of numbers")
        raise
    columns = tuple(
        describe(text.header[i], cells, None, text.dialect.decimal) for i, cells in zip(named, strings, strict=True)
    )
    if points < 2 and not any(column.numeric for column in columns) and text.width < 2:
        return Unrecognised(path, "text, not a table")
    identity = find_id(columns)
    if identity is None and points > 1 and len(columns) == 1:
        identity = columns[0]
    ids = tuple(strings[columns.index(identity)]) if identity else ()
    return TableLayout(path, columns, points, identity, ids)


def _is_prose(text: Text) -> bool:
    """Whether hardly anything in the first lines is a number."""
    fields = [field for row in range(min(len(text.rows), 50)) for field in text.fields(row)]
    return 4 * sum(text.dialect.number(field) is not None for field in fields) < len(fields)


def _curve_layout(text: Text) -> CurveLayout | None:
    if text.width != 2:
        return None
    head = [text.fields(row) for row in range(min(len(text.rows), 50))]
    number = text.dialect.number
    good = [fields for fields in head if len(fields) == 2 and None not in map(number, fields)]
    if 2 * len(good) <= len(head):
        return None
    if text.header is None:
        return CurveLayout(text.path, None, None)
    decimal = text.dialect.decimal
    x, y = (describe(header, [fields[i] for fields in good], None, decimal) for i, header in enumerate(text.header))
    steps = np.sign(np.diff([number(fields[0]) or 0.0 for fields in good]))
    monotonic = len(good) > 1 and abs(steps.sum()) > 0.5 * len(steps)
    return CurveLayout(text.path, x, y) if monotonic and find_id((x,)) is None else None


def _ids(text: Text, column: str) -> list[str]:
    ids = text.strings([_find(text, column)])[0]
    check_ids(ids, text.where)
    return ids


def _stem_id(text: Text) -> list[str]:
    if len(text.rows) != 1:
        raise ReadError(
            f"{len(text.rows)} rows and no column of ids",
            where=_top(text),
            expected=f'One row where specimens = "{STEM}", else the name of the column of ids.',
        )
    return [stem(text.path)]


def _find(text: Text, name: str) -> int:
    header = text.header
    if header is None:
        raise ReadError(f"there is no header, so no column {name!r}", where=_top(text))
    places = [column for column, field in enumerate(header) if field == name]
    if len(places) == 1:
        return places[0]
    listed = ", ".join(field or '""' for field in header[:20]) + (", ..." if len(header) > 20 else "")
    fault = f"column {name!r} stands {len(places)} times" if places else f"there is no column {name!r}"
    raise ReadError(fault, where=_top(text), expected=f"The columns are {listed}.")


def _top(text: Text) -> str:
    return text.at(text.header_line or text.lines[0])


FORMAT = Format(
    "delimited text",
    tuple(suffix + packed for suffix in _PLAIN for packed in ("", *COMPRESSIONS)),
    read,
    read_metadata,
    inspect,
)
