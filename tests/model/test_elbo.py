"""The evidence lower bound: beside the paper's Eq. 13 as printed, and beside evidence that is known exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pytest
import torch
from model_examples import (
    CURVE_AND_NUMBER,
    TRUSTED_LINE,
    Example,
    example_batch,
    example_model,
    gaussian,
    generators,
    mixture,
    normal,
)
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from torch import Tensor

from fingerprint.model import PIMA, Gaussian, ModalityShape
from fingerprint.model.elbo import elbo
from fingerprint.model.gaussian import draw
from fingerprint.model.prior import kl_divergence, responsibilities
from fingerprint.recipe import FixedVariance, LinearEncoder, MLPDecoder, ModalityRecipe, ModelRecipe, PriorRecipe


def printed_elbo(
    model: PIMA, q: Gaussian, z: Tensor, gamma: Tensor, values: Mapping[str, Tensor], present: Mapping[str, Tensor]
) -> list[list[float]]:
    """Eq. 13 term by term, with the weights of section 2.5; its posterior has no index c (docs/deviations.md)."""
    table: list[list[float]] = []
    for s in range(model.seeds):
        row: list[float] = []
        for d in range(z.shape[1]):
            total = 0.0
            for name in model.names:
                decoded = model.decoder(name)(z)
                log_variance = decoded.log_variance.expand_as(decoded.mean)
                at = d if decoded.mean.shape[2] > 1 else 0
                for c in range(gamma.shape[-1]):
                    own = c if decoded.mean.shape[1] > 1 else 0
                    for j in range(values[name].shape[-1]):
                        variance = math.exp(log_variance[s, own, at, j])
                        miss = float(values[name][s, d, j] - decoded.mean[s, own, at, j]) ** 2 / variance
                        weight = model.weights[name] * float(present[name][s, d])
                        total -= weight * float(gamma[s, d, c]) * (math.log(variance) + miss)
            for c in range(gamma.shape[-1]):
                g = float(gamma[s, d, c])
                for j in range(2):
                    variance = math.exp(model.prior.log_variance[s, c, j])
                    spread = math.exp(q.log_variance[s, d, j]) / variance
                    shift = float(q.mean[s, d, j] - model.prior.mean[s, c, j]) ** 2 / variance
                    total -= g * (math.log(variance) + spread + shift)
                total += 2 * g * math.log(math.exp(model.prior.log_weights[s, c]) / g) if g else 0.0
            total += sum(1 + float(q.log_variance[s, d, j]) for j in range(2))
            row.append(total)
        table.append(row)
    return table


@pytest.mark.parametrize("literal", [False, True], ids=["mean_field", "draw"])
@pytest.mark.parametrize("example", [CURVE_AND_NUMBER, TRUSTED_LINE], ids=["curve_and_number", "image_and_expert"])
@pytest.mark.parametrize("decoders", ["per_modality", "per_cluster"])
@torch.no_grad()
def test_it_is_half_of_eq_13_and_its_constant(
    decoders: Literal["per_modality", "per_cluster"], example: Example, literal: bool
) -> None:
    """[Eq. 13] Also [Eq. 2]: a missing modality's factor drops out, constant included; for both forms of q(C|X)."""
    prior = PriorRecipe(responsibilities="draw" if literal else "mean_field")
    model = example_model(decoders=decoders, example=example, prior=prior).eval()
    values, present = example_batch(specimens=4, example=example)
    q = model.embed(values, present)
    noise = normal(2, 4, 2, seed=3)
    found = model.elbo(q, noise, values, present)
    printed = torch.tensor(
        printed_elbo(model, q, draw(q, noise), found.responsibilities, values, present), dtype=torch.float64
    )
    constant = sum(
        model.weights[name] * present[name] * shape.features * math.log(2 * math.pi)
        for name, shape in example.shapes.items()
    )
    torch.testing.assert_close(found.value(), (printed - constant) / 2, rtol=1e-10, atol=1e-10)


