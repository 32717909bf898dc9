"""Which modality a file holds, and whether its axis is the model's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fingerprint.errors import DataError, FingerprintError
from fingerprint.ingestion import read_measurement
from fingerprint.modality import Kind, RawModality
from fingerprint.prepare import Preparation

SPAN_TOLERANCE = 0.05


def recognise(preparations: Mapping[str, Preparation], target: str, path: Path, x_unit: str | None) -> RawModality:
    """Read a file as the one modality, other than the target, that it can be.

    Raises:
        DataError: it can be none of them, or several.
        FingerprintError: there is only one other modality and the file is not it: that reader's own error.
    """
    others = sorted(set(preparations) - {target})
    if len(others) == 1:
        try:
            return _read(preparations[others[0]], path, x_unit)
        except FingerprintError as error:
            error.next = error.next or f"{target} is predicted from {others[0]}: give a file of that."
            raise
    found: list[RawModality] = []
    reasons: list[str] = []
    for name in others:
        try:
            found.append(_read(preparations[name], path, x_unit))
        except FingerprintError as error:
            reasons.append(f"as {name}: {error.what}")
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(
            f"it is none of what {target} is predicted from ({'; '.join(reasons)})",
            where=str(path),
            expected=f"A file of one of: {', '.join(others)}.",
            next=f"Say which it is meant to be: --input MODALITY={path}.",
        )
    raise DataError(
        f"it could be {', '.join(raw.modality.name for raw in found)}",
        where=str(path),
        next=f"Say which it is: --input MODALITY={path}.",
    )


def read_input(
    preparations: Mapping[str, Preparation], name: str, paths: Sequence[str | Path], x_unit: str | None
) -> RawModality:
    """Read files as the modality `name`.

    Raises:
        DataError: the run does not know it, an axis is not the model's, or a specimen is given twice.
    """
    if name not in preparations:
        raise DataError(
            f"the run was not trained on {name!r}", expected=f"It knows: {', '.join(sorted(preparations))}."
        )
    raws = [_read(preparations[name], Path(path), x_unit) for path in paths]
    both = RawModality(raws[0].modality, tuple(block for raw in raws for block in raw.blocks))
    repeated = [specimen for specimen, count in Counter(specimen for specimen, _ in both.ids).items() if count > 1]
    if repeated:
        raise DataError(
            f"{name} of specimen {repeated[0]!r} is given twice",
            where=", ".join(str(path) for path in paths),
            expected="One measurement of each specimen in one modality.",
        )
    return both


def as_one_specimen(raws: Mapping[str, RawModality]) -> dict[str, RawModality]:
    """Where every modality has a single specimen, they are of one: the first one's id for all."""
    if any(len(raw.specimens) != 1 for raw in raws.values()):
        return dict(raws)
    first = next(iter(raws.values())).specimens
    return {
        name: RawModality(
            raw.modality,
            tuple(replace(block, specimens=first * len(block.specimens)) for block in raw.blocks),
        )
        for name, raw in raws.items()
    }


def _alike(header: str, axis_name: str) -> bool:
    """Whether a header may name the axis: one begins with the other, or one of them says nothing."""
    own, known = header.strip().casefold(), axis_name.strip().casefold()
    silent = {"", "x", "axis"}
    return own in silent or known in silent or own.startswith(known) or known.startswith(own)


def _read(preparation: Preparation, path: Path, x_unit: str | None) -> RawModality:
    """Read a file as one modality: an axis without a unit must be called and span what the model's does, and an image
    have the shape of the model's."""
    measurement = read_measurement(path, preparation.source, x_unit=x_unit)
    grid = preparation.grid
    if preparation.source.kind is Kind.IMAGE:
        for block in measurement.raw.blocks:
            preparation.check(block)
    if grid is None or measurement.axis_unit_stated:
        return measurement.raw
    if not _alike(measurement.axis_header, preparation.source.axis_name):
        known = preparation.source
        raise DataError(
            f"its axis is called {measurement.axis_header!r} and has no unit; the model's is {known.axis_name!r} "
            f"({known.axis_unit or 'no unit'})",
            where=str(path),
            next=f"If it is the same quantity, say its unit: --x-unit {known.axis_unit or 'UNIT'}.",
        )
    own = grid[[0, -1]]
    for block in measurement.raw.blocks:
        assert block.axis is not None
        span = block.axis[[0, -1]]
        if np.abs(span - own).max() > SPAN_TOLERANCE * (own[1] - own[0]):
            modality = preparation.source
            unit = modality.axis_unit or "the model's unit"
            raise DataError(
                f"its axis has no unit and runs from {span[0]:g} to {span[1]:g}, not from {own[0]:g} to {own[1]:g} "
                f"as the model's ({unit})",
                where=str(path),
                expected=f"A header that states it, as {modality.axis_name or 'x'}_{modality.axis_unit or 'unit'}.",
                next=f"If you know the unit, say it: --x-unit {modality.axis_unit or 'UNIT'}.",
            )
    return measurement.raw
