"""One HDF5 dataset as numbers or as texts: what it claims is checked before anything is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion import hdf5_matlab as matlab
from fingerprint.ingestion.assembling import EXACT
from fingerprint.ingestion.hdf5_access import words
from fingerprint.ingestion.hdf5_chunks import chunk_fault
from fingerprint.ingestion.hdf5_heaps import longest_text

MOST_BYTES = 448 << 20  # of numbers that are held at once; with the copies that checks need, below 1 GiB
PIECE_BYTES = 32 << 20  # of rows that are read at once, where a dataset can be read so
_MOST_LOOKED_AT = 1 << 23
_LOOK_BYTES = 16 << 20
_SCALINGS = {"scale_factor": 1.0, "scaling_factor": 1.0, "add_offset": 0.0}  # and where they change nothing
_MOST_TEXTS = 1 << 20
_UNDEFINED_FILL = h5py.h5d.FILL_VALUE_USER_DEFINED


def at(dataset: h5py.Dataset) -> str:
    """Where a dataset stands, for messages."""
    return f"{dataset.file.filename}: {str(dataset.name).lstrip('/')}"


def is_short(dataset: h5py.Dataset) -> bool:
    """Whether it is short enough to be read only to see whether it is an axis."""
    return count(dataset) <= _MOST_LOOKED_AT


def count(dataset: h5py.Dataset) -> int:
    """How many numbers or texts it holds."""
    return int(dataset.size or 0)


def is_text(dataset: h5py.Dataset) -> bool:
    """Whether it holds texts, as HDF5 or as MATLAB writes them."""
    return h5py.check_string_dtype(dataset.dtype) is not None or matlab.is_text(dataset)


def is_numeric(dataset: h5py.Dataset) -> bool:
    """Whether it holds real numbers."""
    return dataset.dtype.kind in "iuf" and not matlab.is_other(dataset)


def shape_of(dataset: h5py.Dataset) -> tuple[int, ...]:
    """Its shape, as whoever wrote it sees it."""
    return matlab.shape_of(dataset) if matlab.wrote(dataset) else tuple(dataset.shape or ())


def fault(dataset: h5py.Dataset) -> str:
    """Why it cannot be read; "" where it can."""
    if dataset.shape is None or 0 in dataset.shape:
        return "the dataset is empty"
    if not is_text(dataset) and not is_numeric(dataset):
        return _foreign(dataset)
    if dataset.is_virtual or dataset.external:
        return "its values stand in other files, and only this one is read"
    width = dataset.dtype.itemsize if h5py.check_string_dtype(dataset.dtype) else _width(dataset).itemsize
    if math.prod(dataset.shape) * width > MOST_BYTES and not _in_rows(dataset):
        return _too_large(dataset)
    if is_text(dataset) and math.prod(dataset.shape) > _MOST_TEXTS:
        return f"{math.prod(dataset.shape)} texts are more than {_MOST_TEXTS}"
    large = math.prod(dataset.shape) * width > MOST_BYTES  # and then as large as it claims
    return chunk_fault(dataset, declared=bool(_fill_values(dataset)) and not large)


def numbers(dataset: h5py.Dataset) -> NDArray[np.floating[Any]]:
    """All its values, in pieces; float32 stays float32, all else becomes float64; NaN where a declared fill stands.

    Raises:
        ReadError: it cannot be read, or holds an integer that float64 cannot, or more than can be held at once.
    """
    _refuse(dataset)
    if count(dataset) * _width(dataset).itemsize > MOST_BYTES:
        raise ReadError(_too_large(dataset), where=at(dataset))
    values = np.empty(dataset.shape, _width(dataset))
    for part in _pieces(dataset, _LOOK_BYTES):
        values[part] = _read(dataset, part)
    return matlab.oriented(values) if matlab.wrote(dataset) else values


def rows(dataset: h5py.Dataset) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
    """As `numbers`, some rows at a time: the place of the first of them, and their values.

    Raises:
        ReadError: as `numbers`.
    """
    if not _in_rows(dataset):
        yield 0, numbers(dataset)
        return
    _refuse(dataset)
    for part in _pieces(dataset, PIECE_BYTES, along=0):
        yield part[0].start, _read(dataset, part)


def rows_from(dataset: h5py.Dataset) -> Callable[[int, int], NDArray[np.floating[Any]]]:
    """As `numbers`, some rows alone: those from a first one, as many as are asked for; one not stored so is read once.

    Raises:
        ReadError: as `numbers`, now or when asked.
    """
    if not _in_rows(dataset):
        whole = numbers(dataset)
        return lambda first, count: whole[first : first + count] if whole.ndim else whole
    _refuse(dataset)
    return lambda first, count: _read(dataset, slice(first, first + count))


def _refuse(dataset: h5py.Dataset) -> None:
    reason = fault(dataset) or ("" if is_numeric(dataset) else "the values are not numbers") or _scaled(dataset)
    if reason:
        raise ReadError(reason, where=at(dataset), next=_ADVICE if "link" in reason or "files" in reason else "")


def _in_rows(dataset: h5py.Dataset) -> bool:
    """Whether some of its rows can be read without all others: a row is short, and chunks are of few rows."""
    shape: tuple[int, ...] = tuple(dataset.shape or ())
    if len(shape) < 2 or not is_numeric(dataset) or matlab.wrote(dataset):
        return False
    row = math.prod(shape[1:]) * _width(dataset).itemsize
    return row * (int(dataset.chunks[0]) if dataset.chunks else 1) <= 2 * PIECE_BYTES


def _read(dataset: h5py.Dataset, part: Any) -> NDArray[np.floating[Any]]:
    piece = np.asarray(dataset[part])
    fills = _fill_values(dataset)
    absent = np.isin(piece, fills) if fills else None
    if piece.dtype.kind in "iu" and piece.dtype.itemsize == 8:
        _refuse_rounding(dataset, piece if absent is None else piece[~absent])
    values = piece.astype(_width(dataset), copy=False)
    return values if absent is None else np.where(absent, np.asarray(np.nan, values.dtype), values)


def _too_large(dataset: h5py.Dataset) -> str:
    return f"the shape is {dataset.shape}, more than the {MOST_BYTES >> 20} MiB that one dataset may have"


def _scaled(dataset: h5py.Dataset) -> str:
    """Why its numbers are not those that were measured: attributes say how to scale them; "" where none does."""
    said = [name for name, idle in _SCALINGS.items() if name in dataset.attrs and np.any(dataset.attrs[name] != idle)]
    return f"its attribute {said[0]} says that the numbers are to be scaled, which is not done" if said else ""


def texts(dataset: h5py.Dataset) -> list[str]:
    """A dataset of one dimension as texts; whole numbers without a decimal point.

    Raises:
        ReadError: it cannot be read, or has more dimensions.
    """
    shape = shape_of(dataset)
    reason = fault(dataset) or ("" if len(shape) < 2 else f"the shape is {shape} and the type {dataset.dtype}")
    if reason:
        raise ReadError(reason, where=at(dataset), expected="One dimension, of text or numbers.")
    if matlab.is_text(dataset):
        return matlab.texts(dataset)
    if not is_text(dataset):
        cells = np.atleast_1d(np.asarray(dataset[()]).ravel()).tolist()
        whole = matlab.wrote(dataset) and all(float(cell).is_integer() for cell in cells)
        return [str(int(cell) if whole else cell) for cell in cells]
    if dataset.ndim == 0:
        return [str(dataset.asstr()[()]).strip()]
    longest = max(1, dataset.dtype.itemsize, longest_text(Path(dataset.file.filename)))
    step = max(1, min(10_000, MOST_BYTES // 2 // longest))  # so that they fit, whatever the heaps say
    cells = [cell for start in range(0, len(dataset), step) for cell in dataset.asstr()[start : start + step]]
    return [str(cell).strip() for cell in cells]


_ADVICE = "Copy the values into this file (h5repack does)."


def _foreign(dataset: h5py.Dataset) -> str:
    names = dataset.dtype.names or ()
    if dataset.dtype.kind == "c" or set(names) in ({"r", "i"}, {"real", "imag"}):
        return "the numbers are complex: write their magnitude, or their real part, into a dataset"
    if names:
        return f"a table of fields ({', '.join(names[:5])}): write each into a dataset of its own"
    return matlab.reason(dataset) or f"the type is {dataset.dtype}, neither numbers nor text"


def _width(dataset: h5py.Dataset) -> np.dtype[Any]:
    single = dataset.dtype.kind == "f" and dataset.dtype.itemsize == 4
    return np.dtype(np.float32 if single else np.float64)


def _fill_values(dataset: h5py.Dataset) -> list[Any]:
    """Declared values that mean "not measured". A zero is a number, even where HDF5 is to fill with it."""
    if dataset.dtype.kind not in "iuf":
        return []
    found = [float(word) for name in ("_FillValue", "missing_value") for word in words(dataset, name) if _number(word)]
    if dataset.id.get_create_plist().fill_value_defined() == _UNDEFINED_FILL and dataset.fillvalue:
        found.append(float(dataset.fillvalue))
    return [np.float64(value).astype(dataset.dtype) for value in found if _fits(value, dataset.dtype)]


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    if dtype.kind == "f":
        return math.isfinite(value)
    bounds = np.iinfo(dtype)
    return math.isfinite(value) and bounds.min <= value <= bounds.max


def _refuse_rounding(dataset: h5py.Dataset, piece: NDArray[Any]) -> None:
    if piece.size and (int(piece.max()) > EXACT or int(piece.min()) < -EXACT):
        raise ReadError(
            f"it holds integers beyond 2^53 ({max(abs(int(piece.max())), abs(int(piece.min())))})",
            where=at(dataset),
            expected="Numbers that a float64 holds exactly.",
        )


def _pieces(dataset: h5py.Dataset, size: int, along: int | None = None) -> list[Any]:
    """Slices of about that many bytes along a dimension, the longest where none is said, of whole chunks."""
    shape: tuple[int, ...] = tuple(dataset.shape or ())
    if not shape:
        return [()]
    along = shape.index(max(shape)) if along is None else along
    slab = dataset.dtype.itemsize * math.prod(shape) // shape[along]
    chunk = int(dataset.chunks[along]) if dataset.chunks else 1
    step = max(1, size // max(1, slab) // chunk) * chunk
    before = (slice(None),) * along
    return [(*before, slice(start, start + step)) for start in range(0, shape[along], step)]
