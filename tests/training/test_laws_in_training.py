"""Trainings with laws that are not linear: found, resumed bit for bit, and refused where they make no sense."""

from __future__ import annotations

import signal
from pathlib import Path

import example_laws  # noqa: F401
import msgspec
import numpy as np
import pytest
import torch
from images_and_lines import RECIPE, SLOPES, Problem, images_and_lines
from same_run import assert_same_run

from fingerprint.errors import RecipeError
from fingerprint.model.experts import decoder as expert_decoder
from fingerprint.recipe import PriorRecipe, Recipe, RegisteredExpert
from fingerprint.run import load_run, make_generators
from fingerprint.store import Store, open_store
from fingerprint.training import Progress, resume, train
from fingerprint.training.seeding import seed_experts

FITTED = RegisteredExpert("example line")
BY_GRADIENT = RegisteredExpert("example line", solve="gradient")
ALONG_Z = RegisteredExpert("example line", along_z=("level",), solve="gradient")
NETWORKS = {"seeding": "latent", "layout": "standard"}


def recipe(decoder: RegisteredExpert, outliers: float = 0.0, epochs: int = 20, **prior: object) -> Recipe:
    """Of images and lines, the lines decoded by a law."""
    line = msgspec.structs.replace(RECIPE.modalities["line"], decoder=decoder, outliers=outliers)
    return msgspec.structs.replace(
        RECIPE,
        prior=msgspec.structs.replace(RECIPE.prior, **prior),
        training=msgspec.structs.replace(RECIPE.training, split="part", restarts=2, epochs=epochs),
        modalities=RECIPE.modalities | {"line": line},
    )


@pytest.fixture(scope="module")
def problem() -> Problem:
    return images_and_lines(240, missing=0.3, seed=2)


@pytest.fixture(scope="module")
def store(problem: Problem, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = open_store(tmp_path_factory.mktemp("laws") / "store", create=True)
    ids = problem.tensors.specimens
    parts = ["validation" if row % 6 == 0 else "test" if row % 7 == 0 else "train" for row in range(len(ids))]
    metadata = {each: {"part": parts[row], "state": f"state-{problem.state[row]}"} for row, each in enumerate(ids)}
    store.append(list(problem.raws.values()), metadata, "")
    return store


@pytest.mark.parametrize("decoder", [FITTED, BY_GRADIENT], ids=["fit", "gradient"])
def test_a_run_with_a_law_knows_the_states(store: Store, tmp_path: Path, decoder: RegisteredExpert) -> None:
    """[Eq. 11, Eq. 16] Clusters, and a level for each whose curve is a line of the true slope."""
    run = train(store, recipe(decoder), tmp_path / "run", device="cpu", label="state")
    for part in ("train", "validation", "test"):
        accuracy = run.metrics.parts[part].accuracy
        assert accuracy is not None
        assert accuracy > 0.98, part
    levels = load_run(run.path).model.experts()["line"].theta[..., 0].detach().numpy()
    np.testing.assert_allclose(np.sort(np.exp(levels)), np.broadcast_to(SLOPES, (2, 3)), atol=0.05)


@pytest.mark.parametrize(
    "choices", [recipe(FITTED, epochs=6), recipe(ALONG_Z, epochs=6, **NETWORKS)], ids=["fit", "along_z"]
)
def test_interrupted_and_resumed_it_ends_as_an_undisturbed_one(
    store: Store, tmp_path: Path, choices: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moving means of a fit are saved too, and how long ago it was."""
    monkeypatch.setattr(expert_decoder, "REFIT", 4)

    def interrupt(progress: Progress) -> None:
        if progress.state.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    whole = train(store, choices, tmp_path / "whole", device="cpu")
    stopped = train(store, choices, tmp_path / "run", device="cpu", on_epoch=interrupt)
    assert stopped.info.status == "interrupted"
    resume(store, stopped.path, device="cpu")
    assert_same_run(stopped.path, whole.path)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (recipe(ALONG_Z), "prior.seeding"),
        (recipe(RegisteredExpert("example line", shared=("level",))), "prior.seeding"),
        (recipe(ALONG_Z, outliers=0.1, **NETWORKS), "modalities.line.outliers"),
    ],
)
def test_what_asks_for_a_law_that_tells_the_cluster_is_refused(
    store: Store, tmp_path: Path, wrong: Recipe, where: str
) -> None:
    """[Eq. 18]"""
    with pytest.raises(RecipeError, match="depends on Z") as refused:
        train(store, wrong, tmp_path / "run", device="cpu")
    assert refused.value.where == where
    assert not list(tmp_path.iterdir())


def test_laws_begin_at_the_true_parameters() -> None:
    """[Eq. 16] On all of 8 seeds, and with the variance that they leave."""
    problem = images_and_lines(seed=1, recipe=recipe(FITTED), missing=0.5)
    seeds = tuple(range(8))
    model = problem.model(*seeds)
    seed_experts(model, problem.tensors, PriorRecipe(seeding="expert"), make_generators(seeds))
    expert = model.experts()["line"]
    np.testing.assert_allclose(np.sort(expert.theta[..., 0].exp()), np.broadcast_to(SLOPES, (8, 3)), atol=0.05)
    noise = expert.variance().exp().sqrt() * float(problem.preparations["line"].scale[0])
    torch.testing.assert_close(noise.flatten(), torch.full((24,), 0.1), rtol=0.1, atol=0)


def test_without_seeding_a_law_begins_with_all_specimens_in_every_cluster() -> None:
    """[Eq. 16]"""
    problem = images_and_lines(seed=1, recipe=recipe(FITTED))
    model = problem.model(0, 1)
    seed_experts(model, problem.tensors, PriorRecipe(seeding="none"), make_generators((0, 1)))
    lines = problem.preparations["line"].to_physical(problem.tensors.values["line"].double().numpy())
    t = problem.preparations["line"].grid
    assert t is not None
    slope = np.mean(lines @ t) / (t @ t)
    np.testing.assert_allclose(model.experts()["line"].theta[..., 0].exp(), np.full((2, 3), slope), rtol=1e-5)
