"""What every measurement must satisfy, whatever file it came from; each refusal says where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.modality import all_finite
from fingerprint.units import canonical, same_unit


def axis_order(axis: NDArray[np.float64], where: Callable[[int], str]) -> slice:
    """The slice that makes an axis ascend.

    Args:
        axis: [point], as it stands in the file.
        where: names the place of point i.

    Raises:
        ReadError: it has fewer than two points, one that is not finite, a repeated one, or changes direction.
    """
    if axis.size < 2:
        raise ReadError(f"the axis has {axis.size} point", where=where(0), expected="At least two are needed.")
    bad = np.flatnonzero(~np.isfinite(axis))
    if bad.size:
        raise ReadError(f"axis value {axis[bad[0]]:g} is not a finite number", where=where(int(bad[0])))
    steps = np.diff(axis)
    direction = np.sign(steps[np.flatnonzero(steps)[0]]) if steps.any() else 0.0
    wrong = np.flatnonzero(np.sign(steps) != direction) if direction else np.array([0])
    if wrong.size or not direction:
        point = int(wrong[0]) + 1
        fault = "repeats" if steps[point - 1] == 0 else "turns back at"
        raise ReadError(
            f"the axis {fault} {axis[point]:g}",
            where=where(point),
            expected="Axis values must rise all along, or fall all along.",
            next='Sort the points. Of text, axis = { ..., repeated = "average" } merges those measured twice.',
        )
    return slice(None) if direction > 0 else slice(None, None, -1)


def averaged_points(
    points: NDArray[np.float64], uncertainty: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.intp]]:
    """A curve whose neighbouring points at the same place of the axis are one: their mean.

    Args:
        points: axis and values, [point, 2 or more].
        uncertainty: of the values, [point]; that of a mean is $\\sqrt{\\sum s^2} / n$.

    Returns:
        Both, and the first of the points that each is made of, [point].
    """
    first = np.flatnonzero(np.append(True, np.diff(points[:, 0]) != 0)[: len(points)])
    count = np.diff(np.append(first, len(points)))
    mean = np.add.reduceat(points, first, axis=0) / count[:, None]
    mean[:, 0] = points[first, 0]
    if uncertainty is not None:
        uncertainty = np.sqrt(np.add.reduceat(uncertainty**2, first)) / count
    return mean, uncertainty, first


def refuse_infinite(values: NDArray[np.generic], where: Callable[[tuple[int, ...]], str]) -> None:
    """Raise ReadError at the first infinite value; `where` names the place of its index."""
    if all_finite(values):
        return
    bad = np.argwhere(np.isinf(values))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        raise ReadError(f"{values[index]} is not a finite number", where=where(index))


def complete_rows(values: NDArray[np.generic], where: Callable[[tuple[int, ...]], str]) -> NDArray[np.bool_]:
    """Which specimens were measured: a row with no value at all was not.

    Args:
        values: [specimen, ...], NaN where nothing was measured.
        where: names the place of an index.

    Raises:
        ReadError: a row has gaps.
    """
    if all_finite(values):
        return np.ones(len(values), np.bool_)
    gaps = np.isnan(values)
    rows = gaps.reshape(len(gaps), -1)
    partly = rows.any(axis=1) & ~rows.all(axis=1)
    if partly.any():
        index = tuple(int(i) for i in np.argwhere(gaps & partly.reshape(-1, *(1,) * (gaps.ndim - 1)))[0])
        raise ReadError(
            "a value is missing inside a measurement",
            where=where(index),
            expected="A measurement is complete, or has no value at all.",
        )
    return np.asarray(~rows.all(axis=1))


def check_ids(
    ids: Sequence[str], where: Callable[[int], str], measurements: Sequence[str] = (), *, then: str = ""
) -> None:
    """Refuse an empty or a repeated id.

    Args:
        ids: of the specimens, [row].
        where: names the place of row i.
        measurements: the id of each within its specimen, [row]; () where a specimen has one measurement.
        then: what to do about a specimen that stands there again.

    Raises:
        ReadError: with the row at fault.
    """
    first: dict[tuple[str, str], int] = {}
    for row, name in enumerate(ids):
        if not name:
            raise ReadError("the specimen has no id", where=where(row))
        own = measurements[row] if measurements else ""
        if (name, own) in first:
            before = where(first[name, own])
            rule = "an id has one measurement" if measurements else "a file has one row per specimen"
            raise ReadError(
                f"measurement {own!r} of specimen {name!r} stands here again"
                if measurements
                else f"specimen {name!r} stands here again",
                where=where(row),
                expected=f"It was first at {before}; {rule}.",
                next="" if measurements else then,
            )
        first[name, own] = row


def check_unit(stated: str | None, declared: str, what: str, where: str) -> str:
    """The declared unit in its one spelling, unless the file itself states another: then ReadError."""
    if stated is not None and not same_unit(stated, declared):
        raise ReadError(
            f"{what} is in {stated or 'arbitrary units'} here, but {declared or 'without unit'} is declared",
            where=where,
            next=f'Write unit = "{stated}" in dataset.toml (the store then converts), or correct the file.',
        )
    return canonical(declared)


def check_uncertainty(
    values: NDArray[np.float64], uncertainty: NDArray[np.float64], where: Callable[[int], str]
) -> NDArray[np.float64]:
    """The uncertainties of values, each at least 0; NaN where the value itself is missing.

    Args:
        values, uncertainty: [row].
        where: names the place of row i.

    Raises:
        ReadError: a value has none, or a negative one.
    """
    bad = np.flatnonzero(~np.isnan(values) & ~(uncertainty >= 0))
    if bad.size:
        row = int(bad[0])
        raise ReadError(
            f"the uncertainty is {uncertainty[row]:g}",
            where=where(row),
            expected="A standard uncertainty, 0 or more, of every value that was measured.",
            next='Correct it, or leave the key "uncertainty" out of dataset.toml.',
        )
    return uncertainty


def check_uncertainties(
    values: NDArray[np.floating[Any]], uncertainty: NDArray[np.floating[Any]], place: Callable[[tuple[int, ...]], str]
) -> NDArray[np.float64]:
    """The uncertainties of an array of values, of the same shape; checked as `check_uncertainty` does.

    Args:
        place: names the place of an index in the uncertainties, and of them all for ().

    Raises:
        ReadError: the shapes differ, or a value has none, or a negative one.
    """
    if uncertainty.shape != values.shape:
        what = f"the shape is {uncertainty.shape}, and {values.shape} that of the values"
        raise ReadError(what, where=place(()).removesuffix("[]"))
    flat = check_uncertainty(
        values.ravel().astype(np.float64),
        uncertainty.ravel().astype(np.float64),
        lambda number: place(tuple(map(int, np.unravel_index(number, values.shape)))),
    )
    return flat.reshape(values.shape)
