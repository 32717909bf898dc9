"""Variants: a shipped recipe with some of it changed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fingerprint.bundled import bundled
from fingerprint.errors import RecipeError
from fingerprint.experiments import EXPERIMENTS, Experiment, find_experiment
from fingerprint.experiments.variants import Variant, differences
from fingerprint.recipe import (
    LearnedVariance,
    LinearExpert,
    MLPDecoder,
    Recipe,
    format_recipe,
    load_recipe,
    parse_recipe,
    with_choices,
)


def built(changes: dict[str, Any], seed: int = 0) -> Recipe:
    return Variant("x", "", "mnist_lines", changes).build(seed)


def test_without_changes_it_is_the_recipe_with_its_seed() -> None:
    assert built({}, seed=7) == load_recipe("mnist_lines", seed=7)
    assert built({}, seed=7).training.seed == 7


def test_nested_keys_are_replaced_and_their_neighbours_stay() -> None:
    recipe = built({"model": {"latent": 3}, "modalities": {"image": {"augment": {"shift": 1}}}})
    before = load_recipe("mnist_lines")
    assert recipe.model == msgspec.structs.replace(before.model, latent=3)
    assert recipe.modalities["image"].augment == msgspec.structs.replace(before.modalities["image"].augment, shift=1)
    assert recipe.modalities["image"].encoder == before.modalities["image"].encoder
    assert recipe.modalities["line"] == before.modalities["line"]
    assert recipe.training == before.training


def test_without_a_kind_what_it_was_stays() -> None:
    line = built({"modalities": {"line": {"decoder": {"basis": ["1", "t"]}}}}).modalities["line"]
    assert line.decoder == LinearExpert(basis=("1", "t"), variance=LearnedVariance())


def test_a_kind_replaces_the_whole() -> None:
    line = built({"modalities": {"line": {"decoder": {"kind": "mlp", "hidden": [5]}}}}).modalities["line"]
    assert line.decoder == MLPDecoder(hidden=(5,))
    assert line.encoder == load_recipe("mnist_lines").modalities["line"].encoder


def test_none_takes_a_section_out() -> None:
    recipe = built({"modalities": {"image": None}})
    assert list(recipe.modalities) == ["line"]
    assert recipe.modalities["line"] == load_recipe("mnist_lines").modalities["line"]


def test_the_changes_themselves_stay_as_they_are() -> None:
    changes: dict[str, Any] = {"model": {"latent": 3}, "modalities": {"image": None}}
    built(changes)
    assert changes == {"model": {"latent": 3}, "modalities": {"image": None}}


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"latnet": 3}},
        {"model": {"latent": 0}},
        {"training": {"terms": "all"}},
        {"modle": {}},
        {"modalities": {"spectrum": None}},
    ],
)
def test_changes_that_make_no_recipe_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        built(changes)


@pytest.mark.parametrize(
    ("experiment", "variant"),
    [(each, variant) for each in EXPERIMENTS.values() for variant in each.variants],
    ids=lambda named: named.name,
)
def test_every_row_has_a_recipe(experiment: Experiment, variant: Variant) -> None:
    recipe = variant.build(3)
    assert recipe.training.seed == 3
    assert recipe.training.split == "part"
    assert recipe.training.restarts == 1
    assert recipe.model.clusters == 10
    assert set(recipe.modalities) <= set(experiment.data.modalities)


def test_rows_are_named_once_and_the_papers_are_among_them() -> None:
    for experiment in EXPERIMENTS.values():
        rows, names = experiment.all_rows, [told.name for told in experiment.paper]
        assert len(set(rows)) == len(rows)
        assert len(set(names)) == len(names)
        assert {told.name for told in experiment.quoted} == set(names) - set(rows)
        assert set(experiment.rows) <= set(rows)
    lines, oscillators = EXPERIMENTS["mnist_lines"], EXPERIMENTS["mnist_ode"]
    assert {"multimodal", "no-dropout", "image-only", "line-only", "no-expert"} <= set(lines.all_rows)
    assert {told.name for told in lines.paper} - {told.name for told in lines.quoted} <= set(lines.all_rows)
    assert list(oscillators.all_rows) == [told.name for told in oscillators.paper]


def test_an_experiment_is_found_by_its_name() -> None:
    assert find_experiment("mnist_ode") is EXPERIMENTS["mnist_ode"]
    with pytest.raises(RecipeError, match="no experiment is called 'mnist_spirals'"):
        find_experiment("mnist_spirals")


def test_what_the_paper_reports_is_found_by_row_and_source() -> None:
    reported = EXPERIMENTS["mnist_lines"].reported
    assert EXPERIMENTS["mnist_ode"].reported("conv-small", "joint") == "mean 62.6"
    assert reported("multimodal", "image") == "best 39.15"
    assert reported("no-expert", "joint") == "best 58.36"
    assert [reported("line-only", source) for source in ("image", "line", "spectrum")] == ["", "", ""]
    assert reported("latent-2", "joint") == ""


def test_a_recipe_is_the_one_that_a_run_keeps_of_it() -> None:
    recipe = built({}, seed=7)
    assert differences(recipe, parse_recipe(format_recipe(recipe))) == ()


def test_what_is_left_open_agrees_with_anything() -> None:
    recipe = load_recipe("default")
    assert (recipe.training.epochs, recipe.training.batch, recipe.modalities) == (0, 0, {})
    planned = msgspec.structs.replace(with_choices(recipe, epochs=40, batch=64), modalities=built({}).modalities)
    assert differences(recipe, planned) == ()
    assert differences(with_choices(recipe, batch=32), planned) == ("training.batch",)


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"model": {"latent": 3}}, ("model.latent",)),
        ({"training": {"epochs": 2}, "alignment": {"weight": 0.0}}, ("alignment.weight", "training.epochs")),
        ({"modalities": {"image": None}}, ("modalities.image",)),
        ({"modalities": {"line": {"decoder": {"basis": ["1", "t"]}}}}, ("modalities.line.decoder.basis",)),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], keys: tuple[str, ...]) -> None:
    assert differences(built(changes), built({})) == keys
    assert differences(built({}), built(changes)) == keys
    assert differences(built({}, seed=1), built({}, seed=2)) == ("training.seed",)


@pytest.mark.parametrize("path", sorted(bundled("recipes").glob("mnist_*.toml")), ids=lambda path: path.stem)
def test_every_mnist_recipe_parses(path: Any) -> None:
    recipe = parse_recipe(path.read_text(encoding="utf-8"))
    assert set(recipe.modalities) <= {"image", "line", "dx_dt", "dy_dt"}
    assert recipe.training.split == "part"
