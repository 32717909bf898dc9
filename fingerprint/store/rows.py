"""Measurements as they are written: Arrow batches of one row per measurement.

A row has specimen, measurement (its id within the specimen, null for one without), axis (its hash), digest, source,
ingest, facts (JSON of what is known of the act of measuring, null where nothing is), shape (images), the values in
exactly one of value (scalars), values_float32, values_float64, and their standard uncertainty, where it is known, in
uncertainty (scalars) or uncertainties. float32 stays float32; everything else is stored as float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.files import unicode_path
from fingerprint.modality import Block, JsonScalar, Kind
from fingerprint.store.axes import axis_id

VALUES = {
    "value": pa.float64(),
    "values_float32": pa.list_(pa.float32()),
    "values_float64": pa.list_(pa.float64()),
}
UNCERTAINTY = {"uncertainty": pa.float64(), "uncertainties": pa.list_(pa.float64())}
_TEXTS = ("specimen", "measurement", "axis", "digest", "source", "ingest", "facts")
_NUMBERS_PER_BATCH = 1 << 21


@dataclass(frozen=True)
class Rows:
    """Measurements of one block.

    Attributes:
        column: the one of VALUES that holds their values.
        specimens: ids, [measurement].
        sources: [measurement].
        values: float32 or float64, little-endian, [measurement, ...].
        axis: its hash; None for scalars and images.
        digests: of values, type, shape, axis and uncertainty, [measurement]: equal means the same values.
        measurements: ids within the specimen, [measurement]; "" for one without.
        facts: JSON, [measurement]; None where nothing is known.
        uncertainty: float64, shaped as values; None where it is not known.
    """

    column: str
    specimens: NDArray[np.object_]
    sources: NDArray[np.object_]
    values: NDArray[np.generic]
    axis: str | None
    digests: NDArray[np.object_]
    measurements: NDArray[np.object_]
    facts: NDArray[np.object_]
    uncertainty: NDArray[np.float64] | None = None

    def __getitem__(self, chosen: slice | NDArray[np.bool_]) -> Rows:
        return Rows(
            self.column,
            self.specimens[chosen],
            self.sources[chosen],
            self.values[chosen],
            self.axis,
            self.digests[chosen],
            self.measurements[chosen],
            self.facts[chosen],
            None if self.uncertainty is None else self.uncertainty[chosen],
        )

    @property
    def ids(self) -> list[tuple[str, str]]:
        """Of each measurement the specimen, and its own id within that."""
        return list(zip(self.specimens.tolist(), self.measurements.tolist(), strict=True))

    def with_facts(self, facts: NDArray[np.object_]) -> Rows:
        """The same rows, and this known of them."""
        return replace(self, facts=facts)


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
    facts = [facts_text(each) for each in block.facts] or [None] * len(block.specimens)
    return Rows(
        column,
        objects(block.specimens),
        objects(sources),
        values,
        axis,
        objects(digests),
        objects(block.measurements or [""] * len(block.specimens)),
        objects(facts),
        uncertainty,
    )


def _digest(head: bytes, *numbers: NDArray[np.generic]) -> str:
    found = blake2b(head, digest_size=16)
    for each in numbers:
        found.update(each.tobytes())
    return found.hexdigest()


def facts_text(facts: Mapping[str, JsonScalar]) -> str | None:
    """What is known of an act of measuring as JSON, keys sorted; None where nothing is."""
    known = {key: facts[key] for key in sorted(facts) if _is_known(facts[key])}
    return msgspec.json.encode(known).decode() if known else None


def _is_known(value: JsonScalar) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def row_reader(kind: Kind, parts: Sequence[Rows], ingest: str) -> pa.RecordBatchReader:
    """The rows of one modality as a stream of batches of bounded size."""
    used = {rows.column for rows in parts}
    used |= {_uncertainty_column(rows) for rows in parts if rows.uncertainty is not None}
    schema = pa.schema(
        [
            *[(name, pa.string()) for name in _TEXTS],
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
                "measurement": [own or None for own in rows.measurements],
                "axis": [rows.axis] * size,
                "digest": rows.digests,
                "source": rows.sources,
                "ingest": [ingest] * size,
                "facts": rows.facts,
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


def objects(strings: Sequence[str | None]) -> NDArray[np.object_]:
    """Strings as they are, [string]."""
    array = np.empty(len(strings), object)
    array[:] = strings
    return array
