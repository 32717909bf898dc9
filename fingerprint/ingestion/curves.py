"""Curves that a file holds whole, each with the words for its axis and its values: spectral files as one modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.checks import axis_order, complete_rows, refuse_infinite
from fingerprint.ingestion.conform import Stated, as_declared, merge
from fingerprint.ingestion.dataset import STEM, STEM_ROW, SpecimensSpec
from fingerprint.ingestion.decoding import decode, read_bytes
from fingerprint.ingestion.head import stated
from fingerprint.ingestion.reader import Cell, Column, CurveLayout, Request, row_ids, stem
from fingerprint.modality import Block, RawModality

LARGEST_TEXT = 1 << 24  # bytes of one file, out of its compression
MOST_LINES = 1 << 18
MOST_POINTS = 1 << 20  # of one file: in a few letters it can ask for any number


class Curve(NamedTuple):
    """One curve as it stands in its file.

    Attributes:
        x, y: what axis and values are.
        axis: [point], in any order.
        values: [point], NaN where nothing was measured.
        where: names the place of a point.
    """

    x: Column
    y: Column
    axis: NDArray[np.float64]
    values: NDArray[np.float64]
    where: Callable[[int], str]


def text_lines(path: Path) -> list[str]:
    """The lines of a spectral file.

    Raises:
        ReadError: it is missing, damaged, no text, or longer than `LARGEST_TEXT` or `MOST_LINES`.
    """
    content = read_bytes(path)
    if len(content) > LARGEST_TEXT:
        raise ReadError(
            f"the file holds {len(content) >> 20} MiB",
            where=str(path),
            expected=f"{LARGEST_TEXT >> 20} MiB at most.",
            next="Write its curves into an HDF5 file.",
        )
    text = decode(content.rstrip(b"\x1a"), path).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.count("\n")
    if lines > MOST_LINES:
        raise ReadError(
            f"the file has {lines} lines",
            where=str(path),
            expected=f"{MOST_LINES} at most.",
            next="Write its curves into an HDF5 file.",
        )
    return text.split("\n")


def layout_of(path: Path, curves: Sequence[Curve], form: str) -> CurveLayout:
    """What a file of curves looks like, once each of them has been checked.

    Raises:
        ReadError: an axis or a value is not fit to be stored, or the curves are of different quantities.
    """
    refuse_mixed(path, curves)
    for curve in curves:
        _row(curve)
    specimens = STEM if len(curves) == 1 else STEM_ROW
    return CurveLayout(path, curves[0].x, curves[0].y, specimens=specimens, form=form)


def read_curves(request: Request, curves: Sequence[Curve], lines: Sequence[str]) -> RawModality:
    """The curves of a file as one modality, in the units of the request.

    Args:
        lines: of the file; what its first ones state can be facts of all its curves.

    Raises:
        ReadError: they are of other quantities or units than the request says, or not fit to be stored.
        DatasetError: the request asks for what such a file cannot hold.
    """
    path, spec = request.path, request.spec
    modality = spec.modality(request.name)
    if not modality.has_axis or spec.specimens not in (STEM, STEM_ROW):
        raise DatasetError(
            f"{path.name} holds curves, and no column of ids",
            where=f"[modalities.{request.name}]",
            expected=f'kind = "spectrum" or "series", and specimens = "{STEM}" or "{STEM_ROW}".',
        )
    refuse_mixed(path, curves)
    if len(curves) > 1 and spec.specimens == STEM:
        raise ReadError(
            f"there are {len(curves)} spectra in the file, and its name is one id",
            where=str(path),
            next=f'Write specimens = "{STEM_ROW}" in dataset.toml: the file\'s name and the number of the spectrum.',
        )
    first, top = curves[0], curves[0].where(0)
    for column, asked in ((first.x, spec.axis.values if spec.axis else ""), (first.y, spec.values)):
        if asked and asked != column.header:
            raise ReadError(
                f"there is no {asked!r}",
                where=str(path),
                expected=f"The axis is {first.x.header!r} and the values are {first.y.header!r}.",
            )
    own = Stated(first.y.unit, first.x.unit, top)
    ids = (stem(path),) if spec.specimens == STEM else row_ids(stem(path), len(curves))
    facts = stated(lines, spec.facts, str(path), request.missing)
    known = (facts,) if facts else ()
    blocks = [
        Block((name,), *_row(curve), (str(path) if spec.specimens == STEM else f"{path}[{row}]",), facts=known)
        for row, (name, curve) in enumerate(zip(ids, curves, strict=True))
    ]
    return merge(modality, [RawModality(modality, (as_declared(block, modality, own),)) for block in blocks])


def refuse_mixed(path: Path, curves: Sequence[Curve]) -> None:
    """Raise ReadError unless all curves of a file are of the same quantities in the same units."""
    for curve in curves[1:]:
        for first, other in ((curves[0].x, curve.x), (curves[0].y, curve.y)):
            if first != other:
                raise ReadError(
                    f"{other.header!r} here, and {first.header!r} before",
                    where=curve.where(0) or str(path),
                    expected="The spectra of one file have the same quantities and units.",
                    next="Write each spectrum into a file of its own.",
                )


def no_table(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """`read_metadata` of files that hold curves alone.

    Raises:
        DatasetError: always.
    """
    del spec, missing
    _no_metadata(path)


def _no_metadata(path: Path) -> NoReturn:
    raise DatasetError(
        f"{path.name} holds curves, and no table of specimens",
        where="[specimens] file",
        next="Write what is known of the specimens into a CSV file.",
    )


def _row(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values, [1, point], and the axis, ascending."""

    def where(index: tuple[int, ...]) -> str:
        return curve.where(index[-1])

    refuse_infinite(curve.values, where)
    order = axis_order(curve.axis, curve.where)
    if not complete_rows(curve.values[None], where).all():
        raise ReadError("no value at all", where=curve.where(0), expected="Leave the file out: it is no measurement.")
    return curve.values[order][None].copy(), curve.axis[order].copy()
