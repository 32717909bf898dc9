"""The likelihood of what is partly measured, or uncertain. [Eq. 13]"""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal

from fingerprint.model import Certainty, Gaussian
from fingerprint.model.decoders import log_likelihood

SEEDS, CLUSTERS, SPECIMENS, FEATURES, DRAWS = 2, 3, 5, 4, 2
GENERATOR = torch.Generator().manual_seed(0)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=GENERATOR, dtype=torch.float64)


def answer(kind: str) -> Gaussian:
    """A network's for every draw, or an expert's for all specimens at once."""
    if kind == "expert":
        return Gaussian(random(SEEDS, CLUSTERS, 1, FEATURES), random(SEEDS, CLUSTERS, 1, 1))
    return Gaussian(random(SEEDS, 1, DRAWS * SPECIMENS, FEATURES), random(SEEDS, 1, DRAWS * SPECIMENS, 1))


def certainty(x: torch.Tensor, weight: torch.Tensor | None = None, variance: torch.Tensor | None = None) -> Certainty:
    weight = torch.ones_like(x) if weight is None else weight
    return Certainty(x, weight, torch.zeros_like(x) if variance is None else variance, torch.zeros(x.shape[:-1]))


kinds = pytest.mark.parametrize("kind", ["network", "expert"])


@kinds
def test_full_certainty_is_the_plain_likelihood(kind: str) -> None:
    """[Eq. 13]"""
    p, x = answer(kind), random(1, SPECIMENS, FEATURES)
    torch.testing.assert_close(log_likelihood(x, p, certainty(x)), log_likelihood(x, p))


@kinds
def test_it_is_the_sum_over_what_was_measured_with_both_variances(kind: str) -> None:
    """[Eq. 13] Against one normal density after another."""
    p, x = answer(kind), random(1, SPECIMENS, FEATURES)
    weight = (random(1, SPECIMENS, FEATURES) > 0).double()
    noise = random(1, SPECIMENS, FEATURES).square()
    found = log_likelihood(torch.zeros_like(x), p, certainty(x, weight, noise))
    for draw in range(found.shape[1]):
        specimen, place = draw % SPECIMENS, 0 if kind == "expert" else draw
        variance = p.log_variance[:, :, place].exp() + noise[0, specimen]
        each = Normal(p.mean[:, :, place], variance.sqrt()).log_prob(x[0, specimen])
        torch.testing.assert_close(found[:, draw], (weight[0, specimen] * each).sum(-1))


def test_what_was_not_measured_cannot_be_seen() -> None:
    p, x = answer("network"), random(1, SPECIMENS, FEATURES)
    weight = torch.ones_like(x)
    weight[..., 2] = 0
    other = x.clone()
    other[..., 2] = 77.0
    assert torch.equal(log_likelihood(x, p, certainty(x, weight)), log_likelihood(x, p, certainty(other, weight)))


def test_a_very_uncertain_measurement_prefers_no_cluster() -> None:
    p, x = answer("expert"), random(1, SPECIMENS, FEATURES)
    for noise, most in ((1e2, 2.0), (1e6, 1e-3)):
        found = log_likelihood(x, p, certainty(x, None, torch.full_like(x, noise)))
        assert float((found.amax(-1) - found.amin(-1)).max()) < most