def test_the_literal_responsibilities_are_eq_14_at_the_draw() -> None:
    """[Eq. 13, Eq. 14] q(C|X) = p(C|Z) at the drawn Z, through which the gradient passes, as it does in the paper."""
    model = example_model(prior=PriorRecipe(responsibilities="draw")).eval()
    values, present = example_batch()
    q, noise = gaussian(2, 8, 2), normal(2, 8, 2, seed=3)
    mean = q.mean.requires_grad_()
    found = model.elbo(Gaussian(mean, q.log_variance), noise, values, present)
    torch.testing.assert_close(found.responsibilities, responsibilities(draw(q, noise), model.prior))
    (gradient,) = torch.autograd.grad(found.responsibilities[..., 0].sum(), mean)
    assert gradient.abs().max() > 0.01
    assert (
        not example_model().elbo(Gaussian(mean, q.log_variance), noise, values, present).responsibilities.requires_grad
    )


@pytest.mark.parametrize("example", [CURVE_AND_NUMBER, TRUSTED_LINE], ids=["curve_and_number", "image_and_expert"])
@torch.no_grad()
def test_several_draws_of_each_specimen_are_each_draws_own(example: Example) -> None:
    """[Eq. 13] All specimens before the next draw; values are given once."""
    model = example_model(example=example).eval()
    values, present = example_batch(example=example)
    q, noise = gaussian(2, 24, 2), normal(2, 24, 2, seed=3)
    together = model.elbo(q, noise, values, {name: each.repeat(1, 3) for name, each in present.items()})
    for each in range(3):
        rows = slice(8 * each, 8 * each + 8)
        own = model.elbo(Gaussian(q.mean[:, rows], q.log_variance[:, rows]), noise[:, rows], values, present)
        for found, expected in zip(together, own, strict=True):
            torch.testing.assert_close(found[:, rows], expected)


@torch.no_grad()
def test_the_joint_density_factorises() -> None:
    """[Eq. 2] At a point Z, modalities add, each weighted by what it was given."""
    model = example_model().eval()
    values, present = example_batch()
    present = {name: torch.ones_like(value) for name, value in present.items()}
    q, noise = gaussian(2, 8, 2), torch.zeros(2, 8, 2).double()
    none = {name: torch.zeros_like(value) for name, value in present.items()}
    gamma = model.elbo(q, noise, values, present).responsibilities
    parts = []
    for name in model.names:
        p = model.decoder(name)(q.mean)
        sd = (0.5 * p.log_variance).exp().expand_as(p.mean)
        log_density = torch.distributions.Normal(p.mean, sd).log_prob(values[name].unsqueeze(1)).sum(-1)
        parts.append(model.weights[name] * (gamma * log_density.transpose(1, 2)).sum(-1))
    torch.testing.assert_close(model.elbo(q, noise, values, present).reconstruction, sum(parts))
    assert not model.elbo(q, noise, values, none).reconstruction.any()


def linear_gaussian(seed: int = 0) -> tuple[PIMA, np.ndarray, np.ndarray, float]:
    """x = z W + b + noise with orthogonal rows of W, for which the true posterior is diagonal."""
    features = 5
    spec = ModalityRecipe(encoder=LinearEncoder(), decoder=MLPDecoder(hidden=(), variance=FixedVariance(value=0.3)))
    shapes = {"x": ModalityShape(torch.ones(features), 1.0)}
    model = PIMA(ModelRecipe(latent=2, clusters=1), {"x": spec}, shapes, generators([0])).double()
    basis = torch.linalg.qr(normal(features, 2, seed=seed)).Q.T
    weight = basis * torch.tensor([[1.7], [0.6]]).double()
    layer = model.decoders[0].mean.layers[0]  # pyright: ignore
    with torch.no_grad():
        layer.weight.copy_(weight[None, None])
    variance = float(model.decoder("x").variance().exp())
    return model, weight.numpy(), layer.bias.detach().numpy()[0, 0, 0], variance


