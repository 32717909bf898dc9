"""pymatgen's densities of states in JSON: PhononDos and CompletePhononDos (THz), Dos and CompleteDos (eV).

One object, or a list of them, whose specimens are called after the key "id", "material_id" or "task_id", or else after
the file and their place. Only the total density is read; nothing of pymatgen is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.beginning import MEBIBYTE, limited_bytes
from fingerprint.ingestion.codes.doscar import ELECTRONS
from fingerprint.ingestion.codes.output import ENERGY_FROM_FERMI, Output, column, compressed, output_format
from fingerprint.ingestion.dataset import STEM, STEM_ROW
from fingerprint.ingestion.reader import Column, OutputLayout, Unrecognised, row_ids, stem

_MOST, _MOST_PARTS = 32 * MEBIBYTE, 1_000_000
_PHONONS, _ELECTRONS = ("PhononDos", "CompletePhononDos"), ("Dos", "CompleteDos")
_CLASS = re.compile(rf'"@class"\s*:\s*"({"|".join((*_PHONONS, *_ELECTRONS))})"')
_SPINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("1",): ("electron_dos",),
    ("-1", "1"): ("electron_dos_up", "electron_dos_down"),
}
_IDS = ("id", "material_id", "task_id")


class _Density(msgspec.Struct, rename={"kind": "@class"}):
    """What is read of an object; whatever else stands in it is passed over."""

    kind: str = ""
    frequencies: list[float] | None = None
    energies: list[float] | None = None
    efermi: float | None = None
    densities: list[float] | dict[str, list[float]] | None = None
    id: str | int | None = None
    material_id: str | int | None = None
    task_id: str | int | None = None


class _Curves(NamedTuple):
    axis: Column
    curves: tuple[Column, ...]
    table: NDArray[np.float64]


def begins(lines: Sequence[str]) -> bool:
    """Whether one of the classes that are read is named."""
    return _CLASS.search("\n".join(lines)) is not None


def parse(path: Path) -> Output | Unrecognised:
    """Take a file apart.

    Raises:
        ReadError: it is damaged, nested too deep or too large, or its objects contradict themselves or one another.
    """
    found = _decoded(path)
    listed = isinstance(found, list)
    objects = found if isinstance(found, list) else [found]
    if not objects or any(each.kind not in (*_PHONONS, *_ELECTRONS) for each in objects):
        strange = next((each.kind or "an object without @class" for each in objects), "an empty list")
        return Unrecognised(path, f"JSON that holds {strange}, and no density of states")

    def where(place: int, point: int = -1) -> str:
        item = f"{path}: [{place}]" if listed else f"{path}:"
        return f"{item} point {point}" if point >= 0 else item.rstrip(":")

    parts = [_curves(each, where(place)) for place, each in enumerate(objects)]
    axis, curves = parts[0].axis, parts[0].curves
    odd = next((place for place, part in enumerate(parts) if (part.axis, part.curves) != (axis, curves)), None)
    if odd is not None:
        raise ReadError(
            "densities of electrons and of phonons, or with spins and without, in one list",
            where=where(odd),
            next="Write each kind into a file of its own.",
        )
    specimens, ids = _ids(objects, path, where) if listed else (STEM, ())
    origin = "density of states of phonons, in THz as pymatgen keeps it" if axis.name == "frequency" else ELECTRONS
    layout = OutputLayout(path, specimens, axis, curves, f"{origin}; the total only")
    return Output(layout, [part.table for part in parts], where, ids)


def _decoded(path: Path) -> _Density | list[_Density]:
    content = limited_bytes(path, _MOST)
    if content.count(b"{") + content.count(b"[") > _MOST_PARTS:
        raise ReadError(f"more than {_MOST_PARTS} lists and objects", where=str(path), next="Split the file.")
    try:
        return msgspec.json.decode(content, type=_Density | list[_Density])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ReadError(
            f"the JSON cannot be understood: {str(error) or 'it is nested too deep'}",
            where=str(path),
            expected="A density of states as pymatgen writes it (as_dict).",
        ) from None


def _curves(each: _Density, where: str) -> _Curves:
    if each.kind in _PHONONS:
        columns = [each.frequencies, each.densities if isinstance(each.densities, list) else None]
        axis, curves = column("frequency", "THz"), (column("phonon_dos", "1/THz"),)
        shift = 0.0
    else:
        densities = each.densities if isinstance(each.densities, dict) else {}
        spins = _SPINS.get(tuple(sorted(densities)))
        if spins is None or each.efermi is None:
            fault = "no efermi" if spins else f"densities of the spins {', '.join(sorted(densities))[:80] or 'none'}"
            raise ReadError(fault, where=where, expected='efermi, and densities of spin "1", or "1" and "-1".')
        columns = [each.energies, *(densities[spin] for spin in ("1", "-1") if spin in densities)]
        axis, curves = column(ENERGY_FROM_FERMI, "eV"), tuple(column(name, "1/eV") for name in spins)
        shift = each.efermi
    filled = [values for values in columns if values]
    if len(filled) < len(columns) or len({len(values) for values in filled}) != 1:
        lengths = ", ".join(str(len(values or ())) for values in columns)
        raise ReadError(
            f"{lengths} numbers", where=where, expected="As many of the axis as of each density, and at least two."
        )
    table = np.array(filled, dtype=np.float64).T
    table[:, 0] -= shift
    return _Curves(axis, curves, table)


def _ids(objects: Sequence[_Density], path: Path, where: Callable[[int], str]) -> tuple[str, tuple[str, ...]]:
    """The key that names them, and the ids; what {stem}-{row} says where there is none."""
    for key in _IDS:
        values = [getattr(each, key) for each in objects]
        given = [value is not None and str(value).strip() != "" for value in values]
        if all(given):
            return key, tuple(str(value).strip() for value in values)
        if any(given):
            raise ReadError(f"there is no {key} here, and there is elsewhere", where=where(given.index(False)))
    return STEM_ROW, row_ids(stem(path), len(objects))


FORMAT = output_format("pymatgen JSON", parse, compressed(".json"), (), begins)
