"""Rows of a modality's table as a `RawModality`: one block per axis and type of number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.errors import StoreError
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store.rows import UNCERTAINTY, VALUES
from fingerprint.store.visible import codes, taken


def raw_modality(
    modality: Modality, table: pa.Table, axes: Mapping[str, NDArray[np.float64]], where: str
) -> RawModality:
    """The measurements in `table`, one block per axis and type of number, measurements in their order there.

    Args:
        modality: its definition.
        table: one row per measurement.
        axes: by hash.
        where: the table, for messages.

    Raises:
        StoreError: an axis is missing, or values do not fit it.
    """
    if not len(table):
        return RawModality(modality, ())
    _, first, inverse = np.unique(_keys(modality, table), axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    group = rank[inverse.ravel()]
    ordered = (table if len(first) == 1 else taken(table, np.argsort(group, kind="stable"))).combine_chunks()
    sizes = np.bincount(group)
    blocks = [
        _block(modality, ordered.slice(int(end - size), int(size)), axes, where)
        for end, size in zip(np.cumsum(sizes), sizes, strict=True)
    ]
    return RawModality(modality, tuple(blocks))


def _keys(modality: Modality, table: pa.Table) -> NDArray[np.int64]:
    """What the rows of one block have in common, [row, property]."""
    size = len(table)
    columns = [np.zeros(size, np.int64)]
    told = [table.column(name) for name in ("values_float32", *UNCERTAINTY) if name in table.column_names]
    columns += [column.is_valid().to_numpy().astype(np.int64) for column in told]
    if modality.has_axis:
        columns.append(codes(table.column("axis")).astype(np.int64))
    if modality.kind is Kind.IMAGE:
        columns.extend(_flat(table.column("shape")).reshape(size, 2).T.astype(np.int64))
    return np.stack(columns, axis=1)


def _block(modality: Modality, rows: pa.Table, axes: Mapping[str, NDArray[np.float64]], where: str) -> Block:
    block = _numbers(modality, rows, axes, where)
    ids = _texts(rows, "measurement")
    facts = _texts(rows, "facts")
    return replace(
        block,
        measurements=tuple(own or "" for own in ids) if any(ids) else (),
        facts=tuple(msgspec.json.decode(text) if text else {} for text in facts) if any(facts) else (),
    )


def _texts(rows: pa.Table, column: str) -> list[str | None]:
    if column not in rows.column_names or rows.column(column).null_count == len(rows):
        return []
    return rows.column(column).to_pylist()


def _numbers(modality: Modality, rows: pa.Table, axes: Mapping[str, NDArray[np.float64]], where: str) -> Block:
    specimens = tuple(rows.column("specimen").to_pylist())
    sources = tuple(rows.column("source").to_pylist())
    values = next(
        rows.column(name) for name in VALUES if name in rows.column_names and not rows.column(name).null_count
    )
    known = [rows.column(name) for name in UNCERTAINTY if name in rows.column_names]
    uncertain = next((column for column in known if not column.null_count), None)
    if modality.kind is Kind.SCALAR:
        return Block(specimens, values.to_numpy(), None, sources, None if uncertain is None else uncertain.to_numpy())
    flat = _flat(values)
    uncertainty = None if uncertain is None else _flat(uncertain)
    if modality.kind is Kind.IMAGE:
        shape = (-1, *rows.column("shape")[0].as_py())
        return Block(specimens, flat.reshape(shape), None, sources, _shaped(uncertainty, shape))
    axis = axes.get(rows.column("axis")[0].as_py())
    if axis is None or flat.size != len(specimens) * axis.size:
        raise StoreError(
            f"the axis of specimen {specimens[0]!r} is missing or does not fit the values",
            where=where,
            next="Restore the store from a copy, or ingest the files again into a new one with --store.",
        )
    shape = (-1, axis.size)
    return Block(specimens, flat.reshape(shape), axis, sources, _shaped(uncertainty, shape))


def _shaped(numbers: NDArray[np.generic] | None, shape: tuple[int, ...]) -> NDArray[np.generic] | None:
    return None if numbers is None else numbers.reshape(shape)


def _flat(column: pa.ChunkedArray) -> NDArray[np.generic]:
    return column.combine_chunks().flatten().to_numpy()
