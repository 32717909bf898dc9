"""One group per specimen: groups beside one another that hold datasets of the same names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import h5py

from fingerprint.ingestion.dataset import GROUP
from fingerprint.ingestion.hdf5_access import Contents
from fingerprint.ingestion.hdf5_address import ANY, column
from fingerprint.ingestion.hdf5_array import count, fault, is_numeric, is_short, is_text, numbers, shape_of, texts
from fingerprint.ingestion.hdf5_curves import Samples, find_curves, runs_one_way
from fingerprint.ingestion.hdf5_names import distinct_names
from fingerprint.ingestion.reader import ArraysLayout, Column
from fingerprint.ingestion.uncertain_arrays import Array, doubtful, find_uncertainties

_LOOKED_AT = 5  # groups whose numbers are read to tell axes from values

Places = dict[str, dict[str, h5py.Dataset]]  # address with "*" -> group -> dataset


class _Alike(NamedTuple):
    """Groups that hold datasets of the same names.

    Attributes:
        groups: their names, each once, in the order of the file.
        parents: the groups that they stand in.
    """

    places: Places
    groups: tuple[str, ...]
    parents: tuple[str, ...]


def layout(path: Path, found: Contents) -> ArraysLayout | None:
    """The layout of a file with a group per specimen; None for another one."""
    choices = _choices(found)
    if not choices:
        return None
    alike = max(choices, key=lambda choice: len(choice.groups))
    ambiguous = [
        f"has groups inside groups, and either may be the specimens ({', '.join(alike.groups[:3])} ... or "
        f"{', '.join(other.groups[:3])} ...)"
        for other in choices
        if other is not alike
    ]
    if len(alike.parents) > 1:
        ambiguous.append(f"has groups that are alike in {', '.join(alike.parents)}")
    notes = [f"{name}: {reason}" for name, reason in found.unread.items()]
    scalars: list[Column] = []
    vectors: dict[str, Samples] = {}
    sound = {address: alike.places[address] for address in doubtful(alike.places)}
    errors = find_uncertainties([_array(address, there) for address, there in sound.items() if _sound(there)])
    for address, there in alike.places.items():
        if address in errors.headers:
            continue
        first = next(iter(there.values()))
        reason = fault(first)
        if not reason and len(shape_of(first)) > 1 and count(first) != 1:
            reason = f'{shape_of(first)} in each group: where it is an image, kind = "image" and values say so'
        if not reason and not is_short(first):
            reason = f"{count(first)} numbers: what they are has to be said in dataset.toml"
        if reason:
            notes.append(f"{address}: {reason}")
        elif count(first) == 1 or is_text(first):
            scalars.append(_scalar(address, there))
        else:
            vectors[address] = {name: numbers(item) for name, item in _head(there)}
    curves = find_curves(vectors, _shared(found, alike))
    pairs = _described(alike.places, curves.pairs, found)
    ambiguous += [curves.ambiguous] if curves.ambiguous else []
    if not pairs and not scalars:
        return None
    specimens = Column(GROUP, "", None, numeric=False, unique=True)
    measured = [column.header for column in (*(values for values, _ in pairs), *scalars)]
    unmatched = (*notes, *curves.notes, *errors.notes(measured))
    owned = errors.of_measured(measured)
    return ArraysLayout(
        path, specimens, pairs, (), tuple(scalars), unmatched, alike.groups, "; ".join(ambiguous), owned
    )


def _choices(found: Contents) -> list[_Alike]:
    """Groups that are alike, at each depth at which there are such."""
    by_depth: dict[int, dict[str, Places]] = {}
    for name, item in found.datasets.items():
        if not (is_numeric(item) or is_text(item)):
            continue
        parts = name.split("/")
        for depth in range(len(parts) - 1):
            address = "/".join((*parts[:depth], ANY, *parts[depth + 1 :]))
            parent = by_depth.setdefault(depth, {}).setdefault("/".join(parts[:depth]), {})
            parent.setdefault(address, {})[parts[depth]] = item
    choices: list[_Alike] = []
    for parents in by_depth.values():
        alike = {name: _alike(places) for name, places in parents.items()}
        kept = {name: groups for name, groups in alike.items() if groups}
        if kept:
            places = {
                address: there
                for name, groups in kept.items()
                for address, each in parents[name].items()
                if (there := {group: item for group, item in each.items() if group in groups})
            }
            groups = tuple(dict.fromkeys(group for groups in kept.values() for group in groups))
            choices.append(_Alike(places, groups, tuple(kept)))
    return choices


def _alike(places: Places) -> dict[str, None]:
    """The groups that share an address of numbers with another one."""
    shared = [there for there in places.values() if len(there) > 1 and any(map(is_numeric, there.values()))]
    return dict.fromkeys(group for there in shared for group in there)


def _shared(found: Contents, alike: _Alike) -> dict[str, Samples]:
    """Vectors outside the groups that could be the axis of all of them."""
    inside = {address.replace(ANY, group, 1) for address, there in alike.places.items() for group in there}
    shared: dict[str, Samples] = {}
    for name, item in found.datasets.items():
        outside = name not in inside and is_numeric(item) and len(shape_of(item)) == 1
        if outside and count(item) > 1 and is_short(item) and not fault(item):
            values = numbers(item)
            if runs_one_way(values):
                shared[name] = dict.fromkeys(alike.groups, values)
    return shared


def _described(
    places: Places, pairs: tuple[tuple[str, str], ...], found: Contents
) -> tuple[tuple[Column, Column], ...]:
    def first(address: str) -> h5py.Dataset:
        return next(iter(places[address].values())) if address in places else found.datasets[address]

    addresses = list(dict.fromkeys(values for values, _ in pairs))
    names = dict(zip(addresses, distinct_names(addresses), strict=True))
    return tuple(
        (column(values, first(values))._replace(name=names[values]), column(axis, first(axis)))
        for values, axis in pairs
    )


def _scalar(address: str, there: Mapping[str, h5py.Dataset]) -> Column:
    first = next(iter(there.values()))
    if is_numeric(first):
        return column(address, first)
    return column(address, first, [cell for _, item in _head(there) if not fault(item) for cell in texts(item)])


def _sound(there: Mapping[str, h5py.Dataset]) -> bool:
    return all(is_numeric(item) and not fault(item) for item in there.values())


def _array(address: str, there: Mapping[str, h5py.Dataset]) -> Array:
    shapes = {group: shape_of(item) for group, item in there.items()}
    return Array(column(address, next(iter(there.values()))), shapes)


def _head(there: Mapping[str, h5py.Dataset]) -> list[tuple[str, h5py.Dataset]]:
    return list(islice(((name, item) for name, item in there.items() if not fault(item)), _LOOKED_AT))
