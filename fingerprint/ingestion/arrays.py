"""Measurements that are already in memory: arrays and data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.checks import axis_order, check_ids, complete_rows, refuse_infinite
from fingerprint.ingestion.columns import by_specimen
from fingerprint.ingestion.draft import slug
from fingerprint.ingestion.reader import Cell
from fingerprint.ingestion.report import IngestReport
from fingerprint.ingestion.writer import store_all
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import OnConflict, Store
from fingerprint.units import canonical


def ingest_arrays(
    store: Store | str | Path,
    ids: Sequence[object],
    x: ArrayLike | None,
    y: ArrayLike,
    units: str | tuple[str, str],
    *,
    name: str = "spectrum",
    kind: Kind | None = None,
    axis_name: str = "axis",
    sign: str = "",
    metadata: Mapping[str, Mapping[str, Cell]] | None = None,
    measurements: Sequence[object] = (),
    facts: Sequence[Mapping[str, Cell]] = (),
    on_conflict: OnConflict = "error",
) -> IngestReport:
    """Store arrays as one modality.

    Args:
        store: where to; a path is made into a store when there is none.
        ids: of the specimens, [measurement]; one that was measured several times occurs as often.
        x: the axis, [point], in either direction; None for scalars and images.
        y: [measurement] scalars, [measurement, point] curves, [measurement, row, column] images. What
            is all NaN was not measured.
        units: (unit of x, unit of y) for curves, the unit of y otherwise; "" for arbitrary units.
        name: of the modality.
        kind: by the shape of y when None; Kind.SERIES makes a series of a curve.
        axis_name: what x measures.
        sign: the sign convention in words.
        metadata: specimen -> column -> value.
        measurements: the id of each within its specimen, [measurement], where a specimen has several.
        facts: what is known of each act of measuring, such as its instrument, [measurement].
        on_conflict: what becomes of a measurement that differs from the stored one of its specimen (`Store.append`).

    Raises:
        ReadError: shapes do not fit, an id is empty or repeated, the axis is not monotonic, a value is
            infinite, or some but not all values of a specimen are NaN.
        UnitError: a unit is unknown or cannot be converted into the store's.
        DatasetError: `units` does not say what x and y need, or the modality disagrees with the store's.
    """
    values = np.asarray(y)
    specimens = [str(each).strip() for each in ids]
    chosen = _kind(kind, values, name)
    axis = None if x is None else np.asarray(x, dtype=np.float64)
    has_axis = chosen in (Kind.SPECTRUM, Kind.SERIES)
    if has_axis != (axis is not None) or has_axis != isinstance(units, tuple):
        raise DatasetError(
            f"x, y and units of {name} do not fit together",
            expected="A curve has an axis x and units (of x, of y); a scalar or image has no x and one unit.",
        )
    axis_unit, unit = units if isinstance(units, tuple) else ("", units)
    modality = Modality(name, chosen, canonical(unit), sign, axis_name if has_axis else "", canonical(axis_unit))
    own = tuple(str(each).strip() for each in measurements)
    raw = _raw(modality, specimens, axis, values, own, tuple(facts))
    return store_all([raw], metadata or {}, "", store, on_conflict=on_conflict)


def ingest_frame(
    store: Store | str | Path,
    frame: pd.DataFrame,
    *,
    units: Mapping[str, str],
    id: str | None = None,
    metadata: Sequence[str] = (),
    signs: Mapping[str, str] | None = None,
    measurement: str | None = None,
    facts: Sequence[str] = (),
    on_conflict: OnConflict = "error",
) -> IngestReport:
    """Store columns of a data frame, each as a scalar modality of the column's name.

    Args:
        store: where to; a path is made into a store when there is none.
        frame: one row per specimen, or per measurement of one; a missing number is a measurement that was not made.
        units: column -> unit, for every column that was measured; "" for arbitrary units.
        id: the column of ids; None takes the index.
        metadata: columns that say how the specimens were made.
        signs: column -> sign convention in words.
        measurement: the column that tells several measurements of one specimen apart.
        facts: columns that say how each was measured, such as its instrument.
        on_conflict: as of `ingest_arrays`.

    Raises:
        DatasetError: a column is named nowhere, or a named one is not there; none is guessed.
        ReadError: an id is empty or repeated, or a value is no finite number.
        UnitError: a unit is unknown or cannot be converted into the store's.
    """
    headers = [str(column) for column in frame.columns]
    ids = [column for column in (id, measurement) if column is not None]
    named = [*ids, *units, *metadata, *facts]
    unknown = [column for column in named if column not in headers]
    unnamed = [column for column in headers if column not in named]
    if unknown or unnamed:
        raise DatasetError(
            f"the frame has no column {unknown[0]!r}" if unknown else f"column {unnamed[0]!r} is named nowhere",
            expected=f"Columns are {', '.join(headers)}; each is the id, the measurement, in units, metadata or facts.",
            next="Name it, or drop it from the frame.",
        )
    specimens = [str(each).strip() for each in (frame.index if id is None else frame[id])]
    modalities = [
        _raw(
            Modality(slug(column), Kind.SCALAR, canonical(unit), (signs or {}).get(column, "")),
            specimens,
            None,
            _numbers(frame[column].tolist(), column),
            () if measurement is None else tuple(str(each).strip() for each in frame[measurement]),
            tuple(_known(frame, facts, row) for row in range(len(frame))) if facts else (),
        )
        for column, unit in units.items()
    ]
    columns = {column: [_cell(value) for value in frame[column]] for column in metadata}
    described = by_specimen(specimens, columns, lambda row: f"row {row}") if metadata else {}
    return store_all(modalities, described, "", store, on_conflict=on_conflict)


def _kind(kind: Kind | None, values: NDArray[Any], name: str) -> Kind:
    by_shape = {1: Kind.SCALAR, 2: Kind.SPECTRUM, 3: Kind.IMAGE}.get(values.ndim)
    if by_shape is None or values.dtype.kind not in "iuf":
        raise ReadError(f"y has shape {values.shape} and type {values.dtype}", where=name, expected="Numbers.")
    if kind is None or kind is by_shape or (kind is Kind.SERIES and by_shape is Kind.SPECTRUM):
        return kind or by_shape
    raise ReadError(f"y has shape {values.shape}", where=name, expected=f"The shape of a {kind}.")


def _raw(
    modality: Modality,
    specimens: Sequence[str],
    axis: NDArray[np.float64] | None,
    values: NDArray[Any],
    measurements: tuple[str, ...],
    facts: tuple[Mapping[str, Cell], ...],
) -> RawModality:
    name = modality.name
    if len(specimens) != len(values) or (axis is not None and axis.shape != values.shape[1:]):
        raise ReadError(
            f"y has shape {values.shape} for {len(specimens)} ids"
            + ("" if axis is None else f" and {axis.size} axis points"),
            where=name,
        )
    if any(each and len(each) != len(specimens) for each in (measurements, facts)) or "" in measurements:
        raise ReadError(f"measurements or facts are not one for each of {len(specimens)} ids, or empty", where=name)
    then = "Several measurements of it? measurement (of a frame) or measurements (of arrays) tells them apart."
    check_ids(specimens, lambda row: f"{name}: row {row}", measurements, then=then)
    numbers = values if values.dtype == np.float32 else values.astype(np.float64)

    def where(index: tuple[int, ...]) -> str:
        return f"{name}: specimen {specimens[index[0]]!r}" + "".join(f", point {i}" for i in index[1:])

    refuse_infinite(numbers, where)
    kept: list[int] = np.flatnonzero(complete_rows(numbers, where)).tolist()
    if axis is not None:
        order = axis_order(axis, lambda point: f"{name}: x[{point}]")
        numbers, axis = numbers[:, order], axis[order]
    sources = ("python",) * len(specimens)
    block = Block(tuple(specimens), numbers, axis, sources, measurements=measurements, facts=facts).taking(kept)
    return RawModality(modality, (block,) if kept else ())


def _known(frame: pd.DataFrame, facts: Sequence[str], row: int) -> dict[str, Cell]:
    found = {column: _cell(frame[column].iloc[row]) for column in facts}
    return {column: value for column, value in found.items() if value is not None}


def _numbers(cells: list[Any], name: str) -> NDArray[np.float64]:
    try:
        return np.array([np.nan if pd.isna(cell) else cell for cell in cells], dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ReadError(f"not all values are numbers: {error}", where=f"column {name}") from None


def _cell(value: Any) -> Cell:
    if pd.isna(value):
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if isinstance(plain, str | float | int | bool) else str(plain)
