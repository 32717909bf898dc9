"""Which columns hold the uncertainty of others: told by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fingerprint.ingestion.reader import Column
from fingerprint.units import same_unit

_ALONE = frozenset(
    (
        "err", "error", "errors", "esd", "unc", "uncert", "uncertainty", "uncertainties", "std", "stdev", "stddev",
        "stderr", "+-", "±", "sig",
    )
)  # fmt: skip
_JOINED = _ALONE | {"sigma", "sd", "se", "sem"}  # alone they may be a strength, or selenium
_OF = re.compile(r"(?:sig(?:ma)?|s|err(?:or)?|e|d\w?|delta)\((\w{1,10})\)", re.IGNORECASE)  # "Sig(q)" behind "I(q)"
_FUNCTION = re.compile(r"\w{1,10}\((\w{1,10})\)")
_BETWEEN = re.compile(r"[\s_\-.:(){}\[\]]+")


def with_uncertainties(columns: Sequence[Column]) -> list[tuple[Column, Column | None]]:
    """The columns that are none's uncertainty, each with the column of its own.

    "stress_err" and "sigma stress" belong to "stress"; one that is called "err" alone, to the column before it. What
    shares neither a name nor a place with another column, or is in another unit, stays a column of its own.
    """
    found: dict[str, Column] = {}
    taken: set[str] = set()
    for place, column in enumerate(columns):
        words = _words(column.name)
        rests = [words - {word} for word in words & _JOINED]
        if words <= _ALONE or (place and _is_of(columns[place - 1].name, column.name)):
            owners = [columns[place - 1]] if place and words else []
        else:
            owners = [each for each in columns if each is not column and _words(each.name) in rests]
        owners = [each for each in owners if not {each.header} & (found.keys() | taken) and _agree(each, column)]
        if owners:
            found[owners[0].header] = column
            taken.add(column.header)
    return [(column, found.get(column.header)) for column in columns if column.header not in taken]


def _is_of(name: str, uncertainty: str) -> bool:
    of, own = _OF.fullmatch(uncertainty.strip()), _FUNCTION.fullmatch(name.strip())
    return of is not None and own is not None and of[1] == own[1] and not _OF.fullmatch(name.strip())


def _agree(column: Column, uncertainty: Column) -> bool:
    if uncertainty.unit is None:
        return True
    return column.unit is not None and same_unit(column.unit, uncertainty.unit)


def _words(name: str) -> frozenset[str]:
    return frozenset(word for word in _BETWEEN.split(name.lower()) if word)
