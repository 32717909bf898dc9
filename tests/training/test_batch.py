"""A batch: the rows that are asked for, what the encoders are shown, who counts, and each seed's own random numbers."""

from __future__ import annotations

import msgspec
import pytest
import torch
from images_and_lines import RECIPE, Problem, images_and_lines

from fingerprint.recipe import Augmentation, BasisInput, MLPEncoder, Recipe
from fingerprint.training.batch import Batch


def rows(*seeds: int, count: int = 20) -> torch.Tensor:
    return torch.stack([torch.randperm(60, generator=torch.Generator().manual_seed(seed))[:count] for seed in seeds])


def drawn(problem: Problem, *seeds: int, joined: bool = True) -> Batch:
    generators = [torch.Generator().manual_seed(100 + seed) for seed in seeds]
    return problem.source().draw(rows(*seeds), generators, joined=joined)


def augmented(**choices: float) -> Recipe:
    image = msgspec.structs.replace(RECIPE.modalities["image"], augment=Augmentation(**choices))  # pyright: ignore
    return msgspec.structs.replace(RECIPE, modalities={**RECIPE.modalities, "image": image})


def test_it_holds_the_rows_that_are_asked_for() -> None:
    problem = images_and_lines(60, missing=0.5)
    batch = drawn(problem, 0, 1)
    for seed in range(2):
        for name in ("image", "line"):
            expected = rows(0, 1)[seed]
            assert torch.equal(batch.values[name][seed], problem.tensors.values[name][expected])
            assert torch.equal(batch.present[name][seed], problem.tensors.present[name][expected])
    assert batch.complete == {"image"}
    assert batch.terms.shape == (2, 3, 2)
    assert batch.noise.shape == (2, 3, 20, 2)


@pytest.mark.parametrize("recipe", [RECIPE, augmented(shift=2, rotation=10.0)], ids=["plain", "augmented"])
def test_each_seed_draws_as_it_would_alone(recipe: Recipe) -> None:
    problem = images_and_lines(60, missing=0.5, recipe=recipe, alignment={"adversarial": 1.0})
    together = drawn(problem, 0, 1)
    for seed in range(2):
        alone = drawn(problem, seed)
        assert torch.equal(together.noise[seed], alone.noise[0])
        for name in ("image", "line"):
            assert torch.equal(together.seen[name][seed], alone.seen[name][0])
            assert torch.equal(together.directions[name][seed], alone.directions[name][0])


def test_only_what_the_encoders_see_is_changed() -> None:
    """The decoder is asked for the original; lines are no images."""
    plain = drawn(images_and_lines(60), 0)
    assert all(torch.equal(plain.seen[name], plain.values[name]) for name in plain.values)
    changed = drawn(images_and_lines(60, recipe=augmented(shift=2)), 0)
    assert torch.equal(changed.values["image"], plain.values["image"])
    assert not torch.equal(changed.seen["image"], plain.values["image"])
    assert torch.equal(changed.seen["line"], plain.values["line"])


@pytest.mark.parametrize("joined", [True, False])
def test_those_without_an_experts_modality_rest_until_they_join(joined: bool) -> None:
    problem = images_and_lines(60, missing=0.5)
    batch = drawn(problem, 0, joined=joined)
    assert torch.equal(batch.active, torch.ones(1, 20) if joined else batch.present["line"])


def test_without_an_expert_everybody_counts_from_the_beginning() -> None:
    line = msgspec.structs.replace(RECIPE.modalities["line"], decoder=RECIPE.modalities["image"].decoder)
    recipe = msgspec.structs.replace(RECIPE, modalities={**RECIPE.modalities, "line": line})
    batch = drawn(images_and_lines(60, missing=0.5, recipe=recipe), 0, joined=False)
    assert torch.equal(batch.active, torch.ones(1, 20))
    assert not batch.told


@pytest.mark.parametrize(("missing", "outliers", "told"), [(0.0, 0.0, True), (0.5, 0.0, False), (0.0, 0.1, False)])
def test_an_expert_tells_the_clusters_where_it_was_measured_for_all_and_is_not_doubted(
    missing: float, outliers: float, told: bool
) -> None:
    """Then no adversarial direction is drawn either."""
    line = msgspec.structs.replace(RECIPE.modalities["line"], outliers=outliers)
    recipe = msgspec.structs.replace(RECIPE, modalities={**RECIPE.modalities, "line": line})
    batch = drawn(images_and_lines(60, missing=missing, recipe=recipe, alignment={"adversarial": 1.0}), 0)
    assert batch.told is told
    assert set(batch.directions) == (set() if told else {"image", "line"})


def test_directions_are_drawn_only_where_they_are_used() -> None:
    problem = images_and_lines(60, missing=0.5)
    assert not drawn(problem, 0).directions
    aside = images_and_lines(60, missing=0.5, alignment={"adversarial": 1.0, "weight": 0.0})
    assert not drawn(aside, 0).directions


def test_images_seen_as_scores_cannot_be_moved() -> None:
    image = msgspec.structs.replace(
        augmented(shift=1).modalities["image"], input=BasisInput(5), encoder=MLPEncoder((8,))
    )
    recipe = msgspec.structs.replace(RECIPE, modalities={**RECIPE.modalities, "image": image})
    with pytest.raises(Exception, match="only images"):
        images_and_lines(60, recipe=recipe).source()
