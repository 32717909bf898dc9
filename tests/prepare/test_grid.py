"""The common grid, and curves brought onto it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_curves import AXIS, block, spectra
from numpy.typing import NDArray
from scipy.integrate import trapezoid

from fingerprint.errors import DataError
from fingerprint.prepare.grid import MOST_POINTS, common_grid, resample


@st.composite
def axes(draw: st.DrawFn, least: int = 4, most: int = 60) -> NDArray[np.float64]:
    """Strictly increasing, uneven by up to a factor of three."""
    steps = draw(st.lists(st.floats(0.5, 1.5), min_size=least, max_size=most))
    start, size = draw(st.floats(-100, 100)), draw(st.floats(1e-3, 1e3))
    return start + size * np.cumsum(steps)


def curves(axis: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(3, len(axis)))


@given(axes(), st.sampled_from([np.float32, np.float64]))
def test_the_same_axis_returns_the_values_bit_for_bit(axis: NDArray[np.float64], dtype: type) -> None:
    values = curves(axis).astype(dtype)
    grid = common_grid(spectra(block(values, axis)))
    assert grid.tobytes() == axis.tobytes()
    assert resample(block(values, axis), grid, "dos").tobytes() == values.astype(np.float64).tobytes()


def test_blocks_on_equal_axes_share_it() -> None:
    raw = spectra(block(curves(AXIS), AXIS), block(curves(AXIS, 1), AXIS.copy(), first=3))
    assert np.array_equal(common_grid(raw), AXIS)


@given(axes(least=8), st.integers(3, 12))
def test_averaging_a_finer_axis_preserves_the_integral(grid: NDArray[np.float64], times: int) -> None:
    """Cell means times cell widths are the area under the curve, whatever the spacing."""
    even = np.linspace(grid[0], grid[-1], len(grid))
    fine = np.linspace(grid[0], grid[-1], times * len(grid) + 1)
    values = curves(fine)
    coarse = resample(block(values, fine), even, "dos")
    edges = np.concatenate([even[:1], (even[1:] + even[:-1]) / 2, even[-1:]])
    scale = np.abs(values).max() * (fine[-1] - fine[0])
    np.testing.assert_allclose(coarse @ np.diff(edges), trapezoid(values, fine), atol=1e-11 * scale)


@given(axes(least=8), st.floats(-5, 5), st.floats(-5, 5), st.integers(1, 9))
def test_a_straight_line_stays_one(grid: NDArray[np.float64], offset: float, slope: float, times: int) -> None:
    """Interpolated or averaged: exact at every point but the ends, whose cells are halves."""
    even = np.linspace(0, 1, len(grid))
    fine = np.linspace(-0.5, 1.5, 2 * times * len(grid))
    found = resample(block(offset + slope * fine[None], fine), even, "dos")[0]
    np.testing.assert_allclose(found[1:-1], (offset + slope * even)[1:-1], atol=1e-9)


@given(axes(least=8), st.integers(1, 9), st.integers(0, 1000))
def test_resampled_values_stay_between_the_measured_ones(grid: NDArray[np.float64], times: int, seed: int) -> None:
    fine = np.linspace(grid[0], grid[-1], times * len(grid) + 1)
    values = curves(fine, seed)
    found = resample(block(values, fine), grid, "dos")
    assert (found >= values.min(axis=1, keepdims=True) - 1e-9).all()
    assert (found <= values.max(axis=1, keepdims=True) + 1e-9).all()


def test_a_finer_axis_does_not_alias() -> None:
    """An oscillation that the grid cannot hold averages out instead of turning into a slow one."""
    grid, fine = np.linspace(0, 10, 51), np.linspace(0, 10, 5001)
    found = resample(block(np.sin(2 * np.pi * fine * 10.1)[None], fine), grid, "dos")
    assert np.abs(found[0, 1:-1]).max() < 0.35
    assert np.abs(np.interp(grid, fine, np.sin(2 * np.pi * fine * 10.1))).max() > 0.9


def test_a_coarser_axis_is_interpolated_linearly() -> None:
    coarse = np.linspace(0, 10, 6)
    values = curves(coarse)
    found = resample(block(values, coarse), np.linspace(0, 10, 51), "dos")
    np.testing.assert_allclose(found[:, ::10], values)
    np.testing.assert_allclose(found[:, 5], (values[:, 0] + values[:, 1]) / 2)


@pytest.mark.parametrize("points", [51, 2000])
def test_up_to_one_spacing_beyond_its_ends_a_curve_is_constant(points: int) -> None:
    grid = np.linspace(0, 10, 51)
    own = np.linspace(0.15, 9.85, points)
    found = resample(block(np.full((2, points), 3.0), own), grid, "dos")
    np.testing.assert_allclose(found, 3.0)


@pytest.mark.parametrize(("first", "last"), [(0.5, 10.0), (0.0, 9.5), (100.0, 900.0), (-3.0, 9.0)])
def test_an_axis_that_does_not_cover_the_grid_is_refused(first: float, last: float) -> None:
    own = np.linspace(first, last, 51)
    with pytest.raises(DataError) as refused:
        resample(block(curves(own), own), np.linspace(0, 10, 51), "dos", "THz")
    assert refused.value.where == "s000.csv"
    told = f"its axis covers {first:g} to {last:g} THz, and the model looks at dos from 0 to 10 THz"
    assert refused.value.what == told


def test_different_axes_meet_on_what_all_of_them_cover() -> None:
    wide, narrow, fine = np.linspace(0, 20, 41), np.linspace(1, 19, 37), np.linspace(0, 19.5, 391)
    parts = [block(curves(axis), axis, first=3 * i) for i, axis in enumerate((wide, narrow, fine))]
    grid = common_grid(spectra(*parts))
    assert (grid[0], grid[-1]) == (1, 19)
    np.testing.assert_allclose(np.diff(grid), 0.5)
    for part in parts:
        assert resample(part, grid, "dos").shape == (3, len(grid))


def test_axes_with_too_little_in_common_are_refused_by_name() -> None:
    low, high = np.linspace(0, 10, 50), np.linspace(7, 17, 50)
    raw = spectra(block(curves(low), low), block(curves(high), high, first=10))
    with pytest.raises(DataError, match="too little in common") as refused:
        common_grid(raw)
    assert "s010" in refused.value.where
    assert "s000" in refused.value.where


def test_the_grid_has_a_greatest_size() -> None:
    first, second = np.linspace(0, 1, 9000), np.linspace(0, 1, 9001)
    raw = spectra(block(curves(first), first), block(curves(second), second, first=5))
    assert len(common_grid(raw)) == MOST_POINTS


def test_a_few_short_curves_do_not_shrink_the_grid_of_many() -> None:
    long, short = np.linspace(0.0, 900.0, 91), np.linspace(0.0, 333.0, 3)
    raw = spectra(block(np.ones((150, 91)), long), block(np.ones((2, 3)), short, first=150))
    with pytest.raises(DataError, match="too little in common"):
        common_grid(raw)
