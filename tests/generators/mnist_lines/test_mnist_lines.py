"""The lines carry the slope that they should, with the noise that they should, and are the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.generators.mnist_lines import T, corrupt, lines

DIGITS = np.random.default_rng(5).integers(0, 10, 20_000).astype(np.uint8)
SD = 0.1  # N(0, 0.01), read as a variance


def test_the_axis_is_twenty_points_from_0_to_1() -> None:
    np.testing.assert_array_equal(T, np.linspace(0, 1, 20))


def test_the_least_squares_slope_of_every_line_is_its_digit() -> None:
    made = lines(DIGITS, seed=0)
    assert (made.shape, made.dtype) == ((len(DIGITS), 20), np.float32)
    slopes = made @ T / (T @ T)
    assert np.abs(slopes - DIGITS).max() < 6 * SD / np.sqrt(T @ T)


def test_the_noise_is_normal_with_a_variance_of_a_hundredth_at_every_point() -> None:
    noise = lines(DIGITS, seed=0) - DIGITS[:, None] * T
    count = len(DIGITS)
    assert noise.std() == pytest.approx(SD, rel=6 / np.sqrt(2 * noise.size))
    np.testing.assert_allclose(noise.std(axis=0), SD, rtol=6 / np.sqrt(2 * count))
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=6 * SD / np.sqrt(count))
    correlation = np.corrcoef(noise.T) - np.eye(20)
    assert np.abs(correlation).max() < 6 / np.sqrt(count)
    assert (noise**4).mean() / SD**4 == pytest.approx(3, rel=0.03)


def test_the_noise_of_a_line_depends_on_its_place_and_the_seed_alone() -> None:
    made = lines(DIGITS, seed=3)
    np.testing.assert_array_equal(lines(DIGITS, seed=3), made)
    np.testing.assert_array_equal(lines(DIGITS[:7], seed=3), made[:7])
    shifted = lines((DIGITS + 1) % 10, seed=3) - ((DIGITS + 1) % 10)[:, None] * T
    np.testing.assert_allclose(shifted, made - DIGITS[:, None] * T, atol=2e-6)
    assert np.abs(lines(DIGITS, seed=4) - made).max() > SD
    assert np.abs(np.diff(made - DIGITS[:, None] * T, axis=0)).max(axis=1).min() > 0.01  # no two lines share theirs


@pytest.mark.parametrize("share", [0.0, 0.1, 0.33335, 1.0])
def test_exactly_the_share_is_replaced_and_never_by_the_same_digit(share: float) -> None:
    before = DIGITS.copy()
    changed = corrupt(DIGITS, share, seed=0)
    assert int((changed != DIGITS).sum()) == round(share * len(DIGITS))
    assert (changed.dtype, changed.max() <= 9) == (DIGITS.dtype, True)
    np.testing.assert_array_equal(DIGITS, before)


def test_the_replaced_are_spread_evenly_over_specimens_and_digits() -> None:
    changed = corrupt(DIGITS, 0.5, seed=1)
    steps = np.bincount((changed.astype(int) - DIGITS) % 10, minlength=10)
    assert steps[0] == len(DIGITS) / 2
    np.testing.assert_allclose(steps[1:], len(DIGITS) / 18, rtol=6 / np.sqrt(len(DIGITS) / 18))
    first_half = (changed != DIGITS)[: len(DIGITS) // 2].sum()
    assert first_half == pytest.approx(len(DIGITS) / 4, rel=0.05)


def test_the_choice_follows_from_the_seed() -> None:
    np.testing.assert_array_equal(corrupt(DIGITS, 0.2, seed=1), corrupt(DIGITS, 0.2, seed=1))
    assert (corrupt(DIGITS, 0.2, seed=1) != corrupt(DIGITS, 0.2, seed=2)).any()
    assert len(corrupt(DIGITS[:0], 0.5, seed=1)) == 0


def test_what_is_no_digit_or_no_share_is_refused() -> None:
    for digits, share in (
        (np.array([10]), 0.5),
        (np.array([-1]), 0.5),
        (DIGITS, 1.1),
        (DIGITS, -0.1),
        (DIGITS, np.nan),
    ):
        with pytest.raises(ValueError, match="between"):
            corrupt(digits, share, seed=0)
