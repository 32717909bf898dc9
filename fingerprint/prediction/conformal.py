"""Split-conformal intervals: honest whatever the model, as long as new specimens resemble the validation part.

The score of a specimen is the largest of |measured - predicted| / sd over its points, so for a spectrum the whole
curve lies in the band with the stated probability. Where the uncertainty of what was measured is known, its variance is
added to sd squared: the interval is then for the true value, and a specimen that was measured badly widens nobody's.
Nothing of the predictor is chosen on the validation part (the schedule is fixed and all members are used). See Lei et
al., J. Am. Stat. Assoc. 113 (2018) 1094.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from fingerprint.prepare.preparation import Array
from fingerprint.run import Calibration

ALL_SUBSETS_UP_TO = 4


def scores(measured: Array, mean: Array, sd: Array, noise: Array | float = 0.0) -> tuple[float, ...]:
    """Sorted scores of specimens whose target was measured, over their measured points.

    Args:
        measured, mean, sd: [specimen, point] each.
        noise: known variance of what was measured, shaped alike.
    """
    return tuple(np.sort(np.nanmax(np.abs(measured - mean) / np.sqrt(sd**2 + noise), axis=1)).tolist())


def interval_factor(sorted_scores: Sequence[float], level: float) -> float | None:
    """How many sd the interval reaches to either side: the ceil((n + 1) level)-th score; None where n is too small."""
    rank = math.ceil((len(sorted_scores) + 1) * level - 1e-9)
    return sorted_scores[rank - 1] if 0 < rank <= len(sorted_scores) else None


def find_factor(calibration: Calibration, target: str, given: Sequence[str], level: float) -> tuple[float | None, str]:
    """The factor for a target predicted from these modalities, or None and the reason."""
    for entry in calibration.intervals:
        if entry.target == target and set(entry.given) == set(given):
            factor = interval_factor(entry.scores, level)
            if factor is not None:
                return factor, ""
            needed = math.ceil(level / (1 - level) - 1e-9)
            return None, (
                f"the validation part has {len(entry.scores)} specimens with {target} and {', '.join(given)}; "
                f"a {100 * level:g} % interval needs at least {needed}"
            )
    return None, f"no interval was calibrated for {target} from {', '.join(given)}"


def calibrated_subsets(names: Sequence[str], target: str) -> list[tuple[str, ...]]:
    """Which combinations of the other modalities get intervals: all of them for up to 4 others, else each and all."""
    others = sorted(set(names) - {target})
    if len(others) <= ALL_SUBSETS_UP_TO:
        sizes = range(1, len(others) + 1)
        return [subset for size in sizes for subset in itertools.combinations(others, size)]
    return [*((name,) for name in others), tuple(others)]
