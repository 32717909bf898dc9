"""Which arrays of an .npz belong together, found by their lengths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fingerprint.ingestion.columns import find_id
from fingerprint.ingestion.reader import ArraysLayout, Column, Layout, Unrecognised


def layout(
    path: Path,
    vectors: Mapping[str, Column],
    arrays: Mapping[str, tuple[Column, tuple[int, ...]]],
    cells: Mapping[str, list[str]],
) -> Layout:
    """Match the arrays of a file.

    A two-dimensional dataset [n, m] is a set of curves when exactly one vector of length m runs strictly up
    or down and ids of length n are found; a three-dimensional one is a set of images.

    Args:
        vectors: one-dimensional datasets by name; cells: what stands in them, as text.
        arrays: datasets of more dimensions, with their shapes.
    """
    lengths = {name: len(cells[name]) for name in vectors}
    counts = {shape[0] for _, shape in arrays.values()} or set(lengths.values())
    identities: list[Column] = []
    for count in sorted(counts):
        candidates = [column for name, column in vectors.items() if lengths[name] == count]
        identity = find_id(candidates)
        if identity is not None and identity.unique:
            identities.append(identity)
    if len(identities) != 1:
        return Unrecognised(path, "no single one-dimensional dataset of distinct ids, as long as the others")
    specimens = identities[0]
    number = lengths[specimens.header]
    curves: list[tuple[Column, Column]] = []
    images: list[Column] = []
    unmatched: list[str] = []
    for name, (column, shape) in arrays.items():
        if len(shape) == 2 and shape[0] == number:
            axes = [
                vector
                for key, vector in vectors.items()
                if lengths[key] == shape[1] and key != specimens.header and _is_axis(vector, cells[key])
            ]
            if len(axes) == 1:
                curves.append((column, axes[0]))
                continue
        if len(shape) == 3 and shape[0] == number:
            images.append(column)
            continue
        unmatched.append(f"{name} {shape}: no single axis of its length")
    used = {specimens.header, *(axis.header for _, axis in curves)}
    columns = tuple(column for name, column in vectors.items() if lengths[name] == number and name not in used)
    ids = tuple(cells[specimens.header])
    return ArraysLayout(path, specimens, tuple(curves), tuple(images), columns, tuple(unmatched), ids)


def _is_axis(column: Column, cells: list[str]) -> bool:
    if not column.numeric or len(cells) < 2:
        return False
    steps = np.diff(np.array(cells, dtype=np.float64))
    return bool((steps > 0).all() or (steps < 0).all())
