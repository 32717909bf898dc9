"""Measurements in the units of another description of their modality, and several files as one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError, UnitError
from fingerprint.ingestion.checks import check_unit
from fingerprint.modality import Block, Modality, RawModality
from fingerprint.units import axis_turns, canonical, convert, convert_curve, is_density, same_unit, step

_DIFFERENCE = re.compile(r"shift|loss|raman", re.IGNORECASE)
_T = TypeVar("_T")


def conform(raw: RawModality, target: Modality) -> RawModality:
    """Convert measurements into the units of `target`, on their own axis.

    Raises:
        DatasetError: they are of another kind, or follow another sign convention.
        UnitError: their units cannot be converted.
    """
    own = raw.modality
    if own == target:
        return raw
    for what, ours, theirs in (
        ("kind", own.kind, target.kind),
        ("sign convention", own.sign, target.sign),
        ("value outside of its axis", own.outside or target.outside, target.outside),
    ):
        if ours != theirs:
            raise DatasetError(
                f"the {what} is {str(ours) or 'not stated'!r}, but {str(theirs) or 'not stated'!r} before",
                where=f"modality {target.name}",
                expected=f"One {what} for all measurements of a modality.",
                next="Say it in dataset.toml (--dry-run shows one to save), or give this modality another name there.",
            )
    try:
        return RawModality(target, tuple(_convert(block, own, target) for block in raw.blocks))
    except UnitError as error:
        where = f"modality {target.name}"
        raise UnitError(error.what, where=where, expected=error.expected, next=error.next) from None


class Stated(NamedTuple):
    """What a file states of itself.

    Attributes:
        unit, axis_unit: of its values and axis; None where it states none, and they are as the modality says.
        where: for messages.
    """

    unit: str | None
    axis_unit: str | None
    where: str


def as_declared(block: Block, modality: Modality, stated: Stated) -> Block:
    """A block of a file in the units of its modality.

    Raises:
        ReadError: they cannot be had from those that the file states.
    """
    axis_unit = modality.axis_unit if stated.axis_unit is None else canonical(stated.axis_unit)
    unit = unit_on(modality, stated.axis_unit) if stated.unit is None else canonical(stated.unit)
    try:
        return _convert(block, replace(modality, unit=unit, axis_unit=axis_unit), modality)
    except UnitError as error:
        if block.axis is not None and not _convertible(block.axis, axis_unit, modality.axis_unit):
            check_unit(axis_unit, modality.axis_unit, "the axis", stated.where)
        check_unit(unit, modality.unit, f"what is called {modality.name}", stated.where)
        raise ReadError(error.what, where=stated.where, expected=error.expected, next=error.next) from None


def all_as_declared(raw: RawModality, stated: Stated) -> RawModality:
    """Measurements of a file in the units of their modality; raises as `as_declared` does."""
    return RawModality(raw.modality, tuple(as_declared(block, raw.modality, stated) for block in raw.blocks))


def _convertible(axis: NDArray[np.float64], unit: str, declared: str) -> bool:
    try:
        convert(axis, unit, declared)
    except UnitError:
        return False
    return True


def unit_on(modality: Modality, axis_unit: str | None) -> str:
    """The modality's unit, for a density that of the same density over the given axis."""
    if axis_unit is None or same_unit(axis_unit, modality.axis_unit):
        return modality.unit
    if not is_density(modality.unit, modality.axis_unit):
        return modality.unit
    return f"({modality.unit})*({modality.axis_unit})/({canonical(axis_unit)})"


def _convert(block: Block, own: Modality, target: Modality) -> Block:
    axis, values = _converted(block.axis, block.values, own, target)
    uncertainty = block.uncertainty
    if uncertainty is not None:
        uncertainty = _converted_uncertainty(block.axis, np.asarray(uncertainty, np.float64), own, target)
    return replace(block, values=values, axis=axis, uncertainty=uncertainty)


def _converted_uncertainty(
    axis: NDArray[np.float64] | None, uncertainty: NDArray[np.float64], own: Modality, target: Modality
) -> NDArray[np.float64]:
    """As a difference of values, so that offsets, as of degC, drop out; a density's with its axis.

    Raises:
        UnitError: the values become reciprocals, of which nothing is known then.
    """
    if axis is not None and is_density(own.unit, own.axis_unit):
        return np.asarray(_converted(axis, uncertainty, own, target)[1])
    if axis_turns(own.unit, target.unit):
        raise UnitError(
            f"uncertainties in {own.unit} are not converted into {target.unit}, which is a reciprocal",
            expected=f"Values and uncertainties in {target.unit}, or the modality in {own.unit}.",
            next="Convert both before, or leave uncertainty out.",
        )
    factor = abs(step(own.unit, target.unit))
    turned = axis is not None and axis_turns(own.axis_unit, target.axis_unit)
    return (uncertainty[..., ::-1] if turned else uncertainty) * factor


def _converted(
    axis: NDArray[np.float64] | None, values: NDArray[np.generic], own: Modality, target: Modality
) -> tuple[NDArray[np.float64] | None, NDArray[Any]]:
    if axis is None:
        return None, convert(values, own.unit, target.unit)
    if axis_turns(own.axis_unit, target.axis_unit) and _DIFFERENCE.search(target.axis_name):
        raise UnitError(
            f"{target.axis_name} is a difference, and in {own.axis_unit} nothing says what it is counted from",
            expected=f"The axis in {target.axis_unit}, or a unit of the same kind.",
        )
    return convert_curve(axis, values, axis_units=(own.axis_unit, target.axis_unit), units=(own.unit, target.unit))


def merge(modality: Modality, raws: Iterable[RawModality]) -> RawModality:
    """Measurements of one modality from several files, those on the same axis in one block."""
    groups: dict[tuple[bytes, str], list[Block]] = {}
    for raw in raws:
        for block in raw.blocks:
            axis = b"" if block.axis is None else block.axis.tobytes()
            what = f"{block.values.dtype.str} {block.values.shape[1:]} {block.uncertainty is not None}"
            groups.setdefault((axis, what), []).append(block)
    return RawModality(modality, tuple(_join(blocks) for blocks in groups.values()))


def _join(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        tuple(specimen for block in blocks for specimen in block.specimens),
        np.concatenate([block.values for block in blocks]),
        blocks[0].axis,
        tuple(source for block in blocks for source in block.sources),
        None if blocks[0].uncertainty is None else np.concatenate([_certain(block.uncertainty) for block in blocks]),
        _joined([(block.measurements, len(block.specimens)) for block in blocks], ""),
        _joined([(block.facts, len(block.specimens)) for block in blocks], {}),
    )


def _joined(parts: Sequence[tuple[tuple[_T, ...], int]], nothing: _T) -> tuple[_T, ...]:
    """Parts of the given lengths one after another, those that are empty filled up; () where all are."""
    if not any(part for part, _ in parts):
        return ()
    return tuple(each for part, count in parts for each in part or (nothing,) * count)


def _certain(uncertainty: NDArray[np.generic] | None) -> NDArray[np.generic]:
    assert uncertainty is not None  # all of a group have one
    return uncertainty
