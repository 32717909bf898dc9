"""What is asked of a law before anything is trained with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.function import FunctionExpert, SimulatorExpert
from fingerprint.experts.plugins import line_of
from fingerprint.experts.registry import Entry, origin_of

Told = TypeVar("Told")
ROUNDING = 1e-8  # relative
APART = 1e-3  # relative
STEP = 1e-4  # of a parameter, relative, for differences
NEAR = 0.2  # relative, of differences and derivatives
DIFFERENTIABLE = (
    "A formula in torch's functions throughout (no float(), .item(), .numpy() of a parameter); or differentiable=False."
)


def check_law(entry: Entry, made: AbstractExpert, domain: Domain) -> None:
    """Refuse a law that does not answer as a law does.

    Of one that is a function also one that is not finite where its parameters start, that is declared linear in what
    it is not linear in, or whose derivatives torch cannot follow: its fits would be wrong and nobody would see it.
    One that takes Z is asked when its size is known (`check_law_of_z`).

    Raises:
        RecipeError: it is such.
    """
    if made.takes_z:
        return
    start = _start(made)
    if isinstance(made, SimulatorExpert):
        _asked(entry.name, entry.origin, lambda: made.simulated(start.tolist()))
    many = start.expand(2, 3, -1)
    told = _asked(entry.name, entry.origin, lambda: made.curves(many))
    _check_shape(entry.name, entry.origin, told, (2, 3, domain.points))
    if entry.parameters is None:
        return
    if not bool(torch.isfinite(told).all()):
        place = int((~torch.isfinite(told[0, 0])).nonzero()[0])
        raise _refused(
            entry.name,
            entry.origin,
            f"is not finite at point {place} (t = {domain.t[place]:g}) with its parameters at their starts",
            "Numbers on the whole axis: other starts, or another axis (`grid` in the recipe crops it).",
        )
    _check_apart(entry, made, start)
    _check_linear(entry, made, start)
    if made.differentiable:
        _check_derivatives(entry, made, start)


def check_chosen(name: str, made: AbstractExpert, domain: Domain) -> None:
    """Refuse a law that has no fit as the recipe has it, with its choices of starts and of what is fixed.

    It is not finite at some points where it begins, or, unless it may give up, at none; or all its parameters are
    linear, and two or more say the same on this axis. A law that takes Z is not asked.

    Raises:
        RecipeError: it is such.
    """
    if made.takes_z:
        return
    finite = torch.isfinite(made.curves(_start(made)))
    if not bool(finite.all()) and (bool(finite.any()) or not made.gives_up):
        place = int((~finite).nonzero()[0])
        t = [float(each) for component in domain.components for each in component.t][place]
        raise _refused(
            name,
            "",
            f"is not finite at point {place} (t = {t:g}) with its parameters at their starts",
            "Numbers on the whole axis: other starts (`start`), or another axis (`grid` in the recipe crops it).",
        )
    if not all(each.linear for each in made.parameters):
        return
    design = linear_design(made)[0]
    size = design.norm(dim=0)
    if not bool((size > 0).all()) or int(torch.linalg.matrix_rank(design / size)) < len(size):
        raise _refused(
            name,
            "",
            f"has parameters ({', '.join(made.names)}) that cannot be told apart on {domain.points} points",
            "Parameters whose effects differ, no more of them than points; or some of them `fixed`.",
        )


def linear_design(made: AbstractExpert) -> tuple[Tensor, Tensor]:
    """Of a law that is linear throughout, its functions [point, parameter], and the curve of nothing [point]."""
    offset, design = made.jacobian(torch.zeros(len(made.parameters), dtype=torch.float64))
    return design, offset


def check_law_of_z(made: AbstractExpert, latent: int, points: int) -> None:
    """Refuse a law that takes Z and does not answer for a latent space of this size.

    Args:
        made: the law.
        latent: size of Z.
        points: of all its curves.

    Raises:
        RecipeError: it is such.
    """
    name, origin = type(made).__name__, ""
    if isinstance(made, FunctionExpert):
        name, origin = made.function.__name__, origin_of(made.function)
    theta = _start(made).expand(2, 3, -1)
    told = _asked(name, origin, lambda: made.curves(theta, theta.new_zeros(2, 3, latent)))
    _check_shape(name, origin, told, (2, 3, points))


def _start(made: AbstractExpert) -> Tensor:
    return torch.tensor([each.start for each in made.parameters], dtype=torch.float64)


def _asked(name: str, origin: str, ask: Callable[[], Told]) -> Told:
    try:
        return ask()
    except RecipeError:
        raise
    except Exception as error:
        raise _refused(
            name,
            line_of(error, origin),
            f"fails at its start: {type(error).__name__}: {error}",
            "A formula in torch's functions, t being [point], each parameter [..., 1] and z [..., 1, latent]; or, for "
            "what is not written with torch, differentiable=False.",
        ) from error


def _check_shape(name: str, origin: str, told: Tensor, expected: tuple[int, ...]) -> None:
    if told.shape != expected:
        raise _refused(
            name,
            origin,
            f"answers {list(told.shape)} where {list(expected)} was asked for",
            "One curve for each set of parameters: [..., point].",
        )


def _check_apart(entry: Entry, made: AbstractExpert, start: Tensor) -> None:
    """Several curves at once, beside each alone."""
    steps = torch.tensor([0.0, 0.1, 0.2], dtype=torch.float64).unsqueeze(-1)
    many = (start + steps * start.abs().clamp_min(STEP)).clamp(*_bounds(made))
    together, alone = made.curves(many), torch.stack([made.curves(each) for each in many])
    if bool((together - alone).norm() > APART * alone.norm()):
        raise _refused(
            entry.name,
            entry.origin,
            "answers otherwise when it is asked for several curves at once",
            "Each curve from its own parameters: no sum, mean or maximum over more than the last axis.",
        )


def _check_linear(entry: Entry, made: AbstractExpert, start: Tensor) -> None:
    """What is declared linear, alone and together: sums of changes are changes by sums."""
    told, sizes = made.curves(start), _sizes(made, start)
    linear = list(sizes)
    changes = {index: _moved(made, start, {index: size}) - told for index, size in sizes.items()}
    wrong = [
        index
        for index, size in sizes.items()
        if _differ(_moved(made, start, {index: 2.5 * size}) - told, 2.5 * changes[index], told)
    ]
    times = {index: 2.0 + place for place, index in enumerate(linear)}
    steps = {index: times[index] * sizes[index] for index in linear}
    together = sum((times[index] * changes[index] for index in linear), torch.zeros_like(told))
    if not wrong and _differ(_moved(made, start, steps) - told, together, told):
        wrong = linear
    if wrong:
        raise _refused(
            entry.name,
            entry.origin,
            f"is not a linear function of {' and '.join(made.names[each] for each in wrong)}",
            "linear=True where the curve is a sum of parameters, each times what depends on the others alone.",
        )


def _check_derivatives(entry: Entry, made: AbstractExpert, start: Tensor) -> None:
    """Those that torch follows, beside differences."""
    told, sizes = made.curves(start), _sizes(made, start)
    lost = "is not followed by torch through its parameter"
    try:
        jacobian = made.jacobian(start)[1]
    except (RuntimeError, TypeError) as error:
        raise _refused(entry.name, entry.origin, f"{lost}s: {error}", DIFFERENTIABLE) from error
    for index, each in enumerate(made.parameters):
        size, slope = sizes.get(index, abs(each.start) or 1.0), float(jacobian[:, index].abs().max())
        if not each.linear and each.start == 0 and slope > 0 and bool(told.any()):
            size = min(size, float(told.abs().max()) / slope)  # 1 may be far, of an axis of picoseconds
        step = STEP * size
        ends = [min(max(each.start + sign * step, each.lower), each.upper) for sign in (1, -1)]
        change = _moved(made, start, {index: ends[0] - each.start}) - _moved(made, start, {index: ends[1] - each.start})
        wrong = jacobian[:, index] * (ends[0] - ends[1]) - change
        if bool(wrong.norm() > NEAR * change.norm() + ROUNDING * told.norm()):
            raise _refused(entry.name, entry.origin, f"{lost} {each.name}", DIFFERENTIABLE)


def _sizes(made: AbstractExpert, start: Tensor) -> dict[int, float]:
    """Of each linear parameter, the number that changes the curve as much as the curve is large.

    The others that are linear are held at 0, so that the smallest effect is not lost in rounding.
    """
    linear = [index for index, each in enumerate(made.parameters) if each.linear]
    nothing = start.clone()
    nothing[linear] = 0
    whole = float(made.curves(start).abs().max()) or 1.0
    base = made.curves(nothing)
    effects = {index: float((_moved(made, nothing, {index: 1.0}) - base).abs().max()) for index in linear}
    sizes = {index: whole / effect if effect > 0 else 1.0 for index, effect in effects.items()}
    return {index: size if math.isfinite(size) and size > 0 else 1.0 for index, size in sizes.items()}


def _bounds(made: AbstractExpert) -> tuple[Tensor, Tensor]:
    lower, upper = torch.tensor([(each.lower, each.upper) for each in made.parameters], dtype=torch.float64).T
    return lower, upper


def _moved(made: AbstractExpert, start: Tensor, steps: Mapping[int, float]) -> Tensor:
    theta = start.clone()
    for index, step in steps.items():
        theta[index] += step
    return made.curves(theta)


def _differ(one: Tensor, other: Tensor, told: Tensor) -> bool:
    size = torch.stack([one.abs().max(), other.abs().max(), told.abs().max()]).max()
    return not bool((one - other).abs().max() <= ROUNDING * size)


def _refused(name: str, place: str, told: str, expected: str) -> RecipeError:
    where = f" ({place})" if place else ""
    return RecipeError(f"the expert {name!r}{where} {told}", where="name", expected=expected)
