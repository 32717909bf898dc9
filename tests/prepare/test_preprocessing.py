"""Preprocessing: what each step makes of a curve, and that gaps and uncertainties go through it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_curves import AXIS, block, gaussian_curves, scalars, spectra
from numpy.typing import NDArray

from fingerprint.errors import DataError, RecipeError
from fingerprint.prepare import Preparation, fit_preparation
from fingerprint.prepare.preprocessing import fit_step, unit_after
from fingerprint.prepare.resampling import OnGrid
from fingerprint.recipe import (
    MSC,
    SNV,
    Baseline,
    BasisInput,
    GridInput,
    Logarithm,
    MinMax,
    SavitzkyGolay,
    Standard,
    Step,
    UnitArea,
)

CURVES = gaussian_curves(60)
STEPS = [
    Baseline(smoothness=10),
    SavitzkyGolay(window=7),
    SavitzkyGolay(window=7, derivative=1),
    SNV(),
    MSC(),
    UnitArea(),
    MinMax(),
    Standard(),
    Logarithm(),
]
ids = [type(step).__name__ for step in STEPS]


def applied(step: Step, curves: NDArray[np.float64], grid: NDArray[np.float64] = AXIS) -> NDArray[np.float64]:
    return fit_step(step, OnGrid(CURVES, None), "dos").apply(OnGrid(curves, None), grid).values


scatter = given(st.floats(0.2, 5), st.floats(-3, 3))


@scatter
def test_snv_forgets_offset_and_size(size: float, offset: float) -> None:
    found = applied(SNV(), CURVES)
    np.testing.assert_allclose(found.mean(1), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(1), 1)
    np.testing.assert_allclose(applied(SNV(), size * CURVES + offset), found, atol=1e-9)


@scatter
def test_msc_takes_scattered_copies_of_the_mean_to_the_mean(size: float, offset: float) -> None:
    mean = CURVES.mean(0)
    np.testing.assert_allclose(applied(MSC(), size * mean[None] + offset)[0], mean)
    np.testing.assert_allclose(applied(MSC(), size * CURVES + offset), applied(MSC(), CURVES), atol=1e-9)


def test_sizes_are_one() -> None:
    np.testing.assert_allclose(np.trapezoid(applied(UnitArea(), CURVES), AXIS, axis=1), 1)
    scaled = applied(MinMax(), CURVES)
    assert (scaled.min(1) == 0).all()
    np.testing.assert_allclose(scaled.max(1), 1)
    np.testing.assert_allclose(applied(Standard(), CURVES).std(0), 1)
    np.testing.assert_allclose(applied(Logarithm(), CURVES), np.log10(CURVES))


@pytest.mark.parametrize("derivative", [0, 1, 2])
def test_a_parabola_is_smoothed_and_derived_exactly(derivative: int) -> None:
    parabola = np.polynomial.Polynomial([1.0, -2.0, 0.5])
    found = applied(SavitzkyGolay(window=9, derivative=derivative), parabola(AXIS)[None])[0]
    expected = parabola.deriv(derivative)(AXIS) if derivative else parabola(AXIS)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("method", ["asls", "airpls", "arpls", "aspls", "psalsa"])
def test_a_smooth_background_under_peaks_is_taken_away(method: Any) -> None:
    x = np.linspace(0, 100, 500)
    peaks = sum(np.exp(-(((x - centre) / 1.5) ** 2)) for centre in (20.0, 55.0, 80.0))
    background = 3 + 0.02 * x + 2e-4 * (x - 40) ** 2
    noise = 0.01 * np.random.default_rng(0).normal(size=len(x))
    found = applied(Baseline(method, 1e5), (peaks + background + noise)[None], x)[0]
    assert np.abs(found - peaks - noise).max() < 0.1
    assert np.abs(peaks + background - peaks.mean()).max() > 3


@pytest.mark.parametrize("step", STEPS, ids=ids)
def test_a_curve_with_a_gap_is_changed_by_its_measured_points(step: Step) -> None:
    """In any company alike."""
    gapped = CURVES[:6].copy()
    gapped[::2, 20:] = np.nan
    fitted = fit_step(step, OnGrid(CURVES, None), "dos")
    found = fitted.apply(OnGrid(gapped, None), AXIS).values
    np.testing.assert_array_equal(np.isnan(found), np.isnan(gapped))
    np.testing.assert_allclose(found[1::2], fitted.apply(OnGrid(CURVES[1:6:2], None), AXIS).values, rtol=1e-12)
    for row in (0, 2, 4):
        alone = fitted.apply(OnGrid(gapped[row : row + 1], None), AXIS).values[0]
        np.testing.assert_allclose(found[row], alone, rtol=1e-12)


@pytest.mark.parametrize("step", [SNV(), UnitArea(), MinMax(), MSC()], ids=str)
@scatter
def test_a_scan_that_ends_early_is_scaled_as_the_whole_would_be(step: Step, size: float, offset: float) -> None:
    """Exactly where it is the mean curve, but for scatter."""
    whole = size * CURVES.mean(0)[None] + offset if not isinstance(step, UnitArea) else size * CURVES.mean(0)[None]
    part = whole.copy()
    part[:, 21:] = np.nan
    found, expected = applied(step, part)[0], applied(step, whole)[0]
    np.testing.assert_allclose(found[:21], expected[:21], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("step", [each for each in STEPS[1:] if not isinstance(each, MinMax)], ids=str)
def test_the_variance_is_that_of_small_draws(step: Step) -> None:
    """To first order, with what each curve is divided by held as it is."""
    rng, size = np.random.default_rng(0), 1e-4
    fitted = fit_step(step, OnGrid(CURVES, None), "dos")
    spread = np.full((1, len(AXIS)), size)
    found = fitted.apply(OnGrid(CURVES[:1], spread**2), AXIS).variance
    assert found is not None
    draws = CURVES[:1] + spread * rng.normal(size=(4000, len(AXIS)))
    expected = fitted.apply(OnGrid(draws, None), AXIS).values.var(0)
    # A curve's own size and offset vary with its points as well, which adds or takes up to a few points' share.
    np.testing.assert_allclose(found[0], expected, rtol=0.12 if isinstance(step, SavitzkyGolay) else 0.35)


def test_a_preparation_is_fitted_on_what_the_steps_leave() -> None:
    raw = spectra(block(CURVES))
    prepared = fit_preparation(raw, BasisInput(3), steps=(SNV(), SavitzkyGolay(window=5, derivative=1)))
    after = applied(SavitzkyGolay(window=5, derivative=1), applied(SNV(), CURVES))
    np.testing.assert_allclose(prepared.centre, after.mean(0), atol=1e-12)
    np.testing.assert_allclose(prepared.on_grid(block(CURVES[:3])).values, after[:3])
    assert prepared.source.unit == "1/THz"
    assert prepared.modality.unit == "1/(THz)"


def test_units_follow_the_steps() -> None:
    assert unit_after([], "GPa", "") == "GPa"
    assert unit_after([Logarithm()], "GPa", "") == "log10(GPa)"
    assert unit_after([SavitzkyGolay(derivative=2)], "V", "s") == "V/(s)^2"
    assert unit_after([SNV()], "V", "s") == ""
    assert unit_after([UnitArea()], "counts", "THz") == "1/THz"


def refused(steps: tuple[Step, ...], curves: NDArray[np.float64] = CURVES) -> Preparation:
    return fit_preparation(spectra(block(curves)), GridInput(), steps=steps)


def test_what_a_step_cannot_take_is_named() -> None:
    flat = CURVES.copy()
    flat[7] = 2.0
    negative = CURVES - 20
    with pytest.raises(DataError, match=r"dos of 's007' cannot be prepared by the step \"snv\": it is flat") as told:
        refused((SNV(),), flat)
    assert told.value.where == "s007.csv"
    with pytest.raises(DataError, match="no logarithm"):
        refused((Logarithm(),), negative)
    with pytest.raises(DataError, match="area is not above 0"):
        refused((UnitArea(),), negative)
    with pytest.raises(DataError, match="needs as many"):
        refused((SavitzkyGolay(window=31),))
    with pytest.raises(DataError, match="no spread"):
        refused((MinMax(), Standard()), np.tile(CURVES[0], (60, 1)) * np.linspace(1, 2, 60)[:, None])
    for bad in (SavitzkyGolay(window=8), SavitzkyGolay(window=3, order=3), SavitzkyGolay(derivative=3)):
        with pytest.raises(RecipeError, match="no derivative"):
            refused((bad,))
    with pytest.raises(RecipeError, match="for curves"):
        fit_preparation(scalars(range(1, 40)), GridInput(), steps=(SNV(),))


def test_a_scalar_may_be_taken_as_its_logarithm() -> None:
    prepared = fit_preparation(scalars(10.0 ** np.arange(1, 21)), GridInput(), steps=(Logarithm(),))
    assert prepared.modality.unit == "log10(GPa)"
    np.testing.assert_allclose((prepared.low, prepared.high), (1, 20))
