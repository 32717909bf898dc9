"""Curves in delimited text over a column of their axis: one in a file, or a row per point of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.acts import facts_of, measurements_of, specimens_of
from fingerprint.ingestion.checks import (
    averaged_points,
    axis_order,
    check_uncertainty,
    check_unit,
    complete_rows,
    refuse_infinite,
)
from fingerprint.ingestion.conform import Stated, as_declared
from fingerprint.ingestion.reader import Request, stem
from fingerprint.ingestion.text import Text
from fingerprint.modality import Block, Kind, Modality
from fingerprint.units import split_unit

Array = NDArray[np.float64]


def curve_of_file(text: Text, request: Request, modality: Modality) -> Block:
    """One curve, the specimen of which is the file."""
    spec = request.spec
    named = spec.axis.values if spec.axis else ""
    if text.width != 2 and not (named and spec.values):
        raise ReadError(
            f"{text.width} columns",
            where=text.top,
            expected="Two columns, axis and values, or two that dataset.toml names (axis.values and values).",
        )
    if not named and spec.axis and text.header and not spec.values:
        names = [split_unit(label).name.lower() for label in text.header]
        if spec.axis.name.lower() in names[1:] and spec.axis.name.lower() != names[0]:
            raise ReadError(
                f"the second column is called {text.header[1]!r}, as the axis is",
                where=text.top,
                next="Say in dataset.toml which column is which: axis.values and values.",
            )
    x, axis_unit = axis_column(text, request)
    columns, unit = value_columns(text, request)
    numbers = text.numbers([x, *columns], request.missing)
    block = _over_axis(text, numbers, range(len(numbers)), stem(text.path), str(text.path), request)
    if block is None:
        raise ReadError("no value at all", where=text.where(0), expected="Leave the file out: it is no measurement.")
    block = replace(block, facts=facts_of(text, spec, request.missing, [range(len(numbers))]))
    return as_declared(block, modality, Stated(unit, axis_unit, text.top))


def curves_of_points(text: Text, request: Request, modality: Modality) -> list[Block]:
    """A row per point: as many curves as the columns of ids and of measurements name."""
    spec = request.spec
    x, axis_unit = axis_column(text, request)
    columns, unit = value_columns(text, request)
    numbers = text.numbers([x, *columns], request.missing)
    specimens = specimens_of(text, spec)
    measurements = measurements_of(text, spec)
    rows: dict[tuple[str, str], list[int]] = {}
    for row, pair in enumerate(zip(specimens, measurements or [""] * len(specimens), strict=True)):
        rows.setdefault(pair, []).append(row)
    told = facts_of(text, spec, request.missing, list(rows.values()))
    blocks: list[Block] = []
    for place, ((name, own), among) in enumerate(rows.items()):
        block = _over_axis(text, numbers, among, name, text.where(among[0]), request)
        if block is not None:
            known = replace(block, measurements=(own,) if own else (), facts=told[place : place + 1])
            blocks.append(as_declared(known, modality, Stated(unit, axis_unit, text.top)))
    return blocks


def _over_axis(
    text: Text, numbers: Array, rows: Sequence[int], specimen: str, source: str, request: Request
) -> Block | None:
    """The curve in some rows; None where no value was measured.

    Args:
        text: for messages.
        numbers: axis, values and perhaps their uncertainty, [row, column].
        rows: of the curve.
        specimen, source: of the curve.
        request: says whether points that repeat are averaged.
    """

    def where(index: tuple[int, ...]) -> str:
        return text.where(rows[index[-1]])

    own = numbers if isinstance(rows, range) and len(rows) == len(numbers) else numbers[rows]
    refuse_infinite(own[:, 1:], lambda index: text.where(rows[index[0]]))
    if not complete_rows(own[None, :, 1], where).all():
        return None
    uncertainty = uncertainty_of(own[:, 1], own[:, 2:], lambda row: text.where(rows[row]))
    if request.spec.axis and request.spec.axis.repeated == "average":
        own, uncertainty, kept = averaged_points(own, uncertainty)
        rows = [rows[point] for point in kept.tolist()]
    order = axis_order(own[:, 0], lambda point: text.where(rows[point]))
    errors = None if uncertainty is None else uncertainty[order][None].copy()
    return Block((specimen,), own[order, 1][None].copy(), own[order, 0].copy(), (source,), errors)


def axis_column(text: Text, request: Request) -> tuple[int, str | None]:
    """The column of the axis, and the unit that its header states."""
    named = request.spec.axis.values if request.spec.axis else ""
    column = text.find(named) if named else 0
    unit = split_unit(text.label(column)).unit if text.header else None
    return column, unit


def value_columns(text: Text, request: Request) -> tuple[list[int], str | None]:
    """The column of the values, and that of their uncertainty where there is one; and the unit that they state."""
    spec = request.spec
    columns = [text.find(spec.values) if spec.values or spec.kind is Kind.SCALAR else 1]
    columns += [text.find(spec.uncertainty)] if spec.uncertainty else []
    units = [split_unit(text.label(column)).unit if text.header else None for column in columns]
    if len(columns) > 1:
        check_unit(units[1], spec.unit if units[0] is None else units[0], text.label(columns[1]), text.top)
    return columns, units[0]


def uncertainty_of(values: Array, found: Array, where: Callable[[int], str]) -> Array | None:
    """The uncertainty of values, checked; None where there is no column of it.

    Args:
        values: [row].
        found: columns of uncertainties, [row, 0 or 1].
        where: names the place of a row.
    """
    return check_uncertainty(values, found[:, 0], where) if found.shape[1] else None
