"""Whether a measurement looks like anything that was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingerprint.prepare import WHOLE, Preparation
from fingerprint.prepare.preparation import Array
from fingerprint.run import Calibration

THRESHOLD = 0.02
FEWEST = 9
ROUNDING = 1e-6


@dataclass(frozen=True)
class Novelty:
    """A conformal p-value: how often a specimen like those trained on would look at least this strange.

    Attributes:
        p: None where the validation part is too small.
        flagged: whether it is called unlike the training data.
        reason: in words.
    """

    p: float | None
    flagged: bool
    reason: str


def judge(
    calibration: Calibration, preparations: Mapping[str, Preparation], measured: Mapping[str, Array]
) -> list[Novelty]:
    """Judge specimens that have the same modalities, each by the strangest of its measurements.

    The score is `Preparation.strangeness`; its p-value is its rank among those of the validation part, multiplied by
    the number of modalities (Bonferroni). Flagged at p <= 0.02, or when stranger than all of a validation part too
    small to show 0.02, in which case the reason says how often that happens to ordinary specimens; at least 9
    validation specimens are needed. A curve with gaps is not judged: the validation part's have none.

    Args:
        calibration: of the run.
        preparations: by modality.
        measured: physical units on the common grid, [specimen, point], by modality.
    """
    known = {name: np.sort(np.asarray(calibration.novelty.get(name, ()), dtype=np.float64)) for name in measured}
    count = len(next(iter(measured.values()), ()))
    few = next((name for name in measured if len(known[name]) < FEWEST), None)
    if few is not None:
        reason = f"the validation part has {len(known[few])} specimens with {few}; at least {FEWEST} are needed"
        return [Novelty(None, False, reason)] * count
    # A specimen of the validation part is as strange as itself, however its sums were rounded.
    at_least = {
        name: len(known[name])
        - np.searchsorted(known[name], preparations[name].strangeness(values) * (1 - ROUNDING), side="left")
        for name, values in measured.items()
    }
    rate = sum(max(THRESHOLD / len(measured), 1 / (1 + len(each))) for each in known.values())
    often = f"; with so few, about 1 in {round(1 / rate)} ordinary specimens would be flagged" if measured else ""
    told = often if rate > 1.001 * THRESHOLD else ""
    gap = {name: np.isfinite(values).mean(axis=1) < WHOLE for name, values in measured.items()}
    partly = [next((name for name in measured if gap[name][row]), "") for row in range(count)]
    return [
        Novelty(None, False, f"its {partly[row]} covers too little of the model's axis to be judged")
        if partly[row]
        else _of_one({name: (int(ranks[row]), len(known[name])) for name, ranks in at_least.items()}, told)
        for row in range(count)
    ]


def _of_one(ranks: Mapping[str, tuple[int, int]], often: str) -> Novelty:
    """From the number of validation specimens at least as strange, of how many, by modality."""
    p_values = {name: (1 + at_least) / (1 + known) for name, (at_least, known) in ranks.items()}
    worst = min(p_values, key=p_values.__getitem__)
    at_least, known = ranks[worst]
    p = min(1.0, p_values[worst] * len(ranks))
    if at_least and p_values[worst] > THRESHOLD / len(ranks):
        return Novelty(p, False, "it looks like what was trained on")
    than = f"all {known}" if at_least == 0 else f"all but {at_least} of {known}"
    return Novelty(p, True, f"its {worst} is stranger than {than} specimens of the validation part{often}")
