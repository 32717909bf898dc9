"""Where clusters begin: found in the experts' own space, and laid out apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from images_and_lines import SLOPES, Problem, images_and_lines
from torch import Tensor

from fingerprint.model import PIMA, Certainty
from fingerprint.model.prior import MixturePrior
from fingerprint.prepare import Tensors
from fingerprint.recipe import LinearExpert, ModalityRecipe, PriorRecipe
from fingerprint.training import seeding
from fingerprint.training.seeding import expert_coordinates, lay_out, reseed_dead, seed_experts, spread_points


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def least_distance(points: Tensor) -> float:
    apart = torch.cdist(points.double(), points.double()) + 10 * torch.eye(len(points))
    return apart.min().item()


@pytest.mark.parametrize(("clusters", "latent"), [(2, 1), (2, 3), (3, 2), (4, 3), (10, 9), (10, 12)])
def test_where_there_is_room_they_are_a_simplex(clusters: int, latent: int) -> None:
    points = spread_points(clusters, latent)
    assert points.shape == (clusters, latent)
    apart = torch.cdist(points.double(), points.double())[~torch.eye(clusters, dtype=torch.bool)]
    torch.testing.assert_close(apart, torch.full_like(apart, (2 * clusters / (clusters - 1)) ** 0.5), rtol=1e-6, atol=0)
    torch.testing.assert_close(points.norm(dim=1), torch.ones(clusters))
    torch.testing.assert_close(points.mean(0), torch.zeros(latent), atol=1e-6, rtol=0)


@pytest.mark.parametrize("clusters", [4, 5, 10])
def test_in_two_dimensions_they_are_a_ring_on_which_numbers_are_neighbours(clusters: int) -> None:
    points = spread_points(clusters, 2)
    torch.testing.assert_close(points.norm(dim=1), torch.ones(clusters))
    side = torch.full((clusters,), 2 * np.sin(np.pi / clusters))
    torch.testing.assert_close((points - points.roll(1, 0)).norm(dim=1), side)


def test_in_one_dimension_they_are_even() -> None:
    torch.testing.assert_close(spread_points(5, 1)[:, 0], torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]))


def test_one_cluster_is_in_the_middle() -> None:
    assert torch.equal(spread_points(1, 3), torch.zeros(1, 3))


@pytest.mark.parametrize(
    ("clusters", "latent", "best"), [(6, 3, 2**0.5), (12, 3, 1.05146), (8, 4, 2**0.5), (10, 3, 1.0914), (20, 5, 0.0)]
)
def test_in_more_dimensions_they_repel_each_other(clusters: int, latent: int, best: float) -> None:
    """Within 3 % of the best that is known (an octahedron, an icosahedron, ...), and beyond any of 100 random draws."""
    points = spread_points(clusters, latent)
    torch.testing.assert_close(points.norm(dim=1), torch.ones(clusters))
    draws = torch.randn((100, clusters, latent), generator=torch.Generator().manual_seed(0))
    random = max(least_distance(torch.nn.functional.normalize(each, dim=1)) for each in draws)
    assert least_distance(points) > max(random, 0.97 * best)
    assert torch.equal(points, spread_points(clusters, latent))


def test_clusters_are_laid_out_as_the_recipe_says() -> None:
    standard, separated, random = (MixturePrior(2, 3, 2) for _ in range(3))
    lay_out(standard, PriorRecipe(), generators(0, 1))
    assert not standard.mean.any()
    lay_out(separated, PriorRecipe(layout="separated", radius=7.0, variance=0.3), generators(0, 1))
    torch.testing.assert_close(separated.mean, 7 * spread_points(3, 2).expand(2, -1, -1))
    torch.testing.assert_close(separated.log_variance.exp(), torch.full((2, 3, 2), 0.3))
    lay_out(random, PriorRecipe(layout="random"), generators(0, 1))
    again = MixturePrior(1, 3, 2)
    lay_out(again, PriorRecipe(layout="random"), generators(1))
    assert torch.equal(random.mean[1], again.mean[0])
    assert not torch.equal(random.mean[0], random.mean[1])
    for prior in (standard, separated, random):
        torch.testing.assert_close(prior.log_weights.exp(), torch.full((2, 3), 1 / 3))


def slopes(problem: Problem, *seeds: int, **choices: object) -> np.ndarray:
    """[seed, cluster]"""
    model = problem.model(*seeds)
    seed_experts(model, problem.tensors, PriorRecipe(**choices), generators(*seeds))  # pyright: ignore
    return model.experts()["line"].theta[..., 0].numpy()


def true_slopes(problem: Problem) -> np.ndarray:
    """Least squares of all lines of each state, by numpy."""
    measured = problem.tensors.present["line"].numpy() > 0
    lines = problem.preparations["line"].to_physical(problem.tensors.values["line"].double().numpy())
    t = problem.preparations["line"].grid
    assert t is not None
    return np.array(
        [np.mean(lines[measured & (problem.line_state == state)] @ t) / (t @ t) for state in range(len(SLOPES))]
    )


@pytest.mark.parametrize("seeding", ["expert", "random"])
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_experts_begin_at_the_true_parameters_in_the_order_of_their_curves(seeding: str, missing: float) -> None:
    """[Eq. 16] On all of 20 seeds, also where half of the lines were not measured."""
    problem = images_and_lines(seed=1, missing=missing)
    found = slopes(problem, *range(20), seeding=seeding)
    expected = true_slopes(problem)
    assert np.abs(expected - SLOPES).max() < 0.03
    for row in found:
        np.testing.assert_allclose(row, expected if row[0] < row[-1] else expected[::-1], rtol=1e-4)


def test_from_random_labels_alone_some_seeds_would_fail() -> None:
    """[Eq. 16] Which is what k-means++ and the split-merge moves are for: one start, one step of least squares."""
    found = slopes(images_and_lines(seed=1), *range(20), seeding="random", split_merge=False)
    assert (np.abs(np.sort(found, axis=1) - SLOPES).max(1) > 0.1).any()


@pytest.mark.parametrize("seeding", ["latent", "none"])
def test_experts_stay_as_they_were_drawn_where_they_are_not_seeded(seeding: str) -> None:
    problem = images_and_lines(60)
    assert np.array_equal(slopes(problem, 0, seeding=seeding), problem.model(0).experts()["line"].theta[..., 0])


def test_distances_are_told_in_units_of_the_noise() -> None:
    """Lines of neighbouring slopes are as far apart as their curves are, in the noise that was put on them."""
    problem = images_and_lines(300, noise=0.1)
    coordinates, rows = expert_coordinates(problem.model(), problem.tensors)
    assert rows.tolist() == list(range(300))
    means = np.sort([coordinates[problem.state == each].mean() for each in range(3)])
    t = problem.preparations["line"].grid
    np.testing.assert_allclose(np.diff(means), np.linalg.norm(t) / 0.1, rtol=0.05)


def two_experts(problem: Problem, together: int) -> tuple[PIMA, Tensors]:
    """The line twice, as `line` and `rest`: only `together` specimens have both."""
    tensors, count = problem.tensors, len(problem.tensors)
    rest = torch.zeros(count)
    rest[: count // 3 + together] = 1
    line = torch.ones(count)
    line[: count // 3] = 0
    values = {"line": tensors.values["line"], "rest": tensors.values["line"] * rest.unsqueeze(1)}
    values["line"] = values["line"] * line.unsqueeze(1)
    shape = problem.shapes["line"]
    choice = ModalityRecipe(decoder=LinearExpert(("t",)))
    model = PIMA(problem.recipe.model, dict.fromkeys(values, choice), dict.fromkeys(values, shape), generators(0))
    return model, Tensors(tensors.specimens, values, {"line": line, "rest": rest})


def test_two_experts_begin_with_the_clusters_that_they_share() -> None:
    """[Eq. 16] From the specimens that have both."""
    problem = images_and_lines(300)
    model, tensors = two_experts(problem, together=90)
    coordinates, rows = expert_coordinates(model, tensors)
    assert coordinates.shape == (90, 2)
    assert rows.tolist() == list(range(100, 190))
    seed_experts(model, tensors, PriorRecipe(seeding="expert"), generators(0))
    first, second = (expert.theta[0, :, 0] for expert in model.experts().values())
    torch.testing.assert_close(first, second)
    np.testing.assert_allclose(np.sort(first), SLOPES, atol=0.05)


def test_an_expert_whose_modality_is_never_measured_with_the_commonest_keeps_its_parameters() -> None:
    """[Eq. 16] Rather than that all of its clusters begin at the mean curve, alike."""
    model, tensors = two_experts(images_and_lines(300), together=0)
    before = model.experts()["rest"].theta.clone()
    seed_experts(model, tensors, PriorRecipe(seeding="expert"), generators(0))
    np.testing.assert_allclose(np.sort(model.experts()["line"].theta[0, :, 0]), SLOPES, atol=0.05)
    assert torch.equal(model.experts()["rest"].theta, before)


def dying() -> PIMA:
    """Two seeds; in the first, cluster 1 is dead and cluster 2 the heaviest, widest along the second direction."""
    model = images_and_lines(60).model(0, 1)
    prior = model.prior
    prior.mean.copy_(torch.randn((2, 3, 2), generator=torch.Generator().manual_seed(0)))
    prior.log_variance.copy_(torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 4.0]]).log().expand(2, -1, -1))
    prior.log_weights.copy_(torch.tensor([[0.3, 1e-4, 0.6999], [0.2, 0.3, 0.5]]).log())
    model.decoder("line").variance.begin(torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]))
    return model


def test_a_dead_cluster_gets_half_of_the_heaviest_one() -> None:
    """A standard deviation to either side, along the widest direction, with its expert's parameters; others stay."""
    model, old = dying(), dying()
    reseed_dead(model, 1e-3)
    prior, before = model.prior, old.prior
    step = torch.tensor([0.0, 2.0])
    torch.testing.assert_close(prior.mean[0, 1], before.mean[0, 2] + step)
    torch.testing.assert_close(prior.mean[0, 2], before.mean[0, 2] - step)
    torch.testing.assert_close(prior.log_variance[0, 1], before.log_variance[0, 2])
    theta, theta_before = (each.experts()["line"].theta for each in (model, old))
    assert torch.equal(theta[0, 1], theta_before[0, 2])
    noise, noise_before = (each.noise(["line"])["line"] for each in (model, old))
    assert torch.equal(noise[0, 1], noise_before[0, 2]), "the whole law, its variance too"
    weights = prior.log_weights.exp()
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert weights[0].tolist() == pytest.approx([0.3, 0.35, 0.35], abs=1e-3)
    for found, expected in ((prior.mean, before.mean), (prior.log_variance, before.log_variance)):
        assert torch.equal(found[0, 0], expected[0, 0])
        assert torch.equal(found[1], expected[1])
    torch.testing.assert_close(prior.log_weights[1], before.log_weights[1])


