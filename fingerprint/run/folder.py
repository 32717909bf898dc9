"""Run: the folder that a training leaves, and how it is opened again.

    runs/NAME/
      run.json                   status, versions, seeds, snapshot of the store
      recipe.toml                every choice, written out
      split.json                 which specimens were for training, validation, test
      preparation.safetensors    grids, scalings, bases
      model.safetensors          the weights of all members
      history.json               one record per epoch
      calibration.json           what the intervals and the novelty rest on
      metrics.json               errors by part, members, clusters
      state.safetensors          only while the training is unfinished: what --resume needs
      .lock                      held while it is trained (`run.lock`)

A run predicts from its folder alone, on any machine. `run.json` is written last at each stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from fingerprint.errors import RecipeError, RunError
from fingerprint.files import write_atomically, write_bytes_atomically, write_text_atomically
from fingerprint.model import PIMA, ModalityShape
from fingerprint.prepare import Preparation
from fingerprint.prepare.archive import load_preparations, save_preparations
from fingerprint.recipe import Recipe, format_recipe, parse_recipe
from fingerprint.run.expert_records import check_curves, check_known, check_parameters, failed_expert
from fingerprint.run.records import FORMAT_VERSION, Calibration, EpochRecord, Metrics, RunInfo

STATE_FILE = "state.safetensors"


@dataclass(frozen=True)
class Run:
    """A training, opened. The model is in evaluation mode."""

    path: Path
    info: RunInfo
    recipe: Recipe
    preparations: dict[str, Preparation]
    model: PIMA
    parts: dict[str, str]
    history: tuple[EpochRecord, ...]
    calibration: Calibration
    metrics: Metrics

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name


def build_model(recipe: Recipe, preparations: Mapping[str, Preparation], generators: Sequence[torch.Generator]) -> PIMA:
    """The model that a planned recipe and fitted preparations describe, its first weights drawn from `generators`."""
    shapes = modality_shapes(recipe, preparations)
    return PIMA(recipe.model, recipe.modalities, shapes, generators, recipe.prior)


def modality_shapes(recipe: Recipe, preparations: Mapping[str, Preparation]) -> dict[str, ModalityShape]:
    """What the model is told of every modality.

    The weight of a modality is the user's, or d_max / d_m with d in model units (section 2.5).
    """
    most = max(preparation.features for preparation in preparations.values())
    return {
        name: _shape(preparation, recipe.modalities[name].weight or most / preparation.features)
        for name, preparation in preparations.items()
    }


def _shape(preparation: Preparation, weight: float) -> ModalityShape:
    spread = torch.as_tensor(preparation.spread(), dtype=torch.float32)
    if preparation.in_basis:
        return ModalityShape(spread, weight)
    return ModalityShape(
        spread,
        weight,
        preparation.shape,
        None if preparation.grid is None else torch.tensor(preparation.grid),
        torch.as_tensor(preparation.centre),
        torch.as_tensor(preparation.scale),
        preparation.modality.axis_unit,
        preparation.modality.unit,
        torch.as_tensor(preparation.components),
    )


def make_generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """One generator per seed, on the CPU so that every device sees the same draws."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def write_beginning(
    path: Path,
    info: RunInfo,
    recipe: Recipe,
    preparations: Mapping[str, Preparation],
    parts: Mapping[str, str],
) -> None:
    """Write what is known before the first epoch."""
    path.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path / "recipe.toml", format_recipe(recipe))
    write_bytes_atomically(path / "split.json", msgspec.json.encode(dict(sorted(parts.items()))))
    save_preparations(path / "preparation.safetensors", preparations)
    write_info(path, info)


def write_end(
    path: Path,
    info: RunInfo,
    model: PIMA,
    history: list[EpochRecord],
    calibration: Calibration,
    metrics: Metrics,
) -> None:
    """Write what the training has learned; `run.json` last. What an interrupted training left is not mixed with it."""
    if (path / "model.safetensors").exists():
        write_info(path, msgspec.structs.replace(info, status="running"))
    weights = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    write_atomically(path / "model.safetensors", lambda temporary: save_file(weights, temporary))
    write_bytes_atomically(path / "history.json", msgspec.json.encode(history))
    write_bytes_atomically(path / "calibration.json", msgspec.json.encode(calibration))
    write_bytes_atomically(path / "metrics.json", msgspec.json.format(msgspec.json.encode(metrics), indent=2))
    write_info(path, info)
    if info.status == "completed":
        (path / STATE_FILE).unlink(missing_ok=True)


