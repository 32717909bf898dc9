"""Curves brought onto the common grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_curves import ABSORBANCE, DOS, axes, block, curves
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from fingerprint.errors import DataError
from fingerprint.modality import Modality
from fingerprint.prepare.resampling import resample


@given(axes(), st.sampled_from([np.float32, np.float64]))
def test_the_same_axis_returns_the_values_bit_for_bit(axis: NDArray[np.float64], dtype: type) -> None:
    values = curves(axis).astype(dtype)
    assert resample(block(values, axis), axis.copy(), DOS).values.tobytes() == values.astype(np.float64).tobytes()


@given(axes(least=8), st.integers(3, 12))
def test_averaging_a_finer_axis_preserves_the_integral(grid: NDArray[np.float64], times: int) -> None:
    """Cell means times cell widths are the area under the curve, whatever the spacing."""
    even = np.linspace(grid[0], grid[-1], len(grid))
    fine = np.linspace(grid[0], grid[-1], times * len(grid) + 1)
    values = curves(fine)
    coarse = resample(block(values, fine), even, DOS).values
    edges = np.concatenate([even[:1], (even[1:] + even[:-1]) / 2, even[-1:]])
    scale = np.abs(values).max() * (fine[-1] - fine[0])
    np.testing.assert_allclose(coarse @ np.diff(edges), trapezoid(values, fine), atol=1e-11 * scale)


@given(axes(least=8), st.floats(-5, 5), st.floats(-5, 5), st.integers(1, 9))
def test_a_straight_line_stays_one(grid: NDArray[np.float64], offset: float, slope: float, times: int) -> None:
    """Interpolated or averaged: exact at every point but the ends, whose cells are halves."""
    even = np.linspace(0, 1, len(grid))
    fine = np.linspace(-0.5, 1.5, 2 * times * len(grid))
    found = resample(block(offset + slope * fine[None], fine), even, DOS).values[0]
    np.testing.assert_allclose(found[1:-1], (offset + slope * even)[1:-1], atol=1e-9)


@given(axes(least=8), st.integers(1, 9), st.integers(0, 1000))
def test_resampled_values_stay_between_the_measured_ones(grid: NDArray[np.float64], times: int, seed: int) -> None:
    fine = np.linspace(grid[0], grid[-1], times * len(grid) + 1)
    values = curves(fine, seed)
    found = resample(block(values, fine), grid, DOS).values
    assert (found >= values.min(axis=1, keepdims=True) - 1e-9).all()
    assert (found <= values.max(axis=1, keepdims=True) + 1e-9).all()


def test_a_finer_axis_does_not_alias() -> None:
    """An oscillation that the grid cannot hold averages out instead of turning into a slow one."""
    grid, fine = np.linspace(0, 10, 51), np.linspace(0, 10, 5001)
    found = resample(block(np.sin(2 * np.pi * fine * 10.1)[None], fine), grid, DOS).values
    assert np.abs(found[0, 1:-1]).max() < 0.35
    assert np.abs(np.interp(grid, fine, np.sin(2 * np.pi * fine * 10.1))).max() > 0.9


def test_a_coarser_axis_is_interpolated_linearly() -> None:
    coarse = np.linspace(0, 10, 6)
    values = curves(coarse)
    found = resample(block(values, coarse), np.linspace(0, 10, 51), ABSORBANCE).values
    np.testing.assert_allclose(found[:, ::10], values)
    np.testing.assert_allclose(found[:, 5], (values[:, 0] + values[:, 1]) / 2)


@pytest.mark.parametrize("points", [51, 2000])
@pytest.mark.parametrize("modality", [DOS, ABSORBANCE], ids=["density", "samples"])
def test_nothing_is_said_beyond_the_ends_of_an_axis(points: int, modality: Modality) -> None:
    grid, own = np.linspace(0, 10, 51), np.linspace(0.15, 9.85, points)
    found = resample(block(np.full((2, points), 3.0), own), grid, modality).values
    np.testing.assert_array_equal(np.isnan(found), np.tile((grid < 0.15) | (grid > 9.85), (2, 1)))
    np.testing.assert_allclose(found[:, 1:-1], 3.0)


@pytest.mark.parametrize("modality", [DOS, ABSORBANCE], ids=["density", "samples"])
def test_points_of_the_grid_stay_as_they_are_measured(modality: Modality) -> None:
    """Of a scan that stops early, one that goes further, and one whose axis another unit has rounded."""
    grid = np.linspace(0, 10, 51)
    values = curves(np.linspace(0, 10, 51))
    short = resample(block(values[:, :30], grid[:30] * (1 + 1e-15)), grid, modality).values
    np.testing.assert_array_equal(short[:, :30], values[:, :30])
    assert np.isnan(short[:, 30:]).all()
    cropped = resample(block(values, grid), grid[5:40], modality).values
    np.testing.assert_array_equal(cropped, values[:, 5:40])


@pytest.mark.parametrize("points", [51, 2000])
def test_a_density_that_is_zero_outside_keeps_its_whole_area(points: int) -> None:
    grid, own = np.linspace(-5, 20, 101), np.linspace(0.15, 9.85, points)
    values = np.abs(curves(own))
    found = resample(block(values, own), grid, replace(DOS, outside="zero")).values
    assert (found[:, (grid < -1) | (grid > 11)] == 0).all()
    edges = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    np.testing.assert_allclose(found @ np.diff(edges), trapezoid(values, own))


@given(axes(least=8), st.integers(5, 40), st.integers(0, 1000))
def test_the_uncertainty_is_that_of_draws(axis: NDArray[np.float64], points: int, seed: int) -> None:
    """Both kinds of resampling are linear: each value's variance is a sum of squares of its weights."""
    grid = np.linspace(axis[0], axis[-1], points)
    spread = np.random.default_rng(seed).uniform(0.1, 1, size=len(axis))
    for modality in (DOS, ABSORBANCE):
        unit = resample(block(np.diag(spread), axis), grid, modality).values
        one = replace(block(np.zeros((1, len(axis))), axis), uncertainty=spread[None])
        variance = resample(one, grid, modality).variance
        assert variance is not None
        np.testing.assert_allclose(variance[0], (unit**2).sum(0))


@pytest.mark.parametrize(("first", "last"), [(5.2, 10.0), (0.0, 4.9), (100.0, 900.0), (-3.0, 4.0)])
def test_an_axis_that_covers_less_than_half_of_the_grid_is_refused(first: float, last: float) -> None:
    own = np.linspace(first, last, 51)
    with pytest.raises(DataError) as refused:
        resample(block(curves(own), own), np.linspace(0, 10, 51), DOS)
    assert refused.value.where == "s000.csv"
    told = f"its axis covers {first:g} to {last:g} THz, and the model looks at dos from 0 to 10 THz"
    assert refused.value.what == told


@pytest.mark.parametrize("modality", [DOS, ABSORBANCE], ids=["density", "samples"])
def test_a_hole_in_an_axis_is_not_bridged(modality: Modality) -> None:
    axis = np.concatenate([np.linspace(0, 3, 31), np.linspace(6, 10, 41)])
    grid = np.linspace(0, 10, 51)
    found = resample(block(curves(axis), axis), grid, modality).values
    np.testing.assert_array_equal(np.isnan(found[0]), (grid > 3) & (grid < 6))
    uneven = np.geomspace(1, 11, 60) - 1
    assert np.isfinite(resample(block(curves(uneven), uneven), grid, modality).values[:, :-1]).all()
