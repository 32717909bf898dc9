"""EM of the mixture prior: against scikit-learn, the bound that it maximises, and mixtures that are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from fingerprint.model import Gaussian
from fingerprint.model.prior import MixturePrior, kl_divergence, mean_field_responsibilities
from fingerprint.training.em import LEAST_SHARE, full_update, maximise, set_prior, streaming_update
from fingerprint.training.seeding import seed_clusters

TRUE_MEANS = np.array([[-4.0, 0.0], [3.0, 3.0], [2.0, -5.0]])
TRUE_SDS = np.array([[0.5, 1.0], [1.2, 0.4], [0.7, 0.7]])
TRUE_WEIGHTS = np.array([0.2, 0.3, 0.5])


def known_mixture(specimens: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draws [specimen, 2] and the cluster of each."""
    rng = np.random.default_rng(seed)
    cluster = rng.choice(3, size=specimens, p=TRUE_WEIGHTS)
    return TRUE_MEANS[cluster] + TRUE_SDS[cluster] * rng.normal(size=(specimens, 2)), cluster


def points(mean: np.ndarray, log_variance: float = -100.0) -> Gaussian:
    """Posteriors of one seed, by default without width."""
    at = torch.tensor(mean)[None]
    return Gaussian(at, torch.full_like(at, log_variance))


def posteriors(seed: int = 0, specimens: int = 200) -> Gaussian:
    """Two seeds; widths that differ."""
    generator = torch.Generator().manual_seed(seed)
    members = [torch.tensor(known_mixture(specimens, seed + i)[0]) for i in range(2)]
    log_variance = torch.randn((2, specimens, 2), generator=generator, dtype=torch.float64) - 1
    return Gaussian(torch.stack(members), log_variance)


def laid_out(q: Gaussian, clusters: int = 3, floor: float = 1e-9) -> MixturePrior:
    prior = MixturePrior(len(q.mean), clusters, 2).double()
    seed_clusters(prior, q, [torch.Generator().manual_seed(i) for i in range(len(q.mean))], floor)
    return prior


def bound(prior: MixturePrior, q: Gaussian) -> Tensor:
    """What the prior contributes to the ELBO, at its best responsibilities, [seed]."""
    return -kl_divergence(q, mean_field_responsibilities(q, prior), prior).mean(1)


def test_moments_are_eq_15() -> None:
    """[Eq. 15] As printed, and with the posterior variance, by a naive double loop."""
    q = posteriors(specimens=15)
    gamma = torch.softmax(torch.randn((2, 15, 3), generator=torch.Generator().manual_seed(5)).double(), -1)
    for posterior_variance in (False, True):
        prior = MixturePrior(2, 3, 2).double()
        set_prior(prior, *maximise(q, gamma, posterior_variance=posterior_variance), 1e-12)
        for s in range(2):
            for c in range(3):
                weight = gamma[s, :, c].sum()
                for j in range(2):
                    mean = sum(gamma[s, d, c] * q.mean[s, d, j] for d in range(15)) / weight
                    variance = sum(gamma[s, d, c] * (q.mean[s, d, j] - mean) ** 2 for d in range(15)) / weight
                    if posterior_variance:
                        variance += sum(gamma[s, d, c] * q.log_variance[s, d, j].exp() for d in range(15)) / weight
                    torch.testing.assert_close(prior.mean[s, c, j], mean)
                    torch.testing.assert_close(prior.log_variance[s, c, j].exp(), variance)
                torch.testing.assert_close(prior.log_weights[s, c].exp(), weight / 15)


