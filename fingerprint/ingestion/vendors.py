"""The vendors' own binary formats, through RosettaSciIO where that is installed: one curve per file."""

from __future__ import annotations

import importlib
import logging
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.assembling import Places, assemble, floats, place_in, refuse_columns
from fingerprint.ingestion.columns import describe
from fingerprint.ingestion.conform import Stated, all_as_declared
from fingerprint.ingestion.dataset import STEM, SpecimensSpec
from fingerprint.ingestion.reader import Cell, Column, CurveLayout, Format, Layout, Request, Unrecognised, stem
from fingerprint.modality import RawModality
from fingerprint.units import unit_in_brackets

_PLUGINS = {
    ".bcf": "bruker", ".spx": "bruker", ".dm3": "digitalmicrograph", ".dm4": "digitalmicrograph", ".emd": "emd",
    ".ser": "tia", ".spc": "edax", ".tvf": "trivista", ".wdf": "renishaw",
}  # fmt: skip
_LARGEST = 1 << 28
_BLOCK = struct.Struct("<8xQ")  # the head of a block in a .wdf, of which its length counts
_EXPORT = "Export it as text from the vendor's program."


class Unread(ReadError):
    """The file may be sound, but is not read here."""


class Curve(NamedTuple):
    """The one curve in a file.

    Attributes:
        x, y: what they are and their units, as the file says; axis, values: [point].
        notes: what RosettaSciIO warned of.
    """

    x: Column
    y: Column
    axis: NDArray[np.float64]
    values: NDArray[np.floating[Any]]
    notes: tuple[str, ...]


def read(request: Request) -> RawModality:
    """Read the one curve in a vendor's file, in the units of the request.

    Raises:
        ReadError: the package is missing, it cannot read the file, or the file holds no single curve.
        DatasetError: the request asks for something else.
    """
    path, spec, modality = request.path, request.spec, request.spec.modality(request.name)
    if spec.axis is None or spec.specimens != STEM:
        raise DatasetError(
            f"of {path.name} one curve is read",
            where=f"[modalities.{request.name}]",
            expected=f'kind = "spectrum" or "series", and specimens = "{STEM}".',
        )
    refuse_columns(request.name, spec)
    curve = _curve(path)
    for asked, column in ((spec.values, curve.y), (spec.axis.values, curve.x)):
        if asked not in ("", column.header):
            raise ReadError(f"there is no {asked!r}", where=str(path), expected=f"It holds {column.header!r}.")
    place = place_in(str(path))
    places = Places(lambda index: place(index[1:]), str, lambda point: place((point,)))
    values = floats(curve.values, spec.kind, place)
    raw = assemble(modality, (stem(path),), values[None], curve.axis, places, (str(path),))
    return all_as_declared(raw, Stated(curve.y.unit, curve.x.unit, str(path)))


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:  # noqa: ARG001
    """Raise DatasetError: a curve says nothing of how the specimens were made."""
    raise DatasetError(f"{path.name} holds a curve", where="[specimens] file", expected="A table.")


def inspect(path: Path) -> Layout:
    """What a vendor's file looks like.

    Raises:
        ReadError: RosettaSciIO cannot read it.
    """
    try:
        curve = _curve(path)
    except Unread as error:
        return Unrecognised(path, f"{error.what}; {error.next}")
    return CurveLayout(path, curve.x, curve.y, notes=curve.notes)


def _curve(path: Path) -> Curve:
    signals, told = _signals(path)
    curves = [each for each in signals if np.ndim(each["data"]) == 1]
    if len(curves) != 1:
        shapes = ", ".join(str(np.shape(each["data"])) for each in signals)
        raise Unread(f"it holds {len(curves)} curves (shapes {shapes}), and one is read", where=str(path), next=_EXPORT)
    try:
        return _described(curves[0], tuple(f"{path}: {message}" for message in told))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ReadError(f"its axis is not understood: {error!r}", where=str(path), next=_EXPORT) from None


