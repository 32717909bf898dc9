"""The spectral way to the parameters of an equation: no initial value problem is solved. [section 4.2]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.ode.system import System
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.solve import Curves, search

_SINGULAR = 1e-10


@dataclass(frozen=True)
class Smoothed:
    """Approximated trajectories, and what is known of their rates at the same points. [Eq. 23]

    Attributes:
        t: the points.
        states: approximations of all states.
        rates: measured ones, or the derivatives of the approximations.
        weights: of the rates, 1 / variance up to a factor; 0 where a rate is not known.
    """

    t: Float[Tensor, " point"]
    states: Float[Tensor, "*many point state"]
    rates: Float[Tensor, "*many point state"]
    weights: Float[Tensor, "*#many point state"]


def residual(
    system: System, smoothed: Smoothed, parameters: Float[Tensor, "*many parameter"]
) -> Float[Tensor, "*many point state"]:
    """r = du/dt - f(u), of approximations instead of solutions. [Eq. 24]

    Args:
        system: f.
        smoothed: the approximations.
        parameters: of f.
    """
    return smoothed.rates - system.rates(smoothed.t, smoothed.states, parameters[..., None, :])


def identify(
    system: System,
    smoothed: Smoothed,
    parameters: Sequence[Parameter],
    threshold: float = 0.0,
) -> Float[Tensor, "*many parameter"]:
    """Parameters of the least weighted residual. [Eq. 25]

    Those that the rates are linear in are solved for. Others are fitted first, from several beginnings; those that no
    known rate depends on stay where they start.

    Args:
        system: f.
        smoothed: approximated trajectories.
        parameters: of f, for their starts and bounds.
        threshold: leaves out linear parameters whose part of a rate is smaller over all curves, the least first and
            one after another, much as SINDy does.
    """
    many = smoothed.states.shape[:-2]
    start = torch.tensor([each.start for each in parameters], dtype=torch.float64, device=smoothed.t.device)
    begun = start.expand(*many, -1)
    if not all(system.linear):
        law = SpectralExpert(system, smoothed, parameters)
        begun = search(law, law.measured()).theta.reshape(begun.shape)
    return _solved(system, smoothed, begun, threshold)


class SpectralExpert(AbstractExpert):
    """The rates of approximated trajectories as curves, E(t; p) = f(u_tilde(t); p): the paper's own expert. [Eq. 26]

    Args:
        system: f.
        smoothed: approximated trajectories; curve after curve, one for each group of parameters.
        parameters: of f.
    """

    def __init__(self, system: System, smoothed: Smoothed, parameters: Sequence[Parameter]) -> None:
        count = len(system.states)
        self.system, self.t = system, smoothed.t
        self.states = smoothed.states.reshape(-1, len(smoothed.t), count)
        self.rates = smoothed.rates.reshape(self.states.shape)
        self.weights = smoothed.weights.expand(smoothed.rates.shape).reshape(self.states.shape)
        self.parameters = tuple(
            Parameter(each.start, each.lower, each.upper, each.unit, linear and not each.bounded, each.name)
            for each, linear in zip(parameters, system.linear, strict=True)
        )

    def measured(self) -> Curves:
        """The rates that are known, a group for each curve."""
        return Curves(*(each.flatten(1).unsqueeze(1) for each in (self.rates, self.weights)))

    def curves(
        self,
        theta: Float[Tensor, "*many parameter"],
        z: Float[Tensor, "*many latent"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*many point"]:
        """f of every trajectory, or of all of them over and over."""
        flat = theta.reshape(-1, 1, theta.shape[-1])
        return self.system.rates(self.t, self._repeated(len(flat)), flat).reshape(*theta.shape[:-1], -1)

    def jacobian(
        self, theta: Float[Tensor, "*many parameter"]
    ) -> tuple[Float[Tensor, "*many point"], Float[Tensor, "*many point parameter"]]:
        """The same with the exact derivatives of f."""
        flat = theta.reshape(-1, 1, theta.shape[-1])
        rates, _, by_parameter = self.system.linearised(self.t, self._repeated(len(flat)), flat)
        curves = rates.reshape(*theta.shape[:-1], -1)
        return curves, by_parameter.reshape(*curves.shape, -1)

    def _repeated(self, many: int) -> Tensor:
        return self.states.repeat(many // len(self.states), 1, 1)


def _solved(system: System, smoothed: Smoothed, begun: Tensor, threshold: float) -> Tensor:
    """The linear parameters, the others held."""
    linear = torch.tensor(system.linear, device=begun.device)
    held = torch.where(linear, 0.0, begun)
    known, _, by_parameter = system.linearised(smoothed.t, smoothed.states, held[..., None, :])
    by_parameter = by_parameter[..., linear]
    root = smoothed.weights.sqrt().expand(known.shape)
    usable = (root > 0) & torch.isfinite(known) & torch.isfinite(by_parameter).all(-1) & torch.isfinite(smoothed.rates)
    design = torch.where(usable[..., None], root[..., None] * by_parameter, 0.0).flatten(-3, -2)
    sought = torch.where(usable, root * (smoothed.rates - known), 0.0).flatten(-2)
    sizes = design.square().sum(-2).sqrt()
    used = sizes > 0
    solved = _least_squares(design, sought, sizes, used)
    of_rates = ((design != 0) * sought.square()[..., None]).sum(-2)
    for _ in range(used.shape[-1] if threshold > 0 else 0):
        share = (_of_all((solved * sizes).square()) / _of_all(of_rates).clamp_min(1e-300)).sqrt()
        least = torch.where(_of_all(used) > 0, share, torch.inf).argmin()
        if share[least] >= threshold:
            break
        used = used & (torch.arange(used.shape[-1], device=used.device) != least)
        solved = _least_squares(design, sought, sizes, used)
    found = begun.clone()
    found[..., linear] = torch.where(sizes > 0, solved, begun[..., linear])
    return found


def _of_all(values: Tensor) -> Tensor:
    return values.reshape(-1, values.shape[-1]).sum(0)


def _least_squares(design: Tensor, sought: Tensor, sizes: Tensor, used: Tensor) -> Tensor:
    """Columns scaled to 1; 0 for those that are not used."""
    scale = torch.where(used, 1 / torch.where(sizes > 0, sizes, 1.0), 0.0)
    left, strengths, right = torch.linalg.svd(design * scale[..., None, :], full_matrices=False)
    inverse = torch.where(strengths > _SINGULAR * strengths[..., :1], 1 / strengths, 0.0)
    projected = inverse * (left.mT @ sought[..., None])[..., 0]
    return scale * (right.mT @ projected[..., None])[..., 0]
