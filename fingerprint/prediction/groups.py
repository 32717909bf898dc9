"""A target predicted for many specimens, as arrays, a few specimens at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.prediction.conformal import find_factor
from fingerprint.prediction.cross_modal import predict_moments, specimens_at_once
from fingerprint.prepare import WHOLE, Physical, Tensors
from fingerprint.prepare.preparation import Array
from fingerprint.run import Run


class Group(NamedTuple):
    """A few specimens that have the same modalities, and what is predicted from these, in physical units.

    Attributes:
        rows: where they stand among all that were asked about, [specimen].
        given: what they have besides the target.
        tensors: what the model sees of them.
        mean, sd: [specimen, point].
        half: half the width of the interval, [specimen, point]; None where it cannot be had.
        why_no_interval: the reason, where there is none.
    """

    rows: NDArray[np.intp]
    given: tuple[str, ...]
    tensors: Tensors
    mean: Array
    sd: Array
    half: Array | None
    why_no_interval: str


def predict_groups(
    run: Run, target: str, physical: Physical, tensors: Tensors, rows: Sequence[int] | NDArray[np.intp], level: float
) -> Iterator[Group]:
    """Predict `target` for those of `rows` that have anything else measured.

    Args:
        run: a trained run.
        target: the modality to predict; it is not looked at.
        physical, tensors: the specimens asked about.
        rows: which of them.
        level: of the intervals.
    """
    chosen = np.asarray(rows, dtype=np.intp)
    preparation = run.preparations[target]
    step = specimens_at_once(run.model.seeds, preparation.points)
    names = sorted(set(run.preparations) - {target})
    seen = np.stack([physical.measured(name)[chosen] for name in names], axis=1)
    holed = np.stack([seen[:, i] & (physical.covered(name)[chosen] < WHOLE) for i, name in enumerate(names)], axis=1)
    alike_in = np.concatenate([seen, holed], axis=1)
    for pattern in np.unique(alike_in, axis=0):
        given = tuple(name for name, kept in zip(names, pattern, strict=False) if kept)
        if not given:
            continue
        alike = chosen[(alike_in == pattern).all(axis=1)]
        factor, reason = find_factor(run.calibration, target, given, level)
        partly = [name for name, holes in zip(names, pattern[len(names) :], strict=True) if holes]
        if partly:
            factor = None
            reason = (
                f"the {partly[0]} covers less than {100 * WHOLE:g} % of the model's axis: no interval holds for that"
            )
        for start in range(0, len(alike), step):
            few = alike[start : start + step]
            own = tensors.subset(few)
            moments = predict_moments(run.model, preparation, own, target, given)
            half = None if factor is None else factor * moments.sd
            yield Group(few, given, own, moments.mean, moments.sd, half, reason)
