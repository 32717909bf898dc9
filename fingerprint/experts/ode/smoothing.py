"""All states of a system from the curves of some states or rates: smooth, and without solving its equations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.ode.approximation import Approximation, Kind, approximate
from fingerprint.experts.ode.identification import Smoothed
from fingerprint.experts.ode.observed import Observation
from fingerprint.experts.ode.system import System


class Source(NamedTuple):
    """A state is the derivative of so high an order of an approximation; its antiderivative, for -1."""

    approximation: Approximation
    order: int

    def values(self, t: Tensor, start: float, initial: Tensor) -> Tensor:
        """The state at any points, [*many, point].

        Args:
            t: the points.
            start: the time of the initial value.
            initial: of the state, [*many].
        """
        if self.order < 0:
            return initial[..., None] + self.approximation.antiderivative(t, start)
        return self.approximation.derivative(t, self.order)

    def rates(self, t: Tensor) -> Tensor:
        """The derivative of the state, [*many, point]."""
        return self.approximation.derivative(t, self.order + 1)


def sources(
    system: System,
    observation: Observation,
    curves: Float[Tensor, "*many point"],
    kind: Kind,
    weights: Float[Tensor, "*#many point"] | None = None,
) -> list[Source | None]:
    """For each state what it can be had from; None where nothing that is measured tells.

    A state that is not measured is the rate of one that is, or the integral of one, where an equation such as
    "x' = v" says so.

    Args:
        system: the equations.
        observation: what is measured.
        curves: of all modalities.
        kind: of the approximations.
        weights: 0 where a curve has no value.
    """
    found: list[Source | None] = [None] * len(system.states)
    of_weights = [None] * len(observation.components)
    if weights is not None:
        of_weights = [part for _, part in observation.split(weights)]
    for (component, curve), weight in zip(observation.split(curves), of_weights, strict=True):
        if found[component.state] is None or not component.rate:
            t = observation.times.to(curve.device)[component.at]
            found[component.state] = Source(approximate(kind, t, curve, weight), -1 if component.rate else 0)
    for _ in system.states:
        for state, rate in enumerate(system.follows):
            if rate is not None:
                _complete(found, state, rate)
    return found


def smooth(
    observation: Observation,
    found: Sequence[Source],
    curves: Float[Tensor, "*many point"],
    start: float,
    initial: Float[Tensor, "*many state"],
    weights: Float[Tensor, "*#many point"] | None = None,
) -> Smoothed:
    """The states and their rates at the common times; a rate that is measured is taken as it is measured.

    The rates of each state are weighed by their mean square, those of approximations less near the ends of the axis,
    where a derivative is worst.

    Args:
        observation: what is measured.
        found: the source of each state.
        curves: of all modalities.
        start: the time of the initial values.
        initial: values of the states; those alone matter that are had from their rates.
        weights: 0 where a curve has no value.
    """
    t = observation.times.to(curves.device)
    states = torch.stack([each.values(t, start, initial[..., index]) for index, each in enumerate(found)], -1)
    rates = torch.stack([each.rates(t) for each in found], -1)
    inner = 1 - (2 * (t - t[0]) / (t[-1] - t[0]) - 1).square()
    certainty = inner.square()[:, None].expand(rates.shape).clone()
    of_weights = observation.split(torch.ones_like(curves) if weights is None else weights.expand(curves.shape))
    for (component, curve), (_, weight) in zip(observation.split(curves), of_weights, strict=True):
        if component.rate:
            rates[..., component.at, component.state] = torch.where(weight > 0, curve, 0.0)
            certainty[..., component.state] = 0
            certainty[..., component.at, component.state] = weight
    size = (certainty * rates.square()).sum(-2, keepdim=True) / certainty.sum(-2, keepdim=True)
    return Smoothed(t, states, rates, certainty / torch.where(size > 0, size, 1.0))


def _complete(found: list[Source | None], state: int, rate: int) -> None:
    of_state, of_rate = found[state], found[rate]
    if of_rate is None and of_state is not None:
        found[rate] = of_state._replace(order=of_state.order + 1)
    elif of_state is None and of_rate is not None and of_rate.order >= 0:
        found[state] = of_rate._replace(order=of_rate.order - 1)
