"""The experiments that can be reproduced."""

from __future__ import annotations

from fingerprint.errors import RecipeError
from fingerprint.experiments.experiment import Experiment
from fingerprint.experiments.mnist_lines import MNIST_LINES
from fingerprint.experiments.mnist_ode import MNIST_ODE

EXPERIMENTS: dict[str, Experiment] = {each.name: each for each in (MNIST_LINES, MNIST_ODE)}


def find_experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        RecipeError: there is none.
    """
    if name not in EXPERIMENTS:
        raise RecipeError(f"no experiment is called {name!r}", expected=f"One of: {', '.join(EXPERIMENTS)}.")
    return EXPERIMENTS[name]
