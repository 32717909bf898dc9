"""The paper's cubic oscillator, solved by another code: ten sets of parameters. [Eq. 20]"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from fingerprint.experts import Component, Domain

T = 0.005 * np.arange(512)
DOMAIN = Domain((Component("dx_dt", T), Component("dy_dt", T)))
OPTIONS = {
    "states": ["x", "y"],
    "equations": {"x": "alpha*x^3 + beta*y^3", "y": "gamma*x^3 + delta*y^3"},
    "initial": {"x": 1.0, "y": 1.0},
    "observed": ["x'", "y'"],
}
TRUTH = torch.tensor([[-0.1, c / 3 + 0.5, -2.0, -0.1] for c in range(10)], dtype=torch.float64)
NOISE = (0.1 / 5400) ** 0.5  # of the mean of a cluster's specimens


def rates(u: np.ndarray, parameters: Tensor) -> np.ndarray:
    """[Eq. 20]"""
    alpha, beta, gamma, delta = parameters.tolist()
    x, y = u
    return np.array([alpha * x**3 + beta * y**3, gamma * x**3 + delta * y**3])


@cache
def solutions() -> tuple[Tensor, Tensor]:
    """States and rates of all clusters, [cluster, state, point]."""
    states = [
        solve_ivp(
            lambda _, u, p=p: rates(u, p), (0, T[-1]), (1, 1), method="DOP853", rtol=1e-12, atol=1e-12, t_eval=T
        ).y
        for p in TRUTH
    ]
    of_rates = [rates(u, p) for u, p in zip(states, TRUTH, strict=True)]
    return torch.tensor(np.array(states)), torch.tensor(np.array(of_rates))


def noisy(seed: int) -> Tensor:
    """Mean rates of perfect clusters, [cluster, point of both]."""
    generator = torch.Generator().manual_seed(seed)
    curves = solutions()[1].flatten(1)
    return curves + NOISE * torch.randn(curves.shape, generator=generator, dtype=torch.float64)
