"""Images, an expert and alignment together: three hidden states are found, from each modality alone as well."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from images_and_lines import RECIPE, SLOPES, Problem, images_and_lines

from fingerprint.model import PIMA
from fingerprint.recipe import Recipe
from fingerprint.training.settle import settle
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import begin_epoch, run_epochs

SEEDS = (0, 1, 2)


def train(problem: Problem, until: int | None = None, state: TrainingState | None = None) -> TrainingState:
    """To the last epoch, or until after another."""
    state = state or problem.training(*SEEDS)

    def stop(now: TrainingState) -> None:
        if now.epoch == until:
            raise InterruptedError

    try:
        run_epochs(state, problem.recipe, problem.source(), problem.tensors.subset([]), stop)
    except InterruptedError:
        assert state.epoch == until
    return state


def trained(problem: Problem) -> PIMA:
    state = train(problem)
    settle(state, problem.recipe, problem.tensors, problem.tensors)
    return state.model


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_three_states_are_found_jointly_and_from_each_modality_alone(precision: str) -> None:
    """[Eq. 16] On 3 of 3 seeds every specimen; and the slopes, to the error of the sample."""
    problem = images_and_lines(training={"precision": precision})
    model = trained(problem)
    for given in ((), ("image",), ("line",)):
        assert problem.accuracy(model, *given) == [1.0] * 3, given
    slopes = np.sort(model.experts()["line"].theta[..., 0].numpy())
    np.testing.assert_allclose(slopes, np.broadcast_to(SLOPES, (3, 3)), atol=0.02)


def test_half_of_the_lines_may_be_missing() -> None:
    """[Eq. 16] Whoever has a line is told by it without exception. Those without are told by their image: one of these
    images is 3.6 standard deviations from its state's place, and how it is read depends on the processor's rounding."""
    problem = images_and_lines(missing=0.5)
    model = trained(problem)
    assert problem.accuracy(model, "line") == [1.0] * 3
    has_line = problem.tensors.present["line"] > 0
    for has, least in ((has_line, 1.0), (~has_line, 149 / 150)):
        rows = np.flatnonzero(has.numpy())
        part = problem._replace(tensors=problem.tensors.subset(rows), state=problem.state[rows])
        for given in ((), ("image",)):
            assert min(part.accuracy(model, *given)) >= least, (least, given)


def doubting(outliers: float) -> Recipe:
    line = msgspec.structs.replace(RECIPE.modalities["line"], outliers=outliers)
    return msgspec.structs.replace(RECIPE, modalities={**RECIPE.modalities, "line": line})


def test_lines_that_were_swapped_are_outvoted_by_their_images() -> None:
    """A fifth of them, some with lines of the same state; a model that trusts its expert follows them."""
    problem = images_and_lines(swapped=0.2, recipe=doubting(0.05))
    wrong = float((problem.state != problem.line_state).mean())
    assert wrong > 0.1
    model = trained(problem)
    assert min(problem.accuracy(model)) > 0.99
    share = model.outliers[:, model.names.index("line")]
    assert (share > 0.1).all()
    assert (share < 0.25).all()
    trusting = images_and_lines(swapped=0.2)
    assert max(trusting.accuracy(trained(trusting))) < 1 - 0.8 * wrong


@pytest.mark.parametrize("swapped", [0.0, 0.1])
def test_doubt_does_not_cost_clusters(swapped: float) -> None:
    """Few specimens, and the ELBO alone: encoders that know nothing would outvote every line that was doubted."""
    epochs = {"epochs": 100, "learning_rate": 1e-2}
    problem = images_and_lines(120, swapped=swapped, recipe=doubting(0.05), alignment={"weight": 0.0}, training=epochs)
    model = trained(problem)
    assert min(problem.accuracy(model)) > 0.98
    share = model.outliers[:, model.names.index("line")]
    assert (share < swapped + 0.05).all()
    at_once = images_and_lines(
        120, swapped=swapped, recipe=doubting(0.05), alignment={"weight": 0.0}, training={**epochs, "join": 0.0}
    )
    assert min(at_once.accuracy(trained(at_once))) < 0.8


def test_the_adversary_and_the_information_do_no_harm() -> None:
    """Where one line in five was measured."""
    problem = images_and_lines(missing=0.8, alignment={"adversarial": 1.0, "information": 1.0})
    assert min(problem.accuracy(trained(problem), "image")) > 0.98


@pytest.mark.parametrize("fusion", ["mixture", "mixture_of_products"])
def test_other_fusions_learn_the_same_states(fusion: str) -> None:
    problem = images_and_lines(model={"fusion": fusion})
    model = trained(problem)
    for given in (("image",), ("line",)):
        assert min(problem.accuracy(model, *given)) > 0.98, given


LITERAL = {"update": "epoch", "responsibilities": "draw", "weights": "gradient", "start": 0.0}


@pytest.mark.parametrize(
    ("precision", "at", "prior"),
    [
        ("float32", 4, {"start": 0.5, "reseed": True}),
        ("bfloat16", 13, {"start": 0.5, "reseed": True}),
        ("float32", 13, {"start": 0.5, "points": "terms"}),
        ("bfloat16", 4, LITERAL),
        ("float32", 13, {"start": 1.0}),
    ],
)
def test_a_restored_training_goes_on_bit_for_bit(
    precision: str, at: int, prior: dict[str, object], tmp_path: Path
) -> None:
    """Before and after EM has begun, by batches and by epochs; with everything that draws random numbers."""
    image = msgspec.structs.replace(
        doubting(0.05).modalities["image"], augment=msgspec.structs.replace(RECIPE.modalities["image"].augment, shift=1)
    )
    recipe = doubting(0.05)
    recipe = msgspec.structs.replace(recipe, modalities={**recipe.modalities, "image": image})
    problem = images_and_lines(
        100, missing=0.3, recipe=recipe,
        training={"precision": precision, "terms": "dropout", "join": 0.3},
        alignment={"adversarial": 1.0, "information": 1.0}, prior=prior,
    )  # fmt: skip
    undisturbed = train(problem)
    begun = problem.training(*SEEDS)
    begin_epoch(begun, problem.recipe, problem.tensors)
    assert torch.equal(begun.model.prior.mean, undisturbed.model.prior.mean) is (prior["start"] == 1.0)
    first = train(problem, until=at)
    first.save(tmp_path / "state.safetensors")
    second = problem.training(*SEEDS)
    second.restore(tmp_path / "state.safetensors")
    train(problem, state=second)
    assert second.history == undisturbed.history
    expected = undisturbed.model.state_dict()
    for key, value in second.model.state_dict().items():
        assert torch.equal(value, expected[key]), key
    law = {f"decoders.{undisturbed.model.names.index('line')}.{key}" for key in ("value", "size")}
    kinds = {key: torch.float64 if key in law else torch.float32 for key in expected}
    assert {key: value.dtype for key, value in expected.items()} == kinds, "only the networks' arithmetic is halved"
