"""Laws on axes where they have a meaning, and parameters from which curves are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fingerprint.experts import AbstractExpert, Component, Domain, build_expert

Range = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """One law with options, the axis, and from which ranges its parameters are drawn.

    Attributes:
        law: its name.
        ranges: of its parameters, in their order.
        t, t_unit, unit: ends of the axis, and units.
        options: of the law.
        noise: standard deviation of the noise, as a share of the curve's largest value.
        rough: whether the law computes its curves to some tolerance only; it then has tests of its own.
    """

    law: str
    ranges: tuple[Range, ...]
    t: Range = (0.0, 10.0)
    t_unit: str = "s"
    unit: str = "MPa"
    options: dict[str, Any] = field(default_factory=dict)
    noise: float = 0.01
    rough: bool = False

    def __str__(self) -> str:
        return " ".join([self.law, *(f"{key}={value}" for key, value in self.options.items())])

    def axis(self, points: int = 90) -> np.ndarray:
        """Non-uniform: each point is somewhere in its share of the axis; the ends are points."""
        drawn = np.random.default_rng(5).uniform(0.1, 0.9, points - 2)
        inner = (np.arange(points - 2) + drawn) / (points - 2)
        return self.t[0] + (self.t[1] - self.t[0]) * np.array([0.0, *inner, 1.0])

    def expert(self) -> AbstractExpert:
        """The law on that axis."""
        return build_expert(self.law, Domain((component(self.axis(), self.t_unit, self.unit),)), self.options)

    def truths(self, many: int, seed: int) -> Tensor:
        """Parameters, [many, parameter]."""
        low, high = np.array(self.ranges).T
        return torch.tensor(np.random.default_rng(seed).uniform(low, high, (many, len(low))))


def component(t: np.ndarray, t_unit: str, unit: str) -> Component:
    """One modality with a mean and principal directions."""
    x = (t - t[0]) / (t[-1] - t[0])
    mean = 1 + x + np.exp(-(((x - 0.4) / 0.1) ** 2))
    directions = np.linalg.qr(np.stack([np.sin((k + 1) * 3 * x) for k in range(6)], axis=1)).Q.T
    return Component("curve", t, t_unit, unit, mean, directions)


PEAKS: tuple[tuple[Range, Range, Range], ...] = (
    ((2.0, 4.0), (2.0, 2.6), (0.7, 1.2)),
    ((3.0, 5.0), (4.8, 5.4), (0.8, 1.3)),
    ((1.0, 2.0), (7.3, 8.0), (0.7, 1.2)),
)
CASES = (
    Case("affine", ((-2, 2), (-1, 1))),
    Case("affine", ((-2, 2), (-1, 1)), t=(1e5, 1e5 + 10), options={"origin": 1e5}),
    Case("polynomial", ((-2, 2), (-1, 1), (-0.3, 0.3)), t=(-3, 5)),
    Case("polynomial", ((-2, 2), (-1, 1), (-1, 1), (-0.3, 0.3), (-0.1, 0.1)), options={"order": 4, "origin": 5.0}),
    Case("exponential", ((1, 5), (0.4, 2), (-2, 2))),
    Case("exponential", ((-5, -1), (-0.5, -0.2), (-2, 2)), t=(1e3, 1e3 + 10), options={"origin": 1e3}),
    Case("exponential", ((1, 5), (0.1, 2)), options={"offset": False}),
    Case("stretched_exponential", ((2, 5), (0.7, 2), (0.6, 1.4), (-2, 2)), noise=0.003),
    Case("stretched_exponential", ((2, 5), (0.5, 3), (0.5, 2)), options={"offset": False}),
    Case("power_law", ((1, 4), (-2.5, 2.5)), t=(0.3, 6)),
    Case("power_law", ((1, 4), (0.3, 2.5), (-3, 3)), t=(0, 6), options={"offset": True, "reference": 3.0}),
    Case("arrhenius", ((1e8, 1e9), (0.4, 1.2)), t=(400, 1100), t_unit="K", noise=1e-3),
    Case("arrhenius", ((1e8, 1e9), (0.4, 1.2)), t=(0, 900), t_unit="degC", noise=1e-3),
    Case("formula", ((1, 5), (0.4, 2), (-2, 2)), options={"formula": "a * exp(-k * t) + c"}),
    Case("ode", ((0.3, 1), (1, 3)), options={"states": ["x"], "equations": {"x": "-k * x"}}, rough=True),
    Case("debye_heat_capacity", ((20, 60), (150, 700)), t=(2, 400), t_unit="K", unit="J/(mol K)"),
    Case("debye_heat_capacity", ((100, 1500),), t=(0, 300), t_unit="K", unit="J/(mol K)", options={"atoms": 2}),
    Case("einstein_heat_capacity", ((20, 60), (100, 700)), t=(2, 400), t_unit="K", unit="J/(mol K)"),
    Case("einstein_heat_capacity", ((100, 900),), t=(0, 300), t_unit="K", unit="J/(mol K)", options={"atoms": 1}),
    Case("debye_density", ((1, 5), (4, 9), (0.2, 1)), t_unit="THz", unit="1/THz"),
    Case("einstein_density", ((1, 5), (2, 8), (0.3, 1)), t_unit="THz", unit="1/THz"),
    Case("peaks", PEAKS[0] + PEAKS[1] + PEAKS[2], options={"count": 3}),
    Case("peaks", PEAKS[0] + PEAKS[1] + PEAKS[2] + ((-1, 3),), options={"count": 3, "background": "constant"}),
    Case(
        "peaks",
        (*PEAKS[0], *PEAKS[1], (0, 2), (-0.2, 0.2)),
        options={"count": 2, "shape": "lorentzian", "background": "linear"},
    ),
    Case(
        "peaks",
        (*PEAKS[0], (0.3, 0.7), *PEAKS[1], (0.3, 0.7)),
        options={"count": 2, "shape": "pseudo_voigt"},
        noise=0.003,
    ),
    Case(
        "peaks",
        ((2, 4), (0.7, 1.0), (0.7, 1.2), (2, 4), (1.6, 1.8), (0.7, 1.2)),
        options={"count": 2, "positions": "log"},
    ),
    Case("principal", ((-2, 2),) * 4),
    Case("elastic_plastic", ((150, 250), (0.2e-2, 0.6e-2), (5, 30)), t=(0, 1.5), t_unit="%"),
    Case(
        "elastic_plastic",
        ((150, 250), (0.003, 0.006), (5, 30)),
        t=(-0.015, 0.015),
        t_unit="",
        options={"smooth": 3e-4},
    ),
    Case("ramberg_osgood", ((150, 250), (0.6, 1.2), (4, 20)), t=(0, 2), t_unit="%", unit="GPa"),
    Case("ramberg_osgood", ((5e4, 2e5), (300, 600), (4, 20)), t=(-0.015, 0.015), t_unit="", options={"proof": 0.001}),
)  # fmt: skip
