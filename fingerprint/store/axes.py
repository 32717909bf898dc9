"""Axes, stored once: the table `axes` maps the hash of an axis to its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.store import delta
from fingerprint.store.visible import named

_SCHEMA = pa.schema([("id", pa.string()), ("values", pa.list_(pa.float64())), ("ingest", pa.string())])


def axis_id(axis: NDArray[np.float64]) -> str:
    """The hash of an axis: 32 hexadecimal digits of blake2b over its little-endian float64 bytes."""
    return blake2b(np.ascontiguousarray(axis, dtype="<f8").tobytes(), digest_size=16).hexdigest()


def unknown_axes(url: str, axes: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Those of `axes`, by id, that the table at `url` does not hold."""
    wanted = named("id", axes)
    known = {found for batch in delta.read(url, ["id"], where=wanted) for found in batch.column("id").to_pylist()}
    return {key: axis for key, axis in axes.items() if key not in known}


def axis_rows(axes: Mapping[str, NDArray[np.float64]], ingest: str) -> pa.RecordBatchReader:
    """Axes, by id, as rows; each is true whether its ingest was finished or not, since its id says what it holds."""
    return pa.table([list(axes), list(axes.values()), [ingest] * len(axes)], schema=_SCHEMA).to_reader()


def read_axes(url: str, ids: Iterable[str]) -> dict[str, NDArray[np.float64]]:
    """The axes with these `ids`, each [point]; those that the table does not hold are left out."""
    wanted = set(ids)
    found: dict[str, NDArray[np.float64]] = {}
    for batch in delta.read(url, ["id", "values"], where=named("id", wanted)):
        for key, values in zip(batch.column("id").to_pylist(), batch.column("values"), strict=True):
            if key in wanted:
                found[key] = values.values.to_numpy()
    return found
