"""The end of a training, and what the training part's grid does not suit."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from same_run import assert_same_run
from two_factors import AXIS, TwoFactors, fill_store, quick_recipe

from fingerprint.modality import Block, RawModality
from fingerprint.recipe import ModalityRecipe
from fingerprint.store import Store
from fingerprint.training import Part, Progress, resume, split, train
from fingerprint.training.settle import settle

module = sys.modules[train.__module__]


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_after_the_last_epoch_does_not_lose_the_end(
    factor_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, presses: int
) -> None:
    def pressed(*arguments: Any) -> int:
        for _ in range(presses):
            signal.raise_signal(signal.SIGINT)
        return settle(*arguments)

    path = tmp_path / "run"
    monkeypatch.setattr(module, "settle", pressed)
    if presses == 1:
        assert train(factor_store, quick_recipe(epochs=3), path, device="cpu").info.status == "completed"
        return
    with pytest.raises(KeyboardInterrupt):
        train(factor_store, quick_recipe(epochs=3), path, device="cpu")
    monkeypatch.undo()
    assert resume(factor_store, path, device="cpu").info.status == "completed"


def test_modalities_that_the_recipe_does_not_name_are_told(factor_data: TwoFactors, tmp_path: Path) -> None:
    store = fill_store(tmp_path / "store", factor_data, ("density", "stress", "vdos"))
    named = msgspec.structs.replace(quick_recipe(epochs=1), modalities={"vdos": ModalityRecipe()})
    told: list[str] = []
    train(store, named, tmp_path / "a", device="cpu", on_warning=told.append)
    assert told == [
        "Left out, since the recipe does not name them: density, stress. Give the recipe a section "
        "[modalities.density], or name all that is meant: --modalities density,stress,vdos."
    ]
    train(store, named, tmp_path / "b", device="cpu", modalities=["vdos"], on_warning=told.append)
    train(store, quick_recipe(epochs=1), tmp_path / "c", device="cpu", on_warning=told.append)
    assert len(told) == 1


def test_held_out_specimens_that_the_grid_does_not_suit_are_left_out_and_named(
    factor_data: TwoFactors, tmp_path: Path
) -> None:
    parts = split(factor_data.ids, quick_recipe().training.split_seed)
    short = {next(each for each in factor_data.ids if parts[each] is part) for part in (Part.VALIDATION, Part.TEST)}
    raw = factor_data.raws["vdos"]
    rest = raw.keeping(set(factor_data.ids) - short).blocks
    (cut,) = raw.keeping(short).blocks
    block = Block(cut.specimens, cut.values[:, :15], AXIS[:15])
    data = factor_data._replace(raws=factor_data.raws | {"vdos": RawModality(raw.modality, (*rest, block))})
    warnings: list[str] = []

    def interrupt(progress: Progress) -> None:
        if progress.state.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    store, recipe = fill_store(tmp_path / "store", data), quick_recipe(epochs=4)
    whole = train(store, recipe, tmp_path / "whole", device="cpu", on_warning=warnings.append)
    assert set(whole.parts) == set(factor_data.ids)  # each has its stress as well
    assert len(warnings) == 1
    assert warnings[0].startswith("Left out: the vdos of 2 specimens")
    assert all(each in warnings[0] for each in short)
    train(store, recipe, tmp_path / "run", device="cpu", on_epoch=interrupt)
    resume(store, tmp_path / "run", device="cpu")
    assert_same_run(tmp_path / "run", whole.path)