def test_an_update_without_posterior_width_is_scikit_learns() -> None:
    """[Eq. 15] One EM step of a diagonal Gaussian mixture from the same start."""
    x, _ = known_mixture(300)
    prior = laid_out(points(x))
    start = {
        "weights_init": prior.log_weights[0].exp().numpy(),
        "means_init": prior.mean[0].numpy(),
        "precisions_init": np.exp(-prior.log_variance[0].numpy()),
    }
    theirs = GaussianMixture(3, covariance_type="diag", reg_covar=0, max_iter=1, **start)
    with pytest.warns(ConvergenceWarning):
        theirs.fit(x)
    full_update(prior, points(x), 1e-9)
    np.testing.assert_allclose(prior.mean[0], theirs.means_, rtol=1e-8)
    np.testing.assert_allclose(prior.log_variance[0].exp(), theirs.covariances_, rtol=1e-8)
    np.testing.assert_allclose(prior.log_weights[0].exp(), theirs.weights_, rtol=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_a_full_update_never_lowers_the_bound(seed: int) -> None:
    """[Eq. 15] With the posterior variance, which its stationary point has."""
    q = posteriors(seed)
    prior = laid_out(q)
    values = [bound(prior, q)]
    for _ in range(30):
        full_update(prior, q, 1e-9)
        values.append(bound(prior, q))
    rises = torch.stack(values).diff(dim=0)
    assert (rises >= -1e-12).all()
    assert (rises[0] > 0).all()


def test_no_other_mixture_has_a_higher_bound_nearby() -> None:
    """[Eq. 15] Where EM has settled, the gradient of the bound vanishes for means and variances."""
    q = posteriors()
    prior = laid_out(q)
    full_update(prior, q, 1e-9, iterations=300)
    prior.mean.requires_grad_()
    prior.log_variance.requires_grad_()
    gradients = torch.autograd.grad(bound(prior, q).sum(), (prior.mean, prior.log_variance))
    for gradient in gradients:
        assert gradient.abs().max() < 1e-6


def test_the_printed_variance_is_no_stationary_point() -> None:
    """[Eq. 15] Left out, the posterior variance pulls the bound towards wider clusters (docs/deviations.md)."""
    q = posteriors()
    prior = laid_out(q)
    gamma = mean_field_responsibilities(q, prior)
    set_prior(prior, *maximise(q, gamma, posterior_variance=False), 1e-9)
    log_variance = prior.log_variance.clone().requires_grad_()
    prior.log_variance = log_variance
    (gradient,) = torch.autograd.grad(-kl_divergence(q, gamma, prior).sum(), log_variance)
    assert (gradient > 0).all()


def test_it_recovers_a_known_mixture() -> None:
    """[Eq. 15] From k-means++, to the error of the sample."""
    x, _ = known_mixture(4000)
    prior = laid_out(points(x))
    full_update(prior, points(x), 1e-9, iterations=100)
    order = [int(np.argmin(((prior.mean[0].numpy() - mean) ** 2).sum(1))) for mean in TRUE_MEANS]
    assert sorted(order) == [0, 1, 2]
    error = TRUE_SDS / np.sqrt(4000 * TRUE_WEIGHTS[:, None])
    assert (np.abs(prior.mean[0].numpy()[order] - TRUE_MEANS) < 5 * error).all()
    np.testing.assert_allclose(np.exp(0.5 * prior.log_variance[0].numpy()[order]), TRUE_SDS, rtol=0.1)
    np.testing.assert_allclose(prior.log_weights[0].exp().numpy()[order], TRUE_WEIGHTS, atol=0.03)


def test_posterior_width_is_told_apart_from_cluster_width() -> None:
    """[Eq. 15] Latent points blurred by a known variance have clusters wider by just that."""
    x, _ = known_mixture(500)
    gamma = torch.softmax(torch.zeros(1, 500, 1).double(), -1)
    sharp, blurred = (MixturePrior(1, 1, 2).double() for _ in range(2))
    set_prior(sharp, *maximise(points(x), gamma), 1e-9)
    set_prior(blurred, *maximise(points(x, float(np.log(0.3))), gamma), 1e-9)
    torch.testing.assert_close(blurred.log_variance.exp(), sharp.log_variance.exp() + 0.3)


@pytest.mark.parametrize("posterior_variance", [True, False])
def test_a_streaming_step_of_rate_one_is_a_full_update(posterior_variance: bool) -> None:
    """[Eq. 15]"""
    q = posteriors()
    streamed, full = laid_out(q), laid_out(q)
    gamma = mean_field_responsibilities(q, full)
    streaming_update(streamed, q, gamma, 1.0, 1e-9, posterior_variance=posterior_variance)
    set_prior(full, *maximise(q, gamma, posterior_variance=posterior_variance), 1e-9)
    for key, value in full.state_dict().items():
        torch.testing.assert_close(streamed.state_dict()[key], value)


def test_a_streaming_step_of_rate_zero_changes_nothing() -> None:
    """[Eq. 15]"""
    q = posteriors()
    prior = laid_out(q)
    before = {key: value.clone() for key, value in prior.state_dict().items()}
    streaming_update(prior, q, mean_field_responsibilities(q, prior), 0.0, 1e-9)
    for key, value in prior.state_dict().items():
        torch.testing.assert_close(value, before[key])


def test_streaming_settles_where_full_updates_do() -> None:
    """[Eq. 15] Batches of a tenth, at a small rate."""
    q = posteriors(specimens=400)
    streamed, full = laid_out(q), laid_out(q)
    full_update(full, q, 1e-9, iterations=200)
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        for rows in torch.randperm(400, generator=generator).tensor_split(10):
            batch = Gaussian(q.mean[:, rows], q.log_variance[:, rows])
            streaming_update(streamed, batch, mean_field_responsibilities(batch, streamed), 0.02, 1e-9)
    torch.testing.assert_close(streamed.mean, full.mean, atol=0.15, rtol=0)
    torch.testing.assert_close(streamed.log_weights.exp(), full.log_weights.exp(), atol=0.03, rtol=0)


def test_a_dead_cluster_keeps_its_place_and_can_come_back() -> None:
    q = posteriors()
    prior = laid_out(q)
    place, width = prior.mean[:, 1].clone(), prior.log_variance[:, 1].clone()
    gamma = torch.zeros(2, 200, 3).double()
    gamma[..., 0], gamma[..., 2] = 0.5, 0.5
    set_prior(prior, *maximise(q, gamma), 1e-3)
    assert torch.equal(prior.mean[:, 1], place)
    torch.testing.assert_close(prior.log_variance[:, 1], width)
    weights = prior.log_weights.exp()
    assert (weights[:, 1] > 0.5 * LEAST_SHARE).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(2).double())
    gamma[..., 1] = 0.5
    gamma[..., 2] = 0
    set_prior(prior, *maximise(q, gamma), 1e-3)
    torch.testing.assert_close(prior.mean[:, 1], q.mean.mean(1))