def test_several_dead_clusters_each_get_a_place() -> None:
    model = dying()
    model.prior.log_weights[0] = torch.tensor([1e-5, 1e-6, 1.0]).log()
    reseed_dead(model, 1e-3)
    assert (model.prior.log_weights[0].exp() > 0.2).all()
    assert torch.pdist(model.prior.mean[0]).min() > 1


def test_of_many_specimens_those_that_are_clustered_are_of_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids often tell the batch or the state: the first ones in their order may all be of one kind."""
    problem = images_and_lines(300)
    in_order = np.argsort(problem.state, kind="stable")
    problem = problem._replace(tensors=problem.tensors.subset(in_order), state=problem.state[in_order])
    monkeypatch.setattr(seeding, "MOST_SPECIMENS", 60)
    _, rows = expert_coordinates(problem.model(), problem.tensors)
    assert len(rows) == 60
    assert np.bincount(problem.state[rows.numpy()], minlength=3).min() > 10


@torch.no_grad()
def test_a_variance_begins_at_what_is_left_of_what_was_measured() -> None:
    """Gaps leave nothing, and the measurements' own variance is not the decoder's."""
    problem = images_and_lines(300)
    model, values = problem.model(0), problem.tensors.values["line"][None]
    generator = torch.Generator().manual_seed(1)
    weight = (torch.rand(values.shape, generator=generator) > 0.3).float()
    variance = weight * 0.01 * torch.rand(values.shape, generator=generator)
    gamma = torch.softmax(torch.randn((1, 300, 3), generator=generator), -1)
    certainty = Certainty(torch.where(weight > 0, values, 1e3), weight, variance, torch.zeros(1, 300))
    told = model.decoder("line")(model.prior.mean).mean.squeeze(2)[0]
    found = seeding._left(model, "line", values, gamma, certainty)  # pyright: ignore[reportPrivateUsage]
    for cluster, curve in enumerate(told):
        counted = gamma[0, :, cluster, None] * weight[0]
        squares = counted * ((values[0] - curve).square() - variance[0])
        torch.testing.assert_close(found[0, cluster], squares.sum() / counted.sum(), rtol=1e-4, atol=0)
