"""Pieces of Algorithm 1 as they are printed: EM once per epoch over all data, at drawn points, weights by gradient."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import torch
from images_and_lines import RECIPE, Problem, images_and_lines

from fingerprint.model.gaussian import Gaussian, draw
from fingerprint.model.prior import MixturePrior, mean_field_responsibilities, responsibilities
from fingerprint.prediction import embed
from fingerprint.training.em import full_update, maximise, set_prior
from fingerprint.training.seeding import seed_clusters
from fingerprint.training.settle import settle
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import begin_epoch, em_posteriors, make_optimizer, run_epochs


def problem(missing: float = 0.0, **prior: Any) -> Problem:
    choices = {"start": 0.0, "layout": "random", "seeding": "expert"} | prior
    return images_and_lines(80, missing=missing, prior=choices, training={"epochs": 4})


def train(problem: Problem, state: TrainingState) -> None:
    run_epochs(state, problem.recipe, problem.source(), problem.tensors.subset([]), lambda _: None)


def copied(prior: MixturePrior) -> MixturePrior:
    copy = MixturePrior(*prior.mean.shape)
    copy.load_state_dict({key: value for key, value in prior.state_dict().items() if key != "logits"})
    return copy


@pytest.mark.parametrize("posterior_variance", [True, False])
def test_an_epoch_begins_with_one_em_over_all_data(posterior_variance: bool) -> None:
    """[Eq. 15] Algorithm 1, lines 3 to 6."""
    given = problem(update="epoch", posterior_variance=posterior_variance)
    state = given.training(0, 1)
    begin_epoch(state, given.recipe, given.tensors)  # which lays the clusters out first
    state.epoch, expected = 1, copied(state.model.prior)
    full_update(
        expected,
        embed(state.model, given.tensors).posterior,
        given.recipe.prior.floor,
        posterior_variance=posterior_variance,
    )
    begin_epoch(state, given.recipe, given.tensors)
    torch.testing.assert_close(state.model.prior.state_dict(), expected.state_dict())


def test_at_drawn_points_the_responsibilities_are_eq_14() -> None:
    """[Eq. 14, Eq. 15] Each seed's draws are its own generator's; the means of Eq. 15 are those of the posteriors."""
    given = problem(update="epoch", responsibilities="draw")
    state = given.training(0, 1)
    begin_epoch(state, given.recipe, given.tensors)
    state.epoch, expected = 1, copied(state.model.prior)
    q = embed(state.model, given.tensors).posterior
    twins = [torch.Generator() for _ in state.generators]
    for twin, generator in zip(twins, state.generators, strict=True):
        twin.set_state(generator.get_state())
    noise = torch.stack([torch.randn(q.mean.shape[1:], generator=twin) for twin in twins])
    gamma = responsibilities(draw(q, noise), expected)
    set_prior(expected, *maximise(q, gamma), given.recipe.prior.floor)
    begin_epoch(state, given.recipe, given.tensors)
    torch.testing.assert_close(state.model.prior.state_dict(), expected.state_dict())


@pytest.mark.parametrize("update", ["epoch", "streaming"])
def test_the_mixture_moves_with_batches_or_with_epochs(update: str) -> None:
    """[Eq. 15, section 2.4]"""
    given = problem(update=update)
    state = given.training(0)
    begin_epoch(state, given.recipe, given.tensors)
    begun = copied(state.model.prior)
    state = given.training(0)
    moments: list[torch.Tensor] = []

    def first_epoch_ended(now: TrainingState) -> None:
        moments.append(now.model.prior.mean.clone())

    run_epochs(state, given.recipe, given.source(), given.tensors.subset([]), first_epoch_ended)
    assert torch.equal(moments[0], begun.mean) is (update == "epoch")
    assert not torch.equal(moments[-1], moments[0])


def test_before_em_starts_the_mixture_rests() -> None:
    """[Eq. 15]"""
    for update in ("epoch", "streaming"):
        given = problem(update=update, start=1.0)
        state = given.training(0)
        train(given, state)
        again = given.training(0)
        begin_epoch(again, given.recipe, given.tensors)
        assert torch.equal(state.model.prior.mean, again.model.prior.mean)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_em_over_all_data_may_be_that_of_every_term(missing: float) -> None:
    """[Eq. 15] The joint posteriors and those of each modality alone, of those that have it."""
    given = problem(missing, update="epoch", points="terms")
    model = given.model(0).eval()
    q, counts = em_posteriors(model, given.tensors, given.recipe)
    assert q.mean.shape == (1, 240, 2)
    assert torch.isfinite(q.mean).all()
    for term, names in enumerate((("image", "line"), ("image",), ("line",))):
        rows = slice(80 * term, 80 * term + 80)
        has = torch.stack([given.tensors.present[name] for name in names]).sum(0) > 0
        assert torch.equal(counts[0, rows, 0] > 0, has)
        own = embed(model, given.tensors.subset(torch.nonzero(has).flatten().numpy()), names).posterior
        torch.testing.assert_close(q.mean[:, rows][:, has], own.mean)
        torch.testing.assert_close(q.log_variance[:, rows][:, has], own.log_variance)


def test_weights_by_gradient_are_a_softmax_and_move() -> None:
    """[Eq. 7] Section 2.4: of an unconstrained vector; it goes along with the clusters when they are renamed."""
    given = problem(update="epoch", weights="gradient")
    state = given.training(0, 1)
    prior = state.model.prior
    assert prior.logits is not None
    start = prior.logits.detach().clone()
    torch.testing.assert_close(torch.softmax(start, -1), torch.full((2, 3), 1 / 3))
    train(given, state)
    assert (prior.logits - start).abs().max() > 1e-3
    torch.testing.assert_close(prior.log_weights, torch.log_softmax(prior.logits.detach(), -1))
    torch.testing.assert_close(prior.log_weights_per_specimen()[:, 0], torch.log_softmax(prior.logits, -1))
    before = prior.log_weights.clone()
    order = torch.tensor([[2, 0, 1], [1, 2, 0]])
    with torch.no_grad():
        prior.relabel(order)
    torch.testing.assert_close(prior.log_weights_per_specimen()[:, 0].detach(), before.gather(1, order))


@pytest.mark.parametrize("update", ["epoch", "streaming"])
def test_the_weights_that_are_kept_are_those_of_the_gradient_to_the_end(update: str) -> None:
    """[Eq. 7] Whatever EM moves beside them: what is stored, shown and predicted with is one thing."""
    given = problem(update=update, weights="gradient")
    state = given.training(0)
    train(given, state)
    prior = state.model.prior
    assert prior.logits is not None
    torch.testing.assert_close(prior.log_weights, torch.log_softmax(prior.logits.detach(), -1))
    settle(state, given.recipe, given.tensors, given.tensors)
    torch.testing.assert_close(prior.log_weights, torch.log_softmax(prior.logits.detach(), -1))


def test_the_gradient_of_the_weights_is_that_of_the_bound() -> None:
    r"""[Eq. 7, Eq. 13] $\sum_d \gamma_c - \pi_c$, which vanishes where EM's weights are."""
    prior = MixturePrior(1, 3, 2, weights_by_gradient=True).double()
    assert prior.logits is not None
    generator = torch.Generator().manual_seed(0)
    prior.mean.copy_(3 * torch.randn((1, 3, 2), generator=generator))
    q = Gaussian(3 * torch.randn((1, 50, 2), generator=generator).double(), torch.zeros(1, 50, 2).double())
    gamma = mean_field_responsibilities(q, prior).detach()
    cross = (gamma * prior.log_weights_per_specimen()).sum()
    (gradient,) = torch.autograd.grad(cross, prior.logits)
    torch.testing.assert_close(gradient, gamma.sum(1) - 50 / 3)


