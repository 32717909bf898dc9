"""Which modalities a term of the loss fuses: never none, and with the promised probabilities."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
import torch
from scipy.stats import chisquare

from fingerprint.recipe import TrainingRecipe
from fingerprint.training.modality_dropout import draw_non_empty, joint_and_unimodal, keep_one
from fingerprint.training.objective import draw_terms


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("modalities", [2, 3])
def test_subsets_are_drawn_as_independent_draws_that_are_not_empty(modalities: int, keep: float) -> None:
    draws = 4000
    generator = torch.Generator().manual_seed(11)
    counts = Counter(map(tuple, draw_non_empty(modalities, keep, [generator] * draws).int().tolist()))
    assert (0,) * modalities not in counts
    subsets = [each for each in itertools.product((0, 1), repeat=modalities) if any(each)]
    weight = [keep ** sum(each) * (1 - keep) ** (modalities - sum(each)) for each in subsets]
    expected = [draws * each / sum(weight) for each in weight]
    assert chisquare([counts[each] for each in subsets], expected).pvalue > 1e-3


def test_a_single_modality_is_always_kept() -> None:
    assert draw_non_empty(1, 0.05, [torch.Generator().manual_seed(0)] * 50).tolist() == [[1.0]] * 50


def test_every_modality_is_kept_at_probability_one() -> None:
    assert draw_non_empty(4, 1.0, [torch.Generator().manual_seed(0)]).tolist() == [[1.0] * 4]


def test_each_seed_draws_by_itself() -> None:
    def generator(seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(seed)

    seeds = range(20)
    together = draw_non_empty(3, 0.5, [generator(seed) for seed in seeds])
    alone = [draw_non_empty(3, 0.5, [generator(seed)]) for seed in seeds]
    assert torch.equal(together, torch.cat(alone))
    assert len(together.unique(dim=0)) > 1


def test_joint_and_unimodal() -> None:
    assert joint_and_unimodal(1).tolist() == [[1]]
    assert joint_and_unimodal(3).tolist() == [[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(("terms", "shape"), [("joint", (2, 1, 3)), ("unimodal", (2, 4, 3)), ("dropout", (2, 1, 3))])
def test_terms_of_a_recipe(terms: str, shape: tuple[int, ...]) -> None:
    generators = [torch.Generator().manual_seed(seed) for seed in range(2)]
    drawn = draw_terms(TrainingRecipe(terms=terms), 3, generators)  # type: ignore[arg-type]
    assert drawn.shape == shape
    assert (drawn.sum(-1) > 0).all()


def test_keep_one_leaves_no_specimen_empty_and_says_which_count() -> None:
    kept = torch.tensor([[1.0], [0.0]])  # the term fuses the first modality alone
    present = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])  # specimen 1 lacks it
    fused, counts = keep_one(kept.expand(2, 3), present)
    assert counts.tolist() == [1, 0, 1]
    assert fused.tolist() == [[1, 0, 1], [0, 1, 0]]
