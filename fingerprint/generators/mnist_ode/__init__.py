"""MNIST digits, and for each the noisy rates of an oscillator that the digit decides: the paper's second experiment.

The images are the published ones; the rates are made here. `datasets/mnist_ode/README.md` says how, and what the set
is good for.

Reading order: oscillator, noisy, dataset; what it shares with other sets of MNIST's images is in
`fingerprint.generators.mnist`.
"""

from __future__ import annotations

from fingerprint.generators.mnist_ode.dataset import MODALITIES, addition, make
from fingerprint.generators.mnist_ode.noisy import NOISE_VARIANCE, blocks, rates
from fingerprint.generators.mnist_ode.oscillator import (
    ALPHA,
    DELTA,
    END,
    GAMMA,
    START,
    STEP,
    T,
    Trajectory,
    beta,
    trajectory,
)

__all__ = [
    "ALPHA",
    "DELTA",
    "END",
    "GAMMA",
    "MODALITIES",
    "NOISE_VARIANCE",
    "START",
    "STEP",
    "T",
    "Trajectory",
    "addition",
    "beta",
    "blocks",
    "make",
    "rates",
    "trajectory",
]
