"""Ordinary differential equations as an expert. [section 4.2]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.ode.approximation import Kind
from fingerprint.experts.ode.identification import identify
from fingerprint.experts.ode.integrate import Accuracy, trajectories
from fingerprint.experts.ode.observed import Observation
from fingerprint.experts.ode.smoothing import approximate_all, smooth, sources
from fingerprint.experts.ode.system import System
from fingerprint.experts.parameter import Parameter

_TRIES = 16  # beginnings where the curves do not tell one


@dataclass
class OdeExpert(AbstractExpert):
    """States or rates of an initial value problem, for each set of parameters. [Eq. 22]

    A trajectory that blows up, or needs more steps than `accuracy` grants, is nan everywhere: no fit may go there.

    Attributes:
        system: the equations.
        parameters: of the equations, then the initial values that are not known.
        observation: which modality measures what.
        start: the time of the initial values.
        initial: those that are known, by the index of the state.
        accuracy: of the trajectories.
        approximation: in which curves are smoothed to find where a fit begins.
        threshold: leaves out parameters whose part of a rate is smaller.
        refines: whether a fit goes on from there to the initial value problem; else what the approximation says is
            kept, as the paper does.
    """

    system: System
    parameters: tuple[Parameter, ...]
    observation: Observation
    start: float
    initial: Mapping[int, float]
    accuracy: Accuracy
    approximation: Kind = "legendre"
    threshold: float = 0.0
    refines: bool = True

    def __post_init__(self) -> None:
        """Find the initial values that are parameters, and how each state can be had from what is measured."""
        self._sought = [index for index in range(len(self.system.states)) if index not in self.initial]
        self._sources = sources(self.system, self.observation)
        self.tries = 0 if self._sources else _TRIES

    @property
    def tells_itself(self) -> bool:
        """Whether every state can be had from what is measured, so that fits need no beginnings."""
        return self._sources is not None

    def curves(
        self,
        theta: Float[Tensor, "*many parameter"],
        z: Float[Tensor, "*many latent"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*many point"]:
        """What is measured of each trajectory; differentiable as `accuracy` says."""
        flat = theta.reshape(-1, theta.shape[-1]).double()
        known = flat[:, : len(self.system.names)]
        times = self.observation.times.to(theta.device)
        solved = trajectories(
            lambda t, u: self.system.rates(t, u, known), self._begun(flat), self.start, times, self.accuracy, (known,)
        )
        measured = self.observation.of(solved, lambda: self.system.rates(times[:, None], solved, known))
        return measured.reshape(*theta.shape[:-1], -1).to(theta.dtype)

    def jacobian(
        self, theta: Float[Tensor, "*many parameter"]
    ) -> tuple[Float[Tensor, "*many point"], Float[Tensor, "*many point parameter"]]:
        """By the sensitivity equations S' = df/du S + df/dp, integrated together with the states."""
        flat = theta.reshape(-1, theta.shape[-1]).double()
        many, (states, own) = len(flat), (len(self.system.states), len(self.system.names))
        known = flat[:, :own]
        begun = flat.new_zeros(many, states, flat.shape[-1])
        for column, state in enumerate(self._sought, own):
            begun[:, state, column] = 1

        def together(t: Tensor, u: Tensor, sensitivity: Tensor) -> tuple[Tensor, Tensor]:
            rates, by_state, by_parameter = self.system.linearised(t, u, known)
            moved = by_state @ sensitivity
            moved[..., :own] += by_parameter
            return rates, moved

        def augmented(t: Tensor, entries: Tensor) -> Tensor:
            rates, moved = together(t, entries[:, :states], entries[:, states:].unflatten(-1, (states, -1)))
            return torch.cat([rates, moved.flatten(1)], -1)

        times = self.observation.times.to(theta.device)
        entries = torch.cat([self._begun(flat), begun.flatten(1)], -1)
        with torch.no_grad():
            solved = trajectories(augmented, entries, self.start, times, self.accuracy)
            at, by = solved[..., :states], solved[..., states:].unflatten(-1, (states, -1))
            if any(each.rate for each in self.observation.components):
                rates, rates_by = together(times[:, None], at, by)
            else:
                rates, rates_by = at, by
            curves = self.observation.of(at, lambda: rates).reshape(*theta.shape[:-1], -1)
            slopes = self.observation.of(by, lambda: rates_by)
        return curves.to(theta.dtype), slopes.reshape(*curves.shape, -1).to(theta.dtype)

    def starts(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "beginning *many parameter"]:
        """What the approximated trajectories say of the equations, without labels or guesses.

        The parameters' own starts where they say nothing, or nothing that has a solution.
        """
        curves = curves.double()
        usual, found = super().starts(curves), self.identified(curves)
        if found is None:
            return usual
        solved = torch.isfinite(found).all(-1) & torch.isfinite(self.curves(found)).all(-1)
        return torch.where(solved[..., None], found, usual)

    def identified(
        self, curves: Float[Tensor, "*many point"], weights: Float[Tensor, "*#many point"] | None = None
    ) -> Float[Tensor, "*many parameter"] | None:
        """The spectral way: parameters of the least residual of approximated trajectories. [Eq. 25]

        Args:
            curves: measured ones, or means of some.
            weights: 0 where a curve has no value.

        Returns:
            The parameters; None where a state cannot be had from what is measured.
        """
        if self._sources is None:
            return None
        weights = torch.ones_like(curves) if weights is None else weights
        approximated = approximate_all(self._sources, self.observation, curves, weights, self.approximation, self.start)
        own, usual = len(self.system.names), super().starts(curves)[0]
        initial = [
            usual.new_full(usual.shape[:-1], self.initial.get(index, 0.0)) for index in range(len(self._sources))
        ]
        for column, state in enumerate(self._sought, own):
            initial[state] = approximated.initial(state, usual[..., column])
        smoothed = smooth(self.observation, approximated, curves, weights, initial)
        found = identify(self.system, smoothed, self.parameters[:own], self.threshold)
        return torch.cat([found, *(initial[state][..., None] for state in self._sought)], -1)

    def _begun(self, flat: Float[Tensor, "many parameter"]) -> Float[Tensor, "many state"]:
        sought = dict(zip(self._sought, flat[:, len(self.system.names) :].unbind(-1), strict=True))
        return torch.stack(
            [
                sought[index] if index in sought else flat.new_full((len(flat),), self.initial[index])
                for index in range(len(self.system.states))
            ],
            -1,
        )
