"""How far measurements of one specimen lie apart, and which do not at all."""

from __future__ import annotations

import math
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from fingerprint.modality import Block, RawModality

_NUMBERS_AT_ONCE = 1 << 22


class Spread:
    r"""The standard deviation of a single measurement about the mean of its specimen.

    $$s^2 = \sum_{s r p} (x_{srp} - \bar x_{sp})^2 / \sum_s P (n_s - 1)$$

    over specimens s, their measurements r = 1 ... n_s and the P points of a curve or image (the root-mean-square over
    points); only measurements on one axis, in one precision, are compared.
    """

    def __init__(self) -> None:
        self._squares, self._freedom = 0.0, 0

    def add(self, raw: RawModality) -> None:
        """Take in all measurements of some specimens."""
        for block in raw.blocks:
            squares, freedom = _within(block)
            self._squares, self._freedom = self._squares + squares, self._freedom + freedom

    @property
    def value(self) -> float | None:
        """In the unit of the values; None where no specimen was measured several times."""
        return math.sqrt(self._squares / self._freedom) if self._freedom else None


def copies(block: Block) -> list[tuple[str, str, str]]:
    """The measurements of one specimen that agree in every number: (specimen, id, id of the other)."""
    if len(set(block.specimens)) == len(block.specimens):
        return []
    found: list[tuple[str, str, str]] = []
    seen: dict[tuple[str, bytes], str] = {}
    for (specimen, own), values in zip(block.ids, block.values, strict=True):
        if not np.ptp(values):
            continue
        first = seen.setdefault((specimen, blake2b(values.tobytes(), digest_size=16).digest()), own)
        if first != own:
            found.append((specimen, first, own))
    return found


def _within(block: Block) -> tuple[float, int]:
    """The sum of squares about the means of specimens, and its degrees of freedom."""
    rows: dict[str, list[int]] = {}
    for row, specimen in enumerate(block.specimens):
        rows.setdefault(specimen, []).append(row)
    several = [own for own in rows.values() if len(own) > 1]
    points = math.prod(block.values.shape[1:])
    freedom = points * sum(len(own) - 1 for own in several)
    squares = 0.0
    few: list[list[int]] = []
    for own in several:
        few.append(own)
        if points * sum(map(len, few)) > _NUMBERS_AT_ONCE:
            squares += _squares(block.values, few)
            few = []
    return squares + _squares(block.values, few), freedom


def _squares(values: NDArray[np.generic], specimens: list[list[int]]) -> float:
    if not specimens:
        return 0.0
    table = np.asarray(values[np.concatenate(specimens)], np.float64)
    sizes = np.array([len(own) for own in specimens])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    means = np.add.reduceat(table, starts) / sizes.reshape(-1, *(1,) * (table.ndim - 1))
    return float(np.square(table - np.repeat(means, sizes, axis=0)).sum())
