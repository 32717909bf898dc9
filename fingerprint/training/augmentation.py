"""Random changes of images that leave their meaning."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from fingerprint.errors import RecipeError
from fingerprint.model import ModalityShape
from fingerprint.recipe import Augmentation

DRAWS = 6  # uniform numbers that one change of one image takes


class Augmenter:
    """Changes images of one modality.

    Args:
        choice: how much.
        shape: what the model knows of the modality.
        device: on which the images are.

    Raises:
        RecipeError: the modality is no image, or the model sees scores in a basis.
    """

    def __init__(self, choice: Augmentation, shape: ModalityShape, device: torch.device) -> None:
        if len(shape.shape) != 2 or shape.centre is None or shape.scale is None:
            raise RecipeError(
                "only images can be shifted, turned, scaled and sheared",
                where="augment",
                expected='An image, with input of kind "grid".',
            )
        self.choice, self.shape = choice, shape.shape
        self.centre = shape.centre.to(device, torch.float32)
        self.scale = shape.scale.to(device, torch.float32)
        self.zero = -self.centre / self.scale

    def __call__(
        self, x: Float[Tensor, "seed specimen point"], draws: Float[Tensor, "seed specimen draw"]
    ) -> Float[Tensor, "seed specimen point"]:
        """Shift by whole pixels, turn, scale and shear about the middle, in measured units; edges are continued.

        Args:
            x: images in model units.
            draws: uniform in [-1, 1), `DRAWS` for each image.
        """
        choice, flat = self.choice, draws.flatten(0, 1)
        measured = torch.addcmul(self.centre, x, self.scale).flatten(0, 1)
        shift = (flat[:, 4:6] * (choice.shift + 0.5)).round()
        if choice.rotation or choice.scale or choice.shear:
            moved = self._warped(measured, flat, shift)
        else:
            moved = self._shifted(measured, shift.long())
        return torch.addcmul(self.zero, moved.reshape(x.shape), 1 / self.scale)

    def _shifted(self, measured: Tensor, shift: Tensor) -> Tensor:
        """Whole pixels, taken from where they were."""
        rows, columns = self.shape
        down = torch.arange(rows, device=shift.device) + shift[:, 1:]
        right = torch.arange(columns, device=shift.device) + shift[:, :1]
        places = down.clamp(0, rows - 1).unsqueeze(2) * columns + right.clamp(0, columns - 1).unsqueeze(1)
        return measured.gather(1, places.flatten(1))

    def _warped(self, measured: Tensor, flat: Tensor, shift: Tensor) -> Tensor:
        """Interpolated between pixels."""
        rows, columns = self.shape
        choice, device = self.choice, measured.device
        angle = math.radians(choice.rotation) * flat[:, 0]
        wide, high = 1 + choice.scale * flat[:, 1], 1 + choice.scale * flat[:, 2]
        shear = choice.shear * flat[:, 3]
        to_x = torch.stack([wide * angle.cos(), shear - angle.sin(), shift[:, 0]], -1)
        to_y = torch.stack([angle.sin(), high * angle.cos(), shift[:, 1]], -1)
        y, x = torch.meshgrid(
            torch.arange(rows, device=device) - (rows - 1) / 2,
            torch.arange(columns, device=device) - (columns - 1) / 2,
            indexing="ij",
        )
        places = torch.stack([x.flatten(), y.flatten(), torch.ones(rows * columns, device=device)])
        grid = torch.stack([to_x @ places * 2 / columns, to_y @ places * 2 / rows], -1).reshape(-1, rows, columns, 2)
        return functional.grid_sample(
            measured.reshape(-1, 1, rows, columns),
            grid.to(measured),
            mode="bilinear",
            padding_mode="border",
            align_corners=False,
        )


def draw_changes(specimens: int, generators: Sequence[torch.Generator]) -> Float[Tensor, "seed specimen draw"]:
    """Uniform numbers in [-1, 1) for `Augmenter`, from each seed's own generator."""
    return torch.stack([2 * torch.rand(specimens, DRAWS, generator=generator) - 1 for generator in generators])
