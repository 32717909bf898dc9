"""Parameter: one number of a law, as its author declares it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fingerprint.errors import RecipeError


@dataclass(frozen=True)
class Parameter:
    """One parameter of an expert, for each cluster, or shared by them, or depending on Z: the recipe says.

    Attributes:
        start: where a fit begins; with other beginnings tried around it.
        lower, upper: bounds, which no fit leaves.
        unit: such as "eV"; "t" and "y" stand for the units of the axis and of the measurement: "1/t", "y*t"
            (of a law that decodes several modalities, those of the first).
        linear: whether the curve is a linear function of it, the others held: it is then solved in closed form.
        name: as the recipe and the fingerprints call it; a decorated function's arguments name it.
    """

    start: float = 1.0
    lower: float = -math.inf
    upper: float = math.inf
    unit: str = ""
    linear: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be fitted.

        Raises:
            RecipeError: the start is not within the bounds, or a linear parameter has bounds.
        """
        if not (math.isfinite(self.start) and self.lower <= self.start <= self.upper and self.lower < self.upper):
            raise RecipeError(
                f"the parameter {self.name or '?'} starts at {self.start:g}, its bounds are {self.lower:g} and "
                f"{self.upper:g}",
                expected="A finite start within the bounds.",
            )
        if self.linear and self.bounded:
            raise RecipeError(
                f"the parameter {self.name or '?'} is linear and has bounds",
                expected="Either: what is solved in closed form cannot be kept within bounds.",
            )

    @property
    def bounded(self) -> bool:
        """Whether there is a bound."""
        return math.isfinite(self.lower) or math.isfinite(self.upper)
