"""Which columns and arrays hold the uncertainty of others: told by their names."""

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
_GLUED = re.compile(r"(?P<of>.+?)(?:errors?|err|std|sigma|uncertainty|uncertainties)", re.IGNORECASE)  # "yerr"
_COUNTED = re.compile(  # beside these sigma alone is an uncertainty, and no strength or conductivity
    r"y|i(?:[ _]?\(?q\)?)?|i?_?obs|counts?|intensit(?:y|ies)|signal|cross[ _]?section|reflectivity", re.IGNORECASE
)
_STRAIN = re.compile(r"strain|epsilon|dehnung|displacement|extension|elongation|stretch", re.IGNORECASE)
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
    strained = any(is_strain(column.name) for column in columns)
    for place, column in enumerate(columns):
        before = columns[place - 1].name if place else ""
        if is_uncertainty(column.name, "" if strained else before) or _is_of(before, column.name):
            owners = [columns[place - 1]] if place else []
        else:
            owners = [each for each in columns if each is not column and is_uncertainty_of(column.name, each.name)]
        owners = [each for each in owners if not {each.header} & (found.keys() | taken) and in_its_unit(column, each)]
        if owners:
            found[owners[0].header] = column
            taken.add(column.header)
    return [(column, found.get(column.header)) for column in columns if column.header not in taken]


def is_strain(name: str) -> bool:
    """Whether something is called as what sigma, a stress, is measured over."""
    return _STRAIN.search(name) is not None


def is_uncertainty(name: str, of: str = "") -> bool:
    """Whether something is called uncertainty and nothing else, as "err" is, and "sigma" beside counts and the like."""
    words = words_of(name)
    if "sigma" in words:
        return len(words) == 1 and _COUNTED.fullmatch(of.strip()) is not None
    return bool(words) and words <= _ALONE


def is_uncertainty_of(name: str, of: str) -> bool:
    """Whether something is called the uncertainty of what is called `of`, as "load_err" and "sigma load" of "load"."""
    return words_of(of) in owner_words(name)


def owner_words(name: str) -> list[frozenset[str]]:
    """The words, one set or another, of which something would be the uncertainty by its name; [] for none."""
    words, glued = words_of(name), _GLUED.fullmatch(name.strip())
    rests = [words - {word} for word in words & _JOINED] + ([words_of(glued["of"])] if glued else [])
    return [] if words <= _ALONE else [rest for rest in rests if rest]


def in_its_unit(uncertainty: Column, column: Column) -> bool:
    """Whether an uncertainty may be in the unit of its values."""
    if uncertainty.unit is None:
        return True
    return column.unit is not None and same_unit(column.unit, uncertainty.unit)


def _is_of(name: str, uncertainty: str) -> bool:
    of, own = _OF.fullmatch(uncertainty.strip()), _FUNCTION.fullmatch(name.strip())
    return of is not None and own is not None and of[1] == own[1] and not _OF.fullmatch(name.strip())


def words_of(name: str) -> frozenset[str]:
    """The words of a name, in small letters."""
    return frozenset(word for word in _BETWEEN.split(name.lower()) if word)
