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
from fingerprint.training.batch import Batch, BatchSource
from fingerprint.training.interrupt import Interruption
from fingerprint.training.scout import merge_clusters, scout
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import run_epochs
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


def test_a_hint_goes_with_its_specimens() -> None:
    problem = without_expert()
    hint = torch.arange(60).remainder(3).repeat(2, 1)
    rows = torch.stack([torch.randperm(60)[:20] for _ in range(2)])
    drawn = problem.source().draw(rows, make_generators((0, 1)), hint=hint).hint
    assert drawn is not None
    assert torch.equal(drawn, rows.remainder(3))


def test_the_first_epochs_are_told_the_scouted_clusters_and_later_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = without_expert(hint_epochs=2)
    state = problem.training(0)
    state.hint = torch.arange(60).remainder(3)[None]
    hinted: list[tuple[int, bool]] = []
    draw = BatchSource.draw

    def spy(source: BatchSource, *arguments: Any, **named: Any) -> Batch:
        batch = draw(source, *arguments, **named)
        hinted.append((state.epoch, batch.hint is not None))
        return batch

    monkeypatch.setattr(BatchSource, "draw", spy)
    run_epochs(state, problem.recipe, problem.source(), problem.tensors.subset([]), lambda _: None)
    assert set(hinted) == {(0, True), (1, True), (2, False), (3, False)}


def test_a_scouted_training_that_was_interrupted_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """While its hints still count."""
    problem = without_expert(hint_epochs=3)
    whole, _ = watched(problem, tmp_path / "whole")
    first = problem.training(0)
    source, nobody = problem.source(), problem.tensors.subset([])
    first.hint = scout(problem.recipe, source, first.generators, lambda _: None)

    def stop(now: TrainingState) -> None:
        if now.epoch == 2:
            now.save(tmp_path / "state.safetensors")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run_epochs(first, problem.recipe, source, nobody, stop)
    second = problem.training(0)
    second.restore(tmp_path / "state.safetensors")
    run_epochs(second, problem.recipe, source, nobody, lambda _: None)
    for key, value in second.model.state_dict().items():
        assert torch.equal(value, whole.model.state_dict()[key]), key
