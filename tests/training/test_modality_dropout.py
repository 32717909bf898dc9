"""Which modalities a term of the loss fuses: never none, and with the promised probabilities."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest
import torch
from scipy.stats import chisquare

from fingerprint.recipe import Fusion, ModalityRecipe, ModelRecipe, Recipe, TrainingRecipe
from fingerprint.training.modality_dropout import draw_non_empty, draw_terms, joint_and_unimodal, keep_one

NAMES = ("a", "b", "c")


@pytest.mark.parametrize(
    "keep", [(0.05, 0.05), (0.5, 0.5, 0.5), (0.9, 0.9), (0.1, 0.5, 0.9), (1.0, 0.3), (0.2, 1.0, 1.0)]
)
def test_subsets_are_drawn_as_independent_draws_that_are_not_empty(keep: tuple[float, ...]) -> None:
    """Section 2.5: each modality with a probability of its own."""
    draws = 4000
    generator = torch.Generator().manual_seed(11)
    counts = Counter(map(tuple, draw_non_empty(keep, [generator] * draws).int().tolist()))
    subsets = [each for each in itertools.product((0, 1), repeat=len(keep)) if any(each)]
    weight = [math.prod(p if kept else 1 - p for p, kept in zip(keep, each, strict=True)) for each in subsets]
    possible = [index for index, each in enumerate(weight) if each]
    assert set(counts) <= {subsets[index] for index in possible}
    expected = [draws * weight[index] / sum(weight) for index in possible]
    assert chisquare([counts[subsets[index]] for index in possible], expected).pvalue > 1e-3


def test_a_single_modality_is_always_kept() -> None:
    assert draw_non_empty([0.05], [torch.Generator().manual_seed(0)] * 50).tolist() == [[1.0]] * 50


def test_every_modality_is_kept_at_probability_one() -> None:
    assert draw_non_empty([1.0] * 4, [torch.Generator().manual_seed(0)]).tolist() == [[1.0] * 4]


def test_each_seed_draws_by_itself() -> None:
    def generator(seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(seed)

    seeds = range(20)
    together = draw_non_empty([0.5, 0.4, 0.6], [generator(seed) for seed in seeds])
    alone = [draw_non_empty([0.5, 0.4, 0.6], [generator(seed)]) for seed in seeds]
    assert torch.equal(together, torch.cat(alone))
    assert len(together.unique(dim=0)) > 1


def test_joint_and_unimodal() -> None:
    assert joint_and_unimodal(1).tolist() == [[1]]
    assert joint_and_unimodal(3).tolist() == [[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def terms_of(terms: str = "unimodal", fusion: Fusion = "product", **keep: float) -> torch.Tensor:
    """Of two seeds, for the modalities a, b and c."""
    recipe = Recipe(
        model=ModelRecipe(fusion=fusion),
        training=TrainingRecipe(terms=terms, keep=0.4),  # pyright: ignore
        modalities={name: ModalityRecipe(keep=keep.get(name, 0.0)) for name in NAMES},
    )
    return draw_terms(recipe, NAMES, [torch.Generator().manual_seed(seed) for seed in range(2)])


@pytest.mark.parametrize(("terms", "shape"), [("joint", (2, 1, 3)), ("unimodal", (2, 4, 3)), ("dropout", (2, 1, 3))])
def test_terms_of_a_recipe(terms: str, shape: tuple[int, ...]) -> None:
    drawn = terms_of(terms)
    assert drawn.shape == shape
    assert (drawn.sum(-1) > 0).all()


@pytest.mark.parametrize("terms", ["joint", "unimodal", "dropout"])
def test_a_mixture_has_a_term_for_each_of_its_components(terms: str) -> None:
    """MMVAE each modality alone, MoPoE all subsets, whatever the recipe says of terms."""
    assert terms_of(terms, "mixture")[0].tolist() == torch.eye(3).tolist()
    subsets = {tuple(row) for row in terms_of(terms, "mixture_of_products")[1].tolist()}
    assert subsets == {each for each in itertools.product((0.0, 1.0), repeat=3) if any(each)}


def test_a_modality_may_have_a_probability_of_its_own() -> None:
    """1 keeps it always; those without have that of the training section."""
    generator = torch.Generator().manual_seed(0)
    recipe = Recipe(
        training=TrainingRecipe(terms="dropout", keep=0.3),
        modalities={"a": ModalityRecipe(keep=1.0), "b": ModalityRecipe(), "c": ModalityRecipe(keep=0.9)},
    )
    drawn = draw_terms(recipe, NAMES, [generator] * 4000)[:, 0]
    assert drawn.mean(0).tolist() == pytest.approx([1.0, 0.3, 0.9], abs=0.03)


def test_keep_one_leaves_no_specimen_empty_and_says_which_count() -> None:
    kept = torch.tensor([[1.0], [0.0]])  # the term fuses the first modality alone
    present = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])  # specimen 1 lacks it
    fused, counts = keep_one(kept.expand(2, 3), present)
    assert counts.tolist() == [1, 0, 1]
    assert fused.tolist() == [[1, 0, 1], [0, 1, 0]]
