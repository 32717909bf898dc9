"""The noise has the variance that is asked for, and is the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.generators.mnist_ode import beta, blocks, rates, trajectory

DIGITS = np.random.default_rng(5).integers(0, 10, 2_300).astype(np.uint8)
EXACT = np.stack([trajectory(beta(digit)).rates for digit in range(10)])
MADE = rates(DIGITS, seed=0)


def test_without_noise_they_are_exact() -> None:
    made = rates(DIGITS[:20], seed=0, noise_variance=0)
    assert (made.shape, made.dtype) == ((20, 2, 512), np.float32)
    np.testing.assert_array_equal(made, EXACT[DIGITS[:20]].astype(np.float32))


def test_the_noise_is_normal_with_a_variance_of_a_tenth_at_every_point() -> None:
    noise = (MADE - EXACT[DIGITS]).reshape(len(DIGITS), -1)
    count = len(DIGITS)
    assert noise.var() == pytest.approx(0.1, rel=6 * np.sqrt(2 / noise.size))
    np.testing.assert_allclose(noise.var(axis=0), 0.1, rtol=6 * np.sqrt(2 / count))
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=6 * np.sqrt(0.1 / count))
    assert (noise**4).mean() / 0.1**2 == pytest.approx(3, rel=0.03)
    correlation = np.corrcoef(noise[:, ::30].T) - np.eye(35)
    assert np.abs(correlation).max() < 6 / np.sqrt(count)


def test_the_noise_depends_on_the_place_and_the_seed_alone() -> None:
    np.testing.assert_array_equal(rates(DIGITS, seed=0), MADE)
    np.testing.assert_array_equal(rates(DIGITS[:1_007], seed=0), MADE[:1_007])
    others = (DIGITS + 1) % 10
    np.testing.assert_allclose(rates(others, seed=0) - EXACT[others], MADE - EXACT[DIGITS], atol=2e-6)
    assert np.abs(rates(DIGITS[:9], seed=1) - MADE[:9]).max() > 0.5
    noise = MADE - EXACT[DIGITS]
    assert np.abs(np.diff(noise, axis=0)).max(axis=(1, 2)).min() > 0.5  # no two specimens share theirs
    assert np.abs(noise[:, 0] - noise[:, 1]).max(axis=1).min() > 0.5


def test_another_variance_is_another_factor() -> None:
    quiet = rates(DIGITS[:50], seed=0, noise_variance=0.001)
    own = EXACT[DIGITS[:50]]
    np.testing.assert_allclose(10 * (quiet - own), MADE[:50] - own, atol=1e-5)


def test_they_come_in_pieces_of_a_thousand() -> None:
    pieces = list(blocks(DIGITS, seed=0))
    assert [len(each) for each in pieces] == [1000, 1000, 300]
    np.testing.assert_array_equal(np.concatenate(pieces), MADE)
    assert rates(DIGITS[:0], seed=0).shape == (0, 2, 512)


def test_what_is_no_digit_or_no_variance_is_refused() -> None:
    for digit in (-1, 10):
        with pytest.raises(ValueError, match="between 0 and 9"):
            rates(np.array([3, digit]), seed=0)
    for variance in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="0 or greater"):
            rates(DIGITS, seed=0, noise_variance=variance)
