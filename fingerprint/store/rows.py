"""Measurements as they are written: Arrow batches of one row per measurement.

A row has specimen, axis (its hash), digest, source, ingest, shape (images), the values in exactly one of
value (scalars), values_float32, values_float64, and their standard uncertainty, where it is known, in uncertainty
(scalars) or uncertainties. float32 stays float32; everything else is stored as float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.errors import StoreError
from fingerprint.files import unicode_path
from fingerprint.modality import Block, Kind, RawModality
from fingerprint.store.axes import axis_id
from fingerprint.store.ledger import Counts

OnConflict = Literal["error", "keep", "replace"]

VALUES = {
    "value": pa.float64(),
    "values_float32": pa.list_(pa.float32()),
    "values_float64": pa.list_(pa.float64()),
}
UNCERTAINTY = {"uncertainty": pa.float64(), "uncertainties": pa.list_(pa.float64())}
_NUMBERS_PER_BATCH = 1 << 21


@dataclass(frozen=True)
class Rows:
    """Measurements of one block.

    Attributes:
        column: the one of VALUES that holds their values.
        specimens: ids, [specimen].
        sources: [specimen].
        values: float32 or float64, little-endian, [specimen, ...].
        axis: its hash; None for scalars and images.
        digests: of values, type, shape, axis and uncertainty, [specimen]: equal means the same measurement.
        uncertainty: float64, shaped as values; None where it is not known.
    """

    column: str
    specimens: NDArray[np.object_]
    sources: NDArray[np.object_]
    values: NDArray[np.generic]
    axis: str | None
    digests: NDArray[np.object_]
    uncertainty: NDArray[np.float64] | None = None

    def __getitem__(self, chosen: slice | NDArray[np.bool_]) -> Rows:
        return Rows(
            self.column,
            self.specimens[chosen],
            self.sources[chosen],
            self.values[chosen],
            self.axis,
            self.digests[chosen],
            None if self.uncertainty is None else self.uncertainty[chosen],
        )


def rows_of(kind: Kind, block: Block) -> Rows:
    """The rows of a block, with their digests."""
    scalar = kind is Kind.SCALAR
    single = block.values.dtype.kind == "f" and block.values.dtype.itemsize == 4 and not scalar
    values = np.ascontiguousarray(block.values, dtype="<f4" if single else "<f8")
    axis = None if block.axis is None else axis_id(block.axis)
    head = f"{values.dtype.name} {values.shape[1:]} {axis}".encode()
    uncertainty: NDArray[np.float64] | None = None
    if block.uncertainty is None:
        digests = [_digest(head, row) for row in values]
    else:
        uncertainty = np.ascontiguousarray(block.uncertainty, dtype="<f8")
        digests = [_digest(head, row, own) for row, own in zip(values, uncertainty, strict=True)]
    sources = [unicode_path(source) for source in block.sources] or [""] * len(block.specimens)
    column = "value" if scalar else f"values_{values.dtype.name}"
    return Rows(column, _objects(block.specimens), _objects(sources), values, axis, _objects(digests), uncertainty)


def _digest(head: bytes, *numbers: NDArray[np.generic]) -> str:
    found = blake2b(head, digest_size=16)
    for each in numbers:
        found.update(each.tobytes())
    return found.hexdigest()


def compared(raw: RawModality, stored: Mapping[str, str], on_conflict: OnConflict) -> tuple[list[Rows], Counts]:
    """The measurements that are to be written, and how all of them compare with what is stored.

    Args:
        raw: what was measured.
        stored: the digest of the stored measurement of each specimen.
        on_conflict: what becomes of those that differ from what is stored.

    Raises:
        StoreError: there are such, and they are an error.
    """
    parts: list[Rows] = []
    new = replaced = kept = 0
    for block in raw.blocks:
        rows = rows_of(raw.modality.kind, block)
        before = _objects([stored.get(specimen, "") for specimen in block.specimens])
        differs = before != rows.digests
        fresh = int((before == "").sum())
        new += fresh
        conflicts = differs & (before != "")
        if on_conflict == "error":
            refuse_conflicts(raw.modality.name, rows.specimens[conflicts].tolist())
        if on_conflict == "keep":
            differs &= ~conflicts
            kept += int(conflicts.sum())
        else:
            replaced += int(conflicts.sum())
        if differs.any():
            parts.append(rows if differs.all() else rows[differs])
    return parts, Counts(new=new, unchanged=len(raw) - new - replaced - kept, replaced=replaced, kept=kept)


def refuse_conflicts(name: str, specimens: Sequence[str]) -> None:
    """Raise StoreError where there are specimens whose measurement differs from the stored one."""
    if not specimens:
        return
    others = f", and {len(specimens) - 1} more," if len(specimens) > 1 else ""
    raise StoreError(
        f"the {name} of specimen {specimens[0]!r}{others} differs from what is stored",
        where=f"modality {name}",
        expected="The same measurement again, or one that is not stored yet. Nothing was written.",
        next="See what is stored: fingerprint show ID. --on-conflict replace takes the new, keep leaves the stored.",
    )


def row_reader(kind: Kind, parts: Sequence[Rows], ingest: str) -> pa.RecordBatchReader:
    """The rows of one modality as a stream of batches of bounded size."""
    used = {rows.column for rows in parts}
    used |= {_uncertainty_column(rows) for rows in parts if rows.uncertainty is not None}
    schema = pa.schema(
        [
            *[(name, pa.string()) for name in ("specimen", "axis", "digest", "source", "ingest")],
            *([("shape", pa.list_(pa.int32()))] if kind is Kind.IMAGE else []),
            *[(name, column) for name, column in (VALUES | UNCERTAINTY).items() if name in used],
        ]
    )
    return pa.RecordBatchReader.from_batches(schema, _batches(parts, ingest, schema))


def _batches(parts: Sequence[Rows], ingest: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in parts:
        numbers = int(np.prod(part.values.shape[1:]))
        step = max(1, _NUMBERS_PER_BATCH // max(1, numbers))
        for start in range(0, len(part.specimens), step):
            rows = part[start : start + step]
            size = len(rows.specimens)
            given = {
                "specimen": rows.specimens,
                "axis": [rows.axis] * size,
                "digest": rows.digests,
                "source": rows.sources,
                "ingest": [ingest] * size,
                "shape": [list(rows.values.shape[1:])] * size,
                rows.column: _values(rows, rows.values, numbers),
            }
            if rows.uncertainty is not None:
                given[_uncertainty_column(rows)] = _values(rows, rows.uncertainty, numbers)
            yield pa.record_batch(
                [pa.array(given.get(field.name, [None] * size), field.type) for field in schema],
                schema=schema,
            )


def _uncertainty_column(rows: Rows) -> str:
    return "uncertainty" if rows.column == "value" else "uncertainties"


def _values(rows: Rows, values: NDArray[np.generic], numbers: int) -> pa.Array:
    flat = pa.array(values.ravel())
    if rows.column == "value":
        return flat
    return pa.ListArray.from_arrays(np.arange(len(rows.specimens) + 1, dtype=np.int32) * numbers, flat)


def _objects(strings: Sequence[str]) -> NDArray[np.object_]:
    array = np.empty(len(strings), object)
    array[:] = strings
    return array
