"""Rows of the second experiment, made up: scores, and parameters that are off by what is said."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fingerprint.experiments import ClusteringScores, Identified, Row
from fingerprint.experiments.mnist_ode import IDENTIFIED, true_parameters

DIGITS = tuple(map(str, range(10)))
NOTHING: Mapping[str, float] = MappingProxyType({})


def identified(factors: Mapping[str, float] = NOTHING, labels: tuple[str, ...] = DIGITS) -> tuple[Identified, ...]:
    """The truth, some parameters multiplied by a factor."""
    nan = float("nan")
    return tuple(
        Identified(
            label,
            int(label),
            name,
            value * factors.get(name, 1),
            0.0125,
            value,
            IDENTIFIED[int(label)] if name == "beta" else nan,
        )
        for label in labels
        for name, value in true_parameters(label).items()
    )


def oscillator_row(seed: int, parameters: tuple[Identified, ...], name: str = "expert") -> Row:
    """A row in which every specimen is right."""
    table = [[10 if row == column else 0 for column in range(10)] for row in range(10)]
    scores = ClusteringScores({"joint": 100.0, "image": 100.0}, {"joint": table, "image": table}, list(DIGITS), 100)
    return Row(name, f"what {name} is", seed, scores, 1.0, "", "", parameters)
