"""The decoder's variance."""

from __future__ import annotations

import pytest
import torch
from model_examples import normal

from fingerprint.model.variance import LOG_VARIANCE_RANGE, DecoderVariance
from fingerprint.recipe import FixedVariance, LearnedVariance


@pytest.mark.parametrize("start", [-1e3, 1e3])
def test_a_learned_variance_stays_in_its_range(start: float) -> None:
    """[Eq. 10] Whatever a network adds to it."""
    variance = DecoderVariance(LearnedVariance(log_start=start), (2, 3)).double()
    for found in (variance(), variance(1e3 * normal(2, 3, 7, 1))):
        assert (found >= LOG_VARIANCE_RANGE[0]).all()
        assert (found <= LOG_VARIANCE_RANGE[1]).all()


@pytest.mark.parametrize("value", [1e-9, 1.0, 1e6])
def test_a_fixed_variance_is_what_was_asked_for(value: float) -> None:
    """[Eq. 10] Section 2.5: also beyond the range that a learned one is confined to."""
    variance = DecoderVariance(FixedVariance(value), (2, 3))
    torch.testing.assert_close(variance().exp(), torch.full((2, 3, 1, 1), value))
    assert not list(variance.parameters())


@pytest.mark.parametrize("spec", [FixedVariance(0.2), LearnedVariance()])
def test_relabelling_permutes_it_where_each_cluster_has_its_own(spec: FixedVariance | LearnedVariance) -> None:
    own, shared = DecoderVariance(spec, (2, 3)), DecoderVariance(spec, (2, 1))
    order = torch.tensor([[2, 0, 1], [1, 0, 2]])
    with torch.no_grad():
        own.log_variance.copy_(normal(2, 3, 1, 1).float())
        before, kept = own.log_variance.clone(), shared.log_variance.clone()
        own.relabel(order)
        shared.relabel(order)
    for seed in range(2):
        assert torch.equal(own.log_variance[seed], before[seed, order[seed]])
    assert torch.equal(shared.log_variance, kept)
