"""Alignment: what is known of each specimen's cluster, and how every posterior is taught it."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest
import torch
from images_and_lines import Problem, images_and_lines
from torch import Tensor

from fingerprint.model import PIMA, Gaussian
from fingerprint.model.prior import MixturePrior, mean_field_responsibilities
from fingerprint.training.alignment import (
    adversarial_change,
    alignment,
    cluster_logits,
    cross_entropy,
    free_logits,
    free_modalities,
    lack_of_information,
)
from fingerprint.training.batch import Batch
from fingerprint.training.trainer import begin_epoch


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def prior_and_posteriors() -> tuple[MixturePrior, Gaussian]:
    prior = MixturePrior(2, 4, 3).double()
    prior.mean.copy_(2 * normal(2, 4, 3))
    prior.log_variance.copy_(0.5 * normal(2, 4, 3, seed=1))
    prior.log_weights.copy_(torch.log_softmax(normal(2, 4, seed=2), -1))
    return prior, Gaussian(2 * normal(2, 30, 3, seed=3), normal(2, 30, 3, seed=4))


def test_the_clusters_of_a_posterior_are_those_of_the_bound() -> None:
    """[Eq. 14] At a sharpness of 1; at none only the weights are left."""
    prior, q = prior_and_posteriors()
    found = torch.softmax(cluster_logits(prior.expected_log_density(q), prior, 1.0), -1)
    torch.testing.assert_close(found, mean_field_responsibilities(q, prior))
    flat = torch.softmax(cluster_logits(prior.expected_log_density(q), prior, 1e-12), -1)
    torch.testing.assert_close(flat, prior.log_weights.exp().unsqueeze(1).expand_as(flat))


def test_less_sharpness_is_less_certain() -> None:
    prior, q = prior_and_posteriors()
    expected = prior.expected_log_density(q)
    sure = [
        torch.softmax(cluster_logits(expected, prior, beta), -1).amax(-1).mean().item() for beta in (0.1, 0.5, 1.0, 3.0)
    ]
    assert sure == sorted(sure)


def test_cross_entropy_is_torchs() -> None:
    """Of several draws, all specimens before the next draw."""
    known, logits = torch.softmax(normal(2, 10, 4), -1), normal(2, 30, 4, seed=1)
    found = cross_entropy(known, logits)
    for draw in range(3):
        rows = slice(10 * draw, 10 * draw + 10)
        expected = torch.nn.functional.cross_entropy(
            logits[:, rows].flatten(0, 1), known.flatten(0, 1), reduction="none"
        )
        torch.testing.assert_close(found[:, rows].flatten(), expected)


def even(specimens: int) -> Tensor:
    return torch.full((1, specimens), 1 / specimens, dtype=torch.float64)


def certain(*labels: int) -> Tensor:
    """Logits of 4 clusters."""
    return 1e3 * torch.nn.functional.one_hot(torch.tensor([labels]), 4).double()


def test_at_a_balance_of_one_it_is_minus_the_mutual_information() -> None:
    """Between specimens and clusters, by a sum over the joint distribution."""
    logits = 2 * normal(2, 25, 4)
    share = torch.softmax(normal(2, 25, seed=1), -1)
    p, weight = torch.softmax(logits, -1).numpy(), share.numpy()
    joint = weight[..., None] * p
    information = (joint * np.log(joint / (weight[..., None] * joint.sum(1, keepdims=True)))).sum((1, 2))
    np.testing.assert_allclose(lack_of_information(logits, share, 1.0), -information, rtol=1e-10)


@pytest.mark.parametrize("balance", [1.0, 4.0])
def test_it_is_least_for_balanced_and_certain_clusters(balance: float) -> None:
    least = lack_of_information(certain(0, 1, 2, 3), even(4), balance).item()
    assert least == pytest.approx(-balance * math.log(4))
    for seed in range(50):
        assert lack_of_information(3 * normal(1, 4, 4, seed=seed), even(4), balance).item() > least
    for unbalanced in ((0, 0, 1, 2), (0, 0, 0, 0), (0, 1, 0, 1)):
        assert lack_of_information(certain(*unbalanced), even(4), balance).item() > least + 0.1


def test_without_balance_only_certainty_counts() -> None:
    assert lack_of_information(certain(2, 2, 2), even(3), 0.0).item() == pytest.approx(0)
    assert lack_of_information(torch.zeros(1, 3, 4).double(), even(3), 0.0).item() == pytest.approx(math.log(4))


@pytest.mark.parametrize("logits", [certain(0, 0, 0), normal(1, 3, 4)])
def test_clusters_without_specimens_and_seeds_without_shares_leave_the_gradient_finite(logits: Tensor) -> None:
    """In float32, where a probability of nothing is 0."""
    for share in (even(3), torch.zeros(1, 3)):
        at = logits.float().requires_grad_()
        found = lack_of_information(at, share.float(), 4.0).sum()
        (gradient,) = torch.autograd.grad(found, at)
        assert torch.isfinite(found)
        assert torch.isfinite(gradient).all()
        assert share.any() or (not gradient.any() and found == 0)


def test_an_adversarial_change_has_its_length_and_alters_a_known_classifier_most() -> None:
    """A linear classifier in 20 dimensions near its boundary: beyond all of 50 random changes of the same length."""
    weight, x = normal(20, 3), 0.1 * normal(2, 40, 20, seed=1)
    known = torch.softmax(x @ weight, -1)

    def divergence(change: Tensor) -> Tensor:
        return cross_entropy(known, (x + change) @ weight)

    found = adversarial_change(lambda change: divergence(change).sum(), normal(2, 40, 20, seed=2), 0.3)
    torch.testing.assert_close(found.norm(dim=-1), torch.full((2, 40), 0.3).double())
    assert not found.requires_grad
    least = divergence(torch.zeros(2, 40, 20).double())
    changes = 0.3 * torch.nn.functional.normalize(normal(50, 2, 40, 20, seed=10), dim=-1)
    random = torch.stack([divergence(change) - least for change in changes])
    assert (divergence(found) - least > random.amax(0)).double().mean() > 0.95
    assert (divergence(found) - least).mean() > 4 * random.mean()


def test_where_nothing_alters_the_clusters_there_is_no_change() -> None:
    found = adversarial_change(lambda change: (0 * change).sum(), normal(1, 5, 3), 0.3)
    assert torch.equal(found, torch.zeros(1, 5, 3).double())


def seeded(missing: float = 0.5, **choices: object) -> tuple[Problem, PIMA, Batch]:
    """A model whose expert knows the slopes and whose encoders know nothing yet, in evaluation mode, and all its data.

    The first line is missing for sure where any is.
    """
    problem = images_and_lines(60, missing=missing, noise=0.02, alignment={"weight": 1.0, **choices})
    state = problem.training(0)
    begin_epoch(state, problem.recipe, problem.tensors)
    state.model.decoder("line").variance.log_variance.data.fill_(-6.0)
    return problem, state.model.eval(), problem.source().draw(torch.arange(60)[None], state.generators, joined=True)


def joint(model: PIMA, batch: Batch) -> tuple[Gaussian, Tensor]:
    """What the joint posterior alone says of the clusters, and even shares."""
    q = model.embed(batch.values, batch.present)
    return model.prior.expected_log_density(q), torch.full_like(batch.active, 1 / batch.active.shape[1])


def test_what_is_known_comes_from_the_expert_where_its_modality_was_measured() -> None:
    """[Eq. 18] And from the free modality's own posterior elsewhere."""
    problem, model, batch = seeded()
    _, known = alignment(model, batch, problem.recipe.alignment, *joint(model, batch))
    measured = batch.present["line"][0] > 0
    order = model.experts()["line"].theta[0, :, 0].argsort().argsort()
    slope = order[known[0].argmax(-1)].numpy()
    assert known[0, measured].amax(-1).min() > 0.999
    np.testing.assert_array_equal(slope[measured.numpy()], problem.state[measured.numpy()])
    own = torch.softmax(free_logits(model, batch, batch.values, problem.recipe.alignment.sharpness), -1)
    torch.testing.assert_close(known[0, ~measured], own[0, ~measured])


