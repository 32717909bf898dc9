"""A store as a NeXus file: an entry per modality, an NXdata per axis, and the metadata of specimens.

The file holds a dataset.toml for itself, so that `ingest` reads back what was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

import fingerprint
from fingerprint.errors import StoreError
from fingerprint.exporting.chosen import (
    FACTS,
    MEASUREMENT,
    SOURCE,
    SPECIMEN,
    SPECIMENS,
    Chosen,
    axis_label,
    choose,
    columns,
    labels,
    with_and_without_id,
)
from fingerprint.files import write_atomically
from fingerprint.ingestion.dataset import AxisSpec, DatasetSpec, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.dataset_text import dump_dataset
from fingerprint.ingestion.hdf5_described import CREATOR, TOML_AT
from fingerprint.ingestion.shapes import shape_in_words
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import Snapshot, Store

_METADATA = f"{SPECIMENS}/metadata"
_TEXT = h5py.string_dtype()


def to_nexus(store: Store, path: Path, names: Sequence[str] | None = None, at: Snapshot | None = None) -> None:
    """Write measurements and metadata as a NeXus file, whole or not at all.

    One modality after the other is in memory. Numbers stay as they are stored, bit by bit.

    Args:
        store: to be read.
        path: of the file; one that is there is replaced.
        names: of modalities; None for all.
        at: a state of the store; None for now.

    Raises:
        StoreError: the store holds no such modality, a text cannot stand in HDF5, or `ingest` could not read back what
            was written: images of several sizes, or ids that begin or end with a blank.
        DiskError: the disk is full or cannot be written.
    """
    chosen = choose(store, names, at)
    write_atomically(path, lambda temporary: _write(store, temporary, path.name, chosen))


def _write(store: Store, path: Path, name: str, chosen: Chosen) -> None:
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "NX_class": "NXroot",
                "default": chosen.names[0],
                "file_name": name,
                "creator": CREATOR,
                "creator_version": fingerprint.__version__,
                "snapshot_position": chosen.snapshot.position,
                "snapshot_ingest": chosen.snapshot.ingest,
            }
        )
        specs: dict[str, ModalitySpec] = {}
        for modality in chosen.names:
            raw = store.read(modality, at=chosen.snapshot)
            entry = _group(file, modality, "NXentry", default="block_1")
            entry["title"] = modality
            _refuse_sizes(raw, store.path)
            facts = labels(key for block in raw.blocks for each in block.facts for key in each)
            for number, block in enumerate(with_and_without_id(raw), 1):
                _write_block(_group(entry, f"block_{number}", "NXdata"), raw.modality, block, facts, store.path)
            specs[modality] = _spec(raw, facts.values())
        keys = _write_specimens(file, chosen, store.path)
        specimens = SpecimensSpec("*", f"{_METADATA}/{SPECIMEN}", tuple(f"{_METADATA}/{key}" for key in keys))
        _group(file, TOML_AT.rpartition("/")[0], "NXnote")["type"] = "application/toml"
        file[TOML_AT] = dump_dataset(DatasetSpec(specimens=specimens, modalities=specs))


def _write_block(data: h5py.Group, modality: Modality, block: Block, facts: Mapping[str, str], where: str) -> None:
    signal = data.create_dataset(modality.name, data=block.values)
    signal.attrs.update({"units": modality.unit, "long_name": _named(modality.name, modality.unit)})
    if modality.sign:
        signal.attrs["sign_convention"] = modality.sign
    _write_ids(data, SPECIMEN, block.specimens, where)
    if any(block.sources):
        _write_texts(data, SOURCE, block.sources, where)
    if any(block.measurements):
        _write_ids(data, MEASUREMENT, block.measurements, where)
    if any(block.facts):
        _write_columns(_group(data, FACTS, "NXcollection"), columns(block.facts), facts, where)
    if block.uncertainty is not None:
        data.create_dataset(f"{modality.name}_errors", data=block.uncertainty).attrs["units"] = modality.unit
    axes = [SPECIMEN, *["."] * (modality.kind.dimensions - 1)]
    if block.axis is not None:
        axes[1] = axis_label(modality)
        axis = data.create_dataset(axes[1], data=block.axis)
        axis.attrs.update(
            {"units": modality.axis_unit, "long_name": _named(modality.axis_name or "axis", modality.axis_unit)}
        )
        data.attrs[f"{axes[1]}_indices"] = 1
    data.attrs.update({"signal": modality.name, "axes": axes, f"{SPECIMEN}_indices": 0, "kind": str(modality.kind)})
    data["title"] = modality.name


def _write_specimens(file: h5py.File, chosen: Chosen, where: str) -> list[str]:
    """Write the metadata, a dataset per key, and say what these are called."""
    _group(file, SPECIMENS, "NXentry")["title"] = "How the specimens were made"
    table = _group(file, _METADATA, "NXcollection")
    _write_ids(table, SPECIMEN, list(chosen.specimens), where)
    told = columns(chosen.specimens.values())
    called = labels(told)
    _write_columns(table, told, called, where)
    return list(called.values())


def _write_columns(table: h5py.Group, told: Mapping[str, NDArray[Any]], called: Mapping[str, str], where: str) -> None:
    for key, cells in told.items():
        if cells.dtype.kind in "if":
            table.create_dataset(called[key], data=cells)
        else:
            _write_texts(table, called[key], [_text(cell) for cell in cells.tolist()], where)
        table[called[key]].attrs["long_name"] = key.replace("\0", "_")


def _spec(raw: RawModality, facts: Iterable[str]) -> ModalitySpec:
    """What dataset.toml says of a modality: "*" stands for its blocks."""
    modality = raw.modality
    uncertain = any(block.uncertainty is not None for block in raw.blocks)
    several = any(any(block.measurements) for block in raw.blocks)
    block = f"{modality.name}/*"
    return ModalitySpec(
        kind=modality.kind,
        files="*",
        unit=modality.unit,
        sign=modality.sign,
        values=f"{block}/{modality.name}",
        specimens=f"{block}/{SPECIMEN}",
        axis=AxisSpec(
            modality.axis_name,
            modality.axis_unit,
            f"{block}/{axis_label(modality)}",
            "zero" if modality.outside else "",
        )
        if modality.kind in (Kind.SPECTRUM, Kind.SERIES)
        else None,
        uncertainty=f"{block}/{modality.name}_errors" if uncertain else "",
        measurement=f"{block}/{MEASUREMENT}" if several else "",
        facts=tuple(f"{block}/{FACTS}/{each}" for each in facts),
    )


def _group(parent: h5py.Group, name: str, kind: str, **attributes: Any) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs.update({"NX_class": kind, **attributes})
    return group


def _refuse_sizes(raw: RawModality, where: str) -> None:
    sizes = {block.values.shape[1:] for block in raw.blocks}
    if raw.modality.kind is Kind.IMAGE and len(sizes) > 1:
        raise StoreError(
            f"images of {len(sizes)} sizes: {', '.join(map(shape_in_words, sorted(sizes)))}",
            where=f"{where}: {raw.modality.name}",
            expected="One size for all images of a modality, as ingest asks for when it reads the file back.",
            next="Export the other modalities (--modalities), and these images from Python (store.read).",
        )


def _write_ids(group: h5py.Group, name: str, ids: Sequence[str], where: str) -> None:
    torn = [each for each in ids if each != each.strip()]
    if torn:
        raise StoreError(
            f"the id {torn[0]!r} begins or ends with a blank, and would be read back without it",
            where=f"{where}: {str(group.name).lstrip('/')}/{name}",
            next="Correct the id, and ingest the measurement again.",
        )
    _write_texts(group, name, ids, where)


def _write_texts(group: h5py.Group, name: str, texts: Sequence[str], where: str) -> None:
    spoilt = [text for text in texts if "\0" in text]
    if spoilt:
        raise StoreError(
            f"{spoilt[0]!r} cannot stand in HDF5",
            where=f"{where}: {str(group.name).lstrip('/')}/{name}",
            expected="Text without the character of number 0.",
        )
    group.create_dataset(name, data=np.array(texts, object), dtype=_TEXT)


def _text(cell: object) -> str:
    """A value of metadata in a column of texts; "" where nothing is said."""
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def _named(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name
