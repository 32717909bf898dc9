r"""The second modality: the exact rates plus noise, $\epsilon \sim \mathcal{N}(0, 0.1)$. [PIMA, section 4.2]

0.1 is read as a variance, so the noise has a standard deviation of 0.316.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fingerprint.generators.mnist_ode.oscillator import POINTS, beta, trajectory

DIGITS = 10
NOISE_VARIANCE = 0.1  # 1/s^2

_NOISE = 3  # the stream of random numbers of a seed; mnist_lines has 1 and 2
_ROWS = 1000  # at a time: 8 MB


def rates(digits: NDArray[np.integer], seed: int, noise_variance: float = NOISE_VARIANCE) -> NDArray[np.float32]:
    """The noisy rates of each digit's oscillator, over `oscillator.T`.

    The noise of row k follows from the seed and k alone: not from the digits, nor from how many rows come after; with
    another variance it is the same but for a factor.

    Args:
        digits: 0 to 9, [specimen].
        seed: of the noise, 0 or greater.
        noise_variance: 1/s^2, 0 or greater.

    Returns:
        dx/dt and dy/dt, [specimen, 2, point], 1/s.

    Raises:
        ValueError: a digit or the variance is out of range.
    """
    found = list(blocks(digits, seed, noise_variance))
    return np.concatenate(found) if found else np.empty((0, 2, POINTS), np.float32)


def blocks(
    digits: NDArray[np.integer], seed: int, noise_variance: float = NOISE_VARIANCE
) -> Iterator[NDArray[np.float32]]:
    """What `rates` gives, a thousand specimens at a time.

    Raises:
        ValueError: a digit or the variance is out of range.
    """
    check_variance(noise_variance)
    if len(digits) and (int(digits.min()) < 0 or int(digits.max()) >= DIGITS):
        raise ValueError("digits must lie between 0 and 9")
    generator = np.random.default_rng([seed, _NOISE])
    exact = np.stack([trajectory(beta(digit)).rates for digit in range(DIGITS)])
    for first in range(0, len(digits), _ROWS):
        own = digits[first : first + _ROWS]
        noise = generator.standard_normal((len(own), 2, POINTS))
        yield (exact[own] + math.sqrt(noise_variance) * noise).astype(np.float32)


def check_variance(noise_variance: float) -> None:
    """Refuse what is no variance.

    Raises:
        ValueError: it is negative or not finite.
    """
    if not 0 <= noise_variance < math.inf:
        raise ValueError(f"noise_variance is {noise_variance}; it must be a number of 0 or greater")
