"""The saved state is all that a training is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import torch
from safetensors.torch import save_file
from two_factors import quick_recipe

from fingerprint.errors import RunError
from fingerprint.prepare import Preparation, Tensors
from fingerprint.recipe import (
    ConvEncoder,
    FixedVariance,
    GridInput,
    LearnedVariance,
    MLPDecoder,
    ModalityRecipe,
    Recipe,
)
from fingerprint.run import build_model, make_generators, modality_shapes
from fingerprint.store import Store
from fingerprint.training.batch import batch_source
from fingerprint.training.data import fit_preparations, make_plan, part_data, read_measured
from fingerprint.training.split import Part
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import em_start, make_optimizer, run_epochs


class Problem(NamedTuple):
    recipe: Recipe
    preparations: dict[str, Preparation]
    train: Tensors
    validation: Tensors

    def state(self) -> TrainingState:
        generators = make_generators((3, 4))
        model = build_model(self.recipe, self.preparations, generators)
        return TrainingState(model, make_optimizer(model, self.recipe), generators)

    def run(self, state: TrainingState, until: int) -> None:
        def stop(now: TrainingState) -> None:
            if now.epoch == until:
                raise InterruptedError

        shapes = modality_shapes(self.recipe, self.preparations)
        source = batch_source(self.recipe, self.train, shapes, state.model.telling())
        with pytest.raises(InterruptedError):
            run_epochs(state, self.recipe, source, self.validation, stop)


@pytest.fixture(scope="module")
def problem(factor_store: Store) -> Problem:
    """With everything that has a state of its own: batch norm, random terms, learned variances, decoders by cluster."""
    learned = MLPDecoder(hidden=(8,), variance=LearnedVariance(depends_on_z=True))
    recipe = quick_recipe(epochs=10, terms="dropout", decoders="per_cluster")
    recipe = msgspec.structs.replace(
        recipe,
        modalities={
            "vdos": ModalityRecipe(GridInput(), ConvEncoder((4,), 3, (2,)), learned),
            "stress": ModalityRecipe(decoder=MLPDecoder(variance=FixedVariance(0.1))),
        },
    )
    measured = read_measured(factor_store, recipe, ["stress", "vdos"], factor_store.snapshot())
    planned = make_plan(recipe, measured)
    preparations = fit_preparations(planned, measured)
    data = part_data(measured, preparations, "cpu")
    return Problem(planned, preparations, data[Part.TRAIN].tensors, data[Part.VALIDATION].tensors)


def assert_same(first: TrainingState, second: TrainingState) -> None:
    assert (first.epoch, first.history) == (second.epoch, second.history)
    ours, theirs = first.model.state_dict(), second.model.state_dict()
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        assert torch.equal(value, theirs[key]), key
    for mine, other in zip(first.generators, second.generators, strict=True):
        assert torch.equal(mine.get_state(), other.get_state())
    slots, others = (state.optimizer.state_dict()["state"] for state in (first, second))
    assert slots.keys() == others.keys()
    for index, slot in slots.items():
        for name, value in slot.items():
            assert torch.equal(value, others[index][name]), (index, name)


@pytest.mark.parametrize("at", [2, 6])
def test_a_restored_training_goes_on_bit_for_bit(problem: Problem, tmp_path: Path, at: int) -> None:
    assert 0 < em_start(problem.recipe) < 6
    undisturbed = problem.state()
    problem.run(undisturbed, 8)
    first = problem.state()
    problem.run(first, at)
    first.save(tmp_path / "state.safetensors")
    second = problem.state()
    second.restore(tmp_path / "state.safetensors")
    assert_same(second, first)
    problem.run(second, 8)
    assert_same(second, undisturbed)


def test_a_damaged_state_is_refused(problem: Problem, tmp_path: Path) -> None:
    state = problem.state()
    problem.run(state, 1)
    path = tmp_path / "state.safetensors"
    state.save(path)
    whole = path.read_bytes()
    for length in (0, 5, 200, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(RunError, match="saved state") as refused:
            problem.state().restore(path)
        assert refused.value.where == str(path)
        assert "fingerprint train" in refused.value.next
    save_file({"model.something": torch.zeros(2)}, path)
    with pytest.raises(RunError, match="saved state"):
        problem.state().restore(path)
