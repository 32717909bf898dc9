"""Modality: one way of measuring. RawModality: what was measured that way, as it was measured."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Kind(StrEnum):
    """What one measurement of a modality is."""

    SCALAR = "scalar"  # one number
    SPECTRUM = "spectrum"  # intensity over frequency, wavelength, angle, ...
    SERIES = "series"  # a curve over time, strain, temperature, ...
    IMAGE = "image"  # numbers on a two-dimensional raster

    @property
    def dimensions(self) -> int:
        """Of an array of measurements, the specimens' among them."""
        return {Kind.SCALAR: 1, Kind.IMAGE: 3}.get(self, 2)


@dataclass(frozen=True)
class Modality:
    """One way of measuring.

    Attributes:
        name: as commands and recipes call it.
        kind: what one measurement is.
        unit: of the values; "" where they are dimensionless or in arbitrary units.
        sign: the sign convention in words, e.g. "compression positive (-tr sigma / 3)"; "" where there is none.
        axis_name: of the axis that a spectrum or series is measured over; "" for other kinds.
        axis_unit: of that axis; "" where it is dimensionless.
        outside: "zero" where the values are known to vanish beyond the ends of every axis, as a density of states does
            beyond its band; "" where nothing is known.
    """

    name: str
    kind: Kind
    unit: str = ""
    sign: str = ""
    axis_name: str = ""
    axis_unit: str = ""
    outside: str = ""

    @property
    def has_axis(self) -> bool:
        """Whether each measurement is a curve over an axis."""
        return self.kind in (Kind.SPECTRUM, Kind.SERIES)


@dataclass(frozen=True)
class Block:
    """Measurements that share one axis.

    Attributes:
        specimens: their ids, [specimen].
        values: as measured, in the source's precision: [specimen] for scalars, [specimen, point] for spectra and
            series, [specimen, row, column] for images. A missing measurement is absent, never a placeholder.
        axis: [point], float64, strictly increasing; None for scalars and images.
        sources: where each came from (file and row, dataset and row, "python"), [specimen].
        uncertainty: standard uncertainty of every value, shaped as `values`; None where it is not known.
    """

    specimens: tuple[str, ...]
    values: NDArray[np.generic]
    axis: NDArray[np.float64] | None = None
    sources: tuple[str, ...] = ()
    uncertainty: NDArray[np.generic] | None = None

    def taking(self, rows: Sequence[int] | NDArray[np.int64]) -> Block:
        """These measurements alone, in this order."""
        chosen = np.asarray(rows, dtype=np.int64)
        return Block(
            tuple(self.specimens[row] for row in chosen),
            self.values[chosen],
            self.axis,
            tuple(self.sources[row] for row in chosen) if self.sources else (),
            None if self.uncertainty is None else self.uncertainty[chosen],
        )


class Measurements(Protocol):
    """What can be stored: a `RawModality`, or measurements that are read, once, while they are stored."""

    @property
    def modality(self) -> Modality:
        """How it was measured."""
        ...

    @property
    def blocks(self) -> Iterable[Block]:
        """What was measured."""
        ...


def all_finite(values: NDArray[np.generic]) -> bool:
    """Whether all numbers are finite. Where their sum is, they are, and it takes no memory."""
    if values.dtype.kind != "f":
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()) or np.isfinite(values).all())


@dataclass(frozen=True)
class RawModality:
    """What was measured in one way: readers and `Store.read` return it, and `prepare` accepts nothing else."""

    modality: Modality
    blocks: tuple[Block, ...]

    @property
    def specimens(self) -> tuple[str, ...]:
        """The ids of the specimens measured, block after block."""
        return tuple(specimen for block in self.blocks for specimen in block.specimens)

    def __len__(self) -> int:
        return sum(len(block.specimens) for block in self.blocks)

    def keeping(self, chosen: Container[str]) -> RawModality:
        """The measurements of these specimens alone."""
        blocks: list[Block] = []
        for block in self.blocks:
            rows = [row for row, specimen in enumerate(block.specimens) if specimen in chosen]
            if rows:
                blocks.append(block.taking(rows))
        return RawModality(self.modality, tuple(blocks))

    def rows(self) -> Iterator[tuple[str, NDArray[np.generic], NDArray[np.float64] | None]]:
        """Each measurement as (specimen, values, axis)."""
        for block in self.blocks:
            for specimen, values in zip(block.specimens, block.values, strict=True):
                yield specimen, values, block.axis
