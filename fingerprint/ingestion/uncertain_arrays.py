"""Which arrays of a file hold the uncertainty of others: told by their names, their shapes and their units."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from fingerprint.ingestion.axis_names import is_called_axis
from fingerprint.ingestion.reader import Column
from fingerprint.ingestion.uncertainties import in_its_unit, is_uncertainty, is_uncertainty_of


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


def find_uncertainties(arrays: Sequence[Array]) -> Uncertainties:
    """Tell uncertainties from what they belong to, which stands in the same group.

    "y_err" belongs to "y"; one that is called "err" alone, to the only other one that is no axis.
    """
    owners = {each.column.header: owner for each in arrays if (owner := _named_owner(each, arrays))}
    rest = [each for each in arrays if each.column.header not in owners]
    alone = {each.column.header: owner for each in rest if (owner := _only_signal(each, rest))}
    of: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for each in arrays:
        name = each.column.header
        owner = owners.get(name) or alone.get(name)
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


def _beside(array: Array, arrays: Sequence[Array]) -> list[Array]:
    folder = array.column.header.rpartition("/")[0]
    return [each for each in arrays if each is not array and each.column.header.rpartition("/")[0] == folder]


def _named_owner(array: Array, arrays: Sequence[Array]) -> Array | None:
    named = (each for each in _beside(array, arrays) if is_uncertainty_of(array.column.name, each.column.name))
    return next(named, None)


def _only_signal(array: Array, arrays: Sequence[Array]) -> Array | None:
    signals = [
        each
        for each in _beside(array, arrays)
        if not is_called_axis(each.column.name) and not is_uncertainty(each.column.name)
    ]
    signals = [each for each in signals if not _unlike(array, each)] or signals
    found = len(signals) == 1 and is_uncertainty(array.column.name, signals[0].column.name)
    return signals[0] if found else None
