"""Measurements that belong to another cluster: a mixture, its limits, and the share that EM finds."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_examples import IMAGE_AND_LINE, TRUSTED_LINE, example_batch, example_model, normal
from torch import Tensor

from fingerprint.model.decoders import log_likelihood
from fingerprint.model.outliers import outlier_given_cluster, with_outliers

SHARE = torch.tensor([0.1, 0.02], dtype=torch.float64)


def likelihoods() -> tuple[Tensor, Tensor]:
    """log p(x|c) of a few nats, [2, 30, 3], and log weights."""
    return 3 * normal(2, 30, 3), torch.log_softmax(normal(2, 1, 3, seed=1), -1)


def test_it_is_the_sum_as_written() -> None:
    """In float64, without logarithms."""
    log_p, log_weights = likelihoods()
    p, weights, share = log_p.exp().numpy(), log_weights.exp().numpy(), SHARE.numpy()[:, None, None]
    expected = (1 - share) * p + share * (weights * p).sum(-1, keepdims=True)
    np.testing.assert_allclose(with_outliers(log_p, log_weights, SHARE).exp(), expected, rtol=1e-12)


def test_it_is_a_density_where_p_is() -> None:
    """Swapping measurements between clusters leaves their distribution over all specimens as it was."""
    log_p, log_weights = likelihoods()
    before = torch.logsumexp(log_weights + log_p, -1)
    after = torch.logsumexp(log_weights + with_outliers(log_p, log_weights, SHARE), -1)
    torch.testing.assert_close(after, before)


@pytest.mark.parametrize(("share", "limit"), [(1e-15, "own"), (1 - 1e-15, "all")])
def test_its_limits(share: float, limit: str) -> None:
    """No share at all trusts p(x|c); all of it tells nothing of the cluster."""
    log_p, log_weights = likelihoods()
    found = with_outliers(log_p, log_weights, torch.full((2,), share, dtype=torch.float64))
    marginal = torch.logsumexp(log_weights + log_p, -1, keepdim=True)
    torch.testing.assert_close(found, log_p if limit == "own" else marginal.expand_as(log_p), atol=1e-9, rtol=1e-9)


@given(st.integers(0, 1000), st.floats(1, 1e6), st.floats(1e-4, 0.5))
def test_it_outvotes_others_by_no_more_than_a_bound(seed: int, sharpness: float, share: float) -> None:
    r"""$\log((1 - \epsilon) / (\epsilon \pi_c) + 1)$, c the cluster that it prefers, however sharp it is."""
    log_p = sharpness * normal(1, 20, 4, seed=seed)
    log_weights = torch.log_softmax(normal(1, 1, 4, seed=seed + 1), -1)
    found = with_outliers(log_p, log_weights, torch.tensor([share], dtype=torch.float64))
    best = found.amax(-1)
    weight = log_weights.expand_as(found).gather(-1, found.argmax(-1, keepdim=True)).squeeze(-1).exp()
    bound = torch.log1p((1 - share) / (share * weight))
    assert (best - found.amin(-1) <= bound + 1e-9).all()
    assert torch.isfinite(found).all()


def test_the_bound_is_reached() -> None:
    log_p = torch.tensor([[[0.0, -1e6]]], dtype=torch.float64)
    found = with_outliers(log_p, torch.tensor([[[0.5, 0.5]]]).double().log(), torch.tensor([0.1], dtype=torch.float64))
    assert (found[0, 0, 0] - found[0, 0, 1]).item() == pytest.approx(math.log1p(0.9 / 0.05))


def test_the_probability_is_bayes() -> None:
    """Of having been swapped, if the specimen is in a cluster."""
    log_p, log_weights = likelihoods()
    p, weights, share = log_p.exp().numpy(), log_weights.exp().numpy(), SHARE.numpy()[:, None, None]
    swapped = share * (weights * p).sum(-1, keepdims=True)
    expected = swapped / ((1 - share) * p + swapped)
    np.testing.assert_allclose(outlier_given_cluster(log_p, log_weights, SHARE), expected, rtol=1e-10)


@pytest.mark.parametrize("true_share", [0.02, 0.2, 0.4])
@pytest.mark.parametrize("start", [0.01, 0.5])
def test_em_recovers_the_share_that_was_swapped(true_share: float, start: float) -> None:
    """Clusters known from elsewhere, measurements with overlap; to the error of the sample, from either side."""
    rng, specimens = np.random.default_rng(3), 6_000
    weights = np.array([0.5, 0.3, 0.2])
    cluster = rng.choice(3, size=specimens, p=weights)
    swapped = rng.random(specimens) < true_share
    shown = np.where(swapped, rng.choice(3, size=specimens, p=weights), cluster)
    x = 3.0 * shown + rng.normal(size=specimens)
    log_p = torch.tensor(-0.5 * (x[:, None] - 3.0 * np.arange(3)) ** 2)[None]
    gamma = torch.nn.functional.one_hot(torch.tensor(cluster), 3)[None].double()
    log_weights, share = torch.tensor(np.log(weights))[None, None], torch.tensor([start], dtype=torch.float64)
    for _ in range(200):
        share = (gamma * outlier_given_cluster(log_p, log_weights, share)).sum(-1).mean(-1)
    assert share.item() == pytest.approx(true_share, abs=4 * math.sqrt(true_share / specimens) + 0.003)


@torch.no_grad()
def test_a_model_asks_its_expert_and_trusts_what_is_not_doubted() -> None:
    doubted, trusted = (example_model(example=each).eval() for each in (IMAGE_AND_LINE, TRUSTED_LINE))
    values, _ = example_batch(example=IMAGE_AND_LINE)
    plain = doubted.weights["line"] * log_likelihood(values["line"], doubted.decoder("line")(doubted.prior.mean))
    share = doubted.outliers[:, doubted.names.index("line")]
    expected = outlier_given_cluster(plain, doubted.prior.log_weights_per_specimen(), share)
    torch.testing.assert_close(doubted.outlier_given_cluster("line", values), expected)
    assert not trusted.outlier_given_cluster("line", values).any()


@torch.no_grad()
def test_a_model_follows_the_share_of_one_batch() -> None:
    """Of those that were measured and count; at rate 1 it is their mean probability."""
    model = example_model(example=IMAGE_AND_LINE).eval()
    index = model.names.index("line")
    before = model.outliers.clone()
    gamma, outlier = torch.softmax(normal(2, 8, 3, seed=4), -1), torch.sigmoid(normal(2, 8, 3, seed=5) - 2)
    gamma[:, 5:] = 0
    model.follow_outliers("line", outlier, gamma, 0.3)
    expected = (gamma * outlier)[:, :5].sum((1, 2)) / 5
    torch.testing.assert_close(model.outliers[:, index], 0.7 * before[:, index] + 0.3 * expected)
    assert torch.equal(model.outliers[:, 1 - index], before[:, 1 - index])


@torch.no_grad()
def test_a_batch_in_which_nobody_was_measured_teaches_nothing() -> None:
    model = example_model(example=IMAGE_AND_LINE).eval()
    gamma, outlier = torch.softmax(normal(2, 8, 3, seed=4), -1), torch.sigmoid(normal(2, 8, 3, seed=5))
    gamma[0] = 0
    before = model.outliers.clone()
    model.follow_outliers("line", outlier, gamma, 0.3)
    assert torch.equal(model.outliers[0], before[0])
    assert not torch.equal(model.outliers[1], before[1])
