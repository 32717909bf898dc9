"""Closed forms of Gaussians against quadrature, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_examples import gaussian, normal
from numpy.polynomial.hermite_e import hermegauss
from scipy.stats import multivariate_normal, norm
from torch import Tensor

from fingerprint.model.gaussian import Gaussian, draw, entropy, expected_log_density, log_density, smooth_clamp

NODES, WEIGHTS = hermegauss(20)


def average(q: Gaussian, values: np.ndarray) -> np.ndarray:
    """Gauss-Hermite average of values [node, ...] taken at mean + sd * node of one coordinate."""
    assert q.mean.shape[-1] == values.shape[-1]
    return np.tensordot(WEIGHTS / WEIGHTS.sum(), values, 1)


def nodes_of(q: Gaussian) -> np.ndarray:
    mean, sd = q.mean.numpy(), np.exp(0.5 * q.log_variance.numpy())
    return mean + sd * NODES.reshape(-1, *(1,) * mean.ndim)


def sd(p: Gaussian) -> np.ndarray:
    return np.exp(0.5 * p.log_variance.numpy())


def test_log_density_is_scipys() -> None:
    """[Eq. 8]"""
    p, z = gaussian(5, 3), normal(5, 3, seed=2)
    expected = [
        multivariate_normal.logpdf(z[i], p.mean[i].numpy(), np.diag(p.log_variance[i].exp().numpy())) for i in range(5)
    ]
    np.testing.assert_allclose(log_density(z, p), expected, rtol=1e-12)


def test_log_density_broadcasts_points_against_components() -> None:
    """[Eq. 8]"""
    p, z = gaussian(4, 3), normal(6, 3, seed=2)
    table = log_density(z.unsqueeze(1), Gaussian(p.mean.unsqueeze(0), p.log_variance.unsqueeze(0)))
    assert table.shape == (6, 4)
    for i in range(6):
        for c in range(4):
            assert table[i, c] == log_density(z[i], Gaussian(p.mean[c], p.log_variance[c]))


def test_expected_log_density_is_the_integral() -> None:
    """[Eq. 31] The integrand is a quadratic, for which 20 nodes are exact."""
    q, p = gaussian(6, 3, seed=1), gaussian(6, 3, seed=2)
    integral = average(q, norm.logpdf(nodes_of(q), p.mean.numpy(), sd(p))).sum(-1)
    np.testing.assert_allclose(expected_log_density(q, p), integral, rtol=1e-11)


def test_entropy_is_the_integral() -> None:
    """[Eq. 34]"""
    q = gaussian(6, 3, seed=3)
    integral = -average(q, norm.logpdf(nodes_of(q), q.mean.numpy(), sd(q))).sum(-1)
    np.testing.assert_allclose(entropy(q), integral, rtol=1e-11)


def test_draws_have_the_moments_and_a_gradient() -> None:
    q = Gaussian(torch.tensor([1.5, -2.0]).double().requires_grad_(), torch.tensor([0.4, -1.0]).double())
    points = draw(Gaussian(q.mean.expand(len(NODES), 2), q.log_variance), torch.tensor(NODES)[:, None].expand(-1, 2))
    weights = torch.tensor(WEIGHTS / WEIGHTS.sum())[:, None]
    mean = (weights * points).sum(0)
    torch.testing.assert_close(mean, q.mean)
    torch.testing.assert_close((weights * (points - mean).square()).sum(0), q.log_variance.exp())
    (gradient,) = torch.autograd.grad(mean.sum(), q.mean)
    torch.testing.assert_close(gradient, torch.ones(2).double())


@pytest.mark.parametrize(("low", "high"), [(-9.0, 6.0), (-14.0, 6.0)])
@given(x=st.floats(-1e4, 1e4))
def test_smooth_clamp_stays_inside_and_rises(low: float, high: float, x: float) -> None:
    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    clamped: Tensor = smooth_clamp(at, low, high)
    (slope,) = torch.autograd.grad(clamped, at)
    assert low <= clamped.item() <= high
    assert 0 <= slope.item() <= 1
    assert abs(clamped.item() - min(max(x, low), high)) <= np.log(2)


def test_smooth_clamp_is_the_identity_well_inside() -> None:
    x = torch.linspace(-2, -1, 5, dtype=torch.float64)
    torch.testing.assert_close(smooth_clamp(x, -9.0, 6.0), x, atol=2e-3, rtol=0)
