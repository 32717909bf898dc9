"""Choices of a recipe that suit each other."""

from __future__ import annotations

from collections.abc import Collection

from fingerprint.errors import RecipeError
from fingerprint.recipe.files import Recipe
from fingerprint.recipe.networks import RegisteredExpert


def check_consistent(recipe: Recipe) -> None:
    """Refuse choices of which one makes the other idle.

    Args:
        recipe: planned, its modalities named.

    Raises:
        RecipeError: there are such.
    """
    prior = recipe.prior
    for name, choice in recipe.modalities.items():
        if isinstance(choice.decoder, RegisteredExpert):
            _check_parameters(name, choice.decoder)
        if choice.outliers and not choice.has_expert:
            raise RecipeError(
                "outliers are told by an expert, and there is none",
                where=f"modalities.{name}.outliers",
                expected='0, or a decoder of kind "expert" or "linear_expert".',
            )
    if prior.seeding in ("expert", "random") and not any(choice.has_expert for choice in recipe.modalities.values()):
        raise RecipeError(
            f'a seeding of "{prior.seeding}" looks among the fits of an expert, and there is none',
            where="prior.seeding",
            expected='"latent", "scout" or "none"; or a decoder of kind "expert" or "linear_expert".',
        )
    if prior.seeding == "scout" and not recipe.alignment.weight:
        raise RecipeError(
            "scouted clusters are taught by the alignment, and its weight is 0",
            where="prior.seeding",
            expected="Another seeding, or an alignment.weight above 0.",
        )
    idle = [name for name in ("adversarial", "information") if getattr(recipe.alignment, name)]
    if idle and not recipe.alignment.weight:
        raise RecipeError(
            f"{' and '.join(idle)} belong to the alignment, and its weight is 0",
            where="alignment.weight",
            expected=f"A weight above 0, such as 1000.0, or {' and '.join(idle)} 0.",
        )
    if recipe.training.join == 1 and any(choice.outliers for choice in recipe.modalities.values()):
        raise RecipeError(
            "outliers are doubted when the first part of the training is over, and it never is",
            where="training.join",
            expected="Below 1, such as 0.2.",
        )
    if prior.seeding == "latent" and prior.layout != "standard":
        raise RecipeError(
            f'clusters laid out as "{prior.layout}" are not sought among the latent points as well',
            where="prior.seeding",
            expected='layout = "standard", or a seeding of "none", "expert", "random" or "scout".',
        )


def check_telling(recipe: Recipe, telling: Collection[str]) -> None:
    """Refuse what asks for an expert that tells the cluster, of one that does not.

    Args:
        recipe: consistent in itself.
        telling: modalities that are decoded by a law of its own for each cluster, which does not depend on Z.

    Raises:
        RecipeError: there is such.
    """
    if recipe.prior.seeding in ("expert", "random") and not telling:
        raise RecipeError(
            f'a seeding of "{recipe.prior.seeding}" looks among the curves of an expert, and every law depends on Z or '
            "is the same for all clusters",
            where="prior.seeding",
            expected='"latent", "scout" or "none".',
        )
    for name, choice in recipe.modalities.items():
        if choice.outliers and name not in telling:
            raise RecipeError(
                "outliers are told by an expert, and this one depends on Z or is the same for all clusters",
                where=f"modalities.{name}.outliers",
                expected="0.",
            )


def _check_parameters(name: str, decoder: RegisteredExpert) -> None:
    """What is known is not sought, and bounds leave room."""
    for key in ("shared", "along_z", "start", "bounds"):
        both = [each for each in getattr(decoder, key) if each in decoder.fixed]
        if both:
            raise RecipeError(
                f"{both[0]} is fixed, and in `{key}` as well",
                where=f"modalities.{name}.decoder.{key}",
                expected=f"Either: a parameter that is fixed is known, and nothing is left for `{key}` to say of it.",
            )
    for each, (lower, upper) in decoder.bounds.items():
        if not lower < upper:
            raise RecipeError(
                f"the bounds of {each} are {lower:g} and {upper:g}",
                where=f"modalities.{name}.decoder.bounds",
                expected="The lower one first.",
            )
