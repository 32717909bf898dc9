"""HyperSpy: Experiments/NAME/data, and a group axis-0, axis-1, ... for each of its dimensions.

A spectrum is one specimen. Where there is one dimension to navigate, each row is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import h5py

from fingerprint.ingestion.dataset import STEM, STEM_ROW
from fingerprint.ingestion.hdf5_access import find, names_in, words
from fingerprint.ingestion.hdf5_address import ANY, column
from fingerprint.ingestion.hdf5_array import fault, is_numeric
from fingerprint.ingestion.hdf5_axis import size_of
from fingerprint.ingestion.reader import ArraysLayout, Column, Layout, Unrecognised, row_ids, stem
from fingerprint.units import possible_units, split_unit

_ROOT = "Experiments"
_NOISE = "metadata/Signal/Noise_properties"
_NAMELESS = ("", "__unnamed__", "_None_")


class _Signal(NamedTuple):
    experiment: str
    rows: int  # 0 for a single spectrum
    values: Column
    axis: Column


def is_hyperspy(file: h5py.File) -> bool:
    """Whether HyperSpy wrote this file."""
    return words(file, "file_format") == ("HyperSpy",) and isinstance(find(file, _ROOT), h5py.Group)


def layout(path: Path, file: h5py.File) -> Layout:
    """The spectra of a file."""
    root = find(file, _ROOT)
    found = [_signal(root, name) for name in names_in(root)] if isinstance(root, h5py.Group) else []
    signals = [each for each in found if isinstance(each, _Signal)]
    noisy = [each.experiment for each in signals if find(file, f"{_ROOT}/{each.experiment}/{_NOISE}") is not None]
    unmatched = (
        *(each for each in found if isinstance(each, str)),
        *(f"{_ROOT}/{each}/{_NOISE}: what is known of the noise is not kept" for each in noisy),
    )
    if not signals or len({bool(each.rows) for each in signals}) > 1:
        return Unrecognised(path, "; ".join(unmatched) or "single spectra and rows of spectra in one HyperSpy file")
    rows, head = signals[0].rows, stem(path)
    ids = row_ids(head, rows) if rows else (head,)
    specimens = Column(STEM_ROW if rows else STEM, "", None, numeric=False, unique=True)
    if len(signals) == 1:
        curves = tuple((_anywhere(each.values), _anywhere(each.axis)) for each in signals)
        return ArraysLayout(path, specimens, curves, (), (), unmatched, ids)
    listed = ", ".join(each.experiment for each in signals)
    ambiguous = (
        f'has {len(signals)} signals ({listed}); where each is a specimen, values = "{_ROOT}/*/data", axis values = '
        f'"{_ROOT}/*/axis-0" and specimens = "{{group}}" say so'
    )
    named = tuple((each.values._replace(name=each.experiment), each.axis) for each in signals)
    return ArraysLayout(path, specimens, named, (), (), unmatched, ids, ambiguous)


def _signal(root: h5py.Group, experiment: str) -> _Signal | str:
    """One experiment, or why it is not read."""
    place = f"{_ROOT}/{experiment}"
    group, data = find(root, experiment), find(root, f"{experiment}/data")
    if not isinstance(group, h5py.Group) or not isinstance(data, h5py.Dataset):
        return f"{place}: it has no data"
    if not is_numeric(data) or fault(data):
        return f"{place}/data: {fault(data) or 'it does not hold numbers'}"
    axes = [find(group, f"axis-{number}") for number in range(data.ndim)]
    if not all(isinstance(axis, h5py.Group) for axis in axes):
        return f"{place}: not every dimension of its data {data.shape} has an axis"
    moved = [number for number, axis in enumerate(axes) if axis is not None and _navigates(axis)]
    signal = [number for number in range(data.ndim) if number not in moved]
    if len(signal) != 1:
        return f"{place}: its signal has {len(signal)} dimensions, and only spectra are read"
    if len(moved) > 1:
        return f"{place}: a map of {' x '.join(str(data.shape[n]) for n in moved)} spectra: which are specimens is open"
    if signal[0] != data.ndim - 1:
        return f"{place}: its spectra stand in columns"
    axis = axes[signal[0]]
    if not isinstance(axis, h5py.Group) or size_of(axis) != data.shape[-1]:
        return f"{place}: its data {data.shape} have not the size that its axis states"
    name = (*words(axis, "name"), "")[0]
    described = column(
        f"{place}/axis-{signal[0]}", axis, name="axis" if name.startswith(("<", "_")) else name or "axis"
    )
    return _Signal(experiment, data.shape[0] if moved else 0, _values(group, data, f"{place}/data"), described)


def _values(group: h5py.Group, data: h5py.Dataset, address: str) -> Column:
    """The signal, called after its type, such as EELS; its quantity, such as "Intensity (Counts)", states the unit."""
    about = find(group, "metadata/Signal")
    kind = next(iter(words(about, "signal_type")), "") if about is not None else ""
    quantity = next(iter(words(about, "quantity")), "") if about is not None else ""
    stated = split_unit(quantity)
    name = next((each for each in (kind, stated.name) if each not in _NAMELESS), "signal")
    described = column(address, data, name=name)
    if described.unit is not None or described.possible:
        return described
    return described._replace(unit=stated.unit, possible=possible_units(quantity))


def _navigates(axis: h5py.Dataset | h5py.Group) -> bool:
    return words(axis, "navigate") in (("True",), ("1",))


def _anywhere(described: Column) -> Column:
    """The same in a file whose experiment has another name."""
    root, _, rest = described.header.split("/", 2)
    return described._replace(header=f"{root}/{ANY}/{rest}")
