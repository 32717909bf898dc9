"""Measurements in the units of another description of their modality, and several files as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, UnitError
from fingerprint.modality import Block, Modality, RawModality
from fingerprint.units import convert, convert_curve


def conform(raw: RawModality, target: Modality) -> RawModality:
    """Convert measurements into the units of `target`, on their own axis.

    Raises:
        DatasetError: they are of another kind, or follow another sign convention.
        UnitError: their units cannot be converted.
    """
    own = raw.modality
    for what, ours, theirs in (("kind", own.kind, target.kind), ("sign convention", own.sign, target.sign)):
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


def _convert(block: Block, own: Modality, target: Modality) -> Block:
    axis, values = _converted(block.axis, block.values, own, target)
    uncertainty = block.uncertainty
    if uncertainty is not None:  # a difference of values: offsets, as of degC, drop out
        zero = _converted(block.axis, np.zeros_like(uncertainty), own, target)[1]
        uncertainty = _converted(block.axis, uncertainty, own, target)[1] - zero
    return Block(block.specimens, values, axis, block.sources, uncertainty)


def _converted(
    axis: NDArray[np.float64] | None, values: NDArray[np.generic], own: Modality, target: Modality
) -> tuple[NDArray[np.float64] | None, NDArray[Any]]:
    if axis is None:
        return None, convert(values, own.unit, target.unit)
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
    )


def _certain(uncertainty: NDArray[np.generic] | None) -> NDArray[np.generic]:
    assert uncertainty is not None  # all of a group have one
    return uncertainty
