"""Mean and variance over the clusters, against draws and beside the printed equation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_examples import gaussian, mixture, normal

from fingerprint.model.decoders import mixture_moments
from fingerprint.model.gaussian import Gaussian
from fingerprint.model.prior import responsibilities

FEATURES = 4


@pytest.mark.parametrize("networks", [1, 3], ids=["per_modality", "per_cluster"])
def test_mixture_moments_are_those_of_draws(networks: int) -> None:
    """[Eq. 12] A cluster from the weights, then a measurement from its decoder."""
    weights = torch.softmax(normal(1, 1, 3), -1)
    p = Gaussian(gaussian(1, networks, 1, 2, seed=3).mean, normal(1, networks, 1, 1, seed=4))
    mean, variance = mixture_moments(weights, p)
    rng, draws = np.random.default_rng(0), 400_000
    cluster = rng.choice(3, size=draws, p=weights[0, 0].numpy()) if networks > 1 else np.zeros(draws, int)
    sd = np.exp(0.5 * p.log_variance.numpy())[0, cluster, 0]
    x = p.mean.numpy()[0, cluster, 0] + sd * rng.normal(size=(draws, 2))
    error = x.std(0) / np.sqrt(draws)
    assert (np.abs(mean[0, 0].numpy() - x.mean(0)) < 4 * error).all()
    np.testing.assert_allclose(variance[0, 0], x.var(0), rtol=0.01)


@pytest.mark.parametrize("specimens", [5, 1], ids=["of_each_specimen", "the_same_for_all"])
def test_mixture_moments_are_eq_12_as_printed(specimens: int) -> None:
    """[Eq. 12] Also where an expert's answer is the same for all specimens."""
    weights = responsibilities(normal(2, 5, 2), mixture())
    p = Gaussian(normal(2, 3, specimens, FEATURES, seed=1), normal(2, 3, specimens, 1, seed=2))
    mean, variance = mixture_moments(weights, p)
    assert mean.shape == variance.shape == (2, 5, FEATURES)
    for seed in range(2):
        for d in range(5):
            own = d % specimens
            for j in range(FEATURES):
                parts = [
                    (weights[seed, d, c], p.mean[seed, c, own, j], p.log_variance[seed, c, own, 0]) for c in range(3)
                ]
                expected = sum(w * m for w, m, _ in parts)
                second = sum(w * (v.exp() + m**2) for w, m, v in parts)
                torch.testing.assert_close(mean[seed, d, j], expected)
                torch.testing.assert_close(variance[seed, d, j], second - expected**2)


def test_the_variance_of_a_sharp_mixture_is_not_negative() -> None:
    """[Eq. 12] In float32, with means of 1e4 and variances of e^-14, the printed difference would be."""
    weights = torch.tensor([0.5, 0.5]).expand(1, 1, 2)
    p = Gaussian(torch.full((1, 2, 1, 1), 1e4), torch.full((1, 2, 1, 1), -14.0))
    _, variance = mixture_moments(weights, p)
    assert variance.item() == pytest.approx(np.exp(-14.0), rel=1e-5)
