"""Images, an expert and a split by a column, from a store to a run that is opened again."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from images_and_lines import RECIPE, SLOPES, Problem, images_and_lines
from same_run import assert_same_run

from fingerprint.errors import DataError, RecipeError
from fingerprint.prediction import predict_raw
from fingerprint.recipe import Augmentation, ConvEncoder, LinearExpert, Recipe
from fingerprint.run import load_run
from fingerprint.store import Store, open_store
from fingerprint.training import Progress, resume, train


@pytest.fixture(scope="module")
def problem() -> Problem:
    return images_and_lines(240, missing=0.3, seed=2)


@pytest.fixture(scope="module")
def store(problem: Problem, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Every sixth specimen is for validation, every seventh of the rest for the test."""
    store = open_store(tmp_path_factory.mktemp("images") / "store", create=True)
    ids = problem.tensors.specimens
    parts = ["validation" if row % 6 == 0 else "test" if row % 7 == 0 else "train" for row in range(len(ids))]
    metadata = {each: {"part": parts[row], "state": f"state-{problem.state[row]}"} for row, each in enumerate(ids)}
    store.append(list(problem.raws.values()), metadata, "")
    return store


def recipe(**choices: object) -> Recipe:
    """Images are moved while training; precisions are calibrated."""
    image = msgspec.structs.replace(RECIPE.modalities["image"], augment=Augmentation(shift=1))
    training = msgspec.structs.replace(RECIPE.training, **({"split": "part", "restarts": 2} | choices))
    prior = msgspec.structs.replace(RECIPE.prior, calibrate=True)
    return msgspec.structs.replace(
        RECIPE, prior=prior, training=training, modalities=RECIPE.modalities | {"image": image}
    )


def test_a_run_of_images_and_lines_knows_their_states(store: Store, problem: Problem, tmp_path: Path) -> None:
    """[Eq. 16, Eq. 19] Clusters, slopes in measured units, and a line from its image."""
    run = train(store, recipe(), tmp_path / "run", device="cpu", label="state")
    for part in ("train", "validation", "test"):
        accuracy = run.metrics.parts[part].accuracy
        assert accuracy is not None
        assert accuracy > 0.98, part
    assert {run.parts[each] for each in problem.tensors.specimens[:1]} == {"validation"}
    opened = load_run(run.path)
    theta = opened.model.experts()["line"].theta[..., 0].numpy()
    np.testing.assert_allclose(np.sort(theta), np.broadcast_to(SLOPES, (2, 3)), atol=0.05)
    predicted = predict_raw(opened, "line", {"image": problem.raws["image"]})
    measured = {
        specimen: values
        for block in problem.raws["line"].blocks
        for specimen, values in zip(block.specimens, block.values, strict=True)
    }
    residual = [np.asarray(each.mean) - measured[each.specimen] for each in predicted if each.specimen in measured]
    assert np.sqrt(np.mean(np.square(residual))) < 1.2 * 0.1, "the noise of the lines"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_interrupted_and_resumed_it_ends_as_an_undisturbed_one(store: Store, tmp_path: Path, precision: str) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.state.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    choices = recipe(epochs=6, precision=precision)
    whole = train(store, choices, tmp_path / "whole", device="cpu")
    stopped = train(store, choices, tmp_path / "run", device="cpu", on_epoch=interrupt)
    assert stopped.info.status == "interrupted"
    resume(store, stopped.path, device="cpu")
    assert_same_run(stopped.path, whole.path)


def with_line(**choices: object) -> Recipe:
    line = msgspec.structs.replace(RECIPE.modalities["line"], **choices)
    return msgspec.structs.replace(recipe(), modalities=RECIPE.modalities | {"line": line})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (with_line(decoder=LinearExpert(("log(t)",))), "not finite at t = 0"),
        (with_line(encoder=ConvEncoder((4, 4), 6)), "10 points are too few"),
        (with_line(augment=Augmentation(shift=1)), "only images"),
        (recipe(split="state"), "in the column 'state'"),
    ],
    ids=["formula", "convolutions", "augmentation", "split"],
)
def test_what_does_not_suit_the_data_is_refused_and_leaves_no_run(
    wrong: Recipe, said: str, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=said):
        train(store, wrong, tmp_path / "run", device="cpu")
    assert not list(tmp_path.iterdir())


def test_too_few_lines_to_look_for_clusters_among_are_refused(problem: Problem, tmp_path: Path) -> None:
    """Every specimen has an image, and four of them a line: three clusters of two need six."""
    small = open_store(tmp_path / "store", create=True)
    line = problem.raws["line"]
    few = line.keeping(set(line.specimens[:4]))
    small.append([problem.raws["image"], few], {}, "")
    with pytest.raises(DataError, match="clusters are looked for") as refused:
        train(small, recipe(split="", restarts=1), tmp_path / "run", device="cpu")
    assert "prior.seeding" in refused.value.next
    assert not (tmp_path / "run").exists()
