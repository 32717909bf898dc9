"""From arrays, as a file or a program holds them, to measurements: what each reader of arrays must do alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.checks import axis_order, check_ids, complete_rows, refuse_infinite
from fingerprint.ingestion.dataset import ModalitySpec
from fingerprint.modality import Block, Kind, Modality, RawModality

EXACT = 2**53  # the largest whole number up to which float64 holds all
Place = Callable[[tuple[int, ...]], str]


class Places(NamedTuple):
    """How messages call the place of a value, of an id and of an axis point."""

    value: Place
    id: Callable[[int], str]
    axis: Callable[[int], str]


def place_in(name: str) -> Place:
    """The places in an array called `name`: "cells.npy[2, 0, 1]"."""
    return lambda index: f"{name}[{', '.join(map(str, index))}]"


def refuse_columns(name: str, spec: ModalitySpec) -> None:
    """Raise DatasetError where a column of uncertainties, measurements or facts is named of a file without columns."""
    if spec.uncertainty:
        raise DatasetError(
            "uncertainties are read from text, Excel, HDF5 and .npz only", where=f"[modalities.{name}] uncertainty"
        )
    refuse_acts(name, spec)


def refuse_acts(name: str, spec: ModalitySpec) -> None:
    """Raise DatasetError where a column of measurements or facts is named of a file without columns."""
    for key, asked in (("measurement", spec.measurement), ("facts", spec.facts)):
        if asked:
            raise DatasetError(f"{key} is read from columns, and there are none", where=f"[modalities.{name}] {key}")


def floats(array: NDArray[Any], kind: Kind, place: Place) -> NDArray[np.floating[Any]]:
    """Numbers as they are stored: float32 stays so, in images small integers become so, all else is float64.

    Raises:
        ReadError: they are complex or no numbers, or float64 does not hold them exactly.
    """
    if array.dtype.kind not in "biuf":
        what = "complex numbers" if array.dtype.kind == "c" else f"no numbers, but {array.dtype}"
        raise ReadError(
            f"the values are {what}",
            where=place(()).removesuffix("[]"),
            expected="Real numbers." if array.dtype.kind != "c" else "Real and imaginary part, each as real numbers.",
        )
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise ReadError(
            f"numbers of {array.dtype.itemsize} bytes mean something else on each machine",
            where=place(()).removesuffix("[]"),
            next="Save them as float64.",
        )
    if array.dtype.kind in "iu" and array.dtype.itemsize > 4:
        large = np.argwhere((array > EXACT) | (array < -EXACT))
        if len(large):
            index = tuple(int(i) for i in large[0])
            raise ReadError(
                f"{array[index]} is too large a whole number to be kept exactly",
                where=place(index),
                expected=f"Numbers up to 2^53 ({EXACT}), or floating-point numbers.",
            )
    if kind is Kind.IMAGE:
        single = np.can_cast(array.dtype, np.float32)
    else:
        single = kind is not Kind.SCALAR and array.dtype.kind == "f" and array.dtype.itemsize == 4
    return array.astype(np.float32 if single else np.float64, order="C")


def assemble(
    modality: Modality,
    ids: Sequence[str],
    values: NDArray[np.floating[Any]],
    axis: NDArray[np.float64] | None,
    places: Places,
    sources: Sequence[str] | None = None,
    uncertainty: NDArray[np.float64] | None = None,
) -> RawModality:
    """Measurements from arrays that fit together: the axis ascending, what was not measured left out.

    Args:
        ids: [specimen].
        values: [specimen], [specimen, point] or [specimen, row, column].
        axis: [point], or None.
        sources: where each specimen came from, [specimen]; None for the places of the values.
        uncertainty: standard uncertainty, shaped as `values`; None where it is not known.

    Raises:
        ReadError: an id is empty or repeated, a value infinite or missing inside a measurement, or the axis turns back.
    """
    check_ids(ids, places.id)
    refuse_infinite(values, places.value)
    kept: list[int] = np.flatnonzero(complete_rows(values, places.value)).tolist()
    values = values[kept] if len(kept) < len(values) else values
    uncertainty = uncertainty if uncertainty is None else uncertainty[kept]
    if axis is not None:
        order = axis_order(axis, places.axis)
        values, axis = values[:, order], axis[order]
        uncertainty = uncertainty if uncertainty is None else uncertainty[:, order]
    told = tuple(places.value((row,)) if sources is None else sources[row] for row in kept)
    block = Block(tuple(ids[row] for row in kept), values, axis, told, uncertainty)
    return RawModality(modality, (block,) if kept else ())
