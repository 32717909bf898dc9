"""What the model is told of a modality's data."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.errors import RecipeError, within
from fingerprint.experts import design_matrix
from fingerprint.model.experts import ExpertSpace
from fingerprint.recipe import LinearExpert


@dataclass(frozen=True)
class ModalityShape:
    """What the model knows of a modality.

    Attributes:
        spread: standard deviation of each feature in the training part, in model units, [feature].
        weight: of its reconstruction term, $d_{max}/d_m$ or the user's (section 2.5).
        shape: of one measurement, [point] or [row, column], where the model sees its points; else empty.
        t: the axis in its own unit, [point], float64; None where there is none.
        centre, scale: of the preparation: model units are (measured - centre) / scale; [point] and [1] or [point].
    """

    spread: Float[Tensor, " feature"]
    weight: float
    shape: tuple[int, ...] = ()
    t: Float[Tensor, " point"] | None = None
    centre: Float[Tensor, " point"] | None = None
    scale: Float[Tensor, " _"] | None = None

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

    def expert_space(self, spec: LinearExpert) -> ExpertSpace:
        """The expert's functions on the grid, and how its curves become model units.

        Raises:
            RecipeError: there is no axis, the model sees scores, or a formula cannot be used on the axis.
        """
        self.on_grid("decoder")
        if self.t is None or self.centre is None or self.scale is None:
            raise RecipeError("an expert needs a curve over an axis", where="decoder")
        with within("decoder"):
            design = design_matrix(spec.basis, self.t.numpy())
        return ExpertSpace(torch.as_tensor(design), self.centre, self.scale)
