"""Preparations on disk come back bit for bit."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
from measured_curves import block, gaussian_curves, same, scalars, spectra

from fingerprint.prepare import Preparation, fit_preparation
from fingerprint.prepare.archive import load_preparations, save_preparations
from fingerprint.recipe import BasisInput, GridInput


def prepared() -> dict[str, Preparation]:
    curves = spectra(block(gaussian_curves(50)))
    return {
        "a/b": fit_preparation(curves, BasisInput(4)),
        "dos": fit_preparation(curves, GridInput()),
        "stress": fit_preparation(scalars(np.random.default_rng(0).normal(size=20) / 3), GridInput()),
    }


def test_everything_comes_back(tmp_path: Path) -> None:
    before = prepared()
    save_preparations(tmp_path / "prepare.safetensors", before)
    after = load_preparations(tmp_path / "prepare.safetensors")
    assert list(after) == sorted(before)
    for name, preparation in before.items():
        for field in fields(Preparation):
            assert same(getattr(preparation, field.name), getattr(after[name], field.name)), (name, field.name)


def test_what_came_back_computes_the_same(tmp_path: Path) -> None:
    before, curves = prepared()["dos"], gaussian_curves(10, seed=3)
    save_preparations(tmp_path / "prepare.safetensors", {"dos": before})
    after = load_preparations(tmp_path / "prepare.safetensors")["dos"]
    assert same(after.to_model(curves), before.to_model(curves))
    assert same(after.strangeness(curves), before.strangeness(curves))
    assert same(after.on_grid(block(curves)).values, before.on_grid(block(curves)).values)


def test_writing_again_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "prepare.safetensors"
    save_preparations(path, prepared())
    save_preparations(path, {"stress": prepared()["stress"]})
    assert list(load_preparations(path)) == ["stress"]
    assert [each.name for each in tmp_path.iterdir()] == ["prepare.safetensors"]