def test_where_every_specimen_is_told_nothing_else_is_asked() -> None:
    """[Eq. 18] The images might as well be noise."""
    problem, model, batch = seeded(missing=0.0, adversarial=1.0, information=1.0)
    assert batch.told
    noise = dataclasses.replace(batch, values=dict(batch.values) | {"image": torch.randn_like(batch.values["image"])})
    for each in (batch, noise):
        total, known = alignment(model, each, problem.recipe.alignment, *joint(model, batch))
        expected = torch.softmax(
            model.cluster_evidence(batch.values, batch.present) + model.prior.log_weights_per_specimen(), -1
        )
        torch.testing.assert_close(known, expected)
        said, share = joint(model, batch)
        logits = cluster_logits(said, model.prior, problem.recipe.alignment.sharpness)
        torch.testing.assert_close(total, (share * cross_entropy(expected, logits)).sum(-1))


def test_the_free_modalities_are_those_without_an_expert() -> None:
    problem, model, batch = seeded()
    assert free_modalities(model) == ["image"]
    changed = dict(batch.values) | {"line": torch.randn_like(batch.values["line"])}
    found = free_logits(model, batch, changed, 0.2)
    torch.testing.assert_close(found, free_logits(model, batch, batch.values, 0.2))
    q = model.embed(batch.values, dict(batch.present) | {"line": torch.zeros_like(batch.present["line"])})
    torch.testing.assert_close(found, cluster_logits(model.prior.expected_log_density(q), model.prior, 0.2))
    assert problem.recipe.modalities["line"].has_expert


