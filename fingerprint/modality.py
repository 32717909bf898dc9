"""Modality: one way of measuring. RawModality: what was measured that way, as it was measured."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

JsonScalar: TypeAlias = str | float | int | bool | None


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
    """Measurements that share one axis; a specimen that was measured several times occurs as often.

    Attributes:
        specimens: the id of the specimen that each is of, [measurement].
        values: as measured, in the source's precision: [measurement] for scalars, [measurement, point] for spectra and
            series, [measurement, row, column] for images. A missing measurement is absent, never a placeholder.
        axis: [point], float64, strictly increasing; None for scalars and images.
        sources: where each came from (file and row, dataset and row, "python"), [measurement].
        uncertainty: standard uncertainty of every value, shaped as `values`; None where it is not known.
        measurements: the id of each within its specimen and modality, [measurement], "" for one without; () where none
            has one.
        facts: what is known of each act of measuring (instrument, time, settings), [measurement]; () where nothing is.
    """

    specimens: tuple[str, ...]
    values: NDArray[np.generic]
    axis: NDArray[np.float64] | None = None
    sources: tuple[str, ...] = ()
    uncertainty: NDArray[np.generic] | None = None
    measurements: tuple[str, ...] = ()
    facts: tuple[Mapping[str, JsonScalar], ...] = ()

    @property
    def ids(self) -> tuple[tuple[str, str], ...]:
        """What tells each measurement of a modality from the others: its specimen, and its id within that."""
        return tuple(zip(self.specimens, self.measurements or ("",) * len(self.specimens), strict=True))

    def taking(self, rows: Sequence[int] | NDArray[np.int64]) -> Block:
        """These measurements alone, in this order."""
        chosen = np.asarray(rows, dtype=np.int64)
        return Block(
            tuple(self.specimens[row] for row in chosen),
            self.values[chosen],
            self.axis,
            tuple(self.sources[row] for row in chosen) if self.sources else (),
            None if self.uncertainty is None else self.uncertainty[chosen],
            tuple(self.measurements[row] for row in chosen) if self.measurements else (),
            tuple(self.facts[row] for row in chosen) if self.facts else (),
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
        """The ids of the specimens measured, each once, in the order in which they occur."""
        return tuple(dict.fromkeys(specimen for block in self.blocks for specimen in block.specimens))

    @property
    def ids(self) -> tuple[tuple[str, str], ...]:
        """The specimen of each measurement and its id within that, block after block."""
        return tuple(pair for block in self.blocks for pair in block.ids)

    def __len__(self) -> int:
        """How many measurements there are, which may be several of one specimen."""
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
