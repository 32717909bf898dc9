"""What msgspec refuses in a recipe, said with its whole place and the key that may be meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from fingerprint.bundled import bundled
from fingerprint.choices import choices
from fingerprint.errors import RecipeError
from fingerprint.recipe.networks import ModalityRecipe


def every_key() -> str:
    """Where a recipe's keys are told."""
    return f"Every key and its default: {bundled('recipes/default.toml')}"


def refusal(
    content: Mapping[str, Any], recipe: type[Struct], error: msgspec.ValidationError, where: str
) -> RecipeError:
    """The error for `content`, of which `error` says why it is no `recipe`."""
    kind, own, prefix = recipe, content, ""
    if "`$.modalities[...]" in str(error):  # msgspec does not say which
        for name, choice in content["modalities"].items():
            try:
                msgspec.convert(choice, ModalityRecipe)
            except msgspec.ValidationError as found:
                kind, own, prefix, error = ModalityRecipe, choice, f"modalities.{name}.", found
                break
    reason, _, place = str(error).partition(" - at `$")
    place = place.removesuffix("`").removeprefix(".")
    unknown = re.fullmatch("Object contains unknown field `(.*)`", reason)
    if unknown is None:
        possible = ", ".join(f'"{each}"' for each in choices(kind, place)) if reason.startswith("Invalid") else ""
        place = f"{prefix}{place}".rstrip(".")
        expected = f"One of {possible}." if possible else ""
        what = f"{place}: {reason[:1].lower()}{reason[1:]}"
        return RecipeError(what, where=where, expected=expected, next=every_key())
    section = prefix + (f"{place}." if place else "")
    known = {key: f"{section}{key}" for key in _keys(kind, own, place)}
    near = _near(unknown[1], known) or _near(unknown[1], _keys_of_sections(recipe))
    return RecipeError(
        f"{section}{unknown[1]} is no key of a recipe" + (f"; did you mean {near}?" if near else ""),
        where=where,
        expected=f"Known there: {', '.join(known)}.",
        next=every_key(),
    )


def _near(key: str, places: Mapping[str, str]) -> str:
    """The place of the known key that is most like it; "" where none is."""
    return next((places[found] for found in get_close_matches(key, places, n=1)), "")


def _keys(kind: Any, content: Any, place: str) -> list[str]:
    """The keys of the section at a place, such as "decoder.variance"."""
    for step in place.split(".") if place else ():
        name, _, number = step.removesuffix("]").partition("[")
        content = content[name][int(number)] if number else content[name]
        chosen = next(field.type for field in fields(kind) if field.name == name)
        chosen = get_args(chosen)[0] if number else chosen  # of a list, what it is a list of
        kinds = get_args(chosen) or (chosen,)
        kind = next(each for each in kinds if each.__struct_config__.tag in (None, content.get("kind")))
    return [field.name for field in fields(kind)]


def _keys_of_sections(recipe: type[Struct]) -> dict[str, str]:
    """The place of every key of the sections that each recipe has."""
    sections = [section for section in fields(recipe) if isinstance(section.type, type)]
    return {key.name: f"{section.name}.{key.name}" for section in sections for key in fields(section.type)}
