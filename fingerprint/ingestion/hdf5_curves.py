"""Which vectors are curves and which their axis, found by their lengths, by their order, and by names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.ingestion.hdf5_names import called_axis

Samples = Mapping[str, NDArray[Any]]  # by specimen


class Curves(NamedTuple):
    """What belongs together.

    Attributes:
        pairs: (values, axis); where it is open which is the axis, with each that could be.
        notes: vectors that were not taken for values, and why.
        ambiguous: why it is open which were measured; "" where it is not.
    """

    pairs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    ambiguous: str


def runs_one_way(values: NDArray[Any]) -> bool:
    """Whether numbers rise all along, or fall all along."""
    steps = np.diff(values)
    return values.size > 1 and bool((steps > 0).all() or (steps < 0).all())


def find_curves(vectors: Mapping[str, Samples], shared: Mapping[str, Samples]) -> Curves:
    """Match vectors up.

    Args:
        vectors: by address, what stands there for some specimens; without uncertainties.
        shared: the same for vectors that can only be an axis.
    """
    pairs: list[tuple[str, str]] = []
    notes: list[str] = []
    faults: list[str] = []
    for group in _of_one_length(vectors):
        own = [name for name in group if all(map(runs_one_way, vectors[name].values()))]
        outer = [name for name, samples in shared.items() if _fits(vectors[group[0]], samples)]
        candidates = own if len(group) > 1 and own else outer
        called = [name for name in candidates if called_axis(name)]
        if not candidates:
            notes.extend(f"{name}: no dataset that rises or falls all along is as long as it" for name in group)
            continue
        if len(candidates) > 1 and len(called) != 1:
            pairs.extend((name, axis) for axis in called or candidates for name in group if name != axis)
            faults.append(f"has {len(candidates)} datasets that could be the axis ({', '.join(candidates)})")
            continue
        axis = (called or candidates)[0]
        values = [name for name in group if name != axis]
        pairs.extend((name, axis) for name in values)
        if len(values) > 1:
            faults.append(f"has {len(values)} datasets over {axis} ({', '.join(values)})")
    return Curves(tuple(pairs), tuple(notes), "; ".join(faults))


def _of_one_length(vectors: Mapping[str, Samples]) -> list[list[str]]:
    groups: list[list[str]] = []
    for name, samples in vectors.items():
        group = next((group for group in groups if _fits(samples, vectors[group[0]])), None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return groups


def _fits(first: Samples, second: Samples) -> bool:
    """Whether two vectors are of one length in every specimen that has both, and one has."""
    both: Sequence[str] = [name for name in first if name in second]
    return bool(both) and all(len(first[name]) == len(second[name]) for name in both)
