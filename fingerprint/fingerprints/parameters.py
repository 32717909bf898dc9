"""The parameters that an expert has for each cluster, and how well the specimens determine them."""

from __future__ import annotations

import numpy as np

from fingerprint.fingerprints.description import Parameter
from fingerprint.fingerprints.pieces import Piece
from fingerprint.model.experts import ExpertDecoder
from fingerprint.prepare.preparation import Array
from fingerprint.run import LEAST_FITTED, Run

TRAIN = "train"
LEAST_FOR_ERROR = 2.0  # specimens


class ParameterSums:
    r"""How far the own fits of the specimens seen so far lie from the parameters of their clusters. [Eq. 16]

    The parameters of a cluster are the mean of its specimens' own least-squares fits, each with its weight $\gamma_d$.
    Specimens are independent, so that, however the noise along a curve is correlated, the mean has the standard error

    $$s^2 = \sum_d \gamma_d^2 (\theta_d - \theta)^2 \Big/ \Big(\big(\sum_d \gamma_d\big)^2 - \sum_d \gamma_d^2\Big)$$

    which for n specimens of weight 1 is the usual one. It takes the responsibilities as known.
    """

    def __init__(self, expert: ExpertDecoder, member: int) -> None:
        self._basis = expert.names
        self._has_errors = expert.fitted and expert.law.linear
        self._theta: Array = expert.theta[member].detach().double().cpu().numpy()
        self._solver: Array = expert.law.solver.cpu().numpy()
        self._weight = np.zeros(len(self._theta))
        self._squares = np.zeros(len(self._theta))
        self._spread = np.zeros_like(self._theta)

    def add(self, curves: Array, weights: Array) -> None:
        """Add specimens.

        Args:
            curves: in physical units, [specimen, point].
            weights: with which each is fitted, [specimen, cluster].
        """
        own = curves @ self._solver.T
        squares = weights**2
        self._weight += weights.sum(0)
        self._squares += squares.sum(0)
        for cluster, theta in enumerate(self._theta):
            self._spread[cluster] += squares[:, cluster] @ (own - theta) ** 2

    def parameters(self, cluster: int) -> dict[str, Parameter]:
        """Of one cluster, by formula."""
        weight, squares = self._weight[cluster], self._squares[cluster]
        missing = np.full(len(self._basis), np.nan)
        values = self._theta[cluster] if weight >= LEAST_FITTED else missing
        errors = missing
        if self._has_errors and weight >= LEAST_FITTED and weight**2 >= LEAST_FOR_ERROR * squares:
            errors = np.sqrt(self._spread[cluster] / (weight**2 - squares))
        return dict(zip(self._basis, map(Parameter, values.tolist(), errors.tolist()), strict=True))


def training_weights(run: Run, name: str, piece: Piece, responsibilities: Array) -> Array:
    """The weights with which an expert of the map member is fitted, [specimen, cluster]: 0 outside the training part
    and where it was not measured; what may be an outlier counts for less.

    Args:
        run: a trained run.
        name: of a modality with an expert.
        piece: specimens.
        responsibilities: of the map member, [specimen, cluster].
    """
    values, _, certainty = piece.tensors.whole()
    outlier = run.model.outlier_given_cluster(name, values, certainty)
    fitted = [run.parts[specimen] == TRAIN for specimen in piece.physical.specimens] & piece.physical.measured(name)
    return responsibilities * (1 - outlier[run.info.map_member].double().cpu().numpy()) * fitted[:, None]
