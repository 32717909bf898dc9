"""The principal component model of measurements with gaps, against the Gaussian that it is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from measured_curves import AXIS, gaussian_curves
from numpy.typing import NDArray
from scipy.linalg import subspace_angles
from scipy.stats import multivariate_normal

from fingerprint.prepare.principal import Basis, fit_basis

CURVES = gaussian_curves(400)
BASIS = fit_basis(CURVES, 3)
POINTS = len(AXIS)


def covariance(basis: Basis, noise: float) -> NDArray[np.float64]:
    c = basis.components
    return c.T @ np.diag(basis.score_variance) @ c + noise * np.eye(POINTS)


def gapped(curves: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    """Only the points first to last are measured."""
    result = np.full_like(curves, np.nan)
    result[:, first:last] = curves[:, first:last]
    return result


@given(st.integers(0, 15), st.integers(16, POINTS))
def test_gaps_are_filled_by_the_conditional_mean(first: int, last: int) -> None:
    """Of the whole Gaussian, and the scores by theirs; what was measured stays."""
    measured = gapped(CURVES[:4], first, last)
    whole = covariance(BASIS, BASIS.residual_variance)
    seen = np.isfinite(measured[0])
    gain = whole[:, seen] @ np.linalg.inv(whole[np.ix_(seen, seen)])
    scores, decided = BASIS.scores(measured)
    if seen.all():
        np.testing.assert_array_equal(BASIS.filled(measured), measured)
        np.testing.assert_array_equal(decided, 1)
        return
    expected = BASIS.centre + (measured[:, seen] - BASIS.centre[seen]) @ gain.T
    filled = BASIS.filled(measured)
    np.testing.assert_allclose(filled[:, ~seen], expected[:, ~seen], rtol=1e-8)
    np.testing.assert_array_equal(filled[:, seen], measured[:, seen])
    cross = np.diag(BASIS.score_variance) @ BASIS.components[:, seen]
    solved = cross @ np.linalg.inv(whole[np.ix_(seen, seen)])
    np.testing.assert_allclose(scores, (measured[:, seen] - BASIS.centre[seen]) @ solved.T, atol=1e-9)
    np.testing.assert_allclose(decided[0], np.diag(solved @ cross.T) / BASIS.score_variance, atol=1e-9)


def test_what_says_nothing_decides_nothing() -> None:
    """A direction that is zero on every measured point keeps its mean."""
    components = np.zeros((2, POINTS))
    components[0, 0] = components[1, 5] = 1.0
    basis = Basis(np.zeros(POINTS), components, np.array([4.0, 1.0]), 0.01)
    scores, decided = basis.scores(gapped(np.ones((1, POINTS)), 3, 9))
    assert scores[0, 0] == decided[0, 0] == 0
    assert decided[0, 1] > 0.98


@given(st.integers(0, 10), st.integers(12, POINTS - 1))
def test_strangeness_with_gaps_is_that_of_the_marginal(first: int, last: int) -> None:
    measured = gapped(CURVES[:5] * 1.3, first, last)
    seen = np.isfinite(measured[0])
    noise = BASIS.residual_variance * POINTS / (POINTS - 3)
    marginal = multivariate_normal(BASIS.centre[seen], covariance(BASIS, noise)[np.ix_(seen, seen)])
    constant = marginal.logpdf(BASIS.centre[seen])
    expected = -2 * (marginal.logpdf(measured[:, seen]) - constant) * POINTS / seen.sum()
    np.testing.assert_allclose(BASIS.strangeness(measured), expected, rtol=1e-8)


def test_the_noise_of_scores_is_that_of_draws() -> None:
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.01, 0.2, size=(1, POINTS))
    for measured in (CURVES[:1], gapped(CURVES[:1], 4, 25)):
        draws = measured + spread * rng.normal(size=(20_000, POINTS))
        expected = BASIS.scores(draws)[0].var(0)
        np.testing.assert_allclose(BASIS.score_noise(measured, spread**2)[0], expected, rtol=0.05)


def test_a_basis_is_recovered_from_curves_of_which_many_have_gaps() -> None:
    measured = CURVES.copy()
    measured[:150, 24:] = np.nan
    measured[150:250, :6] = np.nan
    found = fit_basis(measured, 3)
    assert np.degrees(subspace_angles(found.components.T, BASIS.components.T)).max() < 4
    np.testing.assert_allclose(found.score_variance, BASIS.score_variance, rtol=0.15)
    assert abs(found.residual_variance / BASIS.residual_variance - 1) < 0.1
    # Of curves that are left out for their gaps nothing is learned: the mean of what is seen alone is far off.
    rng = np.random.default_rng(1)
    high = CURVES[:, 29] > np.median(CURVES[:, 29])
    chosen = CURVES.copy()
    chosen[np.ix_(high & (rng.random(400) < 0.9), range(26, 30))] = np.nan
    naive = np.nanmean(chosen, axis=0)[29] - BASIS.centre[29]
    assert abs(fit_basis(chosen, 3).centre[29] - BASIS.centre[29]) < 0.5 * abs(naive)