def test_no_cluster_is_narrower_than_the_floor() -> None:
    """Relative to the variance of the whole mixture."""
    x = np.concatenate([known_mixture(100)[0], np.full((100, 2), 9.0)])
    prior = laid_out(points(x), clusters=2, floor=1e-2)
    full_update(prior, points(x), 1e-2, iterations=20)
    whole = torch.tensor(x.var(axis=0))
    assert (prior.log_variance[0].exp() >= 0.999e-2 * whole).all()
    torch.testing.assert_close(prior.log_variance[0].exp().min(0).values, 1e-2 * whole)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("posterior_variance", [True, False])
@pytest.mark.parametrize("at", [0.0, 1.0, 1e3])
def test_latent_points_that_coincide_leave_the_mixture_finite(
    dtype: torch.dtype, posterior_variance: bool, at: float
) -> None:
    """A collapsed latent space, which training must be able to leave again."""
    q = Gaussian(
        torch.full((1, 30, 2), at, dtype=dtype) + torch.arange(30)[:, None] % 2 * 1e-7,
        torch.zeros(1, 30, 2, dtype=dtype) - 9,
    )
    prior = MixturePrior(1, 3, 2).to(dtype)
    for _ in range(5):
        gamma = mean_field_responsibilities(q, prior)
        assert torch.isfinite(gamma).all()
        streaming_update(prior, q, gamma, 1.0, 1e-3, posterior_variance=posterior_variance)
        for key, value in prior.state_dict().items():
            assert torch.isfinite(value).all(), key


def test_clusters_are_laid_out_by_the_generator_alone() -> None:
    q = posteriors()
    assert torch.equal(laid_out(q).mean, laid_out(q).mean)
    assert not torch.equal(laid_out(q).mean, torch.zeros(2, 3, 2).double())
