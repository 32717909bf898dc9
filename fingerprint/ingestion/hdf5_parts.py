"""Which datasets of an HDF5 file hold the measurements of a modality, as dataset.toml says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import h5py

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.dataset import GROUP, STEM, STEM_ROW, ModalitySpec
from fingerprint.ingestion.hdf5_access import find, need, no_dataset
from fingerprint.ingestion.hdf5_address import ANY, only, places
from fingerprint.ingestion.hdf5_array import texts
from fingerprint.ingestion.reader import row_ids, stem


class Part(NamedTuple):
    """Measurements that stand in one dataset.

    Attributes:
        ids: of its specimens; None where the dataset is the only measurement of one, whose id is `alone`.
        values, axis: paths.
        uncertainty: a path; "" where none is known.
        measurements: ids within the specimens, as long as `ids`; facts: what is known of each, as long.
    """

    ids: list[str] | None
    alone: str
    values: str
    axis: str
    uncertainty: str = ""
    measurements: Sequence[str] = ()
    facts: Mapping[str, Sequence[str]] = MappingProxyType({})


def parts(file: h5py.File, path: Path, spec: ModalitySpec) -> Iterator[Part]:
    """Each dataset of values, with what belongs to it.

    Raises:
        ReadError: a dataset is not there, or in none of the groups, or a measurement has no id.
        DatasetError: values names no group, or two facts have one name.
    """
    axis = spec.axis.values if spec.axis else ""
    if spec.specimens == GROUP or ANY in spec.specimens.split("/"):
        yield from _parts_of_groups(file, path, spec, axis)
        return
    values, own = only(file, spec.values), only(file, axis) if axis else ""
    error = only(file, spec.uncertainty) if spec.uncertainty else ""
    if spec.specimens == STEM:
        yield Part(None, stem(path), values, own, error)
    elif spec.specimens == STEM_ROW:
        dataset = need(file, values)
        ids = list(row_ids(stem(path), dataset.shape[0] if dataset.shape else 1))
        yield Part(ids, "", values, own, error)
    else:
        measurement = only(file, spec.measurement) if spec.measurement else ""
        acts = _acts(file, measurement, {key: only(file, name) for key, name in _keys(path, spec).items()})
        yield Part(texts(need(file, only(file, spec.specimens))), "", values, own, error, *acts)


def _parts_of_groups(file: h5py.File, path: Path, spec: ModalitySpec, axis: str) -> Iterator[Part]:
    """A part for each group that "*" stands for: one specimen, or several with their ids."""
    there, axes = places(file, spec.values), places(file, axis) if axis else {}
    if "" in there:
        raise DatasetError(
            f"values = {spec.values!r} names no group", where=str(path), expected="'*' stands for the group."
        )
    asked = (spec.uncertainty, spec.measurement, *spec.facts, "" if spec.specimens == GROUP else spec.specimens)
    for address in filter(None, asked):
        if not any(_in_group(file, address, group) for group in there):
            raise no_dataset(file, address)
    keys = _keys(path, spec)
    for group, values in there.items():
        own = axes.get(group, axes.get("", ""))
        if axis and not own:
            raise ReadError(f"it has no axis {axis}", where=f"{path}: {values}")
        error = _in_group(file, spec.uncertainty, group)
        if spec.specimens == GROUP:
            yield Part(None, group, values, own, error)
            continue
        ids = texts(need(file, _in_group(file, spec.specimens, group) or spec.specimens))
        facts = {key: _in_group(file, name, group) for key, name in keys.items()}
        acts = _acts(file, _in_group(file, spec.measurement, group), {key: at for key, at in facts.items() if at})
        yield Part(ids, "", values, own, error, *acts)


def _keys(path: Path, spec: ModalitySpec) -> dict[str, str]:
    """The facts by the last part of their paths, as which they are stored."""
    keys: dict[str, str] = {}
    for name in spec.facts:
        key = name.rpartition("/")[2]
        if key in keys:
            raise DatasetError(
                f"facts {keys[key]!r} and {name!r} are both called {key!r}",
                where=str(path),
                expected="Facts whose last parts differ, as they are stored under these.",
            )
        keys[key] = name
    return keys


def _in_group(file: h5py.File, address: str, group: str) -> str:
    """The path that an address stands for in a group; "" where nothing is."""
    place = "/".join(group if part == ANY else part for part in address.split("/"))
    return place if address and find(file, place) is not None else ""


def _acts(
    file: h5py.File,
    measurement: str,
    facts: Mapping[str, str],
) -> tuple[list[str], dict[str, list[str]]]:
    """The ids of the measurements of specimens whose ids repeat, and what is known of each."""
    measurements = texts(need(file, measurement)) if measurement else []
    if not all(measurements):
        raise ReadError("a measurement has no id", where=f"{file.filename}: {measurement}")
    return measurements, {name: texts(need(file, place)) for name, place in facts.items()}
