"""Domain: what an expert is told of the modalities whose curves it gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import RecipeError
from fingerprint.units import convert

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """One modality, on the common grid, in measured units.

    Attributes:
        name: of the modality.
        t: the axis in its own unit, [point].
        t_unit, unit: of the axis and of the measurement; "" where they have none.
        mean: measurement of the training part, [point].
        directions: orthonormal principal directions of the training part, [direction, point], the greatest first.
    """

    name: str
    t: Array
    t_unit: str = ""
    unit: str = ""
    mean: Array | None = None
    directions: Array | None = None


@dataclass(frozen=True)
class Domain:
    """The modalities that one expert decodes, in the order of its components; mostly one."""

    components: tuple[Component, ...]

    @property
    def t(self) -> Array:
        """The axis, of an expert of one modality."""
        return self.only.t

    @property
    def only(self) -> Component:
        """The one modality.

        Raises:
            RecipeError: there are several.
        """
        first, *others = self.components
        if others:
            raise RecipeError(
                f"this expert gives one curve, and decodes {', '.join(each.name for each in self.components)}",
                expected="One modality.",
            )
        return first

    @property
    def points(self) -> int:
        """Of all components, one after another."""
        return sum(len(each.t) for each in self.components)

    def t_in(self, unit: str) -> Array:
        """The axis of the one modality in another unit.

        Raises:
            UnitError: its own unit cannot be converted to that.
        """
        return np.asarray(convert(self.only.t, self.only.t_unit, unit), np.float64)
