"""Scouting: clusters that change places are parts of one, and what is found is a first cluster of every specimen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from images_and_lines import RECIPE, Problem, images_and_lines

from fingerprint.recipe import Augmentation, MLPDecoder
from fingerprint.run import make_generators
from fingerprint.training.interrupt import Interruption
from fingerprint.training.scout import merge_clusters, scout
from fingerprint.training.state import TrainingState
from fingerprint.training.watch import run_watched


def without_expert(**prior: Any) -> Problem:
    """Images that are moved while training; lines that a network decodes."""
    image = msgspec.structs.replace(RECIPE.modalities["image"], augment=Augmentation(shift=1))
    line = msgspec.structs.replace(RECIPE.modalities["line"], decoder=MLPDecoder((8,)))
    return images_and_lines(
        60,
        recipe=msgspec.structs.replace(RECIPE, modalities={"image": image, "line": line}),
        prior={"seeding": "scout", "scout_epochs": 3, "start": 1.0} | prior,
        alignment={"adversarial": 1.0, "information": 1.0},
        training={"epochs": 4},
    )


def groups(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == each).tolist()) for each in np.unique(labels)}


def exchanging(*pairs: tuple[int, int, float], clusters: int = 6) -> np.ndarray:
    """100 specimens that stay in each cluster, and those that change places."""
    together = 100.0 * np.eye(clusters)
    for first, second, count in pairs:
        together[first, second] += count
        together[second, first] += count
    return together


def test_clusters_that_change_places_are_merged() -> None:
    together = exchanging((0, 3, 20), (1, 4, 10), (2, 5, 30), (0, 1, 2), (2, 3, 1))
    assert groups(merge_clusters(together, 3)) == {frozenset({0, 3}), frozenset({1, 4}), frozenset({2, 5})}
    assert groups(merge_clusters(together, 2)) == {frozenset({0, 1, 3, 4}), frozenset({2, 5})}
    assert groups(merge_clusters(together, 6)) == {frozenset({each}) for each in range(6)}
    assert groups(merge_clusters(together, 1)) == {frozenset(range(6))}


def test_what_counts_is_the_excess_over_chance() -> None:
    """Two large clusters exchange more specimens than a small one does with its other half, and are not merged."""
    together = np.diag([1e4, 1e4, 30.0, 30.0]) + exchanging((0, 1, 40), (2, 3, 15), clusters=4) * (1 - np.eye(4))
    assert groups(merge_clusters(together, 3)) == {frozenset({0}), frozenset({1}), frozenset({2, 3})}


def test_a_cluster_without_specimens_is_no_group() -> None:
    together = exchanging((0, 1, 10), (2, 3, 5))
    together[4] = together[:, 4] = together[5] = together[:, 5] = 0
    found = merge_clusters(together, 3)
    assert groups(found[:4]) == {frozenset({0, 1}), frozenset({2}), frozenset({3})}
    assert set(found) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(5))
def test_numbers_are_of_no_account(seed: int) -> None:
    rng = np.random.default_rng(seed)
    together = rng.random((7, 7)) + 5 * np.eye(7)
    together += together.T
    order = rng.permutation(7)
    found = merge_clusters(together, 3)
    renamed = merge_clusters(together[np.ix_(order, order)], 3)
    assert groups(found) == {frozenset(order[list(group)].tolist()) for group in groups(renamed)}
    assert set(found) == {0, 1, 2}


def test_every_specimen_has_a_first_cluster_and_each_seed_its_own() -> None:
    problem = without_expert()
    told: list[int] = []
    found = scout(problem.recipe, problem.source(), make_generators((3, 4)), lambda state: told.append(state.epoch))
    assert told == [1, 2, 3]
    assert found.shape == (2, 60)
    assert found.dtype == torch.int64
    assert found.min() >= 0
    assert found.max() < problem.recipe.model.clusters
    assert all(len(row.unique()) > 1 for row in found)
    alone = scout(problem.recipe, problem.source(), make_generators((4,)), lambda _: None)
    assert (alone[0] == found[1]).double().mean() > 0.95, "but for rounding"


def watched(problem: Problem, path: Path, interrupt: bool = False) -> tuple[TrainingState, list[int]]:
    state, epochs, interruption = problem.training(0), [], Interruption()
    interruption.requested = interrupt
    path.mkdir()
    run_watched(
        state, problem.recipe, problem.source(), problem.tensors.subset([]), path,
        lambda progress: epochs.append(progress.epochs), interruption,
    )  # fmt: skip
    return state, epochs


def test_a_training_scouts_first_and_tells_its_progress(tmp_path: Path) -> None:
    problem = without_expert()
    state, epochs = watched(problem, tmp_path / "run")
    assert epochs == [3] * 3 + [4] * 4
    assert state.hint is not None
    again = problem.training(0)
    again.restore(tmp_path / "run" / "state.safetensors")
    assert again.hint is not None
    assert torch.equal(again.hint, state.hint)
    assert watched(without_expert(seeding="none"), tmp_path / "other")[0].hint is None


def test_interrupted_while_it_scouts_nothing_has_been_learned(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        watched(without_expert(), tmp_path / "run", interrupt=True)
    assert not list((tmp_path / "run").iterdir())
