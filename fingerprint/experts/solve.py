r"""Nonlinear least squares of a law and mean curves: Eq. 16 for experts that do not depend on Z. [Eq. 16]

$$\min_\theta \sum_c \sum_j W_{cj} \left(\bar x_{cj} - \mathcal E(t_j; \theta_c)\right)^2$$

Levenberg-Marquardt steps, kept within bounds by projection; parameters that enter linearly are never damped and are
solved exactly after each step (variable projection with Kaufman's derivative: Golub & Pereyra, Inverse Problems 19
(2003) R1). Curves that share parameters are solved together; all groups of such are solved at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.beginnings import beginnings
from fingerprint.experts.sharing import Sharing

ITERATIONS = 100
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-12, 1e8
POOR, GOOD = 0.25, 0.75  # what a step brings, of what its quadratic model promises
CONVERGED = 1e-13  # relative decrease of the misfit
PROMISED = 1e-10  # the same, by the linearised law: a step of 1e-5 standard errors and the square root of the points
RANK = 1e-13  # of singular values of the normal matrix, its diagonal being 1


class Curves(NamedTuple):
    """Mean curves and the weights of their points; members of a group may share parameters."""

    values: Float[Tensor, "group member point"]
    weights: Float[Tensor, "group member point"]


class Fit(NamedTuple):
    """What was found, and the weighted sum of squares that is left of each group."""

    theta: Float[Tensor, "group member parameter"]
    misfit: Float[Tensor, " group"]


def search(expert: AbstractExpert, curves: Curves, shared: Sequence[str] = (), keep: int = 3) -> Fit:
    """Fit from several beginnings: those of the law, and others spread around the first.

    What is shared begins at the mean of what the members' own fits make of it, at any one of these, or where the mean
    of all curves has it; members are not put in order by themselves then.

    Args:
        expert: a law that does not take Z.
        curves: to be fitted.
        shared: names of the parameters that all members of a group have alike.
        keep: how many of the best beginnings are gone on from.
    """
    alone = Curves(*(each.flatten(0, 1).unsqueeze(1) for each in curves))
    found = _search_alone(expert, alone, keep)
    own = found.theta.reshape(*curves.values.shape[:2], -1)
    if not shared:
        return Fit(own, found.misfit.reshape(curves.values.shape[:2]).sum(1))
    told = (curves.weights > 0).any(-1, keepdim=True).double()
    mean = (told * own).sum(1, keepdim=True) / told.sum(1, keepdim=True).clamp_min(1)
    alike = torch.tensor([name in shared for name in expert.names], device=own.device)
    starts = [torch.where(alike, each, own) for each in (mean, *own.split(1, 1))]
    together = _search_alone(expert, _mean(curves), keep).theta
    starts += [together.expand_as(own), torch.where(alike, together, own)]
    return _best(expert, Sharing(expert, own.shape[1], shared, own.device), curves, torch.stack(starts), keep)


def _search_alone(expert: AbstractExpert, curves: Curves, keep: int) -> Fit:
    """Each curve by itself, in a group of its own."""
    starts = beginnings(expert, curves.values, curves.weights)
    found = _best(expert, Sharing(expert, 1, (), curves.values.device), curves, starts, keep)
    return Fit(expert.in_order(found.theta), found.misfit)


def _mean(curves: Curves) -> Curves:
    """Of the members of each group, as one member."""
    weights = curves.weights.sum(1, keepdim=True)
    values = (curves.weights * curves.values).sum(1, keepdim=True) / weights.clamp_min(1e-300)
    return Curves(values, weights)


def _best(
    expert: AbstractExpert,
    sharing: Sharing,
    curves: Curves,
    starts: Float[Tensor, "beginning group member parameter"],
    keep: int,
) -> Fit:
    """Of the descents from the starts whose misfit is least, the linear parameters solved for."""
    groups = len(curves.values)
    free = sharing.free(starts.flatten(0, 1)).clamp(sharing.lower, sharing.upper)
    free, misfit = _linear_solved(expert, sharing, _repeated(curves, len(starts)), free)
    kept = min(keep, len(starts))
    best = misfit.reshape(len(starts), groups).argsort(dim=0, stable=True)[:kept]
    chosen = free.reshape(len(starts), groups, -1).gather(0, best.unsqueeze(-1).expand(-1, -1, free.shape[-1]))
    found = descend(expert, sharing, _repeated(curves, kept), sharing.theta(chosen.flatten(0, 1)))
    winner = found.misfit.reshape(kept, groups).argmin(0)
    rows = winner * groups + torch.arange(groups, device=winner.device)
    return Fit(found.theta[rows], found.misfit[rows])


def descend(
    expert: AbstractExpert,
    sharing: Sharing,
    curves: Curves,
    start: Float[Tensor, "group member parameter"],
    iterations: int = ITERATIONS,
) -> Fit:
    """Levenberg-Marquardt from one beginning of each group; where nothing has a weight it stays there.

    A step that leads to curves that are not finite is not taken.
    """
    free = sharing.free(start.double()).clamp(sharing.lower, sharing.upper)
    free, misfit = _linear_solved(expert, sharing, curves, free)
    if not expert.refines or bool(sharing.linear.all()):
        return Fit(sharing.theta(free), misfit)
    damping = torch.full_like(misfit, FIRST_DAMPING)
    going = torch.isfinite(misfit)
    for _ in range(iterations):
        matrix, gradient = _normal_equations(expert, sharing, curves, free)
        step = _step(sharing, matrix, gradient, free, damping)
        moved = (free + step).clamp(sharing.lower, sharing.upper)
        tried, found = _linear_solved(expert, sharing, curves, moved)
        kept = (misfit - found) / _promised(matrix, gradient, moved - free)
        better = going & (found < misfit)
        settled = better & (misfit - found <= CONVERGED * misfit)
        settled = settled | ((gradient * step).sum(-1) <= PROMISED * misfit) & (damping <= 1)
        free = torch.where(better.unsqueeze(-1), tried, free)
        misfit = torch.where(better, found, misfit)
        less, more = better & (kept > GOOD), ~better | ~(kept > POOR)
        damping = torch.where(less, damping / 9, torch.where(more, damping * 6, damping)).clamp_min(LEAST_DAMPING)
        going = going & ~settled & (damping < MOST_DAMPING)
        if not bool(going.any()):
            break
    return Fit(sharing.theta(free), misfit)


def _normal_equations(
    expert: AbstractExpert, sharing: Sharing, curves: Curves, free: Float[Tensor, "group free"]
) -> tuple[Float[Tensor, "group free free"], Float[Tensor, "group free"]]:
    told, jacobian = expert.jacobian(sharing.theta(free))
    weighted = curves.weights.unsqueeze(-1) * jacobian
    gradient = (weighted.mT @ (curves.values - told).unsqueeze(-1)).squeeze(-1)
    return sharing.matrix(weighted.mT @ jacobian), sharing.gradient(gradient)


def _promised(
    matrix: Float[Tensor, "group free free"], gradient: Float[Tensor, "group free"], step: Float[Tensor, "group free"]
) -> Float[Tensor, " group"]:
    """How much less the misfit would be, were the curves linear."""
    return (step * (2 * gradient - (matrix @ step.unsqueeze(-1)).squeeze(-1))).sum(-1)


def _step(
    sharing: Sharing,
    matrix: Float[Tensor, "group free free"],
    gradient: Float[Tensor, "group free"],
    free: Float[Tensor, "group free"],
    damping: Float[Tensor, " group"],
) -> Float[Tensor, "group free"]:
    """The damped Gauss-Newton step of what is not held at a bound by its gradient."""
    held = ((free <= sharing.lower) & (gradient < 0)) | ((free >= sharing.upper) & (gradient > 0))
    moving = (~held).double()
    damped = 1 + damping.unsqueeze(-1) * (~sharing.linear)
    diagonal = matrix.diagonal(dim1=-2, dim2=-1)
    return _solved(matrix + torch.diag_embed((damped - 1) * diagonal), gradient, moving)


def _solved(
    matrix: Float[Tensor, "group free free"],
    gradient: Float[Tensor, "group free"],
    moving: Float[Tensor, "#group free"],
) -> Float[Tensor, "group free"]:
    """Least squares of what moves, the diagonal scaled to 1; the shortest step where there are many."""
    size = matrix.diagonal(dim1=-2, dim2=-1).sqrt()
    scale = moving / torch.where(size > 0, size, 1)
    scaled = scale.unsqueeze(-1) * matrix * scale.unsqueeze(-2)
    finite = torch.isfinite(scaled).all(-1, keepdim=True).all(-2, keepdim=True)
    inverse = torch.linalg.pinv(torch.where(finite, scaled, 0), rtol=RANK, hermitian=True)
    return scale * (inverse @ (scale * gradient.nan_to_num(0, 0, 0)).unsqueeze(-1)).squeeze(-1)


def _linear_solved(
    expert: AbstractExpert, sharing: Sharing, curves: Curves, free: Float[Tensor, "group free"]
) -> tuple[Float[Tensor, "group free"], Float[Tensor, " group"]]:
    """The linear parameters solved for, the others held; and the misfit, infinite where the curves are not finite.

    Twice: the second pass takes away what rounding left of the first.
    """
    columns = [index for index, each in enumerate(expert.parameters) if each.linear]
    told = expert.curves(sharing.theta(free))
    for _ in range(2 if columns else 0):
        theta = sharing.theta(free)
        jacobian = torch.zeros(*told.shape, theta.shape[-1], dtype=told.dtype, device=told.device)
        for index in columns:  # exact, since the curve is linear in it
            moved, step = theta.clone(), theta[..., index].abs().clamp_min(1)
            moved[..., index] += step
            jacobian[..., index] = (expert.curves(moved) - told) / step.unsqueeze(-1)
        weighted = (curves.weights.unsqueeze(-1) * jacobian).mT
        gradient = (weighted @ (curves.values - told).unsqueeze(-1)).squeeze(-1)
        matrix = sharing.matrix(weighted @ jacobian)
        free = free + _solved(matrix, sharing.gradient(gradient), sharing.linear.double().unsqueeze(0))
        told = expert.curves(sharing.theta(free))
    squares = (curves.weights * (curves.values - told).square()).sum((-1, -2))
    return free, torch.where(torch.isfinite(squares), squares, torch.inf)


def _repeated(curves: Curves, times: int) -> Curves:
    return Curves(*(each.repeat(times, 1, 1) for each in curves))
