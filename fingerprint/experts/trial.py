"""What is asked of a law before anything is trained with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.function import SimulatorExpert
from fingerprint.experts.plugins import line_of
from fingerprint.experts.registry import Entry

Told = TypeVar("Told")
ROUNDING = 1e-8  # relative
APART = 1e-3  # relative
STEP = 1e-4  # of a parameter, relative, for differences
NEAR = 0.2  # relative, of differences and derivatives


def check_law(entry: Entry, made: AbstractExpert, domain: Domain) -> None:
    """Refuse a law that does not answer as a law does.

    Of one that is a function also one that is not finite where its parameters start, that is declared linear in what
    it is not linear in, or whose derivatives torch cannot follow: its fits would be wrong and nobody would see it.

    Raises:
        RecipeError: it is such.
    """
    if made.takes_z:
        return  # the size of Z is not known here; the decoder asks
    start = torch.tensor([each.start for each in made.parameters], dtype=torch.float64)
    if isinstance(made, SimulatorExpert):
        _asked(entry, lambda: made.simulated(start.tolist()))
    many = start.expand(2, 3, -1)
    told = _asked(entry, lambda: made.curves(many))
    if told.shape != (2, 3, domain.points):
        raise RecipeError(
            f"the expert {entry.name!r} answers {list(told.shape)} where {[2, 3, domain.points]} was asked for",
            where=entry.origin,
            expected="One curve for each set of parameters: [..., point].",
        )
    if entry.parameters is None:
        return
    if not bool(torch.isfinite(told).all()):
        place = int((~torch.isfinite(told[0, 0])).nonzero()[0])
        raise RecipeError(
            f"the expert {entry.name!r} is not finite at point {place} (t = {domain.t[place]:g}) with its parameters "
            "at their starts",
            where=entry.origin,
            expected="Numbers on the whole axis: other starts, or another axis (`grid` in the recipe crops it).",
        )
    _check_apart(entry, made, start)
    _check_linear(entry, made, start)
    if made.differentiable:
        _check_derivatives(entry, made, start)


def _asked(entry: Entry, ask: Callable[[], Told]) -> Told:
    try:
        return ask()
    except RecipeError:
        raise
    except Exception as error:
        raise RecipeError(
            f"the expert {entry.name!r} fails at its start: {type(error).__name__}: {error}",
            where=line_of(error, entry.origin),
            expected="A formula in torch's functions, t being [point] and each parameter [..., 1]; or, for what is not "
            "written with torch, differentiable=False.",
        ) from error


def _check_apart(entry: Entry, made: AbstractExpert, start: Tensor) -> None:
    """Several curves at once, beside each alone."""
    steps = torch.tensor([0.0, 0.1, 0.2], dtype=torch.float64).unsqueeze(-1)
    many = (start + steps * start.abs().clamp_min(STEP)).clamp(*_bounds(made))
    together, alone = made.curves(many), torch.stack([made.curves(each) for each in many])
    if bool((together - alone).norm() > APART * alone.norm()):
        raise RecipeError(
            f"the expert {entry.name!r} answers otherwise when it is asked for several curves at once",
            where=entry.origin,
            expected="Each curve from its own parameters: no sum, mean or maximum over more than the last axis.",
        )


def _check_linear(entry: Entry, made: AbstractExpert, start: Tensor) -> None:
    """What is declared linear, alone and together: sums of changes are changes by sums."""
    linear = [index for index, each in enumerate(made.parameters) if each.linear]
    told = made.curves(start)
    changes = {index: _moved(made, start, {index: 1.0}) - told for index in linear}
    wrong = [index for index in linear if _differ(_moved(made, start, {index: 2.5}) - told, 2.5 * changes[index], told)]
    steps = {index: 2.0 + place for place, index in enumerate(linear)}
    together = sum((step * changes[index] for index, step in steps.items()), torch.zeros_like(told))
    if not wrong and _differ(_moved(made, start, steps) - told, together, told):
        wrong = linear
    if wrong:
        raise RecipeError(
            f"the expert {entry.name!r} is not a linear function of {' and '.join(made.names[each] for each in wrong)}",
            where=entry.origin,
            expected="linear=True where the curve is a sum of parameters, each times what depends on the others alone.",
        )


def _check_derivatives(entry: Entry, made: AbstractExpert, start: Tensor) -> None:
    """Those that torch follows, beside differences."""
    told = made.curves(start)
    try:
        jacobian = made.jacobian(start)[1]
    except (RuntimeError, TypeError) as error:
        raise _underivable(entry, f"its parameters: {error}") from error
    for index, each in enumerate(made.parameters):
        step = STEP * (abs(each.start) or 1.0)
        ends = [min(max(each.start + sign * step, each.lower), each.upper) for sign in (1, -1)]
        change = _moved(made, start, {index: ends[0] - each.start}) - _moved(made, start, {index: ends[1] - each.start})
        wrong = jacobian[:, index] * (ends[0] - ends[1]) - change
        if bool(wrong.norm() > NEAR * change.norm() + ROUNDING * told.norm()):
            raise _underivable(entry, each.name)


def _underivable(entry: Entry, of: str) -> RecipeError:
    return RecipeError(
        f"torch does not know how the expert {entry.name!r} depends on {of}",
        where=entry.origin,
        expected="A formula in torch's functions throughout (no float(), .item(), .numpy() of a parameter); or "
        "differentiable=False.",
    )


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
