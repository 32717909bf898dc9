"""The mixture prior: responsibilities against Bayes, divergences against quadrature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_examples import gaussian, mixture, normal
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import logsumexp
from scipy.stats import norm
from torch import Tensor

from fingerprint.model.gaussian import Gaussian
from fingerprint.model.prior import MixturePrior, kl_divergence, mean_field_responsibilities, responsibilities


def log_joint(prior: MixturePrior, z: np.ndarray) -> np.ndarray:
    """log pi_c + log p(z|c) of member 0 by scipy: [..., latent] to [..., cluster]."""
    mean, sd = prior.mean[0].numpy(), np.exp(0.5 * prior.log_variance[0].numpy())
    return prior.log_weights[0].numpy() + norm.logpdf(z[..., None, :], mean, sd).sum(-1)


def posterior_draws(q: Gaussian, specimen: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Hermite points and weights of q(Z|X) of member 0, latent size 2: [node, latent], [node]."""
    nodes, weights = hermegauss(30)
    x, y = np.meshgrid(nodes, nodes, indexing="ij")
    unit = np.stack([x.ravel(), y.ravel()], axis=1)
    weight = np.outer(weights, weights).ravel()
    mean, sd = q.mean[0, specimen].numpy(), np.exp(0.5 * q.log_variance[0, specimen].numpy())
    return mean + sd * unit, weight / weight.sum()


def test_a_new_prior_is_the_standard_normal() -> None:
    """[Eq. 7, Eq. 8] Its clusters are all alike, and its weights sum to 1."""
    prior = MixturePrior(2, 5, 3)
    torch.testing.assert_close(prior.log_weights.exp().sum(-1), torch.ones(2))
    z = normal(2, 6, 3).float()
    torch.testing.assert_close(responsibilities(z, prior), torch.full((2, 6, 5), 0.2))


def test_responsibilities_are_bayes_rule() -> None:
    """[Eq. 14]"""
    prior = mixture(1, 4, 3)
    z = 3 * normal(1, 50, 3, seed=7)
    joint = log_joint(prior, z[0].numpy())
    expected = np.exp(joint - logsumexp(joint, axis=-1, keepdims=True))
    np.testing.assert_allclose(responsibilities(z, prior)[0], expected, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", [1e2, 1e6, 1e12])
def test_responsibilities_sum_to_one_far_from_every_cluster(distance: float, dtype: torch.dtype) -> None:
    """[Eq. 14]"""
    prior = mixture().to(dtype)
    z = (normal(2, 20, 2, seed=8) * distance).to(dtype).requires_grad_()
    gamma = responsibilities(z, prior)
    torch.testing.assert_close(gamma.sum(-1), torch.ones(2, 20, dtype=dtype))
    (gradient,) = torch.autograd.grad(gamma.square().sum(), z)
    assert torch.isfinite(gradient).all()


def test_mean_field_is_bayes_for_a_point() -> None:
    """[Eq. 14] As the posterior's variance vanishes, both responsibilities are the same."""
    prior, z = mixture(), normal(2, 30, 2, seed=9)
    q = Gaussian(z, torch.full_like(z, -60.0))
    torch.testing.assert_close(mean_field_responsibilities(q, prior), responsibilities(z, prior))


def bound(q: Gaussian, gamma: Tensor, prior: MixturePrior, evidence: Tensor) -> Tensor:
    return (gamma * evidence).sum(-1) - kl_divergence(q, gamma, prior)


@given(st.integers(0, 10_000), st.floats(1e-3, 1.0))
def test_no_other_responsibilities_give_a_higher_bound(seed: int, size: float) -> None:
    """[Eq. 13, Eq. 14] Mean-field responsibilities maximise the ELBO over all q(C|X)."""
    prior, q, evidence = mixture(), gaussian(2, 5, 2, seed=10), normal(2, 5, 3, seed=11)
    best = mean_field_responsibilities(q, prior, evidence)
    other = torch.softmax(best.log() + size * normal(2, 5, 3, seed=seed), -1)
    assert (bound(q, other, prior, evidence) <= bound(q, best, prior, evidence) + 1e-12).all()


def test_the_bound_has_no_gradient_along_responsibilities() -> None:
    """[Eq. 13] Which is why they may be taken as constants."""
    prior, q, evidence = mixture(), gaussian(2, 5, 2, seed=10), normal(2, 5, 3, seed=11)
    logits = mean_field_responsibilities(q, prior, evidence).log().requires_grad_()
    (gradient,) = torch.autograd.grad(bound(q, torch.softmax(logits, -1), prior, evidence).sum(), logits)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-13, rtol=0)


