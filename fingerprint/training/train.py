"""train: from a store and a recipe to a run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import torch

from fingerprint.errors import RecipeError, RunError
from fingerprint.model import PIMA
from fingerprint.prepare import Preparation
from fingerprint.recipe import Recipe, check_consistent, check_telling, load_recipe
from fingerprint.run import (
    STATE_FILE,
    Run,
    RunInfo,
    build_model,
    check_known,
    check_parameters,
    diverged,
    expert_records,
    load_run,
    locked,
    make_generators,
    modality_shapes,
    read_info,
    read_parts,
    read_preparations,
    read_recipe,
    write_beginning,
    write_end,
    write_info,
)
from fingerprint.store import Snapshot, Store
from fingerprint.training.batch import batch_source, make_augmenters
from fingerprint.training.data import (
    Measured,
    choose_modalities,
    drop_unusable,
    fit_preparations,
    make_plan,
    metadata_column,
    part_data,
    read_measured,
    repeated_measurements,
)
from fingerprint.training.evaluation import calibrate, evaluate, second_half
from fingerprint.training.interrupt import Interruption, interruptible
from fingerprint.training.settle import settle
from fingerprint.training.split import Part
from fingerprint.training.state import TrainingState
from fingerprint.training.threads import cpu_threads
from fingerprint.training.trainer import make_optimizer
from fingerprint.training.watch import DivergedError, Progress, run_watched

NAMED = 5  # specimens in a warning


def train(
    store: Store,
    recipe: Recipe | None = None,
    out: str | Path | None = None,
    *,
    runs: str | Path = "runs",
    modalities: Sequence[str] | None = None,
    device: str = "auto",
    label: str = "",
    on_plan: Callable[[Recipe, Mapping[str, Preparation]], None] = lambda recipe, preparations: None,
    on_warning: Callable[[str], None] = lambda warning: None,
    on_epoch: Callable[[Progress], None] = lambda progress: None,
    on_interrupt: Callable[[], None] = lambda: None,
) -> Run:
    """Train PIMA on a store. [Algorithm 1]

    Ctrl-C ends the training after the epoch that runs, and leaves a usable run with status "interrupted".

    Args:
        store: what was measured.
        recipe: the choices; the shipped default where None.
        out: the run's folder, which must not hold a run yet; a new one under `runs` where None.
        runs: holds the runs that are not named.
        modalities: only these; all of the recipe's, or of the store's where it names none, if None.
        device: "auto" (CUDA if there is one), or as torch names it.
        label: metadata column for the `accuracy` in the metrics; it is never trained on.
        on_plan: told the planned recipe, and how each modality is prepared, before the first epoch.
        on_warning: told what is left out: modalities that the recipe does not name, measurements off the grid.
        on_epoch: told after every epoch.
        on_interrupt: told of the first Ctrl-C when it comes, from another thread.

    Raises:
        DataError: the measurements cannot serve the recipe.
        RecipeError: the device cannot be used, no specimen has `label`, or the data do not suit the recipe.
        RunError: `out` holds a run already, or is a file; or the training diverged.
    """
    recipe = recipe or load_recipe()
    if out is not None:
        _check_free(Path(out))
    device, at = choose_device(device), store.snapshot()
    labels = metadata_column(store, label, at) if label else None
    names = choose_modalities(store, recipe, at, modalities)
    unnamed = sorted(set(store.modalities(at)) - set(names)) if recipe.modalities and not modalities else []
    if unnamed:
        on_warning(
            f"Left out, since the recipe does not name {'it' if len(unnamed) == 1 else 'them'}: {', '.join(unnamed)}. "
            f"Give the recipe a section [modalities.{unnamed[0]}], or name all that is meant: "
            f"--modalities {','.join(sorted([*names, *unnamed]))}."
        )
    measured = read_measured(store, recipe, names, at)
    planned = make_plan(recipe, measured)
    check_consistent(planned)
    preparations = fit_preparations(planned, measured)
    model = _check_suits(planned, preparations)
    on_plan(planned, preparations)
    measured, unusable = drop_unusable(measured, preparations)
    for name, left_out in unusable.items():
        some = ", ".join([*sorted(left_out)[:NAMED], *(["..."] if len(left_out) > NAMED else [])])
        many = f"{len(left_out)} specimen{'' if len(left_out) == 1 else 's'}"
        on_warning(f"Left out: the {name} of {many} ({some}). Of the first: {left_out[min(left_out)]}.")
    seeds = tuple(range(planned.training.seed, planned.training.seed + planned.training.restarts))
    info = RunInfo(
        status="running",
        seeds=seeds,
        map_member=0,
        position=at.position,
        ingest=at.ingest,
        created=datetime.now(UTC).isoformat(),
        seconds=0.0,
        versions=_versions(),
        label=label,
        experts=expert_records(planned, model),
    )
    parts = {specimen: str(part) for specimen, part in measured.parts.items()}
    path = Path(out) if out is not None else new_run_folder(Path(runs))
    path.mkdir(parents=True, exist_ok=True)
    with locked(path):
        _check_free(path)
        write_beginning(path, info, planned, preparations, parts)
        return _train(store, path, info, device, labels, on_epoch, on_interrupt)


def resume(
    store: Store,
    out: str | Path,
    *,
    device: str = "auto",
    label: str = "",
    on_epoch: Callable[[Progress], None] = lambda progress: None,
    on_interrupt: Callable[[], None] = lambda: None,
) -> Run:
    """Continue a training that was interrupted or killed, on the data and choices that it began with.

    On a CPU the result is bit for bit that of a training that was never disturbed.

    Raises:
        RunError: there is no such run, or it is complete, damaged, or being trained; or the training diverged; or an
            expert of it is not at hand, or has changed.
        StoreError: the store is not the one that it began with.
    """
    path = Path(out)
    read_info(path)
    with locked(path):
        info = read_info(path)
        if info.status == "completed":
            raise RunError("the run is complete", where=str(path), next="Train another: fingerprint train.")
        if info.status == "diverged":
            raise diverged(path)
        check_known(path, read_recipe(path), info)
        label = label or info.label
        labels = metadata_column(store, label, Snapshot(info.position, info.ingest)) if label else None
        return _train(store, path, info, choose_device(device), labels, on_epoch, on_interrupt)


def new_run_folder(runs: Path) -> Path:
    """Make a folder that nobody else has, named by the time."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    runs.mkdir(parents=True, exist_ok=True)
    folder, number = runs / stamp, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = runs / f"{stamp}-{number}"
        else:
            return folder