def test_a_specimen_without_a_free_modality_has_the_weights_and_sends_no_gradient() -> None:
    _, model, batch = seeded(missing=0.0)
    present = dict(batch.present) | {"image": torch.cat([torch.zeros(1, 20), torch.ones(1, 40)], 1)}
    lacking = dataclasses.replace(batch, present=present, complete=frozenset({"line"}))
    found = free_logits(model, lacking, batch.values, 0.2)
    torch.testing.assert_close(found[:, :20], model.prior.log_weights.unsqueeze(1).expand(1, 20, 3))
    found[:, :20].square().sum().backward()
    for parameter in model.parameters():
        assert parameter.grad is None or not parameter.grad.any()


def test_what_is_known_is_a_constant_and_the_terms_are_taught() -> None:
    """The gradient is that of the cross-entropy to it; some steps along it, and the terms say what is known."""
    problem, model, batch = seeded()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    first: list[float] = []
    for _ in range(150):
        said, share = joint(model, batch)
        total, known = alignment(model, batch, problem.recipe.alignment, said, share)
        assert not known.requires_grad
        optimizer.zero_grad()
        total.sum().backward()
        optimizer.step()
        first.append(total.item())
    assert first[-1] < 0.3 * first[0]
    measured = batch.present["line"][0] > 0
    said = cluster_logits(joint(model, batch)[0], model.prior, 1.0).argmax(-1)
    assert (said == known.argmax(-1))[:, measured].double().mean() > 0.95


def test_the_information_is_of_specimens_of_which_no_expert_tells() -> None:
    """And what is known is a constant although it comes from the posteriors that the information moves."""
    problem, model, batch = seeded()
    measured = torch.nonzero(batch.present["line"][0]).flatten()
    plain, informed = (msgspec.structs.replace(problem.recipe.alignment, information=each) for each in (0.0, 1.0))
    image = batch.values["image"].clone()
    image[0, measured] = torch.randn((len(measured), 64), generator=torch.Generator().manual_seed(0))
    terms = joint(model, batch)
    parts: list[Tensor] = []
    for values in (batch.values, {**batch.values, "image": image}):
        each = dataclasses.replace(batch, values=values)
        with_it, known = alignment(model, each, informed, *terms)
        assert not known.requires_grad
        parts.append(with_it - alignment(model, each, plain, *terms)[0])
    torch.testing.assert_close(parts[0], parts[1])
    silent = torch.nonzero(batch.present["line"][0] == 0).flatten()
    own = free_logits(model, batch, batch.values, problem.recipe.alignment.sharpness)[:, silent]
    expected = lack_of_information(own, torch.full((1, len(silent)), 1 / len(silent)), problem.recipe.alignment.balance)
    torch.testing.assert_close(parts[0], expected)


@pytest.mark.parametrize("choices", [{"adversarial": 1.0}, {"information": 1.0}])
def test_specimens_that_do_not_count_say_nothing(choices: dict[str, float]) -> None:
    """Neither under adversarial changes nor in the information."""
    problem, model, batch = seeded(**choices)
    quiet = torch.nonzero(batch.present["line"][0] == 0).flatten()[:5]
    active = batch.active.clone()
    active[0, quiet] = 0
    image = batch.values["image"].clone()
    image[0, quiet] = 10 * torch.randn((5, 64), generator=torch.Generator().manual_seed(0))
    said, share = joint(model, batch)
    share = share * active
    found = [
        alignment(
            model, dataclasses.replace(batch, active=active, values={**batch.values, "image": each}),
            problem.recipe.alignment, said, share,
        )[0]
        for each in (batch.values["image"], image)
    ]  # fmt: skip
    torch.testing.assert_close(found[0], found[1])
    counted = dataclasses.replace(batch, values={**batch.values, "image": image})
    assert not torch.allclose(alignment(model, counted, problem.recipe.alignment, said, share)[0], found[0], atol=1e-4)


def test_a_hint_is_what_is_known_where_nothing_else_is() -> None:
    problem, model, batch = seeded()
    hint = torch.arange(60).remainder(3)[None]
    hinted = dataclasses.replace(batch, hint=hint)
    _, known = alignment(model, hinted, problem.recipe.alignment, *joint(model, batch))
    silent = batch.present["line"][0] == 0
    assert torch.equal(known.argmax(-1)[:, silent], hint[:, silent])


def test_only_measurements_make_the_running_moments() -> None:
    """Not what the adversary makes of them, which a trained model never sees."""
    moments: list[Tensor] = []
    for adversarial in (0.0, 1.0):
        problem, model, batch = seeded(adversarial=adversarial)
        alignment(model.train(), batch, problem.recipe.alignment, *joint(model, batch))
        moments.append(torch.cat([each.flatten() for name, each in model.named_buffers() if "running" in name]))
    assert torch.equal(*moments)
