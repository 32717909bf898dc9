"""Shapes of arrays in words."""

from __future__ import annotations

from collections.abc import Sequence


def shape_in_words(shape: Sequence[int]) -> str:
    """The lengths with x between them, such as 28 x 28; 1 for a single number."""
    return " x ".join(map(str, shape)) or "1"
