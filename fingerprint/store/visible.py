"""Which rows a reader sees: those of visible ingests, and of these the newest of each measurement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fingerprint.errors import StoreError
from fingerprint.store import delta

_MOST_NAMED = 5000  # words in one query; to find more of them, all rows are read


def named(column: str, words: Collection[str]) -> tuple[str, Sequence[str]] | None:
    """What makes `delta.read` read only the rows with these words in a column; None where they are too many."""
    return (column, list(words)) if len(words) <= _MOST_NAMED else None


def read_visible(
    url: str,
    columns: Sequence[str],
    visible: Mapping[str, int],
    *,
    specimens: Sequence[str] | None = None,
    between: tuple[str, str] | None = None,
) -> pa.Table:
    """The rows at `url` that belong to a visible ingest, with the column `position` in place of `ingest`.

    Args:
        url: of the table.
        columns: those wanted besides `position`; the ones that the table does not have are left out.
        visible: ids of the ingests, oldest first, each with the number of rows that it wrote to this table at
            least; `position` is an index into it.
        specimens: only rows of these; None for all.
        between: only rows of specimens from the first to the last; None for all.

    Raises:
        StoreError: rows are lost.
    """
    where = None if specimens is None else named("specimen", specimens)
    batches = list(_batches(url, columns, visible, where, between))
    if not batches:
        strings = [(name, pa.large_string()) for name in columns]
        return pa.schema([*strings, ("position", pa.int64())]).empty_table()
    table = pa.Table.from_batches(batches)
    if specimens is None or len(specimens) <= _MOST_NAMED:
        return table
    return table.filter(among(table["specimen"], pa.array(specimens, pa.large_string())))


def _batches(
    url: str,
    columns: Sequence[str],
    visible: Mapping[str, int],
    where: tuple[str, Sequence[str]] | None,
    between: tuple[str, str] | None,
) -> Iterator[pa.RecordBatch]:
    if not visible:
        return
    if any(visible.values()):
        _refuse_lost(url, visible)
    places = {ingest: place for place, ingest in enumerate(visible)}
    span = None if between is None else ("specimen", *between)
    for raw in delta.read(url, [*columns, "ingest"], where=where, between=span):
        batch = raw.cast(pa.schema([(field.name, _wide(field.type)) for field in raw.schema]))
        position = _looked_up(batch.column("ingest"), places)
        keep = position >= 0
        batch = batch.drop_columns(["ingest"]).append_column("position", pa.array(position))
        yield batch if keep.all() else batch.filter(pa.array(keep))


def _refuse_lost(url: str, visible: Mapping[str, int]) -> None:
    found = delta.rows_by_ingest(url)
    for ingest, written in visible.items():
        count = found.get(ingest, 0)
        if count < written:
            raise StoreError(
                f"the store is damaged: {count} of the {written} rows of ingest {ingest} are there",
                where=url,
                next="Restore the store from a copy, or ingest the files again into a new one with --store.",
            )


def among(column: pa.Array | pa.ChunkedArray, words: pa.Array) -> pa.Array:
    """Whether each word of a column is one of these."""
    return pc.is_in(column, value_set=words)  # pyright: ignore[reportAttributeAccessIssue]


def distinct(columns: Sequence[pa.ChunkedArray]) -> pa.Array:
    """The different words in columns of text, each once."""
    chunks = [chunk.cast(pa.large_string()) for column in columns for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.large_string()).unique()


def newest(table: pa.Table) -> pa.Table:
    """Of each measurement of a specimen the row with the greatest `position`, in order of specimen and measurement.

    Without the column `measurement`, and where it is null, a specimen has one.
    """
    keys = table.select(["specimen", "position"]).append_column("row", pa.array(np.arange(len(table))))
    names = ["specimen"]
    if "measurement" in table.column_names and table.column("measurement").null_count < len(table):
        keys = keys.append_column("measurement", table.column("measurement").fill_null(""))
        names.append("measurement")
    keys = keys.sort_by([(name, "ascending") for name in (*names, "position")])
    numbers = np.stack([codes(keys.column(name)) for name in names])
    is_last = np.append((numbers[:, 1:] != numbers[:, :-1]).any(axis=0), True)[: len(table)]
    return taken(table, keys.column("row").to_numpy()[is_last])


def taken(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """The chosen rows of a table, in the given order."""
    return pa.table([_taken(column, rows) for column in table.columns], names=table.column_names)


def codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """A number for each string, the same for the same string."""
    return column.combine_chunks().dictionary_encode().indices.to_numpy()


def _taken(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> pa.Array | pa.ChunkedArray:
    """As `take`; equally long lists as rows of one array, since Arrow would make an index for every number in them."""
    if pa.types.is_large_list(column.type) and len(column) and not column.null_count:
        lists = column.combine_chunks()
        lengths = np.diff(lists.offsets.to_numpy())
        if lengths[0] > 0 and (lengths == lengths[0]).all():
            numbers = lists.flatten().to_numpy().reshape(len(lists), -1)[rows]
            offsets = np.arange(len(rows) + 1) * lengths[0]
            return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(numbers.ravel()))
    return column.take(pa.array(rows))


def _looked_up(column: pa.Array, numbers: Mapping[str, int]) -> NDArray[np.int64]:
    """The number of each string; -1 where it has none."""
    encoded = column.dictionary_encode()
    found = [numbers.get(value, -1) for value in encoded.dictionary.to_pylist()]
    return np.array(found, np.int64)[encoded.indices.to_numpy()]


def _wide(kind: pa.DataType) -> pa.DataType:
    """The type with 64-bit offsets, whose columns may hold more than 2^31 numbers or letters."""
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_list(kind) or pa.types.is_list_view(kind):
        return pa.large_list(kind.value_type)
    return kind
