"""What the model is told of a modality's data."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts import Component


@dataclass(frozen=True)
class ModalityShape:
    """What the model knows of a modality.

    Attributes:
        spread: standard deviation of each feature in the training part, in model units, [feature].
        weight: of its reconstruction term, $d_{max}/d_m$ or the user's (section 2.5).
        shape: of one measurement, [point] or [row, column], where the model sees its points; else empty.
        t: the axis in its own unit, [point], float64; None where there is none.
        centre, scale: of the preparation: model units are (measured - centre) / scale; [point] and [1] or [point].
        t_unit, unit: of the axis and of the measurement.
        directions: principal directions of the training part, [direction, point]; None where there is no axis.
    """

    spread: Float[Tensor, " feature"]
    weight: float
    shape: tuple[int, ...] = ()
    t: Float[Tensor, " point"] | None = None
    centre: Float[Tensor, " point"] | None = None
    scale: Float[Tensor, " _"] | None = None
    t_unit: str = ""
    unit: str = ""
    directions: Float[Tensor, "direction point"] | None = None

    @property
    def features(self) -> int:
        """$d_m$ in model units."""
        return len(self.spread)

    def on_grid(self, network: str) -> tuple[int, ...]:
        """The shape, for a network that runs along the points.

        Raises:
            RecipeError: the model sees scores in a basis.
        """
        if not self.shape:
            raise RecipeError(
                "scores in a basis have no neighbours to run a convolution or an expert along",
                where=network,
                expected='Input of kind "grid".',
            )
        return self.shape

    def component(self, name: str) -> Component:
        """What an expert is told of it.

        Raises:
            RecipeError: there is no axis, or the model sees scores.
        """
        if not self.shape:
            raise RecipeError("scores in a basis have no axis for an expert", expected='Input of kind "grid".')
        if self.t is None or self.centre is None:
            raise RecipeError("an expert needs a curve over an axis")
        directions = None if self.directions is None else self.directions.double().numpy()
        return Component(
            name, self.t.double().numpy(), self.t_unit, self.unit, self.centre.double().numpy(), directions
        )

    def model_units(self) -> tuple[Float[Tensor, " point"], Float[Tensor, " _"]]:
        """centre and scale.

        Raises:
            RecipeError: there are none.
        """
        if self.centre is None or self.scale is None:
            raise RecipeError("an expert needs a curve over an axis")
        return self.centre.double(), self.scale.double()
