"""A store as a tree of labelled arrays, for xarray."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fingerprint.errors import StoreError
from fingerprint.exporting.chosen import (
    MEASUREMENT,
    SOURCE,
    SPECIMEN,
    SPECIMENS,
    axis_label,
    choose,
    columns,
    labels,
)
from fingerprint.modality import Block, Kind, Modality
from fingerprint.store import Snapshot, Store

if TYPE_CHECKING:
    from xarray import DataTree


def to_xarray(store: Store, names: Sequence[str] | None = None, at: Snapshot | None = None) -> DataTree:
    """Measurements and metadata as a tree of xarray: a node for each modality, and `specimens`.

    The node `vdos` holds the variable `vdos`, over `specimen` and the axis, with its unit in the attribute `units`,
    and `vdos_errors` where uncertainties are known. Where the specimens of a modality were measured on different axes,
    or in different types of number, it has a node for each (`vdos/block_1`, ...) instead: nothing is resampled, and
    nothing is filled up. `tree["vdos"].leaves` are the nodes with values in both cases. A specimen that was measured
    several times stands there as often; the coordinate `measurement` tells them apart, and what is known of each
    measurement stands in further coordinates.

    Args:
        store: to be read.
        names: of modalities; None for all.
        at: a state of the store; None for now.

    Raises:
        StoreError: xarray is not installed, or the store holds no such modality.
    """
    if importlib.util.find_spec("xarray") is None:
        raise StoreError("xarray is not installed", next="pip install 'pima-fingerprint[xarray]'")
    from xarray import Dataset, DataTree

    chosen = choose(store, names, at)
    metadata = _told(chosen.specimens.values(), ())
    ids = {SPECIMEN: np.array(list(chosen.specimens), object)}
    nodes: dict[str, Dataset] = {SPECIMENS: Dataset(metadata, ids)}
    for name in chosen.names:
        raw = store.read(name, at=chosen.snapshot)
        for number, block in enumerate(raw.blocks, 1):
            place = name if len(raw.blocks) == 1 else f"{name}/block_{number}"
            nodes[place] = _dataset(raw.modality, block)
    tree = DataTree.from_dict(nodes)
    tree.attrs.update(snapshot_position=chosen.snapshot.position, snapshot_ingest=chosen.snapshot.ingest)
    return tree


def _dataset(modality: Modality, block: Block) -> Any:
    from xarray import Dataset

    dimensions: tuple[str, ...] = (SPECIMEN,)
    coordinates: dict[str, Any] = {SPECIMEN: np.array(block.specimens, object)}
    if any(block.sources):
        coordinates[SOURCE] = (SPECIMEN, np.array(block.sources, object))
    if any(block.measurements):
        coordinates[MEASUREMENT] = (SPECIMEN, np.array(block.measurements, object))
    if block.axis is not None:
        label = axis_label(modality)
        dimensions = (SPECIMEN, label)
        coordinates[label] = (label, block.axis, {"units": modality.axis_unit, "long_name": modality.axis_name})
    elif modality.kind is Kind.IMAGE:
        dimensions = (SPECIMEN, "row", "column")
    units = {"units": modality.unit}
    signed = {"sign_convention": modality.sign} if modality.sign else {}
    variables: dict[str, Any] = {modality.name: (dimensions, block.values, {**units, **signed, "kind": modality.kind})}
    if block.uncertainty is not None:
        variables[f"{modality.name}_errors"] = (dimensions, block.uncertainty, units)
    return Dataset(variables, {**coordinates, **_told(block.facts, (*coordinates, *variables, *dimensions))})


def _told(rows: Iterable[Mapping[str, Any]], taken: Iterable[str]) -> Any:
    """What is said of specimens or measurements, as variables over `specimen` of names that are not taken."""
    found = columns(rows)
    names = labels(found, taken)
    return {names[key]: (SPECIMEN, cells, {"long_name": key}) for key, cells in found.items()}