def averaged_bound(model: PIMA, q: Gaussian, x: Tensor) -> Tensor:
    """The ELBO averaged over its draws by quadrature, exact for a linear decoder, [specimen]."""
    nodes, weights = hermegauss(6)
    total = torch.zeros(x.shape[1], dtype=torch.float64)
    for i, first in enumerate(nodes):
        for j, second in enumerate(nodes):
            noise = torch.tensor([first, second]).double().expand_as(q.mean)
            value = model.elbo(q, noise, {"x": x}, {"x": torch.ones(x.shape[:2]).double()}).value()[0]
            total += weights[i] * weights[j] / weights.sum() ** 2 * value
    return total


@torch.no_grad()
def test_at_the_true_posterior_the_bound_is_the_evidence() -> None:
    """[Eq. 1] A linear Gaussian model, whose log p(x) scipy knows."""
    model, weight, bias, variance = linear_gaussian()
    x = 2 * normal(1, 6, 5, seed=1)
    evidence = multivariate_normal.logpdf(x[0], bias, weight.T @ weight + variance * np.eye(5))
    precision = 1 + (weight**2).sum(1) / variance
    mean = (x[0].numpy() - bias) @ weight.T / variance / precision
    q = Gaussian(torch.tensor(mean)[None], torch.tensor(-np.log(precision)).expand(1, 6, 2))
    np.testing.assert_allclose(averaged_bound(model, q, x), evidence, rtol=1e-10)


@pytest.mark.parametrize("seed", range(5))
@torch.no_grad()
def test_the_bound_lies_below_the_evidence_of_a_mixture(seed: int) -> None:
    """[Eq. 1] For any posterior, and any mixture."""
    model, weight, bias, variance = linear_gaussian()
    model.prior = mixture(1, 3, 2, seed=seed)
    x = 2 * normal(1, 6, 5, seed=seed)
    terms = [
        log_weight
        + multivariate_normal.logpdf(
            x[0], bias + mean @ weight, weight.T @ np.diag(np.exp(spread)) @ weight + variance * np.eye(5)
        )
        for log_weight, mean, spread in zip(
            model.prior.log_weights[0].numpy(),
            model.prior.mean[0].numpy(),
            model.prior.log_variance[0].numpy(),
            strict=True,
        )
    ]
    evidence = logsumexp(terms, axis=0)
    assert (averaged_bound(model, gaussian(1, 6, 2, seed=seed + 50), x).numpy() < evidence).all()


@pytest.mark.parametrize("kl_weight", [1.0, 10.0])
def test_what_is_trained_has_no_gradient_along_responsibilities(kl_weight: float) -> None:
    """[Eq. 13] Whatever the divergence is multiplied by, decoders per cluster included."""
    q, prior = gaussian(2, 5, 2), mixture()
    likelihoods = {"x": 5 * normal(2, 5, 3, seed=4)}
    present = {"x": torch.ones(2, 5).double()}
    best = elbo(q, prior, likelihoods, present, kl_weight)
    for seed in range(20):
        other = torch.softmax(best.responsibilities.log() + 0.1 * normal(2, 5, 3, seed=seed), -1)
        worse = best._replace(
            reconstruction=(other * likelihoods["x"]).sum(-1),
            kl=kl_divergence(q, other, prior),
        )
        assert (worse.value(kl_weight) <= best.value(kl_weight) + 1e-10).all()


@torch.no_grad()
def test_one_decoder_for_all_clusters_is_the_same_decoder_for_each() -> None:
    """[Eq. 13] Section 2.5: the sum over clusters falls away."""
    one, each = example_model(decoders="per_modality").eval(), example_model(decoders="per_cluster").eval()
    each.load_state_dict(
        {
            key: value.expand_as(each.state_dict()[key]) if key.startswith("decoders") else value
            for key, value in one.state_dict().items()
        }
    )
    values, present = example_batch()
    q, noise = one.embed(values, present), normal(2, 8, 2, seed=5)
    first, second = one.elbo(q, noise, values, present), each.elbo(q, noise, values, present)
    torch.testing.assert_close(first.value(), second.value())
    torch.testing.assert_close(first.responsibilities, second.responsibilities)