def write_info(path: Path, info: RunInfo) -> None:
    """Write `run.json`."""
    write_bytes_atomically(path / "run.json", msgspec.json.format(msgspec.json.encode(info), indent=2))


def read_info(path: Path) -> RunInfo:
    """Read `run.json`.

    Raises:
        RunError: it is missing, damaged, or of another format.
    """
    if not (path / "run.json").is_file():
        raise RunError(
            "no such run",
            where=str(path),
            next="See what there is: ls runs. Make one: fingerprint train.",
        )
    content = _read_json(path / "run.json", dict[str, Any])
    version = content.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise RunError(
            f"the run has format {version}; this version of fingerprint reads up to {FORMAT_VERSION}",
            where=str(path),
            next="Upgrade: pip install --upgrade pima-fingerprint.",
        )
    if version < FORMAT_VERSION:
        raise RunError(
            f"the run has format {version}, from before the first release; its model cannot be read any more",
            where=str(path),
            expected=f"Format {FORMAT_VERSION}.",
            next="Train it again: fingerprint train.",
        )
    return _read_json(path / "run.json", RunInfo)


def load_run(path: str | Path, device: str = "cpu") -> Run:
    """Open a run that was completed, or interrupted and kept.

    Raises:
        RunError: it is missing, unfinished, damaged, or of another format; or an expert that it was trained with is not
            at hand (`load_plugin`), has changed, or fails.
    """
    folder = Path(path)
    info = read_info(folder)
    if info.status == "running":
        raise RunError(
            "the run is still being trained, or its training was killed",
            where=str(folder),
            next=f"Finish it: fingerprint train --resume --out {folder}.",
        )
    if info.status == "diverged":
        raise diverged(folder)
    recipe, preparations = read_recipe(folder), read_preparations(folder)
    check_known(folder, recipe, info)
    try:
        model = build_model(recipe, preparations, make_generators(info.seeds))
        check_parameters(folder, model, info)
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise failed_expert(folder, recipe, error) or _damaged(folder / "model.safetensors", error) from error
    check_curves(folder, model, info, recipe.model.latent)
    return Run(
        path=folder,
        info=info,
        recipe=recipe,
        preparations=preparations,
        model=model.to(device).eval(),
        parts=read_parts(folder),
        history=tuple(_read_json(folder / "history.json", list[EpochRecord])),
        calibration=_read_json(folder / "calibration.json", Calibration),
        metrics=_read_json(folder / "metrics.json", Metrics),
    )


def diverged(folder: Path) -> RunError:
    """What is said of a run whose training diverged."""
    return RunError(
        "the training of this run diverged: there is nothing to use or to go on with",
        where=str(folder),
        next="Train another with smaller steps: fingerprint train --learning-rate 1e-4.",
    )


def read_parts(folder: Path) -> dict[str, str]:
    """The part of the split of every specimen of a run.

    Raises:
        RunError: they are missing or damaged.
    """
    return _read_json(folder / "split.json", dict[str, str])


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a run.

    Raises:
        RunError: it is missing or damaged.
    """
    path = folder / "recipe.toml"
    try:
        text = path.read_text(encoding="utf-8")
        recipe = parse_recipe(text)
        whole = format_recipe(recipe)
        if text != whole and whole.startswith(text):  # the end is gone, and what is left is a recipe by chance
            raise RecipeError("its end is missing")
        return recipe
    except (OSError, UnicodeDecodeError, RecipeError) as error:
        raise _damaged(path, error) from error


def read_preparations(folder: Path) -> dict[str, Preparation]:
    """The preparations of a run.

    Raises:
        RunError: they are missing or damaged.
    """
    path = folder / "preparation.safetensors"
    try:
        return load_preparations(path)
    except (OSError, KeyError, AttributeError, SafetensorError, msgspec.MsgspecError) as error:
        raise _damaged(path, error) from error


def _read_json(path: Path, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> RunError:
    return RunError(
        f"the run is damaged: {error}",
        where=str(path),
        next="Train it again: fingerprint train; or copy it anew. Then remove the damaged one.",
    )
