"""Ordinary differential equations as an expert: a given form, or a sum of monomials. [section 4.2]"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from fingerprint.errors import RecipeError
from fingerprint.experts.domain import Domain
from fingerprint.experts.library.axes import span
from fingerprint.experts.ode.approximation import Kind
from fingerprint.experts.ode.expert import OdeExpert
from fingerprint.experts.ode.integrate import Accuracy, Gradient
from fingerprint.experts.ode.observed import Observation, observation
from fingerprint.experts.ode.system import System, dictionary, given
from fingerprint.experts.options import number, units_of
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family

TOLERANCE = 1e-8
_FARTHEST = 100.0  # lengths of the axis


@family("ode")
def build(
    domain: Domain,
    *,
    states: list[str],
    equations: dict[str, str] | None = None,
    library: int | None = None,
    monomials: list[str] | None = None,
    observed: list[str] | None = None,
    initial: dict[str, float] | None = None,
    start_time: float | None = None,
    units: dict[str, str] | None = None,
    method: Literal["trajectory", "spectral"] = "trajectory",
    approximation: Kind = "legendre",
    threshold: float = 0.0,
    gradient: Gradient = "direct",
    steps: int = 1000,
) -> OdeExpert:
    """Ordinary differential equations u' = f(t, u), of one modality or several.

    Where a fit begins is found without labels or guesses: the mean curves of a cluster are approximated smoothly, and
    put into the equations.

    Source: Walker et al., section 4.2; Chen et al., "Neural ordinary differential equations" (2018); Quaglino et al.,
    "SNODE: spectral discretization of neural ODEs" (2020); Lee et al., "Partition of unity networks" (2021); Brunton,
    Proctor & Kutz, "Discovering governing equations from data by sparse identification", PNAS 113 (2016) 3932.

    Args:
        domain: the modalities.
        states: names of the unknown functions, such as ["x", "y"].
        equations: their rates, such as {x = "v", v = "-k * x - c * v"}: every other symbol but t is a parameter.
        library: instead of equations: the degree up to which monomials of the states make up each rate.
        monomials: instead of all of them, such as ["x^3", "y^3"].
        observed: what each modality measures, a state "x" or a rate "x'"; the states in their order, if left out.
        initial: values that are known; the others are parameters, "x0".
        start_time: when the initial values hold. If left out, 0 where the axis begins after 0 and no farther from it
            than its own length, else where the axis begins.
        units: of parameters, such as {k = "1/t"}.
        method: "trajectory" fits solutions; "spectral" keeps what smooth approximations of the curves say, as the
            paper does.
        approximation: "legendre", "fourier", the paper's "pou" with kinks, or "smooth_pou".
        threshold: with "spectral", leaves out parameters whose part of a rate is smaller, such as 0.05.
        gradient: of solutions, where a recipe asks for it: of the "direct" steps, or by the "adjoint" equations.
        steps: of one solution, at most.

    Raises:
        RecipeError: the options contradict each other or themselves, or a number cannot serve.
    """
    number(threshold, "options.threshold", least=0)
    number(steps, "options.steps", least=1)
    number(library or 0, "options.library", least=0)
    for state, value in (initial or {}).items():
        number(value, f"options.initial.{state}")
    if (equations is None) == (library is None and monomials is None):
        raise RecipeError(
            "equations of a given form, or a library of monomials",
            where="options",
            expected='One of: equations = { x = "-k * x" }, library = 3, monomials = ["x^3"].',
        )
    if threshold and method == "trajectory":
        raise RecipeError(
            "a fit of solutions leaves out no parameter",
            where="options.threshold",
            expected='With method = "spectral"; then name the monomials that it leaves: monomials = ["x^3"].',
        )
    system = dictionary(states, library or 0, monomials) if equations is None else given(states, equations)
    initial = initial or {}
    for name in initial:
        if name not in states:
            raise RecipeError(f"{name!r} is no state", where="options.initial", expected=f"Of {', '.join(states)}.")
    watched = observation(domain, states, observed)
    times = watched.times.numpy()
    begin = _begin(times) if start_time is None else _within_reach(start_time, times)
    sizes = _sizes(domain, watched, system, initial)
    parameters = [
        *(
            Parameter(0.0 if linear else 1.0, name=name)
            for name, linear in zip(system.names, system.linear, strict=True)
        ),
        *(Parameter(0.0, name=f"{state}0") for state in states if state not in initial),
    ]
    law = OdeExpert(
        system,
        tuple(_with_units(parameters, units or {})),
        watched,
        begin,
        {states.index(name): float(value) for name, value in initial.items()},
        Accuracy(TOLERANCE * torch.tensor(sizes, dtype=torch.float64), TOLERANCE, steps, gradient),
        approximation,
        threshold,
        method == "trajectory",
    )
    if not law.refines and not law.tells_itself:
        raise RecipeError(
            "the spectral way needs every state, and one cannot be had from what is measured",
            where="options.method",
            expected='method = "trajectory", with good starts.',
        )
    return law


def _begin(times: NDArray[np.float64]) -> float:
    first, last = float(times[0]), float(times[-1])
    return 0.0 if 0 <= first <= last - first else first


def _within_reach(start: float, times: NDArray[np.float64]) -> float:
    first, last = float(times[0]), float(times[-1])
    if not max(first - start, start - last) <= _FARTHEST * span(times):
        raise RecipeError(
            f"solutions that begin at t = {start:g} are not followed to an axis from {first:g} to {last:g}",
            where="options.start_time",
            expected=f"A finite time, at most {_FARTHEST:g} lengths of the axis from it.",
        )
    return start


def _sizes(domain: Domain, watched: Observation, system: System, initial: dict[str, float]) -> list[float]:
    """How large each state is, for the accuracy of its small values."""
    sizes = [abs(initial.get(name, 0.0)) for name in system.states]
    span = float(watched.times[-1] - watched.times[0])
    for component, told in zip(watched.components, domain.components, strict=True):
        if told.mean is not None:
            greatest = float(np.abs(told.mean).max()) * (span if component.rate else 1.0)
            sizes[component.state] = max(sizes[component.state], greatest)
    return [size or max(sizes) or 1.0 for size in sizes]


def _with_units(parameters: list[Parameter], units: dict[str, str]) -> list[Parameter]:
    names = [each.name for each in parameters]
    if len(set(names)) < len(names):
        raise RecipeError(
            "a parameter and an initial value have one name",
            where="options.equations",
            expected=f"Names that differ: {', '.join(names)}.",
        )
    units_of(units, names)
    return [Parameter(each.start, unit=units.get(each.name, ""), name=each.name) for each in parameters]
