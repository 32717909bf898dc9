"""Averages over the posterior and the members, in physical units."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
import torch
from two_factors import TwoFactors

from fingerprint.model import Gaussian
from fingerprint.prediction import embed
from fingerprint.prediction.cross_modal import cubature, predict_moments, specimens_at_once
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.run import Run


@pytest.mark.parametrize("latent", [1, 2, 3, 5])
def test_the_rule_integrates_every_cubic_exactly(latent: int) -> None:
    generator = torch.Generator().manual_seed(latent)
    mean = torch.randn(2, 4, latent, generator=generator, dtype=torch.float64)
    log_variance = torch.randn(2, 4, latent, generator=generator, dtype=torch.float64)
    points = cubature(Gaussian(mean, log_variance))
    assert points.shape == (2 * latent, 2, 4, latent)
    variance = log_variance.exp()
    for powers in itertools.product(range(4), repeat=latent):
        if sum(powers) > 3:
            continue
        exact = math.prod(_moment(mean[..., axis], variance[..., axis], power) for axis, power in enumerate(powers))
        found = torch.stack([points[..., axis] ** power for axis, power in enumerate(powers)]).prod(0).mean(0)
        torch.testing.assert_close(found, torch.as_tensor(exact, dtype=torch.float64).expand_as(found))


def _moment(mean: torch.Tensor, variance: torch.Tensor, power: int) -> torch.Tensor | float:
    """E[z^power] of a Gaussian."""
    return (1.0, mean, mean**2 + variance, mean**3 + 3 * mean * variance)[power]


@pytest.fixture(scope="module")
def tensors(factor_run: Run, factor_data: TwoFactors) -> Tensors:
    raws = {name: factor_data.raws[name] for name in factor_run.preparations}
    return to_tensors(align(raws, factor_run.preparations, factor_data.ids), factor_run.preparations)


@pytest.mark.parametrize(("target", "given"), [("stress", "vdos"), ("vdos", "stress")])
def test_uncertainty_adds_up(factor_run: Run, tensors: Tensors, target: str, given: str) -> None:
    """Total variance by its definition: the decoder's, averaged, plus that of the means over points and members."""
    preparation = factor_run.preparations[target]
    moments = predict_moments(factor_run.model, preparation, tensors, target, [given])
    points = cubature(embed(factor_run.model, tensors, [given]).posterior)
    means, variances = [], []
    for point in points:
        with torch.no_grad():
            mean, variance = factor_run.model.decode(point, target)
        means.append(preparation.to_physical(mean.double().numpy()))
        variances.append(preparation.variance_to_physical(variance.double().numpy()))
    decoder = np.mean(variances, axis=(0, 1))
    assert (moments.sd**2 >= decoder * (1 - 1e-9)).all()
    expected = decoder + np.var(np.concatenate(means), axis=0)
    np.testing.assert_allclose(moments.sd**2, expected, rtol=1e-6)
    np.testing.assert_allclose(moments.mean, np.mean(means, axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(moments.mean, moments.members.mean(0), rtol=1e-6)


def test_a_specimen_is_predicted_the_same_alone_and_among_many(factor_run: Run, tensors: Tensors) -> None:
    preparation = factor_run.preparations["stress"]
    copies = tensors.subset(list(range(120)) * 3)  # more than one chunk
    together = predict_moments(factor_run.model, preparation, copies, "stress", ["vdos"])
    alone = predict_moments(factor_run.model, preparation, tensors.subset([7]), "stress", ["vdos"])
    np.testing.assert_allclose(together.mean[[7, 127, 247]], np.repeat(alone.mean, 3, axis=0), rtol=1e-5)
    np.testing.assert_allclose(together.sd[[7, 127, 247]], np.repeat(alone.sd, 3, axis=0), rtol=1e-5)


def test_the_target_itself_is_not_looked_at(factor_run: Run, tensors: Tensors) -> None:
    preparation = factor_run.preparations["stress"]
    blind = Tensors(tensors.specimens, tensors.values | {"stress": 99 + tensors.values["stress"]}, tensors.present)
    first, second = (
        predict_moments(factor_run.model, preparation, each, "stress", ["vdos"]) for each in (tensors, blind)
    )
    assert (first.mean == second.mean).all()


def test_no_table_of_every_draw_is_held(factor_run: Run, tensors: Tensors) -> None:
    """Four latent draws of two tables each would be eight, and their variance as many again."""
    preparation = factor_run.preparations["vdos"]
    many = tensors.subset(np.arange(256) % 120)
    predict_moments(factor_run.model, preparation, many, "vdos", ["stress"])
    tracemalloc.start()
    moments = predict_moments(factor_run.model, preparation, many, "vdos", ["stress"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * moments.members.nbytes


@pytest.mark.parametrize(("seeds", "points", "expected"), [(5, 1, 256), (5, 784, 256), (5, 10**6, 1), (1, 10**5, 20)])
def test_large_images_are_predicted_a_few_at_a_time(seeds: int, points: int, expected: int) -> None:
    assert specimens_at_once(seeds, points) == expected


def test_groups_of_specimens_are_embedded_as_one(factor_run: Run, tensors: Tensors) -> None:
    many = tensors.subset(np.arange(3000) % 120)
    values, present, _ = many.whole()
    whole = factor_run.model.embed(values, present)
    found = embed(factor_run.model, many)
    torch.testing.assert_close(found.posterior.mean, whole.mean.detach(), rtol=1e-5, atol=1e-5)
    assert found.responsibilities.shape == (2, 3000, 3)
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, 3000))
