"""The laws that a recipe names, on the axes of its modalities."""

from __future__ import annotations

from collections.abc import Mapping

from fingerprint.errors import RecipeError, within
from fingerprint.experts import (
    AbstractExpert,
    ChosenExpert,
    Domain,
    LinearLaw,
    build_expert,
    check_chosen,
    coefficient_unit,
    design_matrix,
)
from fingerprint.model.experts.law import Law
from fingerprint.model.shape import ModalityShape
from fingerprint.recipe import ExpertComponent, LinearExpert, ModalityRecipe, RegisteredExpert


def build_laws(
    modalities: Mapping[str, ModalityRecipe], shapes: Mapping[str, ModalityShape]
) -> dict[str, tuple[Law, int]]:
    """The law of every modality that is decoded by one, and which of its curves is the modality's.

    Args:
        modalities: encoder and decoder of each, from the recipe.
        shapes: what the data say of each.

    Raises:
        RecipeError: a law cannot be had or does not suit its modalities, or these do not name each other.
        UnitError: an axis cannot be had in the unit that its law wants.
    """
    made: dict[str, tuple[Law, int]] = {}
    for name, choice in modalities.items():
        spec = choice.decoder
        if not isinstance(spec, LinearExpert | RegisteredExpert):
            continue
        with within(f"modalities.{name}"), within("decoder"):
            names = _components(name, spec, modalities)
            law = _law(spec, names, shapes)
        made.update({each: (law, place) for place, each in enumerate(names)})
    for name, choice in modalities.items():
        if isinstance(choice.decoder, ExpertComponent) and name not in made:
            raise RecipeError(
                f"{name!r} is decoded by the law of {choice.decoder.of!r}, which does not name it",
                where=f"modalities.{name}.decoder.of",
                expected=f'A decoder of {choice.decoder.of!r} of kind "expert" with components = [..., "{name}"].',
            )
    return made


def _components(
    name: str, spec: LinearExpert | RegisteredExpert, modalities: Mapping[str, ModalityRecipe]
) -> tuple[str, ...]:
    """The modalities that a law decodes, in its order."""
    names = (spec.components if isinstance(spec, RegisteredExpert) else ()) or (name,)
    if names[0] != name or len(set(names)) < len(names):
        raise RecipeError(
            f"the components are {', '.join(names)}",
            where="components",
            expected=f"Different modalities, {name!r} first.",
        )
    for each in names[1:]:
        other = modalities[each].decoder if each in modalities else None
        if not isinstance(other, ExpertComponent) or other.of != name:
            raise RecipeError(
                f"the component {each!r} "
                + ("is no modality of the recipe" if other is None else "has its own decoder"),
                where="components",
                expected=f'[modalities.{each}] with decoder = {{ kind = "component", of = "{name}" }}.',
            )
    return names


def _law(spec: LinearExpert | RegisteredExpert, names: tuple[str, ...], shapes: Mapping[str, ModalityShape]) -> Law:
    domain = Domain(tuple(shapes[each].component(each) for each in names))
    along: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    if isinstance(spec, LinearExpert):
        design = design_matrix(spec.basis, domain.t)
        expert: AbstractExpert = LinearLaw(spec.basis, design, [coefficient_unit(each) for each in spec.basis])
    else:
        expert = build_expert(spec.name, domain, spec.options)
        if spec.fixed or spec.start or spec.bounds:
            expert = ChosenExpert(expert, spec.fixed, spec.start, spec.bounds)
            if spec.solve == "fit":
                _check_starts(expert)
        check_chosen(spec.name, expert, domain)
        along, shared = spec.along_z, spec.shared
    units = [shapes[each].model_units() for each in names]
    return Law(expert, names, [centre for centre, _ in units], [scale for _, scale in units], shared, along)


def _check_starts(expert: ChosenExpert) -> None:
    """Refuse where a fit should begin in what it solves in closed form: nothing would come of it.

    Raises:
        RecipeError: there is such a start.
    """
    for each in expert.parameters:
        if each.linear and each.name in expert.begun:
            raise RecipeError(
                f"{each.name!r} is solved in closed form, and begins nowhere",
                where="start",
                expected="Parameters that are not linear, or that have bounds; what is known belongs into `fixed`.",
            )
