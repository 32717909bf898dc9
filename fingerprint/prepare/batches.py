"""Tensors: what the model sees of a set of specimens, with what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fingerprint.modality import RawModality
from fingerprint.prepare.preparation import Array, Preparation


@dataclass(frozen=True)
class Tensors:
    """Measurements in model units, resident on one device.

    Attributes:
        specimens: ids, in row order.
        values: by modality, [specimen, feature], float32; zeros where missing.
        present: by modality, [specimen]; 1 where measured.
    """

    specimens: tuple[str, ...]
    values: dict[str, Tensor]
    present: dict[str, Tensor]

    def __len__(self) -> int:
        return len(self.specimens)

    def rows(self, index: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Values and presence of the rows in `index`, [seed, specimen] or [specimen], with those leading axes."""
        return (
            {name: value[index] for name, value in self.values.items()},
            {name: value[index] for name, value in self.present.items()},
        )

    def subset(self, rows: Sequence[int] | np.ndarray) -> Tensors:
        """These specimens alone."""
        index = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        values = {name: value[index.to(value.device)] for name, value in self.values.items()}
        present = {name: value[index.to(value.device)] for name, value in self.present.items()}
        return Tensors(tuple(self.specimens[row] for row in index.tolist()), values, present)

    def thinned(self, most: int) -> Tensors:
        """These specimens, or so many of them, evenly spaced in their order."""
        return self if len(self) <= most else self.subset(even_rows(len(self), most))

    def keeping(self, names: Sequence[str]) -> Tensors:
        """The same specimens with only these modalities present."""
        present = {name: value if name in names else torch.zeros_like(value) for name, value in self.present.items()}
        return Tensors(self.specimens, self.values, present)


@dataclass(frozen=True)
class Physical:
    """Measurements in physical units on the common grid.

    Attributes:
        specimens: ids, in row order.
        values: by modality, [specimen, point], float64; nan where missing.
    """

    specimens: tuple[str, ...]
    values: dict[str, Array]

    def measured(self, name: str) -> NDArray[np.bool_]:
        """Which specimens have this modality, [specimen]."""
        return np.asarray(np.isfinite(self.values[name]).all(axis=1), dtype=np.bool_)

    def rows(self, index: Sequence[int] | np.ndarray) -> Physical:
        """These rows alone."""
        chosen = np.asarray(index, dtype=np.int64)
        return Physical(
            tuple(self.specimens[row] for row in chosen),
            {name: value[chosen] for name, value in self.values.items()},
        )


def even_rows(count: int, most: int) -> NDArray[np.int64]:
    """Rows of a table of `count`: all of them, or `most`, evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def align(
    raws: Mapping[str, RawModality], preparations: Mapping[str, Preparation], specimens: Sequence[str]
) -> Physical:
    """Measurements of `specimens` on the common grids, in that order; a modality that is not in `raws` is missing.

    Raises:
        DataError: the axis of one of them does not cover the model's grid.
    """
    position = {specimen: row for row, specimen in enumerate(specimens)}
    values: dict[str, Array] = {}
    for name, preparation in preparations.items():
        table = np.full((len(specimens), preparation.points), np.nan)
        raw = raws.get(name, RawModality(preparation.modality, ())).keeping(position)
        for block in raw.blocks:
            table[[position[each] for each in block.specimens]] = preparation.on_grid(
                RawModality(raw.modality, (block,))
            )
        values[name] = table
    return Physical(tuple(specimens), values)


def to_tensors(
    physical: Physical, preparations: Mapping[str, Preparation], device: torch.device | str = "cpu"
) -> Tensors:
    """Model units, float32, on `device`."""
    values: dict[str, Tensor] = {}
    present: dict[str, Tensor] = {}
    for name, preparation in preparations.items():
        measured = physical.measured(name)
        scaled = preparation.to_model(np.where(measured[:, None], physical.values[name], preparation.centre))
        values[name] = torch.as_tensor(scaled, dtype=torch.float32, device=device)
        present[name] = torch.as_tensor(measured, dtype=torch.float32, device=device)
    return Tensors(physical.specimens, values, present)
