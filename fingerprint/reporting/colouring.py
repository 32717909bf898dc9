"""What the points of the latent map can be coloured by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fingerprint.fingerprints import MEASURED_COLUMN, Description
from fingerprint.modality import Kind
from fingerprint.reporting.style import PALE, PALETTE, QUIET, cluster_colour
from fingerprint.reporting.wording import escape, value_title
from fingerprint.run import Run

METADATA = "metadata_"
FOUND, MEASURED, KNOWN = "found", "measured", "known, but never shown to the model"


@dataclass(frozen=True)
class Colouring:
    """One way of colouring specimens.

    Attributes:
        group: what it belongs to in the list of choices.
        label: as the list of choices shows it.
        colours: of every specimen: a number on the colour scale or a colour, [specimen].
        categories: name and colour of each, where colours stand for names.
        scale_title: of the colour scale, ready for a figure; "" where there is none.
    """

    group: str
    label: str
    colours: tuple[float | str, ...]
    categories: tuple[tuple[str, str], ...] = ()
    scale_title: str = ""


def colourings(run: Run, description: Description) -> list[Colouring]:
    """By cluster, then by every scalar, then by every column of metadata that tells specimens apart."""
    table = description.specimens
    found = [Colouring(FOUND, "cluster", tuple(cluster_colour(index) for index in column(table, "cluster")))]
    for name, preparation in run.preparations.items():
        if preparation.modality.kind is Kind.SCALAR:
            modality = preparation.modality
            label = f"{name} ({modality.unit})" if modality.unit else name
            colours = _on_scale(column(table, MEASURED_COLUMN + name))
            found.append(Colouring(MEASURED, label, colours, scale_title=value_title(modality)))
    return found + [_colouring(name, column(table, METADATA + name)) for name in metadata_columns(table)]


def column(table: pd.DataFrame, name: str) -> list[Any]:
    """One column of a table, None where nothing is known."""
    return [None if pd.isna(value) else value for value in table[name].tolist()]


def metadata_columns(table: pd.DataFrame) -> list[str]:
    """Columns of metadata that are neither the same for all specimens nor a text of its own for each."""
    found: list[str] = []
    for name in map(str, table.columns):
        if name.startswith(METADATA):
            known = [value for value in column(table, name) if value is not None]
            distinct = len(set(map(str, known)))
            if distinct > 1 and (distinct < len(known) or is_numeric(known)):
                found.append(name.removeprefix(METADATA))
    return found


def is_numeric(values: Iterable[object]) -> bool:
    """Whether every value that is known is a number."""
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known)


def _colouring(name: str, values: list[Any]) -> Colouring:
    counts = Counter(str(value) for value in values if value is not None)
    if is_numeric(values) and len(counts) > 2:
        return Colouring(KNOWN, name, _on_scale(values), scale_title=escape(name))
    colours = {value: colour for (value, _), colour in zip(counts.most_common(), PALETTE, strict=False)}
    per_specimen = tuple(PALE if value is None else colours.get(str(value), QUIET) for value in values)
    categories = list(colours.items())
    if len(counts) > len(colours):
        categories.append((f"{len(counts) - len(colours)} others", QUIET))
    if None in values:
        categories.append(("not known", PALE))
    return Colouring(KNOWN, name, per_specimen, tuple(categories))


def _on_scale(values: list[Any]) -> tuple[float | str, ...]:
    return tuple(PALE if value is None else float(value) for value in values)
