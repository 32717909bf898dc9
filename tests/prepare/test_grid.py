"""The common grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_curves import AXIS, axes, block, curves, spectra
from numpy.typing import NDArray

from fingerprint.errors import DataError, RecipeError
from fingerprint.prepare.grid import MOST_POINTS, common_grid, widest_span
from fingerprint.recipe import Grid


@given(axes())
def test_a_shared_axis_is_the_grid_bit_for_bit(axis: NDArray[np.float64]) -> None:
    assert common_grid(spectra(block(curves(axis), axis))).tobytes() == axis.tobytes()


def test_blocks_on_equal_axes_share_it() -> None:
    raw = spectra(block(curves(AXIS), AXIS), block(curves(AXIS, 1), AXIS.copy(), first=3))
    assert np.array_equal(common_grid(raw), AXIS)


def test_different_axes_meet_on_what_all_of_them_cover() -> None:
    wide, narrow, fine = np.linspace(0, 20, 41), np.linspace(1, 19, 37), np.linspace(0, 19.5, 391)
    parts = [block(curves(axis), axis, first=3 * i) for i, axis in enumerate((wide, narrow, fine))]
    grid = common_grid(spectra(*parts))
    assert (grid[0], grid[-1]) == (1, 19)
    np.testing.assert_allclose(np.diff(grid), 0.5)


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


def test_a_few_short_curves_do_not_crop_those_of_many() -> None:
    long, short = np.linspace(0.0, 900.0, 91), np.linspace(0.0, 333.0, 3)
    raw = spectra(block(np.ones((150, 91)), long), block(np.ones((2, 3)), short, first=150))
    np.testing.assert_array_equal(common_grid(raw), long)


@given(st.data())
def test_the_span_is_the_widest_that_95_percent_cover(data: st.DataObject) -> None:
    """Against all pairs of ends."""
    size = data.draw(st.integers(1, 12))
    firsts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=size, max_size=size)), dtype=float)
    lasts = 20.0 + np.array(data.draw(st.lists(st.integers(0, 9), min_size=size, max_size=size)), dtype=float)
    counts = np.array(data.draw(st.lists(st.integers(1, 30), min_size=size, max_size=size)))
    covered = [
        (last - first)
        for first in firsts
        for last in lasts
        if ((firsts > first).astype(int) @ counts + (lasts < last).astype(int) @ counts) <= 0.05 * counts.sum()
    ]
    first, last = widest_span(firsts, lasts, counts)
    assert last - first == max(covered)
    assert ((firsts <= first) & (lasts >= last)) @ counts >= 0.95 * counts.sum()


def test_what_is_zero_outside_spans_all_axes() -> None:
    low, high = np.linspace(0, 10, 50), np.linspace(7, 17, 50)
    raw = spectra(block(curves(low), low), block(curves(high), high, first=10), outside="zero")
    assert common_grid(raw)[[0, -1]].tolist() == [0, 17]


def test_a_given_grid_crops_or_is_made_even() -> None:
    raw = spectra(block(curves(AXIS), AXIS))
    np.testing.assert_array_equal(common_grid(raw, Grid(first=4, last=9)), AXIS[(AXIS >= 4) & (AXIS <= 9)])
    np.testing.assert_array_equal(common_grid(raw, Grid(first=4, points=6)), np.linspace(4, AXIS[-1], 6))
    with pytest.raises(RecipeError, match="from 30 to 20 has 0 points"):
        common_grid(raw, Grid(first=30))


def test_an_uneven_axis_is_made_even_where_that_is_needed() -> None:
    uneven = np.array([0.0, 1, 2, 4, 5, 6])
    raw = spectra(block(curves(uneven), uneven))
    np.testing.assert_array_equal(common_grid(raw), uneven)
    np.testing.assert_array_equal(common_grid(raw, even=True), np.arange(7.0))


def test_an_uneven_axis_that_most_share_stays_the_grid() -> None:
    """Whatever one short scan, or the rounding of another unit, does to a few of them."""
    axis = np.geomspace(1e-3, 1, 200)
    many = block(np.ones((60, 200)), axis)
    short = block(np.ones((1, 180)), axis[:180], first=60)
    rounded = block(np.ones((1, 200)), axis * (1 + 1e-15), first=61)
    np.testing.assert_array_equal(common_grid(spectra(many, short, rounded)), axis)


def test_replicates_of_one_specimen_count_once() -> None:
    """Ten short scans of one specimen are not a fifth of fifty."""
    many = block(np.ones((40, 30)), AXIS)
    short = block(np.ones((10, 12)), AXIS[:12])
    raw = spectra(many, replace(short, specimens=("s000",) * 10))
    np.testing.assert_array_equal(common_grid(raw), AXIS)
