"""train and resume: the same numbers again, whatever happened in between, and nothing learned from what is not data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from same_run import assert_same_run
from two_factors import TwoFactors, fill_store, quick_recipe, two_factors

from fingerprint.errors import DataError, RecipeError, RunError, StoreError
from fingerprint.prediction import predict_raw
from fingerprint.recipe import (
    Augmentation,
    BasisInput,
    ConvEncoder,
    LinearExpert,
    ModalityRecipe,
    Recipe,
    format_recipe,
)
from fingerprint.run import STATE_FILE, Run, load_run, newest_unfinished, read_info
from fingerprint.store import Store, open_store
from fingerprint.training import Progress, new_run_folder, resume, train


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """Saves its state after every epoch."""
    return quick_recipe(epochs=16, checkpoint_seconds=1e-9)


@pytest.fixture(scope="module")
def undisturbed(factor_store: Store, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(factor_store, recipe, tmp_path_factory.mktemp("undisturbed") / "run", device="cpu")


def saved_epoch(path: Path) -> int:
    """The epoch of the saved state; 0 where there is none yet."""
    try:
        with safe_open(path / STATE_FILE, framework="np") as file:
            return int(file.metadata()["epoch"])
    except (OSError, SafetensorError):
        return 0


def signalled(store: Store, recipe: Recipe, out: Path, number: signal.Signals) -> tuple[int, str, str]:
    """Train in another process and send it a signal after some epochs: exit code, stdout, stderr."""
    file = out.parent / "recipe.toml"
    file.write_text(format_recipe(recipe), encoding="utf-8")
    command = [sys.executable, "-m", "fingerprint", "train", "--device", "cpu", "--json", "--recipe", str(file)]
    process = subprocess.Popen(
        [*command, "--out", str(out), "--store", store.path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    until = time.monotonic() + 120
    while saved_epoch(out) < 5 and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)
    process.send_signal(number)
    out_text, err_text = process.communicate(timeout=120)
    return process.returncode, out_text, err_text


def test_the_same_training_twice_gives_the_same_numbers(
    factor_store: Store, factor_data: TwoFactors, tmp_path: Path
) -> None:
    runs = [train(factor_store, quick_recipe(epochs=8), tmp_path / name, device="cpu") for name in ("a", "b")]
    assert_same_run(runs[0].path, runs[1].path)
    given = {"vdos": factor_data.raws["vdos"]}
    assert predict_raw(runs[0], "stress", given) == predict_raw(runs[1], "stress", given)
    assert not (runs[0].path / STATE_FILE).exists()


def test_a_killed_training_ends_as_an_undisturbed_one(
    factor_store: Store, recipe: Recipe, undisturbed: Run, tmp_path: Path
) -> None:
    path = tmp_path / "killed"
    code, out, _ = signalled(factor_store, recipe, path, signal.SIGKILL)
    assert (code, out) == (-signal.SIGKILL, "")
    assert 5 <= saved_epoch(path) < 16
    with pytest.raises(RunError, match="killed") as refused:
        load_run(path)
    assert refused.value.next == f"Finish it: fingerprint train --resume --out {path}."
    assert newest_unfinished(tmp_path) == path
    assert resume(factor_store, path, device="cpu").info.status == "completed"
    assert_same_run(path, undisturbed.path)
    with pytest.raises(RunError, match="complete"):
        resume(factor_store, path)


def test_ctrl_c_leaves_a_run_that_predicts_and_goes_on(
    factor_store: Store, factor_data: TwoFactors, recipe: Recipe, undisturbed: Run, tmp_path: Path
) -> None:
    path = tmp_path / "interrupted"
    code, out, err = signalled(factor_store, recipe, path, signal.SIGINT)
    assert code == 130
    document = json.loads(out)
    assert document["status"] == "interrupted"
    assert 5 <= document["epochs"] < 16
    assert f"Interrupted after epoch {document['epochs']} of 16" in err
    assert f"fingerprint train --resume --out {path}" in err
    assert "Traceback" not in err
    run = load_run(path)
    predicted = predict_raw(run, "stress", {"vdos": factor_data.raws["vdos"]})
    assert len(predicted) == 120
    assert np.isfinite([each.mean for each in predicted]).all()
    resume(factor_store, path, device="cpu")
    assert_same_run(path, undisturbed.path)


def test_a_training_interrupted_before_its_clusters_are_laid_out_has_clusters(
    factor_store: Store, tmp_path: Path
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.state.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    run = train(factor_store, quick_recipe(), tmp_path / "run", device="cpu", on_epoch=interrupt)
    assert (run.info.status, len(run.history)) == ("interrupted", 2)
    assert sum(cluster.size for cluster in run.metrics.clusters) == len([p for p in run.parts.values() if p == "train"])
    assert sum(cluster.alive for cluster in run.metrics.clusters) > 1


def test_a_second_ctrl_c_stops_at_once_and_resume_still_works(factor_store: Store, tmp_path: Path) -> None:
    def interrupt_twice(progress: Progress) -> None:
        if progress.state.epoch == 3:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    path, whole = tmp_path / "run", tmp_path / "whole"
    recipe = quick_recipe(epochs=8, checkpoint_seconds=1e-9)
    with pytest.raises(KeyboardInterrupt):
        train(factor_store, recipe, path, device="cpu", on_epoch=interrupt_twice)
    assert read_info(path).status == "running"
    assert saved_epoch(path) == 2
    resume(factor_store, path, device="cpu")
    train(factor_store, recipe, whole, device="cpu")
    assert_same_run(path, whole)


def test_a_modality_that_few_specimens_have_may_be_missing_from_a_whole_batch(tmp_path: Path) -> None:
    """Terms drawn at random then fuse nothing that anybody of the batch has."""
    data = two_factors(200)
    raws = data.raws | {"stress": data.raws["stress"].keeping(set(data.ids[:8]))}
    recipe = quick_recipe(epochs=4, batch=16, terms="dropout")
    run = train(fill_store(tmp_path / "store", data._replace(raws=raws)), recipe, tmp_path / "run", device="cpu")
    assert np.isfinite([record.reconstruction for record in run.history]).all()
    assert all(value.isfinite().all() for value in run.model.state_dict().values())


def test_metadata_and_labels_reach_no_tensor(factor_data: TwoFactors, factor_store: Store, tmp_path: Path) -> None:
    swapped = open_store(tmp_path / "swapped", create=True)
    metadata = factor_data.metadata()
    moved = dict(zip(metadata, reversed(metadata.values()), strict=True))
    swapped.append([factor_data.raws[name] for name in ("vdos", "stress")], moved, "")
    first = train(factor_store, quick_recipe(epochs=6), tmp_path / "a", device="cpu", label="label")
    second = train(swapped, quick_recipe(epochs=6), tmp_path / "b", device="cpu", label="label")
    third = train(factor_store, quick_recipe(epochs=6), tmp_path / "c", device="cpu")
    weights = {(run.path / "model.safetensors").read_bytes() for run in (first, second, third)}
    assert len(weights) == 1
    accuracy = [run.metrics.parts["train"].accuracy for run in (first, second, third)]
    assert accuracy[2] is None
    assert accuracy[0] != accuracy[1]  # so the labels were swapped


def test_a_resumed_training_stands_on_the_data_that_it_began_with(factor_data: TwoFactors, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.state.epoch == 4:
            signal.raise_signal(signal.SIGINT)

    store = fill_store(tmp_path / "store", factor_data)
    recipe = quick_recipe(epochs=8)
    whole = train(store, recipe, tmp_path / "whole", device="cpu")
    run = train(store, recipe, tmp_path / "run", device="cpu", on_epoch=interrupt)
    more = two_factors(30, seed=9)
    store.append([more.raws["stress"]], {}, "")  # replaces the stresses of the first 30
    resume(store, run.path, device="cpu")
    assert_same_run(run.path, whole.path)
    other = train(store, recipe, tmp_path / "other", device="cpu", on_epoch=interrupt)
    with pytest.raises(StoreError):
        resume(fill_store(tmp_path / "another", factor_data), other.path)


def with_prior(**choices: object) -> Recipe:
    recipe = quick_recipe()
    return msgspec.structs.replace(recipe, prior=msgspec.structs.replace(recipe.prior, **choices))


def aligned(**choices: object) -> Recipe:
    recipe = quick_recipe()
    return msgspec.structs.replace(recipe, alignment=msgspec.structs.replace(recipe.alignment, **choices))


def doubting(name: str) -> Recipe:
    recipe = quick_recipe()
    own = msgspec.structs.replace(recipe.modalities.get(name, ModalityRecipe()), outliers=0.1)
    return msgspec.structs.replace(recipe, modalities={**recipe.modalities, name: own})


@pytest.mark.parametrize(
    ("choices", "error", "said"),
    [
        ({"device": "abacus"}, RecipeError, "abacus"),
        ({"label": "colour"}, RecipeError, "colour"),
        ({"modalities": ["vdos", "raman"]}, DataError, "raman"),
        ({"recipe": quick_recipe(clusters=60)}, DataError, "60 clusters"),
        ({"recipe": quick_recipe(group="colour")}, RecipeError, "colour"),
        ({"recipe": with_prior(seeding="scout")}, RecipeError, "weight is 0"),
        ({"recipe": aligned(information=0.2)}, RecipeError, "information belong to the alignment"),
        ({"recipe": aligned(adversarial=0.2)}, RecipeError, "adversarial belong to the alignment"),
        ({"recipe": with_prior(seeding="expert", layout="separated")}, RecipeError, "fits of an expert"),
        ({"recipe": with_prior(layout="separated")}, RecipeError, "latent points as well"),
        ({"recipe": doubting("stress")}, RecipeError, "there is none"),
    ],
)
def test_what_cannot_be_trained_leaves_no_run(
    factor_store: Store, tmp_path: Path, choices: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        train(factor_store, **({"recipe": quick_recipe(), "out": tmp_path / "run"} | choices))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_run_is_never_written_over(factor_store: Store, undisturbed: Run, tmp_path: Path) -> None:
    before = (undisturbed.path / "run.json").read_bytes()
    with pytest.raises(RunError, match="a run of that name") as refused:
        train(factor_store, quick_recipe(), undisturbed.path)
    assert "--resume" in refused.value.next
    assert (undisturbed.path / "run.json").read_bytes() == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="a file of that name"):
        train(factor_store, quick_recipe(), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("modality", "where"),
    [
        (ModalityRecipe(decoder=LinearExpert(("log(t - 10)",))), "decoder.basis"),
        (ModalityRecipe(decoder=LinearExpert(("lgo(t)",))), "decoder.basis"),
        (ModalityRecipe(BasisInput(), decoder=LinearExpert()), "decoder"),
        (ModalityRecipe(encoder=ConvEncoder(strides=(1,))), "encoder"),
        (ModalityRecipe(augment=Augmentation(shift=1)), "augment"),
    ],
)
def test_what_does_not_suit_a_modality_is_refused_with_its_place(
    modality: ModalityRecipe, where: str, factor_store: Store, tmp_path: Path
) -> None:
    recipe = msgspec.structs.replace(quick_recipe(), modalities={"vdos": modality})
    with pytest.raises(RecipeError) as refused:
        train(factor_store, recipe, tmp_path / "run", device="cpu")
    assert refused.value.where == f"modalities.vdos.{where}"
    assert not (tmp_path / "run").exists()


def test_two_trainings_of_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: new_run_folder(tmp_path / "runs"), range(24)))
    assert len(set(folders)) == 24
    assert all(folder.is_dir() for folder in folders)


def test_a_run_is_trained_by_one_process_at_a_time(factor_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "run"
    refused: list[str] = []

    def intrude(progress: Progress) -> None:
        if progress.state.epoch == 1:
            with pytest.raises(RunError, match="being trained") as refusal:
                resume(factor_store, path, device="cpu")
            refused.append(refusal.value.where)

    train(factor_store, quick_recipe(epochs=3), path, device="cpu", on_epoch=intrude)
    assert refused == [str(path)]


def test_a_training_that_diverges_is_refused_and_never_chosen(factor_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "run"
    with pytest.raises(RunError, match="diverged at epoch") as refused:
        train(factor_store, quick_recipe(learning_rate=1e6), path, device="cpu")
    assert "--learning-rate" in refused.value.next
    assert not (path / STATE_FILE).exists()
    assert not (path / "model.safetensors").exists()
    with pytest.raises(RunError, match="no unfinished run"):
        newest_unfinished(tmp_path)
    for attempt in (load_run, lambda each: resume(factor_store, each)):
        with pytest.raises(RunError, match="diverged"):
            attempt(path)
