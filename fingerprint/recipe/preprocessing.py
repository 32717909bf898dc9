"""What is done to curves on the common grid before the model sees them, in the order in which a recipe lists it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fingerprint.recipe.numbers import NonNegative, Number, Positive, PositiveNumber


class Grid(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The common axis, in the modality's own unit; what is left out is chosen from the training part.

    `first` and `last` crop; with `points` the grid is even, and without it keeps the measured spacing.
    """

    first: Number | None = None
    last: Number | None = None
    points: NonNegative = 0


class Baseline(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="baseline"):
    """Subtract a smooth background, found by one of pybaselines' penalised least squares.

    `smoothness` is the penalty on its curvature: the larger, the stiffer. "arpls" tells peaks by the noise, and takes a
    background that lies too low where a curve has none.
    """

    method: Literal["asls", "airpls", "arpls", "aspls", "psalsa"] = "airpls"
    smoothness: PositiveNumber = 1e5


class SavitzkyGolay(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="savitzky_golay"):
    """A polynomial through every `window` points: smoothing, or its derivative over the axis.

    Savitzky & Golay, Anal. Chem. 36 (1964) 1627. It makes the grid even.
    """

    window: Positive = 11
    order: NonNegative = 2
    derivative: NonNegative = 0


class SNV(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="snv"):
    """Standard normal variate: each curve minus its own mean, over its own standard deviation.

    Barnes, Dhanoa & Lister, Appl. Spectrosc. 43 (1989) 772.
    """


class MSC(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="msc"):
    """Multiplicative scatter correction: a straight line takes each curve to the training part's mean curve.

    Geladi, MacDougall & Martens, Appl. Spectrosc. 39 (1985) 491.
    """


class UnitArea(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="area"):
    """Each curve over its own area."""


class MinMax(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="min_max"):
    """Each curve from 0 at its least value to 1 at its greatest."""


class Standard(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="standard"):
    """Every point minus its mean, over its standard deviation, both of the training part."""


class Logarithm(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="log"):
    """The decimal logarithm; every value must be above 0."""


Step = Baseline | SavitzkyGolay | SNV | MSC | UnitArea | MinMax | Standard | Logarithm
