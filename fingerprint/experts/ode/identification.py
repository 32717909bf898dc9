"""The spectral way to the parameters of an equation: no initial value problem is solved. [section 4.2]"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.ode.system import System

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
    system: System, smoothed: Smoothed, parameters: Float[Tensor, "*#many parameter"]
) -> Float[Tensor, "*many parameter"]:
    """Parameters of the least weighted residual: exact in one step where the rates are linear in all. [Eq. 25]

    Parameters that the rates are not linear in keep the values that they are given; those that no known rate depends
    on as well.

    Args:
        system: f.
        smoothed: approximated trajectories.
        parameters: where to begin.
    """
    many = smoothed.states.shape[:-2]
    begun = parameters.expand(*many, parameters.shape[-1])
    linear = torch.tensor(system.linear, device=begun.device)
    held = torch.where(linear, 0.0, begun)
    known, _, by_parameter = system.linearised(smoothed.t, smoothed.states, held[..., None, :])
    by_parameter = by_parameter[..., linear]
    root = smoothed.weights.sqrt().expand(known.shape)
    usable = (root > 0) & torch.isfinite(known) & torch.isfinite(by_parameter).all(-1) & torch.isfinite(smoothed.rates)
    design = torch.where(usable[..., None], root[..., None] * by_parameter, 0.0).flatten(-3, -2)
    sought = torch.where(usable, root * (smoothed.rates - known), 0.0).flatten(-2)
    sizes = design.square().sum(-2).sqrt()
    left, strengths, right = torch.linalg.svd(
        design / torch.where(sizes > 0, sizes, 1.0)[..., None, :], full_matrices=False
    )
    inverse = torch.where(strengths > _SINGULAR * strengths[..., :1], 1 / strengths, 0.0)
    solved = (right.mT @ (inverse * (left.mT @ sought[..., None])[..., 0])[..., None])[..., 0]
    found = begun.clone()
    found[..., linear] = torch.where(sizes > 0, solved / sizes, begun[..., linear])
    return found