def choose_device(device: str) -> str:
    """The device that "auto" stands for, or the one named.

    Raises:
        RecipeError: torch does not have it.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(
            f"device {device!r} cannot be used: {reason}", next="Use --device auto, or --device cpu."
        ) from error
    return device


def _check_suits(recipe: Recipe, preparations: Mapping[str, Preparation]) -> PIMA:
    """Refuse networks, formulas and changes that the data do not suit, before anything is written."""
    model = build_model(recipe, preparations, make_generators((0,)))
    check_telling(recipe, model.telling())
    make_augmenters(recipe, modality_shapes(recipe, preparations), torch.device("cpu"))
    return model


def _check_free(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise RunError("there is a file of that name", where=str(path), next="Choose another --out.")
    if (path / "run.json").exists():
        raise RunError(
            "there is a run of that name already",
            where=str(path),
            next=f"Go on with it: fingerprint train --resume --out {path}; or choose another --out.",
        )


def _train(
    store: Store,
    path: Path,
    info: RunInfo,
    device: str,
    labels: Mapping[str, str] | None,
    on_epoch: Callable[[Progress], None],
    on_interrupt: Callable[[], None],
) -> Run:
    """Train from what the run's folder says to the end, or to the next interruption."""
    recipe = read_recipe(path)
    with cpu_threads(recipe.training.threads), interruptible(on_interrupt) as interruption:
        return _train_with(recipe, store, path, info, device, labels, on_epoch, interruption)


def _train_with(
    recipe: Recipe,
    store: Store,
    path: Path,
    info: RunInfo,
    device: str,
    labels: Mapping[str, str] | None,
    on_epoch: Callable[[Progress], None],
    interruption: Interruption,
) -> Run:
    begun = time.monotonic()
    at = Snapshot(info.position, info.ingest)
    raws = {name: store.read(name, at=at) for name in sorted(recipe.modalities)}
    preparations = read_preparations(path)
    parts = {specimen: Part(part) for specimen, part in read_parts(path).items()}
    measured, _ = drop_unusable(Measured(raws, parts), preparations)
    data = part_data(measured, preparations, device)

    generators = make_generators(info.seeds)
    model = build_model(recipe, preparations, generators).to(device)
    check_parameters(path, model, info)
    state = TrainingState(model, make_optimizer(model, recipe), generators)
    drawn = repeated_measurements(recipe, measured, preparations, device)
    shapes = modality_shapes(recipe, preparations)
    source = batch_source(recipe, data[Part.TRAIN].tensors, shapes, model.telling(), drawn)
    if (path / STATE_FILE).exists():
        state.restore(path / STATE_FILE)
    try:
        stopped = run_watched(state, recipe, source, data[Part.VALIDATION].tensors, path, on_epoch, interruption)
    except DivergedError:
        write_info(path, msgspec.structs.replace(info, status="diverged"))
        raise

    train_tensors = data[Part.TRAIN].tensors
    map_member = settle(state, recipe, train_tensors, data[Part.VALIDATION].tensors)
    held_out = second_half(data[Part.VALIDATION]) if recipe.prior.calibrate else data[Part.VALIDATION]
    calibration = calibrate(model.eval(), preparations, held_out, recipe.training.level)
    metrics = evaluate(model, preparations, data, info.seeds, map_member, labels)
    info = msgspec.structs.replace(
        info,
        status="interrupted" if stopped else "completed",
        map_member=map_member,
        seconds=info.seconds + time.monotonic() - begun,
        experts=expert_records(recipe, model, map_member),
    )
    write_end(path, info, model, state.history, calibration, metrics)
    return load_run(path)


def _versions() -> dict[str, str]:
    return {
        "fingerprint": version("pima-fingerprint"),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }
