"""Whether a measurement looks like anything that was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingerprint.prepare import Preparation
from fingerprint.prepare.preparation import Array
from fingerprint.run import Calibration

THRESHOLD = 0.02
FEWEST = 9


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


def judge(calibration: Calibration, preparations: Mapping[str, Preparation], measured: Mapping[str, Array]) -> Novelty:
    """Judge one specimen by the strangest of its measurements.

    The score is `Preparation.strangeness`; its p-value is its rank among those of the validation part, multiplied by
    the number of modalities (Bonferroni). Flagged at p <= 0.02, or when stranger than all of a validation part too
    small to show 0.02, in which case the reason says how often that happens to ordinary specimens; at least 9
    validation specimens are needed.

    Args:
        calibration: of the run.
        preparations: by modality.
        measured: physical units on the common grid, [point], by modality.
    """
    if not measured:
        return Novelty(None, False, "nothing was measured")
    share = THRESHOLD / len(measured)
    rate = 0.0
    worst: tuple[float, str] | None = None
    for name, value in measured.items():
        known = np.asarray(calibration.novelty.get(name, ()))
        if len(known) < FEWEST:
            return Novelty(
                None,
                False,
                f"the validation part has {len(known)} specimens with {name}; at least {FEWEST} are needed",
            )
        at_least = int((known >= preparations[name].strangeness(value)).sum())
        rate += max(share, 1 / (1 + len(known)))
        p = (1 + at_least) / (1 + len(known))
        if worst is None or p < worst[0]:
            than = f"all {len(known)}" if at_least == 0 else f"all but {at_least} of {len(known)}"
            flagged = p <= share or at_least == 0
            worst = (p, f"its {name} is stranger than {than} specimens of the validation part" if flagged else "")
    assert worst is not None
    p, reason = worst
    if reason and rate > 1.001 * THRESHOLD:
        reason += f"; with so few, about 1 in {round(1 / rate)} ordinary specimens would be flagged"
    adjusted = min(1.0, p * len(measured))
    return Novelty(adjusted, bool(reason), reason or "it looks like what was trained on")
