"""An expert that a recipe names, made for the axes of its modalities."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from fingerprint.choices import words
from fingerprint.errors import FingerprintError, RecipeError, UnitError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.plugins import broken_packages, entries, line_of
from fingerprint.experts.registry import Entry
from fingerprint.experts.trial import check_law


def build_expert(name: str, domain: Domain, options: Mapping[str, Any]) -> AbstractExpert:
    """The expert of that name on these axes.

    Raises:
        RecipeError: there is none, it has no such option, or the options or axes do not suit it, or it does not
            answer as a law does.
        UnitError: units cannot be had as it wants them.
    """
    entry = _named(name)
    given: dict[str, Any] = {}
    for key, value in options.items():
        if key not in entry.options:
            raise RecipeError(
                f"the expert {name!r} has no option {key!r}",
                where="options",
                expected=f"One of: {', '.join(entry.options)}." if entry.options else "None: it has no options.",
            )
        try:
            given[key] = msgspec.convert(value, entry.options[key])
        except msgspec.ValidationError as error:
            possible = ", ".join(f'"{each}"' for each in words(entry.options[key]))
            raise RecipeError(
                str(error), where=f"options.{key}", expected=f"One of {possible}." if possible else ""
            ) from error
    try:
        inspect.signature(entry.build).bind(domain, **given)
    except TypeError as error:
        raise RecipeError(str(error), where="options", expected=f"Options: {', '.join(entry.options)}.") from error
    made = _built(entry, domain, given)
    check_law(entry, made, domain)
    return made


def _built(entry: Entry, domain: Domain, options: Mapping[str, Any]) -> AbstractExpert:
    try:
        return entry.build(domain, **options)
    except RecipeError as error:
        if error.where in entry.options:
            error.where = f"options.{error.where}"
        raise
    except UnitError as error:
        raise UnitError(
            f"the units do not suit the expert {entry.name!r}: {error.what}",
            where=", ".join(each.name for each in domain.components),
            expected="Units that can be converted, or another law.",
            next="If a unit is wrong, correct it in dataset.toml or in the file, and ingest it again.",
        ) from error
    except FingerprintError:
        raise
    except Exception as error:
        place = line_of(error, entry.origin)
        raise RecipeError(
            f"the expert {entry.name!r} ({place}) cannot be built: {type(error).__name__}: {error}", where="name"
        ) from error


def _named(name: str) -> Entry:
    known = entries()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    broken = [f"The package {package} cannot be imported: {reason}." for package, reason in broken_packages().items()]
    raise RecipeError(
        f"no expert is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        where="name",
        expected=" ".join([f"One of: {', '.join(known)}.", *broken]),
        next="If it is written in a module of yours, name that with every command: --plugin my_expert.py.",
    )