def test_kl_divergence_is_the_integral() -> None:
    """[Eq. 7, Eq. 8, Eq. 13] The average of log q(z, c) / p(z, c) over q, by quadrature."""
    prior, q = mixture(1, 3, 2), gaussian(1, 6, 2, seed=12)
    gamma = torch.softmax(normal(1, 6, 3, seed=13), -1)
    found = kl_divergence(q, gamma, prior)[0]
    for specimen in range(6):
        z, weight = posterior_draws(q, specimen)
        sd = np.exp(0.5 * q.log_variance[0, specimen].numpy())
        log_q_z = norm.logpdf(z, q.mean[0, specimen].numpy(), sd).sum(-1)
        share = gamma[0, specimen].numpy()
        integrand = (share * (log_q_z[:, None] + np.log(share) - log_joint(prior, z))).sum(-1)
        assert found[specimen].item() == pytest.approx(weight @ integrand, rel=1e-11)


def test_kl_divergence_bounds_that_from_the_mixture_itself() -> None:
    """[Eq. 13] KL(q(Z) || p(Z)) lies below it, by the convexity that mean field gives away."""
    prior, q = mixture(1, 3, 2), gaussian(1, 6, 2, seed=14)
    found = kl_divergence(q, mean_field_responsibilities(q, prior), prior)[0]
    for specimen in range(6):
        z, weight = posterior_draws(q, specimen)
        sd = np.exp(0.5 * q.log_variance[0, specimen].numpy())
        log_q_z = norm.logpdf(z, q.mean[0, specimen].numpy(), sd).sum(-1)
        exact = weight @ (log_q_z - logsumexp(log_joint(prior, z), axis=-1))
        assert found[specimen].item() >= exact - 1e-3


def test_one_standard_cluster_is_the_vae() -> None:
    """[Eq. 13] The limit of Kingma & Welling: KL = (variance + mean^2 - 1 - log variance) / 2, by quadrature."""
    prior, q = MixturePrior(1, 1, 2).double(), gaussian(1, 6, 2, seed=15)
    found = kl_divergence(q, torch.ones(1, 6, 1).double(), prior)[0]
    for specimen in range(6):
        z, weight = posterior_draws(q, specimen)
        sd = np.exp(0.5 * q.log_variance[0, specimen].numpy())
        ratio = norm.logpdf(z, q.mean[0, specimen].numpy(), sd) - norm.logpdf(z)
        assert found[specimen].item() == pytest.approx(weight @ ratio.sum(-1), rel=1e-11)


def test_a_cluster_without_responsibility_adds_nothing() -> None:
    """[Eq. 13] 0 log 0 is 0, with a finite gradient."""
    prior, q = mixture(1, 2, 2), gaussian(1, 4, 2, seed=16)
    mean = q.mean.requires_grad_()
    gamma = torch.tensor([1.0, 0.0]).double().expand(1, 4, 2)
    divergence = kl_divergence(Gaussian(mean, q.log_variance), gamma, prior)
    (gradient,) = torch.autograd.grad(divergence.sum(), mean)
    assert torch.isfinite(divergence).all()
    assert torch.isfinite(gradient).all()


def test_relabelling_permutes_the_responsibilities() -> None:
    prior, z = mixture(), normal(2, 9, 2, seed=17)
    before = responsibilities(z, prior)
    order = torch.tensor([[2, 0, 1], [1, 0, 2]])
    prior.relabel(order)
    after = responsibilities(z, prior)
    for seed in range(2):
        assert torch.equal(after[seed], before[seed][:, order[seed]])


def test_a_responsibility_of_zero_leaves_the_gradient_finite() -> None:
    """[Eq. 13] p(C|Z) in float32, clusters 20 standard deviations apart: those far away have exactly none."""
    prior = MixturePrior(1, 3, 2)
    prior.mean.copy_(torch.tensor([[[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]]]))
    mean = torch.tensor([[[0.1, 0.2], [10.0, 0.0]]]).requires_grad_()
    q = Gaussian(mean, torch.full_like(mean, -4.0))
    gamma = responsibilities(mean, prior)
    assert (gamma == 0).any()
    divergence = kl_divergence(q, gamma, prior)
    (gradient,) = torch.autograd.grad(divergence.sum(), mean)
    assert torch.isfinite(divergence).all()
    assert torch.isfinite(gradient).all()
    (alone,) = torch.autograd.grad(kl_divergence(q, gamma.detach(), prior).sum(), mean)
    torch.testing.assert_close(gradient[0, 0], alone[0, 0])  # of one cluster alone: gamma does not move
