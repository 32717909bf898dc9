"""Which arrays of a file hold the uncertainty of others: told by their names, their shapes and their units."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from fingerprint.ingestion.axis_names import is_called_axis
from fingerprint.ingestion.columns import is_id
from fingerprint.ingestion.reader import Column
from fingerprint.ingestion.uncertainties import in_its_unit, is_strain, is_uncertainty, owner_words, words_of
from fingerprint.units import split_unit


class Array(NamedTuple):
    """An array of numbers.

    Attributes:
        column: its header is its path.
        shapes: by the group of its specimen; by "" where there is one array.
    """

    column: Column
    shapes: Mapping[str, tuple[int, ...]]


class Uncertainties(NamedTuple):
    """What is an uncertainty.

    Attributes:
        of: values -> their uncertainty, by header.
        left_out: those that cannot be kept -> why.
    """

    of: Mapping[str, str]
    left_out: Mapping[str, str]

    @property
    def headers(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.of.values(), *self.left_out))

    def of_measured(self, measured: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(values, uncertainty) of those that were measured."""
        return tuple((each, self.of[each]) for each in dict.fromkeys(measured) if each in self.of)

    def notes(self, measured: Collection[str]) -> tuple[str, ...]:
        """What the person should know of those that are not kept."""
        unused = (
            f"{error}: the uncertainty of {values}, which is not kept"
            for values, error in self.of.items()
            if values not in measured
        )
        return (*(f"{error}: {reason}" for error, reason in self.left_out.items()), *unused)


def doubtful(addresses: Iterable[str]) -> list[str]:
    """Those that stand in the same group as one that is called as uncertainties are: only they have to be looked at."""
    listed = list(addresses)
    folders = {each.rpartition("/")[0] for each in listed if _sounds_uncertain(each)}
    return [each for each in listed if each.rpartition("/")[0] in folders]


def find_uncertainties(arrays: Sequence[Array]) -> Uncertainties:
    """Tell uncertainties from what they belong to, which stands in the same group.

    "y_err" belongs to "y"; one that is called "err" alone, to the only other one that is no axis.
    """
    folders: dict[str, list[Array]] = {}
    for each in arrays:
        folders.setdefault(each.column.header.rpartition("/")[0], []).append(each)
    owners: dict[str, Array] = {}
    for beside in folders.values():
        called = {words_of(each.column.name): each for each in reversed(beside)}
        for each in beside:
            named = (called[words] for words in owner_words(each.column.name) if words in called)
            owner = next(named, None)
            if owner is not None and owner is not each:
                owners[each.column.header] = owner
        rest = [each for each in beside if each.column.header not in owners]
        strained = any(is_strain(each.column.name) for each in beside)
        signals = [each for each in rest if not _is_no_signal(each.column.name)]
        for each in rest:
            owner = _only_signal(each, signals, strained=strained)
            if owner is not None:
                owners[each.column.header] = owner
    of: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for each in arrays:
        name = each.column.header
        owner = owners.get(name)
        if owner is None:
            continue
        values = owner.column.header
        reason = misfit(each, owner)
        if not reason and values in of:
            reason = f"another uncertainty of {values}, beside {of[values]}"
        if reason:
            left_out[name] = reason
        else:
            of[values] = name
    return Uncertainties(of, left_out)


def misfit(uncertainty: Array, values: Array) -> str:
    """Why an uncertainty cannot be kept with its values; "" where it can."""
    own = f"the uncertainty of {values.column.header}, which is not kept"
    for group, shape in _unlike(uncertainty, values):
        inside = f" in {group}" if group else ""
        return f"{own}: its shape{inside} is {shape}, and that of the values {values.shapes[group]}"
    if not in_its_unit(uncertainty.column, values.column):
        stated = values.column.unit
        return f"{own}: it is in {uncertainty.column.unit!r}, and the values in {stated or 'no stated unit'!r}"
    return ""


def _unlike(uncertainty: Array, values: Array) -> list[tuple[str, tuple[int, ...]]]:
    both = [(group, shape) for group, shape in uncertainty.shapes.items() if group in values.shapes]
    return [
        (group, shape)
        for group, shape in both
        if shape != values.shapes[group] and not prod(shape) == prod(values.shapes[group]) == 1
    ]


def _only_signal(array: Array, signals: Sequence[Array], *, strained: bool) -> Array | None:
    if not is_uncertainty(array.column.name, "" if strained else "counts"):
        return None
    others = [each for each in signals if each is not array]
    others = [each for each in others if not _unlike(array, each)] or others
    found = len(others) == 1 and is_uncertainty(array.column.name, others[0].column.name)
    return others[0] if found else None


def _is_no_signal(name: str) -> bool:
    return is_called_axis(name) or is_id(name) or is_uncertainty(name)


def _sounds_uncertain(address: str) -> bool:
    name = split_unit(address.rpartition("/")[2]).name
    return is_uncertainty(name, "counts") or bool(owner_words(name))
