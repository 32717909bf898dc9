"""What the points of the latent map can be coloured by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from fingerprint.fingerprints import Description
from fingerprint.modality import Kind
from fingerprint.reporting.style import PALE, PALETTE, QUIET, cluster_colour
from fingerprint.reporting.wording import escape, value_title
from fingerprint.run import Run

METADATA = "metadata_"


@dataclass(frozen=True)
class Colouring:
    """One way of colouring specimens.

    Attributes:
        label: as the list of choices shows it.
        colours: of every specimen: a number on the colour scale or a colour, [specimen].
        categories: name and colour of each, where colours stand for names.
        scale_title: of the colour scale, ready for a figure; "" where there is none.
    """

    label: str
    colours: tuple[float | str, ...]
    categories: tuple[tuple[str, str], ...] = ()
    scale_title: str = ""


def colourings(run: Run, description: Description) -> list[Colouring]:
    """By cluster, then by every scalar, then by every column of metadata that tells specimens apart."""
    table = description.specimens
    found = [Colouring("cluster", tuple(cluster_colour(index) for index in table["cluster"]))]
    for name, preparation in run.preparations.items():
        if preparation.modality.kind is Kind.SCALAR:
            modality = preparation.modality
            label = f"{name} ({modality.unit})" if modality.unit else name
            found.append(Colouring(label, _on_scale(table[name]), scale_title=value_title(modality)))
    for column in metadata_columns(table):
        found.append(_colouring(column, table[METADATA + column]))
    return found


def metadata_columns(table: pd.DataFrame) -> list[str]:
    """Columns of metadata that are neither the same for all specimens nor a text of its own for each."""
    columns = [str(name) for name in table.columns if str(name).startswith(METADATA)]
    return [
        name.removeprefix(METADATA)
        for name in columns
        if (distinct := table[name].nunique()) > 1 and (is_numeric(table[name]) or distinct < table[name].count())
    ]


def is_numeric(column: pd.Series) -> bool:
    """Whether every value that is known is a number."""
    known = column.dropna()
    return len(known) > 0 and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known)


def _colouring(name: str, column: pd.Series) -> Colouring:
    if is_numeric(column) and column.nunique() > 2:
        return Colouring(name, _on_scale(column), scale_title=escape(name))
    counts = Counter(str(value) for value in column.dropna())
    colours = {value: colour for (value, _), colour in zip(counts.most_common(), PALETTE, strict=False)}
    per_specimen = tuple(PALE if pd.isna(value) else colours.get(str(value), QUIET) for value in column)
    categories = list(colours.items())
    if len(counts) > len(colours):
        categories.append((f"{len(counts) - len(colours)} others", QUIET))
    if column.isna().any():
        categories.append(("not known", PALE))
    return Colouring(name, per_specimen, tuple(categories))


def _on_scale(column: pd.Series) -> tuple[float | str, ...]:
    return tuple(PALE if pd.isna(value) else float(value) for value in column)
