"""All states of a system from the curves of some states or rates: smooth, and without solving its equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.ode.approximation import Approximation, Kind, approximate
from fingerprint.experts.ode.identification import Smoothed
from fingerprint.experts.ode.observed import Observation
from fingerprint.experts.ode.system import System


class Source(NamedTuple):
    """A state is the derivative of so high an order of what a component measures; its antiderivative, for -1."""

    component: int
    order: int


def sources(system: System, observation: Observation) -> tuple[Source, ...] | None:
    """For each state what it can be had from; None where one cannot be had from anything that is measured.

    A state that is not measured is the rate of one that is, or the integral of one, where an equation such as
    "x' = v" says so.

    Args:
        system: the equations.
        observation: what is measured.
    """
    found: dict[int, Source] = {}
    for index, component in enumerate(observation.components):
        if component.state not in found or not component.rate:
            found[component.state] = Source(index, -1 if component.rate else 0)
    for _ in system.states:
        for state, rate in enumerate(system.follows):
            if rate is None:
                continue
            if state in found and rate not in found:
                found[rate] = found[state]._replace(order=found[state].order + 1)
            elif rate in found and state not in found and found[rate].order >= 0:
                found[state] = found[rate]._replace(order=found[rate].order - 1)
    return tuple(found[state] for state in range(len(system.states))) if len(found) == len(system.states) else None


@dataclass(frozen=True)
class Approximated:
    """The curves of all components, approximated. [Eq. 23]

    Attributes:
        sources: of each state.
        components: the approximations.
        start: the time of the initial values.
    """

    sources: tuple[Source, ...]
    components: tuple[Approximation, ...]
    start: float

    def state(self, index: int, t: Float[Tensor, " point"], initial: Float[Tensor, "*many"]) -> Tensor:
        """A state at any points, [*many, point].

        Args:
            index: of the state.
            t: the points.
            initial: the state at the start; matters where it is had from its rate alone.
        """
        component, order = self.sources[index]
        if order < 0:
            return initial[..., None] + self.components[component].antiderivative(t, self.start)
        return self.components[component].derivative(t, order)

    def rate(self, index: int, t: Float[Tensor, " point"]) -> Tensor:
        """The derivative of a state, [*many, point]."""
        component, order = self.sources[index]
        return self.components[component].derivative(t, order + 1)

    def initial(self, index: int, otherwise: Float[Tensor, "*many"]) -> Float[Tensor, "*many"]:
        """A state at the start; `otherwise` where it is had from its rate alone."""
        at = torch.tensor([self.start], dtype=otherwise.dtype, device=otherwise.device)
        return self.state(index, at, otherwise)[..., 0]


def approximate_all(
    found: tuple[Source, ...],
    observation: Observation,
    curves: Float[Tensor, "*many point"],
    weights: Float[Tensor, "*#many point"],
    kind: Kind,
    start: float,
) -> Approximated:
    """Approximate what each component measures.

    Args:
        found: the sources of the states.
        observation: what is measured.
        curves: of all components.
        weights: 0 where a curve has no value.
        kind: of the approximations.
        start: the time of the initial values.
    """
    t = observation.times.to(curves.device)
    parts = zip(observation.split(curves), observation.split(weights), strict=True)
    components = tuple(approximate(kind, t[component.at], curve, weight) for (component, curve), (_, weight) in parts)
    return Approximated(found, components, start)


def smooth(
    observation: Observation,
    approximated: Approximated,
    curves: Float[Tensor, "*many point"],
    weights: Float[Tensor, "*#many point"],
    initial: Sequence[Float[Tensor, "*many"]],
) -> Smoothed:
    """The states and their rates at the common times; a rate that is measured is taken as it is measured.

    The rates of each state are weighed by their mean square, those of approximations less near the ends of the axis,
    where a derivative is worst.

    Args:
        observation: what is measured.
        approximated: the approximations of all components.
        curves: of all components.
        weights: 0 where a curve has no value.
        initial: value of each state.
    """
    t, states = observation.times.to(curves.device), range(len(initial))
    rates = torch.stack([approximated.rate(index, t) for index in states], -1)
    inner = 1 - (2 * (t - t[0]) / (t[-1] - t[0]) - 1).square()
    certainty = inner.square()[:, None].expand(rates.shape).clone()
    parts = zip(observation.split(curves), observation.split(weights.expand(curves.shape)), strict=True)
    for (component, curve), (_, weight) in parts:
        if component.rate:
            rates[..., component.at, component.state] = torch.where(weight > 0, curve, 0.0)
            certainty[..., component.state] = 0
            certainty[..., component.at, component.state] = weight
    size = (certainty * rates.square()).sum(-2, keepdim=True) / certainty.sum(-2, keepdim=True)
    smoothed = torch.stack([approximated.state(index, t, initial[index]) for index in states], -1)
    return Smoothed(t, smoothed, rates, certainty / torch.where(size > 0, size, 1.0))
