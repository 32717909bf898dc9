"""Made specimens of a law that decays, in two clusters: as `ParameterSums` is given them, many data sets at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from fingerprint.experts import Component, Domain, Parameter
from fingerprint.experts.function import FunctionExpert
from fingerprint.fingerprints.parameters import ParameterSums
from fingerprint.model import Certainty
from fingerprint.model.experts import Law, mean_curves, point_weights

TIME = np.linspace(0.0, 4.0, 25) ** 1.2
TRUE = np.array([[2.0, 0.7, 1.0], [3.0, 1.6, -1.0]])  # by cluster
NOISE, SCALE = 0.1, 2.0
AMPLITUDE, FLOOR = Parameter(linear=True, unit="y"), Parameter(linear=True, unit="y")
RATE = Parameter(1.0, lower=0.0, upper=20.0, unit="1/t")


def decay(t: Tensor, amplitude: Any = AMPLITUDE, rate: Any = RATE, floor: Any = FLOOR) -> Tensor:
    """To a floor."""
    return amplitude * torch.exp(-rate * t) + floor


DECAY = FunctionExpert(decay, Domain((Component("decay", TIME),)))


class Sums(NamedTuple):
    """Parameters of each data set, [set, cluster, parameter], and the sums over its specimens."""

    theta: Tensor
    sums: list[ParameterSums]

    @property
    def errors(self) -> Tensor:
        """Shaped as theta."""
        return torch.stack([each.errors() for each in self.sums])


@dataclass(frozen=True)
class Made:
    """How specimens are made.

    Attributes:
        sets, specimens: how many data sets, and specimens in each.
        spread: standard deviation of each parameter between the specimens of a cluster.
        correlated: whether the noise along a curve is.
        gaps: whether points are missing, and specimens differ in their noise, which is known.
        ripple: amplitude of what the law does not know.
        shared: parameters that clusters have alike.
    """

    sets: int = 200
    specimens: int = 80
    spread: tuple[float, float, float] = (0.0, 0.0, 0.0)
    correlated: bool = False
    gaps: bool = False
    ripple: float = 0.0
    shared: tuple[str, ...] = ()

    @property
    def law(self) -> Law:
        """Made anew."""
        return Law(DECAY, ["decay"], [torch.zeros(len(TIME))], [torch.tensor([SCALE])], self.shared)

    @property
    def truth(self) -> np.ndarray:
        """[cluster, parameter]."""
        alike = [name in self.shared for name in DECAY.names]
        return np.where(alike, TRUE[0], TRUE)


@cache
def fit(made: Made, pieces: int = 1) -> Sums:
    """Data sets, their fits, and the sums.

    Args:
        made: how.
        pieces: in which the specimens are added.
    """
    random = np.random.default_rng(0)
    shape = (made.sets, made.specimens, len(TIME))
    kind = np.arange(made.specimens) % 2
    own = made.truth[kind] + made.spread * random.normal(size=(*shape[:2], 3))
    roughness = np.exp(-np.abs(TIME[:, None] - TIME)) if made.correlated else np.eye(len(TIME))
    size = NOISE * random.choice([0.5, 1.0, 2.0], size=(*shape[:2], 1)) if made.gaps else NOISE
    curves = DECAY.curves(torch.as_tensor(own)).numpy() + made.ripple * np.sin(2 * TIME)
    curves = curves + size * random.normal(size=shape) @ np.linalg.cholesky(roughness).T
    known = (random.random(shape) > 0.2 * made.gaps).astype(float)
    known[:, : made.specimens // 3, 15:] *= not made.gaps
    values, weight = torch.as_tensor(np.where(known > 0, curves, 0) / SCALE), torch.as_tensor(known)
    variance = torch.as_tensor(np.broadcast_to(size, shape) ** 2 / SCALE**2)
    noise = torch.full((made.sets, 2), (NOISE / SCALE) ** 2, dtype=torch.float64)
    gamma = torch.as_tensor(np.broadcast_to(np.eye(2)[kind], (*shape[:2], 2)).copy())
    certainty = Certainty(values, weight, variance, torch.zeros(shape[:2]))
    law = made.law
    means = mean_curves(
        law, {"decay": gamma}, {"decay": values}, {"decay": noise}, {"decay": certainty} if made.gaps else {}
    )
    theta = law.fit(*means)
    sums = [ParameterSums(law, each) for each in theta]
    each = point_weights(noise, certainty if made.gaps else None) / SCALE**2
    weights = (gamma.mT.unsqueeze(-1) * each).expand(-1, -1, -1, len(TIME))
    for index, to in enumerate(sums):
        for rows in np.array_split(np.arange(made.specimens), pieces):
            to.add(SCALE * values[index, rows], weights[index][:, rows], gamma[index, rows])
    return Sums(theta, sums)


RIGHT = (
    Made(),
    Made(shared=("rate",)),
    Made(gaps=True, shared=("rate", "floor"), spread=(0.3, 0.0, 0.0)),
    Made(spread=(0.3, 0.0, 0.2), correlated=True),
)
