"""The figure by which members are compared, and the schedule."""

from __future__ import annotations

import pytest
import torch

from fingerprint.prepare import align, to_tensors
from fingerprint.recipe import TrainingRecipe
from fingerprint.run import Run
from fingerprint.store import Store
from fingerprint.training.trainer import learning_rate, validation_elbo


def test_the_validation_bound_is_the_mean_over_the_posterior(factor_run: Run, factor_store: Store) -> None:
    """Against 2,000 random draws. [Eq. 13]"""
    specimens = sorted(each for each, part in factor_run.parts.items() if part == "validation")
    raws = {name: factor_store.read(name) for name in factor_run.preparations}
    tensors = to_tensors(align(raws, factor_run.preparations, specimens), factor_run.preparations)
    model = factor_run.model
    values, present, _ = tensors.whole()
    with torch.no_grad():
        q = model.embed(values, present)
        generator = torch.Generator().manual_seed(0)
        draws = torch.stack(
            [
                model.elbo(q, torch.randn(q.mean.shape, generator=generator), values, present).value().mean(1)
                for _ in range(2000)
            ]
        )
    error = draws.std(0) / len(draws) ** 0.5
    assert torch.all((validation_elbo(model, tensors) - draws.mean(0)).abs() < 5 * error + 0.01 * draws.mean(0).abs())


def test_the_learning_rate_warms_up_and_ends_at_nothing() -> None:
    recipe = TrainingRecipe(learning_rate=1e-2, warmup=10)
    rates = [learning_rate(step, 1000, recipe) for step in range(1001)]
    assert rates[0] == pytest.approx(1e-3, rel=1e-3)
    assert max(rates) == pytest.approx(1e-2, rel=1e-3)
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[1000] == pytest.approx(0, abs=1e-12)
