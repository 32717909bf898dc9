"""Variants of a recipe, each a row of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from fingerprint.errors import RecipeError
from fingerprint.recipe import Recipe, load_recipe, to_recipe


@dataclass(frozen=True)
class Variant:
    """A recipe that is tried.

    Attributes:
        name: of the row.
        title: what it is, in words.
        recipe: a shipped recipe's name.
        changes: to it, by section and key, such as {"model": {"latent": 2}}.
    """

    name: str
    title: str
    recipe: str
    changes: dict[str, Any] = field(default_factory=dict[str, Any])

    def build(self, seed: int) -> Recipe:
        """The recipe, with that seed.

        Raises:
            RecipeError: the changes make no recipe.
        """
        content: dict[str, Any] = msgspec.to_builtins(load_recipe(self.recipe, seed=seed))
        return to_recipe(_changed(content, self.changes), f"variant {self.name}")


def differences(chosen: Recipe, planned: Recipe) -> tuple[str, ...]:
    """Where a run's recipe is not the one that was chosen, such as "model.latent"; empty where it is.

    Args:
        chosen: what it leaves open (`prepare.plan`) agrees with anything.
        planned: as a run keeps it.
    """
    open_keys = {key for key in ("epochs", "batch") if not getattr(chosen.training, key)}
    filled = msgspec.structs.replace(
        chosen,
        modalities=chosen.modalities or planned.modalities,
        training=msgspec.structs.replace(chosen.training, **{key: getattr(planned.training, key) for key in open_keys}),
    )
    return tuple(_differing(msgspec.to_builtins(filled), msgspec.to_builtins(planned)))


def _differing(one: dict[str, Any], other: dict[str, Any], prefix: str = "") -> list[str]:
    """The keys, from the outermost on, at which two nested dictionaries differ."""
    found: list[str] = []
    for key in dict.fromkeys([*one, *other]):
        own, its = one.get(key), other.get(key)
        if isinstance(own, dict) and isinstance(its, dict):
            found += _differing(own, its, f"{prefix}{key}.")
        elif own != its or (key in one) != (key in other):
            found.append(f"{prefix}{key}")
    return found


def _changed(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Nested keys replaced; a section that names its `kind` replaces the whole, and None takes a section out.

    Raises:
        RecipeError: there is nothing to take out.
    """
    result = dict(content)
    for key, value in changes.items():
        if value is None:
            if key not in result:
                raise RecipeError(f"there is no {key!r} to take out", expected=f"One of: {', '.join(result)}.")
            result.pop(key)
        elif isinstance(value, dict) and isinstance(result.get(key), dict) and "kind" not in value:
            result[key] = _changed(result[key], value)
        else:
            result[key] = value
    return result
