"""Which columns hold the uncertainty of others: told by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fingerprint.ingestion.reader import Column
from fingerprint.units import same_unit

_WORDS = frozenset(
    (
        "err", "error", "errors", "sigma", "esd", "unc", "uncert", "uncertainty", "uncertainties", "std", "stdev",
        "stddev", "sd", "stderr", "se", "sem", "dy", "+-", "±",
    )
)  # fmt: skip
_ELEMENTS = ("Se", "Dy")  # selenium, dysprosium
_BETWEEN = re.compile(r"[\s_\-.:(){}\[\]]+")


def is_uncertainty(column: Column) -> bool:
    """Whether a column is called like the uncertainty of something."""
    return column.name not in _ELEMENTS and bool(_words(column.name) & _WORDS)


def with_uncertainties(columns: Sequence[Column]) -> list[tuple[Column, Column | None]]:
    """The columns that are none's uncertainty, each with the column of its own.

    "stress_err" belongs to "stress"; one that is called "err" alone, to the only other column or the one before it.
    What shares neither a name nor a place with another column of the same unit stays a column of its own.
    """
    plain = [column for column in columns if not is_uncertainty(column)]
    found: dict[str, Column] = {}
    left: list[Column] = []
    for place, column in enumerate(columns):
        if not is_uncertainty(column):
            continue
        rest = _words(column.name) - _WORDS
        named = [each for each in plain if rest and _words(each.name) == rest]
        before = [columns[place - 1]] if place and not rest else []
        owners = [each for each in (*named, *before) if each in plain and each.header not in found]
        if owners and _agree(owners[0], column):
            found[owners[0].header] = column
        else:
            left.append(column)
    return [(column, found.get(column.header)) for column in columns if column in plain or column in left]


def _agree(column: Column, uncertainty: Column) -> bool:
    return column.unit is None or uncertainty.unit is None or same_unit(column.unit, uncertainty.unit)


def _words(name: str) -> frozenset[str]:
    return frozenset(word for word in _BETWEEN.split(name.lower()) if word)
