"""Which modalities are written, what their axes are called, and what is said of specimens and measurements as
columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import StoreError
from fingerprint.modality import Block, Modality, RawModality
from fingerprint.store import Snapshot, Store

SPECIMENS = "specimens"  # beside the modalities: the metadata
SPECIMEN = "specimen"
MEASUREMENT = "measurement"
FACTS = "facts"
SOURCE = "source"
_BESIDE = (SPECIMENS, SPECIMEN, MEASUREMENT, FACTS, SOURCE, "row", "column")  # what stands beside a modality
_EXACT = 2**53


class Chosen(NamedTuple):
    """What is written.

    Attributes:
        snapshot: the state of the store.
        names: of modalities.
        specimens: metadata by id.
    """

    snapshot: Snapshot
    names: tuple[str, ...]
    specimens: Mapping[str, Mapping[str, Any]]


def choose(store: Store, names: Sequence[str] | None, at: Snapshot | None) -> Chosen:
    """The modalities of these names, or all of them, at one state of the store.

    Raises:
        StoreError: the store holds none, or not that one; or one is called as the metadata are.
    """
    snapshot = at or store.snapshot()
    known = store.modalities(snapshot)
    unknown = [name for name in names or () if name not in known]
    if unknown or not known:
        raise StoreError(
            f"the store holds no modality {unknown[0]!r}" if unknown else "the store holds no measurements",
            where=store.path,
            expected=f"One of: {', '.join(known)}." if known else "",
            next="fingerprint info",
        )
    chosen = tuple(dict.fromkeys(names if names is not None else known))
    taken = [name for name in chosen if name in _BESIDE]
    if taken:
        raise StoreError(
            f"a modality is called {taken[0]!r}, and so is something else that is written",
            where=store.path,
            next="Name the others with --modalities.",
        )
    return Chosen(snapshot, chosen, store.specimens(snapshot))


def axis_label(modality: Modality) -> str:
    """What the axis is called in a file: letters, digits and _, and unlike whatever stands beside it."""
    label = re.sub(r"\W+", "_", modality.axis_name, flags=re.ASCII).strip("_") or "axis"
    taken = (*_BESIDE, modality.name, f"{modality.name}_errors")
    return f"{label}_axis" if label in taken else label


def labels(keys: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Keys of metadata as names of datasets: without "/", and each different, also from those that are taken."""
    found: dict[str, str] = {}
    others = {SPECIMEN, *taken}
    for key in dict.fromkeys(keys):
        label = re.sub(r"[/\0]", "_", key)
        label = label if label.strip(".") else f"_{label}"
        while label in others or label in found.values():
            label += "_"
        found[key] = label
    return found


def columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """What is said of specimens or measurements, a column for each key, [row].

    A column of numbers is int64, or float64 with NaN where nothing is said; one of truths is bool; any other holds
    texts, numbers and None as they are.
    """
    told = list(rows)
    keys = dict.fromkeys(key for each in told for key in each)
    return {key: _column([each.get(key) for each in told]) for key in keys}


def with_and_without_id(raw: RawModality) -> tuple[Block, ...]:
    """The blocks, those apart in which some measurements have an id within their specimen and some have none."""
    found: list[Block] = []
    for block in raw.blocks:
        named = [row for row, own in enumerate(block.measurements) if own]
        if not named or len(named) == len(block.measurements):
            found.append(block)
            continue
        bare = [row for row, own in enumerate(block.measurements) if not own]
        found += [block.taking(bare), block.taking(named)]
    return tuple(found)


def _column(cells: list[Any]) -> NDArray[Any]:
    kinds = {type(cell) for cell in cells}
    if kinds == {bool}:
        return np.array(cells, np.bool_)
    exact = all(abs(cell) <= _EXACT for cell in cells if type(cell) is int)
    if kinds == {int} and exact:
        return np.array(cells, np.int64)
    if kinds <= {int, float, type(None)} and kinds != {type(None)} and exact:
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    column = np.empty(len(cells), object)
    column[:] = cells
    return column
