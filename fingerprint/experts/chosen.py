"""What a recipe says of a law's parameters: some fixed, others begun or bounded elsewhere."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.parameter import Parameter

T = TypeVar("T")


class ChosenExpert(AbstractExpert):
    """A law of which some parameters are known, or begin or are bounded as a recipe says, each in its place.

    Args:
        law: as it was registered.
        fixed: known values, by name or by pattern such as "height *"; they are no parameters any more.
        start: where fits begin, likewise: then tried before the law's own beginnings.
        bounds: lower and upper, likewise, within those of the law; an infinite one leaves the law's. A parameter that
            was linear is no longer solved in closed form.

    Raises:
        RecipeError: a name is no parameter, or what is said of one contradicts the law or itself.
    """

    def __init__(
        self,
        law: AbstractExpert,
        fixed: Mapping[str, float],
        start: Mapping[str, float],
        bounds: Mapping[str, Sequence[float]],
    ) -> None:
        for key, chosen in (("fixed", fixed), ("start", start), ("bounds", bounds)):
            if chosen:
                check_chooses(law, key)
        self.placed = not set(law.names).isdisjoint((*fixed, *start, *bounds))
        fixed, start = by_name(law, fixed, "fixed"), by_name(law, start, "start")
        bounds = by_name(law, bounds, "bounds")
        _check_fixed(law, fixed, {**start, **bounds})
        self.law, self.begun, self.single = law, start, law.single
        limits = {each.name: _limits(each, bounds[each.name]) for each in law.parameters if each.name in bounds}
        self.takes_z, self.differentiable, self.tries = law.takes_z, law.differentiable, law.tries
        self.refines, self.gives_up, self.t_unit = law.refines, law.gives_up, law.t_unit
        self.free = [index for index, each in enumerate(law.parameters) if each.name not in fixed]
        self.fixed = {law.names.index(name): value for name, value in fixed.items()}
        chosen = [law.parameters[index] for index in self.free]
        self.parameters = tuple(
            replace(
                each,
                start=start.get(each.name, _within(each.start, limits.get(each.name))),
                lower=limits.get(each.name, (each.lower, each.upper))[0],
                upper=limits.get(each.name, (each.lower, each.upper))[1],
                linear=each.linear and each.name not in limits,
            )
            for each in chosen
        )
        if not self.parameters:
            raise RecipeError(
                "every parameter is fixed, and none is left to fit", where="fixed", expected="At least one that is not."
            )

    def curves(
        self, theta: Float[Tensor, "*many parameter"], z: Float[Tensor, "*many latent"] | None = None
    ) -> Float[Tensor, "*many point"]:
        """The law's, with what is fixed put in."""
        return self.law.curves(self._whole(theta), z)

    def jacobian(
        self, theta: Float[Tensor, "*many parameter"]
    ) -> tuple[Float[Tensor, "*many point"], Float[Tensor, "*many point parameter"]]:
        """The law's, by what is free."""
        curves, jacobian = self.law.jacobian(self._whole(theta))
        return curves, jacobian[..., self.free]

    def starts(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "beginning *many parameter"]:
        """The law's, with what the recipe says first."""
        own = self.law.starts(curves)[..., self.free]
        lower, upper = (
            torch.tensor([getattr(each, side) for each in self.parameters], dtype=own.dtype, device=own.device)
            for side in ("lower", "upper")
        )
        if not self.begun:
            return own.clamp(lower, upper)
        told = own[:1].clone()
        for name, value in self.begun.items():
            told[..., self.names.index(name)] = value
        return torch.cat([told, own]).clamp(lower, upper)

    def _whole(self, theta: Tensor) -> Tensor:
        free = iter(theta.unbind(-1))
        columns = [
            torch.full_like(theta[..., 0], self.fixed[index]) if index in self.fixed else next(free)
            for index in range(len(self.law.parameters))
        ]
        return torch.stack(columns, -1)


def by_name(law: AbstractExpert, chosen: Mapping[str, T], key: str) -> dict[str, T]:
    """What is chosen for parameters by name or pattern, by name; a name counts before a pattern that means it too.

    Raises:
        RecipeError: there is no such parameter.
    """
    found: dict[str, T] = {}
    for pattern, value in sorted(chosen.items(), key=lambda each: each[0] in law.names):
        found.update(dict.fromkeys(matching_names(law, [pattern], key), value))
    return found


def check_chooses(law: AbstractExpert, key: str) -> None:
    """Refuse to choose anything of a law that solves for itself: it would not look at it.

    Raises:
        RecipeError: it is such a law.
    """
    if not law.refines:
        raise RecipeError(
            "the spectral way finds every parameter of each cluster by itself, whatever the recipe says of them",
            where=key,
            expected='Solutions of the equations: options = { method = "trajectory" }; or nothing here.',
        )


def matching_names(law: AbstractExpert, patterns: Iterable[str], key: str) -> tuple[str, ...]:
    """The parameters that are meant by names or by patterns such as "position *", in the law's order.

    Raises:
        RecipeError: a pattern means none.
    """
    meant: set[str] = set()
    for pattern in patterns:
        found = [name for name in law.names if name == pattern] or fnmatch.filter(law.names, pattern)
        if not found:
            raise RecipeError(
                f"the expert has no parameter {pattern!r}", where=key, expected=f"Of: {', '.join(law.names)}."
            )
        meant.update(found)
    return tuple(name for name in law.names if name in meant)


def _check_fixed(law: AbstractExpert, fixed: Mapping[str, float], found: Mapping[str, object]) -> None:
    """Refuse what is known and sought at once, and what is known to be where the law does not go."""
    for each in law.parameters:
        if each.name not in fixed:
            continue
        if each.name in found:
            raise RecipeError(
                f"{each.name!r} is fixed, and yet has a start or bounds", where="fixed", expected="One or the other."
            )
        if not each.lower <= fixed[each.name] <= each.upper:
            raise RecipeError(
                f"{each.name!r} is fixed at {fixed[each.name]:g}",
                where="fixed",
                expected=f"A number from {each.lower:g} to {each.upper:g}, the bounds of the law.",
            )


def _limits(parameter: Parameter, bounds: Sequence[float]) -> tuple[float, float]:
    """Bounds of a recipe, where each that is infinite is the law's own; beyond the law's it may have no meaning.

    Raises:
        RecipeError: they reach farther than the law.
    """
    lower = parameter.lower if bounds[0] == -math.inf else bounds[0]
    upper = parameter.upper if bounds[1] == math.inf else bounds[1]
    if not (lower >= parameter.lower and upper <= parameter.upper):
        raise RecipeError(
            f"the bounds {bounds[0]:g} and {bounds[1]:g} of {parameter.name!r} reach beyond the law",
            where="bounds",
            expected=f"Within {parameter.lower:g} and {parameter.upper:g}, the bounds of the law; -inf or inf leaves "
            "that side to it.",
        )
    return lower, upper


def _within(value: float, bounds: Sequence[float] | None) -> float:
    return value if bounds is None else min(max(value, bounds[0]), bounds[1])
