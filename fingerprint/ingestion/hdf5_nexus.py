"""NeXus: NXdata groups, which name their signal and its axes; in NXentry groups, one per specimen or one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import h5py

from fingerprint.ingestion.columns import find_id
from fingerprint.ingestion.dataset import GROUP, STEM
from fingerprint.ingestion.hdf5_access import Contents, find, names_in, words
from fingerprint.ingestion.hdf5_address import ANY, column
from fingerprint.ingestion.hdf5_array import fault, is_numeric, is_text, texts
from fingerprint.ingestion.hdf5_names import distinct_names
from fingerprint.ingestion.hdf5_nexus_errors import errors_of_all, signal_errors
from fingerprint.ingestion.reader import ArraysLayout, Column, Layout, Unrecognised, stem

_MOST_HOPS = 8
_SCALINGS = ("scaling_factor", "offset")  # NXdata's, of its signal


class _Plot(NamedTuple):
    """What one NXdata shows: paths; `ids` is "" where it is one spectrum, `errors` where no uncertainty is known."""

    values: str
    axis: str
    ids: str = ""
    errors: str = ""


def is_nexus(found: Contents) -> bool:
    """Whether a file has groups of NeXus that name signals."""
    return any(_class(group) == "NXdata" for group in found.groups.values())


def layout(path: Path, file: h5py.File, found: Contents) -> Layout:
    """The signals of a file."""
    unmatched = [f"{name}: {reason}" for name, reason in found.unread.items()]
    plots: dict[str, list[_Plot]] = {}
    for entry, names in _entries(file, found).items():
        for name in names:
            plot = _plot(file, name, unmatched)
            if isinstance(plot, _Plot):
                plots.setdefault(entry, []).append(plot)
            else:
                unmatched.append(f"{name}: {plot}")
    listed = [plot for each in plots.values() for plot in each]
    if not listed:
        return Unrecognised(path, "; ".join(unmatched) or "no NXdata with a signal")
    inside = {tuple(each[len(entry) :] for each in plot[:3]) for entry, own in plots.items() for plot in own}
    if len(plots) > 1 and len(inside) == 1 and not listed[0].ids and all(plots):
        values, axis = (f"{ANY}{each}" for each in next(iter(inside))[:2])
        errors = errors_of_all(file, {entry: own[0].errors for entry, own in plots.items()}, unmatched)
        curves = (_described(file, listed[0], values, axis),)
        return _layout(path, GROUP, curves, unmatched, tuple(plots), {values: errors})
    owned = {plot.values: plot.errors for plot in listed}
    if len(listed) == 1 and listed[0].ids:
        ids = need_texts(file, listed[0].ids)
        curves = (_described(file, listed[0]),)
        return _layout(path, listed[0].ids, curves, unmatched, ids, owned)
    single = [plot for plot in listed if not plot.ids]
    if not single:
        return Unrecognised(path, f"{len(listed)} signals, each with ids of its own: describe them in dataset.toml")
    curves = tuple(_described(file, plot) for plot in single)
    ambiguous = "" if len(listed) == 1 else f"has {len(listed)} signals ({', '.join(plot.values for plot in listed)})"
    names = distinct_names([values.header for values, _ in curves])
    curves = tuple((values._replace(name=name), axis) for (values, axis), name in zip(curves, names, strict=True))
    return _layout(path, STEM, curves, unmatched, (stem(path),), owned, ambiguous)


def _layout(
    path: Path,
    ids_at: str,
    curves: tuple[tuple[Column, Column], ...],
    unmatched: list[str],
    ids: tuple[str, ...],
    errors: Mapping[str, str],
    ambiguous: str = "",
) -> ArraysLayout:
    specimens = Column(ids_at, "", None, numeric=False, unique=True)
    owned = tuple((values.header, errors[values.header]) for values, _ in curves if errors[values.header])
    return ArraysLayout(path, specimens, curves, (), (), tuple(unmatched), ids, ambiguous, owned)


def need_texts(file: h5py.File, name: str) -> tuple[str, ...]:
    """The texts of a dataset that is known to be there."""
    item = find(file, name)
    return tuple(texts(item)) if isinstance(item, h5py.Dataset) else ()


def _described(file: h5py.File, plot: _Plot, values: str = "", axis: str = "") -> tuple[Column, Column]:
    shown, over = find(file, plot.values), find(file, plot.axis)
    assert shown is not None  # _plot has found them
    assert over is not None
    return column(values or plot.values, shown), column(axis or plot.axis, over)


def _entries(file: h5py.File, found: Contents) -> dict[str, list[str]]:
    """Entry -> its NXdata: the default one where one is named, else all of them. "" for what stands in no entry."""
    data = [name for name, group in found.groups.items() if _class(group) == "NXdata"]
    entries = [name for name, group in found.groups.items() if _class(group) == "NXentry" and "/" not in name]
    chosen: dict[str, list[str]] = {}
    for entry in entries:
        inside = [name for name in data if name.startswith(f"{entry}/")]
        shown = _default(file, entry)
        if inside:
            chosen[entry] = [shown] if shown in inside else inside
    outside = [name for name in data if not any(name.startswith(f"{entry}/") for entry in entries)]
    return {**chosen, "": outside} if outside else chosen


def _default(file: h5py.File, entry: str) -> str:
    """The NXdata to which the attributes `default` lead; "" where they lead to none."""
    place = entry
    for _ in range(_MOST_HOPS):
        group = find(file, place)
        if not isinstance(group, h5py.Group):
            return ""
        if _class(group) == "NXdata":
            return place
        following = words(group, "default")
        if not following:
            return ""
        place = f"{place}/{following[0]}"
    return ""


def _plot(file: h5py.File, name: str, notes: list[str]) -> _Plot | str:
    """What an NXdata shows, or why it is not read."""
    group = find(file, name)
    if not isinstance(group, h5py.Group):
        return "it is not there"
    signal = _signal_name(group)
    if not signal:
        return "it names no signal, or several"
    data = find(group, signal)
    if not isinstance(data, h5py.Dataset):
        return f"its signal {signal} is not there"
    if not is_numeric(data) or fault(data):
        return f"its signal {signal}: {fault(data) or 'it does not hold numbers'}"
    scalings = [each for name in _SCALINGS for each in (name, f"{signal}_{name}") if each in group]
    for scaling in scalings:
        return f"{scaling} says that {signal} is to be scaled, which is not done"
    errors = signal_errors(group, name, signal, data, notes)
    further = words(group, "auxiliary_signals")
    notes.extend(f"{name}/{each}: an auxiliary signal, beside {signal}" for each in further)
    axes = _axes(group, data)
    shape = tuple(data.shape or ())
    kept = [number for number, length in enumerate(shape) if length > 1]
    if len(kept) == 1 and kept[0] in axes:
        return _checked_axis(group, axes[kept[0]], shape[kept[0]]) or _Plot(
            f"{name}/{signal}", f"{name}/{axes[kept[0]]}", errors=errors
        )
    if len(shape) != 2 or len(kept) != 2:
        return f"its signal {signal} has the shape {shape}, and {'no' if not axes else 'not the'} axis of a spectrum"
    ids = _ids(group, axes, shape)
    if ids is None:
        return f"its signal {signal} has the shape {shape}, and no axis of it holds the ids of specimens"
    other = 1 - ids.dimension
    if other not in axes:
        return f"its signal {signal} has no axis along its points"
    if ids.dimension == 1 and shape[0] == shape[1]:
        return f"its signal {signal} has a specimen per column, and as many points: write it with a specimen per row"
    fault_of_axis = _checked_axis(group, axes[other], shape[other])
    return fault_of_axis or _Plot(f"{name}/{signal}", f"{name}/{axes[other]}", f"{name}/{ids.name}", errors)


class _Ids(NamedTuple):
    dimension: int
    name: str


def _ids(group: h5py.Group, axes: dict[int, str], shape: tuple[int, ...]) -> _Ids | None:
    """The axis of ids: among those named, and those of which an attribute NAME_indices tells the dimension."""
    further = [(number, each) for each in names_in(group) for number in _indices(group, each)]
    for number, name in (*axes.items(), *further):
        item = find(group, name)
        if not isinstance(item, h5py.Dataset) or item.ndim != 1 or number >= len(shape) or fault(item):
            continue
        if len(item) == shape[number] and (is_text(item) or item.dtype.kind in "iu"):
            described = column(name, item, texts(item))
            if described.unique and find_id([described]) is not None:
                return _Ids(number, name)
    return None


def _checked_axis(group: h5py.Group, name: str, points: int) -> str:
    item = find(group, name)
    if not isinstance(item, h5py.Dataset) or not is_numeric(item) or fault(item):
        return f"its axis {name} is not there, or holds no numbers"
    if item.shape == (points + 1,):
        return f"its axis {name} holds the {points + 1} edges of {points} bins: write their centres"
    return "" if item.shape == (points,) else f"its axis {name} has the shape {item.shape} for {points} points"


def _signal_name(group: h5py.Group) -> str:
    named = words(group, "signal")
    if named:
        return named[0]
    marked = [name for name in names_in(group) if _marked(group, name, "signal") == ("1",)]
    return marked[0] if len(marked) == 1 else ""


def _axes(group: h5py.Group, data: h5py.Dataset) -> dict[int, str]:
    """Dimension -> axis, as the group says (NAME_indices first), the signal (`axes`), or the axes (`axis`)."""
    named = words(group, "axes") or words(data, "axes")
    if len(named) == 1:
        named = tuple(part.strip() for part in re.split(r"[:,]", named[0].strip("[]")))
    axes: dict[int, str] = {}
    for position, name in enumerate(named):
        if name not in (".", ""):
            axes[(*_indices(group, name), position)[0]] = name
    if not axes:
        for name in names_in(group):
            place = _marked(group, name, "axis")
            if len(place) == 1 and place[0].isdigit() and int(place[0]):
                primary = _marked(group, name, "primary") == ("1",)
                if primary or int(place[0]) - 1 not in axes:
                    axes[int(place[0]) - 1] = name
    return axes


def _indices(group: h5py.Group, name: str) -> tuple[int, ...]:
    stated = words(group, f"{name}_indices")
    return (int(stated[0]),) if len(stated) == 1 and stated[0].isdigit() else ()


def _marked(group: h5py.Group, name: str, attribute: str) -> tuple[str, ...]:
    item = find(group, name)
    return words(item, attribute) if isinstance(item, h5py.Dataset) else ()


def _class(group: h5py.Group) -> str:
    return next(iter(words(group, "NX_class")), "")
