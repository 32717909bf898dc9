"""Recipe: the choices of one training, TOML in and out; an unknown key is an error.

A recipe file holds only what differs from `recipes/default.toml`, which holds every default. The default names no
modality: `prepare.plan` adds one section per modality that the store holds, and the run keeps the planned recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomli_w
from msgspec import Struct

from fingerprint.bundled import bundled
from fingerprint.errors import RecipeError
from fingerprint.recipe.networks import ModalityRecipe
from fingerprint.recipe.refusal import every_key, refusal
from fingerprint.recipe.stages import AlignmentRecipe, ModelRecipe, PriorRecipe, TrainingRecipe


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Every choice of one training."""

    model: ModelRecipe = ModelRecipe()
    prior: PriorRecipe = PriorRecipe()
    alignment: AlignmentRecipe = AlignmentRecipe()
    training: TrainingRecipe = TrainingRecipe()
    modalities: dict[str, ModalityRecipe] = {}


def parse_recipe(text: str, where: str = "recipe") -> Recipe:
    """A recipe from TOML text.

    Raises:
        RecipeError: the text is no TOML, a key is unknown, or a value is impossible.
    """
    try:
        content: dict[str, Any] = msgspec.toml.decode(text)
    except msgspec.DecodeError as error:
        raise RecipeError(str(error), where=where, next=every_key()) from error
    return to_recipe(content, where)


def to_recipe(content: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """A recipe from nested dictionaries.

    Raises:
        RecipeError: a key is unknown, or a value is impossible.
    """
    try:
        return msgspec.convert(content, Recipe)
    except msgspec.ValidationError as error:
        raise refusal(content, Recipe, error, where) from error


def format_recipe(recipe: Recipe) -> str:
    """The recipe as TOML, every value written out."""
    return tomli_w.dumps(msgspec.to_builtins(recipe))


def load_recipe(name: str | Path = "default", **choices: Any) -> Recipe:
    """A shipped recipe by name, or one from a TOML file, with single values replaced.

    Args:
        name: `default`, `vdos`, ... or the path of a TOML file.
        choices: single values by name, such as `clusters=4`, `latent=8`, `seed=3`, `epochs=100`.

    Raises:
        RecipeError: no such recipe, or a value is unknown or impossible.
    """
    path = _find(name)
    try:
        recipe = parse_recipe(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot be read: {error}", where=str(path)) from error
    return with_choices(recipe, **choices)


def with_choices(recipe: Recipe, **choices: Any) -> Recipe:
    """`recipe` with single values of its sections replaced, checked like a file's."""
    content: dict[str, Any] = msgspec.to_builtins(recipe)
    for key, value in choices.items():
        section = next((part for part in ("model", "prior", "training") if key in content[part]), None)
        if section is None:
            raise RecipeError(f"a recipe has no choice called {key!r}", expected=f"One of: {_choices(content)}.")
        content[section][key] = value
    return to_recipe(content)


def _find(name: str | Path) -> Path:
    path = Path(name)
    if path.suffix == ".toml" or len(path.parts) > 1:
        if not path.is_file():
            raise RecipeError("no such recipe file", where=str(path), next=f"Shipped recipes: {_shipped()}.")
        return path
    if str(name) not in _shipped().split(", "):
        raise RecipeError(
            f"no recipe is called {str(name)!r}",
            expected=f"Shipped recipes: {_shipped()}; or the path of a TOML file.",
        )
    return bundled(f"recipes/{name}.toml")


def _shipped() -> str:
    return ", ".join(sorted(path.stem for path in bundled("recipes").glob("*.toml")))


def _choices(content: dict[str, Any]) -> str:
    return ", ".join(sorted(key for part in ("model", "prior", "training") for key in content[part]))
