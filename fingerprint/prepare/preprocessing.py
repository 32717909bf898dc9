"""Preprocessing of curves on the common grid, and of scalars: fitted on the training part, then the same for all.

What follows a step, in this file as in the run, is in its unit: nothing is turned back.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DataError, RecipeError
from fingerprint.modality import Modality
from fingerprint.prepare.resampling import OnGrid
from fingerprint.recipe import MSC, SNV, Baseline, Logarithm, MinMax, SavitzkyGolay, Standard, Step, UnitArea

Array = NDArray[np.float64]

ROUNDING = 1e-12  # of the largest value: what is left where steps before have subtracted it


class Unfit(Exception):
    """A measurement that a step cannot take.

    Attributes:
        row: of the measurement.
        reason: in words.
    """

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row, self.reason = row, reason


@dataclass(frozen=True)
class FittedStep:
    """A step and what it learned from the training part.

    Attributes:
        step: as the recipe has it.
        centre: mean curve, [point], to which a curve with a gap is likened there; None where the step needs none.
        scale: standard deviation of each point, [point]; None where the step needs none.
    """

    step: Step
    centre: Array | None = None
    scale: Array | None = None

    def apply(self, measured: OnGrid, grid: Array | None) -> OnGrid:
        """Measurements after the step; gaps (nan) stay gaps, and each curve is changed by its own measured points.

        Args:
            measured: on the grid.
            grid: [point]; None for scalars.

        Raises:
            Unfit: a measurement has no such form.
        """
        values = measured.values.copy()
        variance = None if measured.variance is None else measured.variance.copy()
        seen = np.isfinite(values)
        patterns, inverse = np.unique(seen, axis=0, return_inverse=True) if not seen.all() else (seen[:1], None)
        for number, pattern in enumerate(patterns):
            rows = np.arange(len(values)) if inverse is None else np.flatnonzero(inverse.ravel() == number)
            if not pattern.any():
                continue
            place = np.ix_(rows, pattern)
            own = None if variance is None else variance[place]
            try:
                found = _applied(self, OnGrid(values[place], own), grid, pattern)
            except Unfit as error:
                raise Unfit(int(rows[error.row]), error.reason) from None
            values[place] = found.values
            if variance is not None and found.variance is not None:
                variance[place] = found.variance
        return OnGrid(values, variance)

    def whole(self, measured: Array, points: NDArray[np.bool_]) -> Array:
        """Curves of which these points were measured, elsewhere the mean curve as a straight line fits it to them."""
        if points.all():
            return measured
        assert self.centre is not None
        result = np.empty((len(measured), len(points)))
        result[:, points] = measured
        known, missing = self.centre[points], self.centre[~points]
        centred = known - known.mean()
        slope = (measured @ centred) / max(float(centred @ centred), np.finfo(np.float64).tiny)
        offset = measured.mean(1) - slope * known.mean()
        result[:, ~points] = offset[:, None] + slope[:, None] * missing
        return result


def stepped(
    step: FittedStep,
    measured: OnGrid,
    grid: Array | None,
    source: Modality,
    specimens: Sequence[str],
    sources: Sequence[str],
) -> OnGrid:
    """Measurements after one more step.

    Raises:
        DataError: the step cannot take one of them.
    """
    try:
        return step.apply(measured, grid)
    except Unfit as error:
        raise DataError(
            f"{source.name} of {specimens[error.row]!r} cannot be prepared by the step "
            f'"{step.step.__struct_config__.tag}": {error.reason}',
            where=sources[error.row],
            next="Correct or leave out the measurement, or choose other steps in the recipe.",
        ) from None


def fit_step(step: Step, measured: OnGrid, name: str) -> FittedStep:
    """Learn what a step needs from the training part of one modality.

    Raises:
        DataError: a point does not vary, and is to be divided by its spread.
    """
    match step:
        case MSC() | SNV() | UnitArea() | MinMax():
            return FittedStep(step, np.nanmean(measured.values, axis=0))
        case Standard():
            scale = np.nanstd(measured.values, axis=0)
            if not (scale > 1e-12 * np.nanmax(np.abs(measured.values))).all():
                raise DataError(
                    f"point {int(np.argmin(scale))} of {name!r} is the same in every measurement: it has no spread to "
                    "be divided by",
                    next='Crop it away (grid = { first = ..., last = ... }), or leave out the step "standard".',
                )
            return FittedStep(step, np.nanmean(measured.values, axis=0), scale)
        case _:
            return FittedStep(step)


def check_steps(steps: Sequence[Step], name: str, *, has_axis: bool) -> None:
    """Refuse steps that the modality does not suit.

    Raises:
        RecipeError: naming the step.
    """
    for step in steps:
        where = f"modalities.{name}.preprocess"
        kind = str(step.__struct_config__.tag)
        if not has_axis and not isinstance(step, Logarithm):
            raise RecipeError(f'"{kind}" is for curves', where=where, expected='For scalars and images: "log".')
        if isinstance(step, SavitzkyGolay) and (
            step.window % 2 == 0 or not step.derivative <= step.order < step.window
        ):
            raise RecipeError(
                f"a polynomial of order {step.order} through {step.window} points has no derivative {step.derivative} "
                "at their middle",
                where=where,
                expected="An odd window, an order below it, and a derivative no higher than the order.",
            )


def unit_after(steps: Sequence[Step], unit: str, axis_unit: str) -> str:
    """The unit of what the steps leave."""
    for step in steps:
        match step:
            case SavitzkyGolay(derivative=derivative) if derivative:
                power = "" if derivative == 1 else f"^{derivative}"
                unit = f"{unit or '1'}/({axis_unit}){power}" if axis_unit else unit
            case SNV() | MinMax() | Standard():
                unit = ""
            case UnitArea():
                unit = f"1/{axis_unit}" if axis_unit else ""
            case Logarithm():
                unit = f"log10({unit})" if unit else "log10"
            case _:
                pass
    return unit


def needs_even_grid(steps: Sequence[Step]) -> bool:
    """Whether one of them takes neighbouring points as equally far apart."""
    return any(isinstance(step, SavitzkyGolay) for step in steps)


def _applied(fitted: FittedStep, measured: OnGrid, grid: Array | None, points: NDArray[np.bool_]) -> OnGrid:
    """A step on measurements, all of the same `points` of the grid.

    What a curve is divided by is that of the whole curve: where it has a gap, the mean curve stands in.
    """
    y, variance = measured
    match fitted.step:
        case Baseline():
            assert grid is not None
            return OnGrid(y - _backgrounds(fitted.step, grid[points], y), variance)
        case SavitzkyGolay():
            assert grid is not None
            return _filtered(fitted.step, grid[points], measured)
        case SNV():
            _refuse_flat(y)
            whole = fitted.whole(y, points)
            return _divided(y - whole.mean(1, keepdims=True), variance, whole.std(1))
        case MSC():
            assert fitted.centre is not None
            return _to_mean(fitted.centre[points], measured)
        case UnitArea():
            assert grid is not None
            whole = fitted.whole(y, points)
            area = ((whole[:, 1:] + whole[:, :-1]) / 2) @ np.diff(grid)
            _refuse(area <= ROUNDING * np.abs(y).max(1), "its area is not above 0")
            return _divided(y, variance, area)
        case MinMax():
            _refuse_flat(y)
            whole = fitted.whole(y, points)
            return _divided(y - whole.min(1, keepdims=True), variance, np.ptp(whole, axis=1))
        case Standard():
            assert fitted.centre is not None
            assert fitted.scale is not None
            scale = fitted.scale[points]
            return OnGrid((y - fitted.centre[points]) / scale, None if variance is None else variance / scale**2)
        case Logarithm():
            _refuse(y.min(1) <= 0, "it has values that are not above 0, which have no logarithm")
            return OnGrid(np.log10(y), None if variance is None else variance / (y * np.log(10)) ** 2)
        case _:
            assert_never(fitted.step)


def _divided(y: Array, variance: Array | None, size: Array) -> OnGrid:
    """Each row by its own size."""
    return OnGrid(y / size[:, None], None if variance is None else variance / size[:, None] ** 2)


def _refuse_flat(y: Array) -> None:
    _refuse(np.ptp(y, axis=1) <= ROUNDING * np.abs(y).max(1), "it is flat")


def _refuse(bad: NDArray[np.bool_], why: str) -> None:
    if bad.any():
        raise Unfit(int(np.argmax(bad)), why)


def _to_mean(mean: Array, measured: OnGrid) -> OnGrid:
    """The straight line that takes each curve to the mean curve: y = offset + slope * mean, turned round."""
    y, variance = measured
    centred = mean - mean.mean()
    slope = (y @ centred) / (centred @ centred)
    _refuse(slope <= 1e-6 * y.std(1) / mean.std(), "it does not rise where the mean curve rises")
    offset = y.mean(1) - slope * mean.mean()
    corrected = (y - offset[:, None]) / slope[:, None]
    return OnGrid(corrected, None if variance is None else variance / slope[:, None] ** 2)


def _backgrounds(step: Baseline, grid: Array, y: Array) -> Array:
    from pybaselines import Baseline as Fitter  # takes half a second, and few recipes ask for it
    from pybaselines.utils import ParameterWarning

    fit = getattr(Fitter(x_data=grid), step.method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # it ends early where nothing lies below the background
        return np.stack([fit(row, lam=step.smoothness)[0] for row in y])


def _filtered(step: SavitzkyGolay, grid: Array, measured: OnGrid) -> OnGrid:
    from scipy.ndimage import convolve1d
    from scipy.signal import savgol_coeffs, savgol_filter

    y, variance = measured
    if y.shape[1] < step.window:
        raise Unfit(0, f"it has {y.shape[1]} points, and a window of {step.window} needs as many")
    spacing = float((grid[-1] - grid[0]) / (len(grid) - 1))
    window, order, derivative = step.window, step.order, step.derivative
    found = np.asarray(savgol_filter(y, window, order, deriv=derivative, delta=spacing, axis=1), dtype=np.float64)
    if variance is None:
        return OnGrid(found, None)
    weights = savgol_coeffs(window, order, deriv=derivative, delta=spacing)
    spread = np.asarray(convolve1d(variance, weights**2, axis=1, mode="nearest"))
    half = window // 2
    if half:  # at its ends a curve follows the polynomial through its first, or its last, points
        ends = savgol_filter(np.eye(window), window, order, deriv=derivative, delta=spacing, axis=0)
        squares = np.asarray(ends, dtype=np.float64) ** 2
        spread[:, :half] = variance[:, :window] @ squares[:half].T
        spread[:, -half:] = variance[:, -window:] @ squares[-half:].T
    return OnGrid(found, spread)
