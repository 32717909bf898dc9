r"""The second modality: $X_2 = c\,t + \epsilon$, $\epsilon \sim \mathcal{N}(0, 0.01)$, c the digit. [PIMA, section 4.1]

0.01 is read as a variance, so the noise has a standard deviation of 0.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DIGITS = 10
POINTS = 20
NOISE_VARIANCE = 0.01
T: NDArray[np.float64] = np.linspace(0.0, 1.0, POINTS)
"""The axis of every line, [point]."""

_NOISE, _CORRUPTION = 1, 2  # the streams of random numbers of one seed


def lines(digits: NDArray[np.integer], seed: int) -> NDArray[np.float32]:
    """A noisy line for each digit, over `T`.

    The noise of row k follows from the seed and k alone: not from the digits, nor from how many rows come after.

    Args:
        digits: the slopes, [specimen].
        seed: of the noise, 0 or greater.

    Returns:
        [specimen, point], dimensionless.
    """
    generator = np.random.default_rng([seed, _NOISE])
    noise = generator.normal(0.0, np.sqrt(NOISE_VARIANCE), (len(digits), POINTS))
    return (np.asarray(digits, np.float64)[:, None] * T + noise).astype(np.float32)


def corrupt(digits: NDArray[np.integer], share: float, seed: int) -> NDArray[np.integer]:
    """Replace a share of the digits by others, drawn evenly: for lines that carry another digit's slope.

    Args:
        digits: 0 to 9, [specimen].
        share: of the specimens, 0 to 1; so many of them, rounded to the next whole number, get a different digit.
        seed: of the choice, 0 or greater.

    Returns:
        The digits, [specimen], of the given type; those that were given stay as they are.

    Raises:
        ValueError: a digit or the share is out of range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1")
    if len(digits) and (int(digits.min()) < 0 or int(digits.max()) >= DIGITS):
        raise ValueError("digits must lie between 0 and 9")
    generator = np.random.default_rng([seed, _CORRUPTION])
    chosen = generator.choice(len(digits), round(share * len(digits)), replace=False)
    changed = digits.copy()
    changed[chosen] = (digits[chosen] + generator.integers(1, DIGITS, len(chosen))) % DIGITS
    return changed