def _described(signal: Mapping[str, Any], notes: tuple[str, ...]) -> Curve:
    (told,) = signal["axes"]
    values = np.asarray(signal["data"])
    if "axis" in told:
        axis = np.asarray(told["axis"], dtype=np.float64)
    else:
        axis = float(told["offset"]) + float(told["scale"]) * np.arange(int(told["size"]), dtype=np.float64)
    if axis.shape != values.shape:
        raise ValueError(f"{len(values)} values on an axis of {len(axis)}")
    name, unit = (text if isinstance(text := told.get(key), str) else "" for key in ("name", "units"))
    known = unit_in_brackets(unit) if unit.strip() else None
    if unit.strip() and known is None:
        raise ValueError(f"the unit {unit!r} is unknown")
    x = describe(f"{name or 'axis'} ({known})" if known else name or "axis", (), known)
    quantity = signal.get("metadata", {}).get("Signal", {}).get("quantity", "")
    y = describe(quantity if isinstance(quantity, str) and quantity else "intensity", ())
    return Curve(x, y, axis, values, notes)


def _signals(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """What RosettaSciIO finds in a file, and its warnings."""
    plugin = _plugin(path)
    _check(path)
    collected = _Collected()
    logger = logging.getLogger("rsciio")
    logger.addHandler(collected)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signals = list(plugin.file_reader(str(path)))
    except PermissionError:
        raise
    except Exception as error:  # one reader for each vendor, each with exceptions of its own
        raise ReadError(
            f"RosettaSciIO cannot read it: {error or type(error).__name__}", where=str(path), next=_EXPORT
        ) from None
    finally:
        logger.removeHandler(collected)
    _check_whole(path, signals)
    return signals, collected.told


class _Collected(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(" ".join(record.getMessage().split()))


def _plugin(path: Path) -> Any:
    name = _PLUGINS[path.suffix.lower()]
    try:
        return importlib.import_module(f"rsciio.{name}")
    except ImportError:
        raise Unread(
            f"{path.suffix} files are read with RosettaSciIO, which is not installed",
            where=str(path),
            next='pip install "pima-fingerprint[vendors]", or export the file as text from the vendor\'s program.',
        ) from None


def _check(path: Path) -> None:
    """Refuse what is missing, too large, or another format of the same suffix."""
    try:
        with path.open("rb") as file:
            head, size = file.read(4), path.stat().st_size
    except (FileNotFoundError, IsADirectoryError):
        raise ReadError("there is no such file", where=str(path), next="Check the path.") from None
    if size > _LARGEST:
        raise Unread(
            f"it has {size >> 20} MiB, more than {_LARGEST >> 20}: no single curve", where=str(path), next=_EXPORT
        )
    if path.suffix.lower() == ".spc" and not (len(head) == 4 and 0.1 < struct.unpack("<f", head)[0] < 10):
        raise Unread("this is no .spc of EDAX, and others (of GRAMS) are not read", where=str(path), next=_EXPORT)
    if path.suffix.lower() == ".wdf":
        _check_blocks(path, size)


def _check_blocks(path: Path, size: int) -> None:
    """Refuse a .wdf whose blocks do not follow each other to its end; one without length holds its reader for ever."""
    place = 0
    with path.open("rb") as file:
        while place < size:
            file.seek(place)
            head = file.read(_BLOCK.size)
            length = _BLOCK.unpack(head)[0] if len(head) == _BLOCK.size else 0
            if length < _BLOCK.size or place + length > size or (not place and head[:4] != b"WDF1"):
                raise ReadError("it is damaged, cut off, or no .wdf at all", where=f"{path}: byte {place}")
            place += length


def _check_whole(path: Path, signals: list[dict[str, Any]]) -> None:
    """Refuse a cut-off .spc, of which RosettaSciIO reads the half that is there."""
    for signal in signals:
        promised = signal.get("original_metadata", {}).get("spc_header", {}).get("numPts")
        if promised is not None and int(promised) != len(signal["data"]):
            raise ReadError(f"{promised} points are announced, and {len(signal['data'])} are there", where=str(path))


FORMAT = Format("vendors' binary files", tuple(_PLUGINS), read, read_metadata, inspect)
