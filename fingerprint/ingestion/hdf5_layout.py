"""Which datasets of an HDF5 file belong together: what wrote it says so, or their lengths, groups and names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py

from fingerprint.ingestion import hdf5_described, hdf5_groups, hdf5_hyperspy, hdf5_nexus
from fingerprint.ingestion.columns import find_id, is_id
from fingerprint.ingestion.dataset import STEM
from fingerprint.ingestion.hdf5_access import Contents, contents
from fingerprint.ingestion.hdf5_address import column
from fingerprint.ingestion.hdf5_array import count, fault, is_numeric, is_short, is_text, numbers, shape_of, texts
from fingerprint.ingestion.hdf5_curves import find_curves, runs_one_way
from fingerprint.ingestion.reader import ArraysLayout, Column, Layout, Unrecognised, stem
from fingerprint.ingestion.uncertain_arrays import Array, Uncertainties, doubtful, find_uncertainties

_MOST_VECTORS = 100  # in a file of one spectrum
_MOST_NUMBERS = 1 << 25  # looked at, in all


def layout(path: Path, file: h5py.File) -> Layout:
    """What the datasets of a file are."""
    described = hdf5_described.layout(path, file)
    if described is not None:
        return described
    if hdf5_hyperspy.is_hyperspy(file):
        return hdf5_hyperspy.layout(path, file)
    found = contents(file)
    if hdf5_nexus.is_nexus(found):
        return hdf5_nexus.layout(path, file, found)
    return _by_ids(path, found) or hdf5_groups.layout(path, found) or _single(path, found)


def _by_ids(path: Path, found: Contents) -> ArraysLayout | None:
    """A table of arrays: ids of one length, and what has as many rows."""
    shapes = {name: shape_of(item) for name, item in found.datasets.items()}
    notes = [f"{name}: {reason}" for name, reason in found.unread.items()]
    sound: dict[str, h5py.Dataset] = {}
    for name, item in found.datasets.items():
        reason = fault(item)
        if reason:
            notes.append(f"{name} {shapes[name]}: {reason}")
        elif shapes[name]:
            sound[name] = item
    specimens = _identity(sound, shapes)
    if specimens is None:
        return None
    ids = tuple(texts(sound[specimens.header]))
    number = len(ids)
    errors = _uncertainties({name: item for name, item in sound.items() if name != specimens.header})
    sound = {name: item for name, item in sound.items() if name not in errors.headers}
    vectors = {name: item for name, item in sound.items() if len(shapes[name]) == 1 and name != specimens.header}
    lengths = {length for name in sound if len(shapes[name]) == 2 for length in shapes[name]}
    rising = [name for name, item in vectors.items() if shapes[name][0] in lengths and _is_axis(item)]
    curves: list[tuple[Column, Column]] = []
    images: list[Column] = []
    for name, item in sound.items():
        shape = shapes[name]
        if len(shape) == 2 and is_numeric(item) and number in shape:
            points = shape[1] if shape[0] == number else shape[0]
            axes = [each for each in rising if shapes[each] == (points,)]
            if len(axes) == 1:
                curves.append((column(name, item), column(axes[0], vectors[axes[0]])))
                continue
        if len(shape) == 3 and shape[0] == number and is_numeric(item):
            images.append(column(name, item))
        elif len(shape) > 1:
            notes.append(f"{name} {shape}: no single axis of its length")
    used = {axis.header for _, axis in curves}
    columns = tuple(
        column(name, item, None if is_numeric(item) else texts(item))
        for name, item in vectors.items()
        if shapes[name] == (number,) and name not in used
    )
    if not (curves or images or columns):
        return None
    square = [values.header for values, _ in curves if shapes[values.header] == (number, number)]
    ambiguous = ""
    if square and _is_matlab(found):
        ambiguous = f"has as many points as specimens in {', '.join(square)}: whether rows are specimens is not known"
    measured = [column.header for column in (*(values for values, _ in curves), *images, *columns)]
    unmatched, owned = (*notes, *errors.notes(measured)), errors.of_measured(measured)
    return ArraysLayout(path, specimens, tuple(curves), tuple(images), columns, unmatched, ids, ambiguous, owned)


def _identity(sound: dict[str, h5py.Dataset], shapes: dict[str, tuple[int, ...]]) -> Column | None:
    """The one vector of distinct ids, as long as an array has rows (or else columns)."""
    arrays = [shape for name, shape in shapes.items() if name in sound and len(shape) > 1]
    vectors = {name: shapes[name][0] for name in sound if len(shapes[name]) == 1}
    rows = {shape[0] for shape in arrays} or set(vectors.values())
    columns = {shape[1] for shape in arrays if len(shape) == 2}
    for counts in (rows, columns):
        identities: list[Column] = []
        for number in sorted(counts):
            # Numbers are looked at only where they are called ids.
            candidates = [
                column(name, sound[name], texts(sound[name]))
                if is_text(sound[name]) or is_id(name)
                else column(name, sound[name])
                for name, length in vectors.items()
                if length == number
            ]
            identity = find_id(candidates)
            if identity is not None and identity.unique:
                identities.append(identity)
        if len(identities) == 1:
            return identities[0]
    return None


def _single(path: Path, found: Contents) -> Layout:
    """One spectrum: the file is the specimen."""
    notes = [f"{name}: {reason}" for name, reason in found.unread.items()]
    vectors: dict[str, h5py.Dataset] = {}
    scalars: dict[str, h5py.Dataset] = {}
    errors = _uncertainties(found.datasets)
    for name, item in found.datasets.items():
        if name in errors.headers:
            continue
        reason = fault(item)
        if reason or (is_numeric(item) and len(shape_of(item)) > 1 and count(item) > 1):
            notes.append(f"{name}: {reason or f'{shape_of(item)}, without ids and an axis as long'}")
        elif count(item) == 1:
            scalars[name] = item
        elif is_numeric(item):
            vectors[name] = item
    if len(vectors) > _MOST_VECTORS or sum(count(item) for item in vectors.values()) > _MOST_NUMBERS:
        return Unrecognised(path, f"{len(vectors)} vectors without ids: what they are has to be said in dataset.toml")
    curves = find_curves({name: {"": numbers(item)} for name, item in vectors.items()}, {})
    if not curves.pairs:
        reason = "no single one-dimensional dataset of distinct ids, as long as the others"
        return Unrecognised(path, "; ".join((f"{reason}, nor one spectrum", *notes, *curves.notes)))
    specimens = Column(STEM, "", None, numeric=False, unique=True)
    pairs = tuple((column(values, vectors[values]), column(axis, vectors[axis])) for values, axis in curves.pairs)
    columns = tuple(column(name, item, None if is_numeric(item) else texts(item)) for name, item in scalars.items())
    measured = [column.header for column in (*(values for values, _ in pairs), *columns)]
    unmatched, owned = (*notes, *curves.notes, *errors.notes(measured)), errors.of_measured(measured)
    return ArraysLayout(path, specimens, pairs, (), columns, unmatched, (stem(path),), curves.ambiguous, owned)


def _uncertainties(datasets: Mapping[str, h5py.Dataset]) -> Uncertainties:
    found = [(name, datasets[name]) for name in doubtful(datasets)]
    sound = [(name, item) for name, item in found if is_numeric(item) and not fault(item)]
    return find_uncertainties([Array(column(name, item), {"": shape_of(item)}) for name, item in sound])


def _is_axis(vector: h5py.Dataset) -> bool:
    return is_numeric(vector) and is_short(vector) and runs_one_way(numbers(vector))


def _is_matlab(found: Contents) -> bool:
    return any("MATLAB_class" in item.attrs for item in found.datasets.values())
