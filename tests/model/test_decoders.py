"""One contract for every decoder; likelihoods against scipy, mixtures against draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_examples import example_model, gaussian, generators, mixture, normal
from scipy.stats import norm

from fingerprint.model.decoders import LOG_VARIANCE_RANGE, Decoder, log_likelihood, mixture_moments
from fingerprint.model.gaussian import Gaussian
from fingerprint.model.prior import responsibilities
from fingerprint.recipe import FixedVariance, LearnedVariance, MLPDecoder

SPECS = {
    "fixed": MLPDecoder(hidden=(6,), variance=FixedVariance(value=0.3)),
    "learned": MLPDecoder(hidden=(6,), variance=LearnedVariance(log_start=-2.0)),
    "learned_of_z": MLPDecoder(hidden=(6, 5), variance=LearnedVariance(log_start=-2.0, depends_on_z=True)),
    "linear": MLPDecoder(hidden=(), variance=LearnedVariance()),
    "without_skip": MLPDecoder(hidden=(6,), skip=False, activation="silu"),
}
FEATURES = 4

every = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
shared_or_not = pytest.mark.parametrize("networks", [1, 3], ids=["per_modality", "per_cluster"])


def build(spec: MLPDecoder, networks: int, seeds: tuple[int, ...] = (0, 1)) -> Decoder:
    return Decoder(spec, 2, FEATURES, networks, generators(seeds)).double()


@every
@shared_or_not
def test_shapes(spec: MLPDecoder, networks: int) -> None:
    """[Eq. 9, Eq. 10]"""
    p = build(spec, networks)(normal(2, 7, 2))
    assert p.mean.shape == (2, networks, 7, FEATURES)
    assert torch.broadcast_shapes(p.log_variance.shape, p.mean.shape) == p.mean.shape
    x = normal(2, 7, FEATURES, seed=1)
    assert log_likelihood(x, p).shape == (2, 7, networks)


@every
@shared_or_not
def test_log_likelihood_is_scipys(spec: MLPDecoder, networks: int) -> None:
    """[Eq. 9, Eq. 13]"""
    p, x = build(spec, networks)(normal(2, 7, 2)), normal(2, 7, FEATURES, seed=1)
    mean = p.mean.detach().numpy()
    sd = np.exp(0.5 * p.log_variance.detach().numpy())
    expected = norm.logpdf(x.numpy()[:, None], mean, sd).sum(-1).swapaxes(1, 2)
    np.testing.assert_allclose(log_likelihood(x, p).detach(), expected, rtol=1e-11)


@every
@shared_or_not
def test_each_network_is_a_function_of_z_alone(spec: MLPDecoder, networks: int) -> None:
    """[Eq. 10] A specimen's answer does not depend on its neighbours, nor a seed's on other seeds."""
    decoder, z = build(spec, networks), normal(2, 7, 2)
    whole = decoder(z)
    alone = decoder(z[:, 3:4])
    torch.testing.assert_close(alone.mean[:, :, 0], whole.mean[:, :, 3])
    torch.testing.assert_close(
        alone.log_variance.expand_as(alone.mean)[:, :, 0], whole.log_variance.expand_as(whole.mean)[:, :, 3]
    )
    second = build(spec, networks, seeds=(1,))(z[1:])
    torch.testing.assert_close(second.mean[0], whole.mean[1])


@every
@shared_or_not
def test_gradients_reach_every_parameter(spec: MLPDecoder, networks: int) -> None:
    decoder = build(spec, networks)
    log_likelihood(normal(2, 7, FEATURES, seed=1), decoder(normal(2, 7, 2))).sum().backward()
    for name, parameter in decoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.flatten(2).any(-1).all(), f"{name}: a member has no gradient"


@every
def test_the_generator_alone_decides_the_weights(spec: MLPDecoder) -> None:
    first, again, other = (build(spec, 3, seeds=(seed,)).state_dict() for seed in (4, 4, 5))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["mean.layers.0.weight"], other["mean.layers.0.weight"])


@every
def test_relabelling_permutes_the_networks(spec: MLPDecoder) -> None:
    decoder, z = build(spec, 3), normal(2, 7, 2)
    order = torch.tensor([[2, 0, 1], [1, 0, 2]])
    before = decoder(z)
    with torch.no_grad():
        decoder.relabel(order)
    after = decoder(z)
    for seed in range(2):
        assert torch.equal(after.mean[seed], before.mean[seed, order[seed]])
        assert torch.equal(after.log_variance[seed], before.log_variance[seed, order[seed]])


@pytest.mark.parametrize("decoders", ["per_modality", "per_cluster"])
@torch.no_grad()
def test_relabelling_a_model_changes_no_prediction(decoders: str) -> None:
    """[Eq. 12] Prior and decoders move together."""
    model, z = example_model(decoders=decoders).eval(), normal(2, 7, 2)
    before = [model.decode(z, name) for name in model.names]
    model.relabel(torch.tensor([[2, 0, 1], [1, 2, 0]]))
    for name, (mean, variance) in zip(model.names, before, strict=True):
        found = model.decode(z, name)
        torch.testing.assert_close(found[0], mean)
        torch.testing.assert_close(found[1], variance)


def test_the_fixed_variance_is_the_recipes() -> None:
    """[Eq. 9] Section 2.5: a constant, and no parameter."""
    decoder = build(SPECS["fixed"], 3)
    torch.testing.assert_close(decoder(normal(2, 7, 2)).log_variance.exp(), torch.full((2, 3, 1, 1), 0.3).double())
    assert "log_variance" not in dict(decoder.named_parameters())


@pytest.mark.parametrize("start", [-1e3, 1e3])
def test_a_learned_variance_stays_in_its_range(start: float) -> None:
    decoder = build(MLPDecoder(variance=LearnedVariance(log_start=start)), 1)
    found = decoder(normal(2, 7, 2)).log_variance
    assert (found >= LOG_VARIANCE_RANGE[0]).all()
    assert (found <= LOG_VARIANCE_RANGE[1]).all()


@shared_or_not
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


def test_mixture_moments_are_eq_12_as_printed() -> None:
    """[Eq. 12]"""
    weights = responsibilities(normal(2, 5, 2), mixture())
    p = Gaussian(normal(2, 3, 5, FEATURES, seed=1), normal(2, 3, 5, 1, seed=2))
    mean, variance = mixture_moments(weights, p)
    for seed in range(2):
        for d in range(5):
            for j in range(FEATURES):
                parts = [(weights[seed, d, c], p.mean[seed, c, d, j], p.log_variance[seed, c, d, 0]) for c in range(3)]
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