def test_weights_by_em_are_no_parameter() -> None:
    """[Eq. 7]"""
    prior = problem().model(0).prior
    assert prior.logits is None
    assert not list(prior.parameters())


def test_what_has_a_closed_form_or_is_a_variance_is_not_decayed() -> None:
    given = problem(weights="gradient")
    model = given.model(0)
    decayed = make_optimizer(model, given.recipe).param_groups[0]
    assert decayed["weight_decay"] == RECIPE.training.weight_decay
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    kept = {names[id(parameter)] for parameter in decayed["params"]}
    free = set(names.values()) - kept
    assert free == {"prior.logits", "decoders.0.variance.log_variance", "decoders.1.variance.log_variance"}


def test_clusters_are_seeded_in_the_latent_space_when_em_begins_and_not_before() -> None:
    """[Eq. 15] The default recipe's: N(0, I) until then."""
    given = problem(start=0.5, layout="standard", seeding="latent")
    state = given.training(0)
    begin_epoch(state, given.recipe, given.tensors)
    assert not state.model.prior.mean.any()
    expected = copied(state.model.prior)
    twin = torch.Generator().manual_seed(3)
    state.generators[0].manual_seed(3)
    seed_clusters(expected, embed(state.model, given.tensors).posterior, [twin], given.recipe.prior.floor)
    state.epoch = 2
    begin_epoch(state, given.recipe, given.tensors)
    torch.testing.assert_close(state.model.prior.state_dict(), expected.state_dict())


@pytest.mark.parametrize("weights", ["em", "gradient"])
@pytest.mark.parametrize("reseed", [True, False])
def test_dead_clusters_are_revived_only_where_the_recipe_says(reseed: bool, weights: str) -> None:
    given = problem(reseed=reseed, weights=weights)
    state = given.training(0)
    prior = state.model.prior
    begin_epoch(state, given.recipe, given.tensors)
    dead = torch.tensor([[1e-5, 0.5, 0.49999]]).log()
    prior.log_weights.copy_(dead)
    if prior.logits is not None:
        prior.logits.data.copy_(dead)
    state.epoch = 1
    begin_epoch(state, given.recipe, given.tensors)
    for found in (prior.log_weights, prior.log_weights_per_specimen().detach()[:, 0]):
        assert (found[0, 0].exp().item() > 0.2) is reseed


def test_all_pieces_together_train_with_finite_numbers() -> None:
    """Algorithm 1 as it is printed, with clusters that shrink until p(C|Z) is 0 for most of them."""
    given = problem(
        update="epoch",
        responsibilities="draw",
        weights="gradient",
        seeding="none",
        posterior_variance=False,
        floor=1e-6,
    )
    recipe = msgspec.structs.replace(
        given.recipe,
        alignment=msgspec.structs.replace(given.recipe.alignment, weight=0.0),
        training=msgspec.structs.replace(given.recipe.training, terms="dropout", epochs=10),
    )
    state = given._replace(recipe=recipe).training(0, 1)
    train(given._replace(recipe=recipe), state)
    assert state.model.prior.log_variance.min() < -4, "they have shrunk"
    for name, value in state.model.state_dict().items():
        assert torch.isfinite(value).all(), name
