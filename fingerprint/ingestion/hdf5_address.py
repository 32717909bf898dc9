"""Where dataset.toml says that something stands in an HDF5 file: a path in which one "*" may stand for any group."""

from __future__ import annotations

from collections.abc import Mapping

import h5py

from fingerprint.errors import ReadError
from fingerprint.ingestion.columns import describe
from fingerprint.ingestion.hdf5_access import Node, find, names_in, no_dataset, words
from fingerprint.ingestion.reader import Column
from fingerprint.units import decided_unit, possible_units, split_unit

ANY = "*"
_UNDEFINED = ("<undefined>", "t.Undefined", "Undefined", "_None_", "None")  # as HyperSpy writes it


def places(file: h5py.File, address: str) -> Mapping[str, str]:
    """Group -> the path that stands there for the address; "" -> the address itself where it has no "*".

    Groups in which nothing stands at that place are left out.

    Raises:
        ReadError: nothing stands anywhere, or the address has several "*".
    """
    parts = address.strip("/").split("/")
    if ANY not in parts:
        return {"": address}
    if parts.count(ANY) > 1:
        raise ReadError(f"{address!r} has more than one '*'", where=str(file.filename), expected="One, for the group.")
    before, after = "/".join(parts[: parts.index(ANY)]), "/".join(parts[parts.index(ANY) + 1 :])
    parent = find(file, before) if before else file
    found: dict[str, str] = {}
    if isinstance(parent, h5py.Group):
        for name in names_in(parent):
            path = "/".join(part for part in (before, name, after) if part)
            if find(file, path) is not None:
                found[name] = path
    if not found:
        raise no_dataset(file, address)
    return found


def only(file: h5py.File, address: str) -> str:
    """The one path that an address stands for.

    Raises:
        ReadError: there are several.
    """
    found = places(file, address)
    if len(found) > 1:
        raise ReadError(
            f"{address!r} stands for {len(found)} datasets, in the groups {', '.join(list(found)[:10])}",
            where=str(file.filename),
            next='Write specimens = "{group}" where each group is a specimen, or name the one that was measured.',
        )
    return next(iter(found.values()))


def stated_unit(file: h5py.File, path: str) -> str | None:
    """The unit that the attributes `unit` or `units`, or the name, of what stands at a path state; None where they
    state none, or leave open which it is."""
    item = find(file, path)
    if item is None:
        return split_unit(path.rsplit("/")[-1]).unit
    name = words(item, "name") if isinstance(item, h5py.Group) else ()  # an axis of HyperSpy
    return column(path, item, name=(*name, "")[0]).unit


def _attribute_unit(item: Node) -> str | None:
    """The unit that the attributes of a dataset or group state."""
    stated = next((found[0] for name in ("unit", "units") if (found := words(item, name))), None)
    return None if stated is None or stated in _UNDEFINED else stated


def column(address: str, item: Node, cells: list[str] | None = None, name: str = "") -> Column:
    """Describe a dataset for the layout of its file.

    Args:
        cells: its texts where it is one of texts, or of ids; None for numbers.
        name: what to call it, where that is not the last part of the address.
    """
    header = name or address.rsplit("/")[-1]
    last, stated = split_unit(header), _attribute_unit(item)
    unit = last.unit if stated is None else decided_unit(last.name, stated)
    possible = () if unit is not None else possible_units(header if stated is None else f"{last.name} ({stated})")
    known = describe("", cells or ())
    numeric = known.numeric if cells is not None else True
    return Column(address, last.name, unit, numeric, cells is not None and known.unique, possible)
