"""What the training part tells of the parameters of every law, in measured units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.fingerprints.parameters import ParameterSums
from fingerprint.model import PIMA, Gaussian
from fingerprint.model.experts import ExpertDecoder, point_weights
from fingerprint.prediction.embedding import fitting_responsibilities
from fingerprint.prepare import Preparation, Tensors
from fingerprint.run import LEAST_FITTED, ExpertMetrics, LackOfFit, ParameterMetrics
from fingerprint.units import product

MOST_NUMBERS = 4_000_000


class Weighted(NamedTuple):
    """Specimens as a law is fitted to them, as `ParameterSums.add` wants them."""

    curves: Float[Tensor, "specimen point"]
    weights: Float[Tensor, "cluster specimen point"]
    gamma: Float[Tensor, "specimen cluster"]


@torch.no_grad()
def identify(
    model: PIMA, preparations: Mapping[str, Preparation], train: Tensors, member: int, posterior: Gaussian
) -> dict[str, ExpertMetrics]:
    """Parameters, standard errors and lack of fit of every law of one member, by its (first) modality.

    Errors of laws that depend on Z, and of parameters that followed the gradient, are not told: those of the first
    rest on the encoders too, and the second need not be at their optimum.

    Args:
        model: settled.
        preparations: by modality.
        train: the training part.
        member: whose parameters.
        posterior: q(Z|X) of the training part, as `embed` gives it.
    """
    experts = model.experts()
    if not experts:
        return {}
    gamma = fitting_responsibilities(model, train, posterior)[member]
    return {name: _identify(model, preparations[name], train, gamma, member, each) for name, each in experts.items()}


def _identify(
    model: PIMA, preparation: Preparation, train: Tensors, gamma: Tensor, member: int, expert: ExpertDecoder
) -> ExpertMetrics:
    law, theta = expert.law, expert.theta[member].detach()
    clusters = range(len(theta))
    if expert.uses_z:
        present = torch.stack([train.present[name] for name in law.names]).amax(0).double()
        known = (present @ gamma.double() >= LEAST_FITTED).unsqueeze(-1).expand_as(theta)
        errors = torch.full_like(theta, math.nan)
        lacks: list[LackOfFit | None] = [None for _ in clusters]
    else:
        sums = ParameterSums(law, theta)
        step = max(1, MOST_NUMBERS // (len(theta) * len(law.centre)))
        for start in range(0, len(train), step):
            rows = slice(start, start + step)
            sums.add(*weighted(model, member, expert, train, rows, gamma[rows]))
        known, lacks = sums.known(), sums.lack_of_fit()
        errors = sums.errors() if expert.fitted else torch.full_like(theta, math.nan)
    values = torch.where(known, theta, math.nan).T.tolist()
    columns = torch.where(known, errors, math.nan).T.tolist()
    slopes = dict(zip(law.along, expert.slopes[member].detach().transpose(0, 1).tolist(), strict=True))
    units = {"t": law.expert.t_unit or preparation.modality.axis_unit, "y": preparation.modality.unit}
    parameters = tuple(
        ParameterMetrics(
            name=each.name,
            unit=product(each.unit, units),
            shared=each.name in law.shared,
            values=_finite(own),
            standard_errors=_finite(error),
            slopes=tuple(map(tuple, slopes.get(each.name, ()))),
        )
        for each, own, error in zip(law.expert.parameters, values, columns, strict=True)
    )
    return ExpertMetrics(law.names, parameters, tuple(lacks))


def weighted(
    model: PIMA,
    member: int,
    expert: ExpertDecoder,
    train: Tensors,
    rows: slice,
    responsibilities: Float[Tensor, "specimen cluster"],
) -> Weighted:
    """Specimens of the training part with the weights with which one member's law is fitted to them: 0 where nothing
    was measured; what may be an outlier counts for less.

    Args:
        model: settled.
        member: whose law.
        expert: of the model.
        train: the training part.
        rows: of it.
        responsibilities: of the member, of these rows.
    """
    law = expert.law
    values, present, certainty = train.piece(rows)
    noise = model.noise(law.names)
    told, weights, counted = dict(values), [], []
    for name, scale in zip(law.names, law.scale.split(law.points), strict=True):
        outlier = model.outlier_given_cluster(name, values, certainty)[member]
        own = (responsibilities * (1 - outlier) * present[name][0].unsqueeze(-1)).double()
        each = point_weights(noise[name][member : member + 1], certainty.get(name))[0] / scale.square()
        if name in certainty:
            told[name] = certainty[name].values
        weights.append((own.T.unsqueeze(-1) * each).expand(-1, -1, len(scale)))
        counted.append(own)
    curves = law.measured({name: told[name][0] for name in law.names})
    return Weighted(curves, torch.cat(weights, -1), torch.stack(counted).amax(0))


def _finite(values: list[float]) -> tuple[float | None, ...]:
    return tuple(value if math.isfinite(value) else None for value in values)
