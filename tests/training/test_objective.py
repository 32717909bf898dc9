"""The loss of one batch: which terms, who counts, and what EM takes from it."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import msgspec
import pytest
import torch
from images_and_lines import RECIPE, Problem, images_and_lines
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.model.posterior import product_of_experts
from fingerprint.model.prior import MixturePrior
from fingerprint.recipe import AlignmentRecipe, Fusion
from fingerprint.training.batch import Batch
from fingerprint.training.em import streaming_update
from fingerprint.training.objective import Objective, objective
from fingerprint.training.trainer import follow_batch

NOTHING = AlignmentRecipe()


def prepared(missing: float = 0.4, **choices: Any) -> tuple[Problem, PIMA, Batch]:
    """All of 40 specimens as one batch of two seeds, in float64; batch norm trains."""
    problem = images_and_lines(40, missing=missing, **choices)
    state = problem.training(0, 1)
    state.model.prior.mean.copy_(torch.randn((2, 3, 2), generator=torch.Generator().manual_seed(5)))
    batch = problem.source().draw(torch.arange(40).expand(2, -1), state.generators, joined=True)
    return problem, state.model.double(), doubled(batch)


def doubled(batch: Batch) -> Batch:
    """In float64."""
    content = {
        field.name: value.double() if isinstance(value := getattr(batch, field.name), Tensor) else value
        for field in dataclasses.fields(batch)
    }
    for name in ("values", "seen", "present", "directions"):
        content[name] = {key: value.double() for key, value in getattr(batch, name).items()}
    return Batch(**content)


def subset(batch: Batch, rows: list[int]) -> Batch:
    """Of the specimens."""
    mappings = {
        name: {key: value[:, rows] for key, value in getattr(batch, name).items()}
        for name in ("values", "seen", "present", "directions")
    }
    return dataclasses.replace(batch, **mappings, active=batch.active[:, rows], noise=batch.noise[:, :, rows])


@pytest.mark.parametrize("kl_weight", [1.0, 3.0])
@pytest.mark.parametrize("fusion", ["product", "mixture", "mixture_of_products"])
def test_it_is_the_mean_bound_over_the_terms_in_which_a_specimen_has_something_to_say(
    fusion: Fusion, kl_weight: float
) -> None:
    """[Eq. 5, Eq. 13] One term at a time, one specimen at a time.

    The product's terms are the joint one and each alone; MMVAE's each alone; MoPoE's all subsets, each a product.
    What the encoders see is not what the decoders are asked for.
    """
    _, model, batch = prepared(model={"fusion": fusion})
    model.eval()
    batch = dataclasses.replace(batch, seen={name: value.sin() for name, value in batch.values.items()})
    found = objective(model, batch, kl_weight, NOTHING)
    subsets = {
        "product": [(0, 1), (0,), (1,)],
        "mixture": [(0,), (1,)],
        "mixture_of_products": [(0,), (1,), (0, 1)],
    }[fusion]
    assert [tuple(torch.nonzero(row).flatten().tolist()) for row in batch.terms[0]] == subsets
    unimodal = model.encode(batch.seen, batch.present)
    for seed in range(2):
        values: list[tuple[float, float]] = []
        for term, specimen in itertools.product(range(len(subsets)), range(40)):
            there = [m for m in subsets[term] if batch.present[model.names[m]][seed, specimen]]
            if not there:
                continue
            own = Gaussian(*(each[:, there, specimen : specimen + 1] for each in unimodal))
            q = product_of_experts(own, torch.ones(2, len(there), 1).double())
            rows = {name: value[:, specimen : specimen + 1] for name, value in batch.values.items()}
            present = {name: value[:, specimen : specimen + 1] for name, value in batch.present.items()}
            bound = model.elbo(q, batch.noise[:, term, specimen : specimen + 1], rows, present, kl_weight)
            values.append((bound.reconstruction[seed].item(), bound.kl[seed].item()))
        mean = torch.tensor(values, dtype=torch.float64).mean(0)
        torch.testing.assert_close(found.reconstruction[seed], mean[0])
        torch.testing.assert_close(found.kl[seed], mean[1])
    assert found.loss.item() == pytest.approx(float((kl_weight * found.kl - found.reconstruction).sum()))


def gradients(model: PIMA, batch: Batch, aligned: AlignmentRecipe) -> tuple[Objective, dict[str, Tensor]]:
    model.zero_grad()
    found = objective(model, batch, 1.0, aligned)
    found.loss.backward()
    return found, {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}


@pytest.mark.parametrize("aligned", [NOTHING, AlignmentRecipe(weight=5.0)], ids=["bound", "aligned"])
def test_specimens_that_do_not_count_change_nothing(aligned: AlignmentRecipe) -> None:
    """Neither the values nor any gradient, wherever they lie, as if they were not there; batch norm at rest."""
    _, model, batch = prepared()
    model.eval()
    resting = torch.arange(40) % 4 == 1
    active = torch.where(resting, 0.0, 1.0).double().expand(2, -1)
    batch = dataclasses.replace(batch, active=active)
    expected, gradient = gradients(model, subset(batch, torch.nonzero(~resting).flatten().tolist()), aligned)
    for size in (1.0, 30.0):
        values = {name: torch.where(resting[:, None], size * value, value) for name, value in batch.values.items()}
        found, own = gradients(model, dataclasses.replace(batch, values=values, seen=values), aligned)
        torch.testing.assert_close(found.loss, expected.loss)
        torch.testing.assert_close(found.reconstruction, expected.reconstruction)
        torch.testing.assert_close(found.kl, expected.kl)
        assert own.keys() == gradient.keys()
        for name, value in own.items():
            torch.testing.assert_close(value, gradient[name], rtol=1e-8, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}")
        counted = found.responsibilities.unflatten(1, (-1, 40))
        assert not counted[:, :, resting].any()
        assert not found.known[:, resting].any()
        torch.testing.assert_close(found.known[:, ~resting].sum(-1), torch.ones_like(active[:, ~resting]))


def test_responsibilities_are_those_of_the_terms_in_which_a_specimen_counts() -> None:
    """And sum to 1 there."""
    _, model, batch = prepared()
    found = objective(model, batch, 1.0, NOTHING)
    sums = found.responsibilities.sum(-1).unflatten(1, (3, 40))
    torch.testing.assert_close(sums[:, 0], torch.ones(2, 40).double())
    torch.testing.assert_close(sums[:, 1], batch.present["image"])
    torch.testing.assert_close(sums[:, 2], batch.present["line"])


def test_a_batch_in_which_nobody_counts_gives_nothing() -> None:
    """No loss, no gradient, and nothing that is not a number."""
    _, model, batch = prepared()
    found, gradient = gradients(model, dataclasses.replace(batch, active=torch.zeros(2, 40).double()), NOTHING)
    assert found.loss == 0
    assert all(not value.any() for value in gradient.values())


def test_the_record_is_that_of_the_batch_alone() -> None:
    """Alignment is no part of reconstruction and divergence, and weighs as it is told."""
    _, model, batch = prepared()
    model.eval()
    plain, once, twice = (objective(model, batch, 1.0, AlignmentRecipe(weight=each)) for each in (0.0, 1.0, 2.0))
    torch.testing.assert_close(once.reconstruction, plain.reconstruction)
    torch.testing.assert_close(once.kl, plain.kl)
    torch.testing.assert_close(twice.loss - plain.loss, 2 * (once.loss - plain.loss))
    assert once.loss > plain.loss


@pytest.mark.parametrize(
    ("fusion", "points", "terms"), [("product", "joint", 1), ("product", "terms", 3), ("mixture", "joint", 2)]
)
def test_em_takes_the_posteriors_that_the_recipe_names(fusion: Fusion, points: str, terms: int) -> None:
    """[Eq. 15] Of the joint term, or of all of them, each specimen where it counts; a mixture has no joint one."""
    problem, model, batch = prepared(model={"fusion": fusion})
    prior = msgspec.structs.replace(problem.recipe.prior, points=points, rate=0.3)
    result = objective(model, batch, 1.0, NOTHING)
    expected = MixturePrior(2, 3, 2).double()
    expected.load_state_dict(model.prior.state_dict())
    q = Gaussian(result.q.mean[:, : 40 * terms], result.q.log_variance[:, : 40 * terms])
    streaming_update(expected, q, result.responsibilities[:, : 40 * terms], 0.3, prior.floor)
    follow_batch(model, batch, result, prior, em=True)
    torch.testing.assert_close(model.prior.state_dict(), expected.state_dict())


def test_an_expert_follows_what_is_left_of_a_specimen_that_may_be_an_outlier() -> None:
    """[Eq. 16] And the share of outliers those that count; neither those that were not measured."""
    line = msgspec.structs.replace(RECIPE.modalities["line"], outliers=0.3)
    recipe = msgspec.structs.replace(RECIPE, modalities={**RECIPE.modalities, "line": line})
    problem, model, batch = prepared(recipe=recipe)
    result, expert = objective(model, batch, 1.0, NOTHING), model.experts()["line"]
    expert.variance.log_variance.data.fill_(1.0)
    before, outlier = expert.theta.clone(), model.outlier_given_cluster("line", batch.values)
    gamma = result.known * batch.present["line"].unsqueeze(-1)
    weight, curves = gamma * (1 - outlier), expert.law.measured({"line": batch.values["line"]})
    assert outlier.min() < 0.2 < 0.6 < outlier.max()
    t = torch.as_tensor(problem.preparations["line"].grid)
    fit = torch.einsum("sdc,sdp,p->sc", weight, curves, t) / (weight.sum(1) * (t @ t))
    step = (0.1 * weight.sum(1) * 3 / 40).clamp(max=1)
    prior = msgspec.structs.replace(problem.recipe.prior, rate=0.1)
    follow_batch(model, batch, result, prior, em=False)
    torch.testing.assert_close(expert.theta[..., 0], before[..., 0] + step * (fit - before[..., 0]))
    share = (gamma * outlier).sum((1, 2)) / gamma.sum((1, 2))
    torch.testing.assert_close(model.outliers[:, model.names.index("line")], 0.9 * 0.3 + 0.1 * share, rtol=1e-6, atol=0)


def test_where_em_rests_the_mixture_stays() -> None:
    problem, model, batch = prepared()
    before = {key: value.clone() for key, value in model.prior.state_dict().items()}
    theta = model.experts()["line"].theta.clone()
    follow_batch(model, batch, objective(model, batch, 1.0, NOTHING), problem.recipe.prior, em=False)
    torch.testing.assert_close(model.prior.state_dict(), before)
    assert not torch.equal(model.experts()["line"].theta, theta), "experts follow always"
