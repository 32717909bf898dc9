"""recipes/vdos.toml is what the default recipe comes to for the silicon set."""

from __future__ import annotations

from pathlib import Path

import fingerprint
from fingerprint.bundled import bundled
from fingerprint.recipe import load_recipe
from fingerprint.training.data import choose_modalities, make_plan, read_measured


def test_the_default_recipe_plans_the_silicon_recipe(tmp_path: Path) -> None:
    store = fingerprint.open_store(tmp_path / "store", create=True)
    fingerprint.ingest([bundled("datasets/silicon_vdos/vdos")], store)
    recipe, at = load_recipe("default"), store.snapshot()
    planned = make_plan(recipe, read_measured(store, recipe, choose_modalities(store, recipe, at), at))
    assert planned == load_recipe("vdos")
