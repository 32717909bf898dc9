"""Posteriors as mixtures: the moments of draws, and what is left where modalities are missing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from model_examples import example_batch, example_model, gaussian, normal

from fingerprint.model.gaussian import Gaussian
from fingerprint.model.posterior import components, fuse, product_of_experts, subsets
from fingerprint.recipe import Fusion

FUSIONS: tuple[Fusion, ...] = ("product", "mixture", "mixture_of_products")
every = pytest.mark.parametrize("fusion", FUSIONS)


@pytest.mark.parametrize("modalities", [1, 2, 3, 5])
def test_subsets_are_all_that_are_not_empty(modalities: int) -> None:
    expected = {each for each in itertools.product((0, 1), repeat=modalities) if any(each)}
    found = [tuple(map(int, row)) for row in subsets(modalities).tolist()]
    assert len(found) == len(expected)
    assert set(found) == expected


def test_the_components_are_each_fusions_own() -> None:
    """The product has one of all; MMVAE each alone; MoPoE all subsets."""
    assert components("product", 3).tolist() == [[1, 1, 1]]
    assert components("mixture", 3).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert torch.equal(components("mixture_of_products", 3), subsets(3))


@pytest.mark.parametrize("present", [(1, 1, 1), (1, 0, 1), (0, 1, 0)])
@pytest.mark.parametrize("fusion", ["mixture", "mixture_of_products"])
def test_a_mixture_has_the_moments_of_its_draws(fusion: Fusion, present: tuple[int, ...]) -> None:
    """A subset of what is there, each as likely, then a draw from the product of its experts."""
    unimodal, kept = gaussian(3, 1, 2, seed=4), torch.tensor(present).double().unsqueeze(1)
    q = fuse(unimodal, kept, fusion)
    there = [m for m in range(3) if present[m]]
    sizes = [1] if fusion == "mixture" else range(1, len(there) + 1)
    chosen = [subset for size in sizes for subset in itertools.combinations(there, size)]
    rng, draws = np.random.default_rng(0), 300_000
    which = rng.integers(len(chosen), size=draws)
    precision, mean = np.exp(-unimodal.log_variance[:, 0].numpy()), unimodal.mean[:, 0].numpy()
    variances = np.array([1 / sum(precision[m] for m in subset) for subset in chosen])
    means = np.array([sum(precision[m] * mean[m] for m in subset) for subset in chosen]) * variances
    z = means[which] + np.sqrt(variances[which]) * rng.normal(size=(draws, 2))
    error = z.std(0) / math.sqrt(draws)
    assert (np.abs(q.mean[0].numpy() - z.mean(0)) < 4 * error).all()
    np.testing.assert_allclose(q.log_variance[0].exp(), z.var(0), rtol=0.015)


@every
def test_one_modality_is_its_own_encoder(fusion: Fusion) -> None:
    """[Eq. 5] Alone in the model, or alone in what was measured."""
    unimodal = gaussian(1, 5, 3, seed=6)
    alone = fuse(unimodal, torch.ones(1, 5).double(), fusion)
    torch.testing.assert_close(alone.mean, unimodal.mean[0])
    torch.testing.assert_close(alone.log_variance, unimodal.log_variance[0])
    several = gaussian(3, 3, 2, seed=7)
    found = fuse(several, torch.eye(3).double(), fusion)
    for specimen in range(3):
        torch.testing.assert_close(found.mean[specimen], several.mean[specimen, specimen])
        torch.testing.assert_close(found.log_variance[specimen], several.log_variance[specimen, specimen])


@every
def test_a_missing_modality_is_as_if_there_were_none(fusion: Fusion) -> None:
    """[Eq. 5] Whatever its encoder says; and it sends no gradient back, nor a nan."""
    unimodal = gaussian(3, 5, 2, seed=8)
    expected = fuse(Gaussian(unimodal.mean[:2], unimodal.log_variance[:2]), torch.ones(2, 5).double(), fusion)
    mean, log_variance = unimodal.mean.clone(), unimodal.log_variance.clone()
    mean[2], log_variance[2] = 1e20, -60
    present = torch.tensor([1.0, 1.0, 0.0]).double().unsqueeze(1).expand(3, 5)
    found = fuse(Gaussian(mean.requires_grad_(), log_variance.requires_grad_()), present, fusion)
    torch.testing.assert_close(found.mean, expected.mean)
    torch.testing.assert_close(found.log_variance, expected.log_variance)
    for gradient in torch.autograd.grad(found.mean.sum() + found.log_variance.sum(), (mean, log_variance)):
        assert torch.isfinite(gradient).all()
        assert not gradient[2].any()
        assert gradient[:2].any()


@every
def test_specimens_are_fused_by_themselves(fusion: Fusion) -> None:
    """[Eq. 5] Each with its own presence, and in any leading axes."""
    unimodal = gaussian(2, 4, 3, 6, 2, seed=9)
    present = (normal(2, 4, 3, 6, seed=10) > 0).double()
    present[:, :, 0] = 1
    whole = fuse(unimodal, present, fusion)
    for seed, term, specimen in itertools.product(range(2), range(4), range(6)):
        own = Gaussian(
            unimodal.mean[seed, term, :, [specimen]].reshape(3, 1, 2),
            unimodal.log_variance[seed, term, :, [specimen]].reshape(3, 1, 2),
        )
        q = fuse(own, present[seed, term, :, specimen : specimen + 1], fusion)
        torch.testing.assert_close(whole.mean[seed, term, specimen], q.mean[0])
        torch.testing.assert_close(whole.log_variance[seed, term, specimen], q.log_variance[0])


@pytest.mark.parametrize("fusion", ["mixture", "mixture_of_products"])
def test_a_mixture_is_wider_than_the_product(fusion: Fusion) -> None:
    """It cannot be surer than its components: where experts disagree the product is narrow, the mixture is not."""
    unimodal = Gaussian(torch.tensor([-5.0, 5.0]).double().reshape(2, 1, 1), torch.zeros(2, 1, 1).double())
    present = torch.ones(2, 1).double()
    product, mixed = product_of_experts(unimodal, present), fuse(unimodal, present, fusion)
    torch.testing.assert_close(mixed.mean, product.mean)
    assert product.log_variance.exp().item() == pytest.approx(0.5)
    assert mixed.log_variance.exp().item() > 10


@torch.no_grad()
def test_a_calibrated_precision_counts_a_modality_more_than_once() -> None:
    """[Eq. 5] A factor of 2 on one modality's precisions is that modality twice; each member has its own."""
    model = example_model().eval()
    values, present = example_batch()
    unimodal, kept = model.encode(values, present), torch.stack([present[name] for name in model.names], -2)
    plain = model.embed(values, present)
    model.log_precision[0, 1] = math.log(2)
    found = model.embed(values, present)
    twice = [0, 1, 1]
    expected = product_of_experts(Gaussian(unimodal.mean[:, twice], unimodal.log_variance[:, twice]), kept[:, twice])
    torch.testing.assert_close(found.mean[0], expected.mean[0], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.log_variance[0], expected.log_variance[0], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.mean[1], plain.mean[1])
