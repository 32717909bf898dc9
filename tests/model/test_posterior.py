"""The product of experts against the product itself, normalised on a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_examples import example_batch, example_model, gaussian, normal
from scipy.stats import norm

from fingerprint.model.gaussian import Gaussian
from fingerprint.model.posterior import product_of_experts

GRID = np.linspace(-30, 30, 3001)
STEP = GRID[1] - GRID[0]


def fuse(means: list[float], log_variances: list[float], present: list[float] | None = None) -> tuple[float, float]:
    """One specimen, one latent coordinate: mean and log-variance of the product."""
    shape = (len(means), 1, 1)
    unimodal = Gaussian(
        torch.tensor(means).double().reshape(shape), torch.tensor(log_variances).double().reshape(shape)
    )
    kept = torch.tensor(present or [1.0] * len(means)).double().reshape(len(means), 1)
    q = product_of_experts(unimodal, kept)
    return q.mean.item(), q.log_variance.item()


def test_it_is_the_normalised_product_of_densities() -> None:
    """[Eq. 4, Eq. 5] In one dimension, three modalities."""
    unimodal = gaussian(3, 5, 1, seed=4)
    q = product_of_experts(unimodal, torch.ones(3, 5).double())
    for specimen in range(5):
        means = unimodal.mean[:, specimen, 0].numpy()
        sds = np.exp(0.5 * unimodal.log_variance[:, specimen, 0].numpy())
        product = np.prod([norm.pdf(GRID, m, s) for m, s in zip(means, sds, strict=True)], axis=0)
        product /= product.sum() * STEP
        fused = norm.pdf(GRID, q.mean[specimen, 0], math.exp(0.5 * q.log_variance[specimen, 0]))
        np.testing.assert_allclose(fused, product, atol=1e-11)


def test_it_is_the_normalised_product_in_two_dimensions() -> None:
    """[Eq. 4, Eq. 5] No correlation arises between the coordinates."""
    unimodal = Gaussian(gaussian(2, 1, 2, seed=5).mean, torch.zeros(2, 1, 2).double() + torch.tensor([0.3, -0.4]))
    q = product_of_experts(unimodal, torch.ones(2, 1).double())
    grid = np.linspace(-8, 8, 321)
    x, y = np.meshgrid(grid, grid, indexing="ij")

    def density(p: Gaussian, at: tuple[int, ...]) -> np.ndarray:
        (mx, my), (sx, sy) = p.mean[at].numpy(), np.exp(0.5 * p.log_variance[at].numpy())
        return norm.pdf(x, mx, sx) * norm.pdf(y, my, sy)

    product = density(unimodal, (0, 0)) * density(unimodal, (1, 0))
    product /= product.sum() * (grid[1] - grid[0]) ** 2
    np.testing.assert_allclose(density(q, (0,)), product, atol=1e-10)


def test_one_modality_is_its_own_encoder() -> None:
    """[Eq. 5]"""
    unimodal = gaussian(1, 5, 3, seed=6)
    q = product_of_experts(unimodal, torch.ones(1, 5).double())
    assert torch.equal(q.mean, unimodal.mean[0])
    assert torch.equal(q.log_variance, unimodal.log_variance[0])


@given(missing=st.integers(0, 2), junk=st.floats(-1e30, 1e30), log_variance=st.floats(-80, 80))
def test_a_missing_modality_is_ignored(missing: int, junk: float, log_variance: float) -> None:
    """[Eq. 5] Whatever its encoder says."""
    means, log_variances = [0.3, -1.0, 2.0], [0.1, -0.7, 1.4]
    others = [m for m in range(3) if m != missing]
    expected = fuse([means[m] for m in others], [log_variances[m] for m in others])
    means[missing], log_variances[missing] = junk, log_variance
    found = fuse(means, log_variances, [float(m != missing) for m in range(3)])
    assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("first", "second"), [(-80.0, -80.0), (80.0, 80.0), (-80.0, 80.0)])
def test_extreme_precisions_stay_finite(first: float, second: float, dtype: torch.dtype) -> None:
    """[Eq. 5] Variances of e^-80 and e^80, with their gradients."""
    mean = torch.tensor([1.0, 3.0], dtype=dtype).reshape(2, 1, 1).requires_grad_()
    log_variance = torch.tensor([first, second], dtype=dtype).reshape(2, 1, 1).requires_grad_()
    q = product_of_experts(Gaussian(mean, log_variance), torch.ones(2, 1, dtype=dtype))
    assert q.mean.item() == pytest.approx(2.0 if first == second else 1.0)
    assert q.log_variance.item() == pytest.approx(first - math.log(2) if first == second else first)
    for gradient in torch.autograd.grad(q.mean.sum() + q.log_variance.sum(), (mean, log_variance)):
        assert torch.isfinite(gradient).all()


def test_the_order_of_modalities_is_of_no_account() -> None:
    """[Eq. 5]"""
    unimodal, present = gaussian(3, 4, 2, seed=8), (normal(3, 4, seed=9) > -0.8).double()
    present[0] = 1
    order = torch.tensor([2, 0, 1])
    q = product_of_experts(unimodal, present)
    again = product_of_experts(Gaussian(unimodal.mean[order], unimodal.log_variance[order]), present[order])
    torch.testing.assert_close(again.mean, q.mean)
    torch.testing.assert_close(again.log_variance, q.log_variance)


def test_a_missing_modality_sends_no_gradient_into_its_encoder() -> None:
    """[Eq. 5] Nor a nan."""
    model = example_model()
    values, present = example_batch()
    present["number"].zero_()
    present["curve"].fill_(1)
    model.embed(values, present).mean.square().sum().backward()
    encoders = dict(zip(model.names, model.encoders, strict=True))
    assert all(p.grad is not None and not p.grad.any() for p in encoders["number"].parameters())
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in encoders["curve"].parameters())
