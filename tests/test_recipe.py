"""Recipes: what is written is what is meant, or it is refused with its place."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.bundled import bundled
from fingerprint.errors import RecipeError
from fingerprint.recipe import (
    AlignmentRecipe,
    Augmentation,
    BasisInput,
    ConvDecoder,
    ConvEncoder,
    ExpertComponent,
    FixedVariance,
    GridInput,
    LearnedVariance,
    LinearEncoder,
    LinearExpert,
    MLPDecoder,
    MLPEncoder,
    ModalityRecipe,
    ModelRecipe,
    PriorRecipe,
    Recipe,
    RegisteredExpert,
    TrainingRecipe,
    check_consistent,
    format_recipe,
    load_recipe,
    parse_recipe,
    with_choices,
)

SHIPPED = sorted(path.stem for path in bundled("recipes").glob("*.toml"))
EVERYTHING = Recipe(
    model=ModelRecipe(latent=3, clusters=7, decoders="per_cluster", fusion="mixture_of_products"),
    prior=PriorRecipe(
        seeding="scout", layout="separated", radius=5.0, start=0.5, update="epoch", points="terms", rate=1.0,
        posterior_variance=False, weights="gradient", responsibilities="draw", floor=1e-6, calibrate=True,
    ),
    alignment=AlignmentRecipe(weight=2.0, sharpness=0.3, adversarial=0.5, information=1.0, balance=3.0),
    training=TrainingRecipe(
        group="plate", split="part", terms="dropout", betas=(0.5, 0.999), learning_rate=1 / 3, precision="bfloat16"
    ),
    modalities={
        "a.b c": ModalityRecipe(
            BasisInput(3), MLPEncoder((), "relu", False, 2.0, True), MLPDecoder((), "relu", False, FixedVariance(0.1))
        ),
        "ramé": ModalityRecipe(
            GridInput("each"), ConvEncoder((1, 2), 5, (2, 1), True, True, "silu", "before"), MLPDecoder(), 2.5, 0.9
        ),
        "x": ModalityRecipe(encoder=LinearEncoder(), decoder=MLPDecoder(variance=LearnedVariance(-3, 1, True))),
        "image": ModalityRecipe(
            decoder=ConvDecoder((3, 4), 5, (3,), "elu", FixedVariance(2.0)), augment=Augmentation(1, 10.0, 0.1, 0.2)
        ),
        "line": ModalityRecipe(decoder=LinearExpert(("1", "exp(-t)"), "gradient", FixedVariance(0.5)), outliers=0.2),
        "rate": ModalityRecipe(
            decoder=RegisteredExpert(
                "ode", {"count": 4, "given": ["x", "y^2"]}, ("rate", "other"), ("alpha",), ("beta",), {"gamma": -0.1},
                {"beta": 1e-3}, {"beta": (0.0, float("inf"))}, "gradient", FixedVariance(0.3),
            )
        ),
        "other": ModalityRecipe(decoder=ExpertComponent("rate", FixedVariance(0.1))),
    },
)  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recipe_parses_and_comes_back(name: str) -> None:
    recipe = load_recipe(name)
    assert parse_recipe(format_recipe(recipe)) == recipe


def test_the_default_recipe_writes_out_every_default_and_nothing_else() -> None:
    assert load_recipe() == load_recipe("default") == Recipe()
    written = tomllib.loads(bundled("recipes/default.toml").read_text(encoding="utf-8"))
    assert {section: set(keys) for section, keys in written.items()} == {
        section: set(keys) for section, keys in msgspec.to_builtins(Recipe()).items() if section != "modalities"
    }


def test_everything_that_can_be_chosen_comes_back_from_toml() -> None:
    assert parse_recipe(format_recipe(EVERYTHING)) == EVERYTHING


@given(
    st.floats(1e-300, 1e300),
    st.floats(0, 1),
    st.integers(0, 2**62 - 1),
    st.lists(st.integers(1, 9), max_size=4),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=9),
)
def test_values_come_back_to_the_last_bit(number: float, share: float, seed: int, hidden: list[int], name: str) -> None:
    recipe = Recipe(
        prior=PriorRecipe(rate=share),
        training=TrainingRecipe(learning_rate=number, seed=seed, group=name),
        modalities={name: ModalityRecipe(encoder=MLPEncoder(tuple(hidden)))},
    )
    assert parse_recipe(format_recipe(recipe)) == recipe


def test_a_file_needs_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[model]\nclusters = 9\n")
    assert load_recipe(path) == Recipe(model=ModelRecipe(clusters=9))
    assert load_recipe(str(path)) == load_recipe(path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cluster = 3", "cluster is no key of a recipe; did you mean model.clusters?"),
        ("[modle]\nclusters = 3", "modle is no key of a recipe; did you mean model?"),
        ("[model]\ncluster = 3", "model.cluster is no key of a recipe; did you mean model.clusters?"),
        (
            '[modalities.a]\npreprocess = [{ kind = "snv" }, { kind = "savitzky_golay", ordre = 2 }]',
            "modalities.a.preprocess[1].ordre is no key of a recipe; did you mean modalities.a.preprocess[1].order?",
        ),
        ("[prior]\nseedin = 3", "prior.seedin is no key of a recipe; did you mean prior.seeding?"),
        ("[training]\nlatent = 3", "training.latent is no key of a recipe; did you mean model.latent?"),
        ("[training]\nlr = 0.1", "training.lr is no key of a recipe"),
        (
            '[modalities.x.encoder]\nkind = "linear"\nhidden = [3]',
            "modalities.x.encoder.hidden is no key of a recipe",
        ),
        (
            '[modalities.w]\n[modalities.x.decoder]\nkind = "conv"\n'
            '[modalities.x.decoder.variance]\nkind = "learned"\nlog_strat = 3.0',
            "modalities.x.decoder.variance.log_strat is no key of a recipe; "
            "did you mean modalities.x.decoder.variance.log_start?",
        ),
        (
            "[modalities.x]\nwieght = 3",
            "modalities.x.wieght is no key of a recipe; did you mean modalities.x.weight?",
        ),
    ],
)
def test_an_unknown_key_is_named_with_its_file(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RecipeError) as refused:
        load_recipe(path)
    assert refused.value.where == str(path)
    assert refused.value.what == named
    assert refused.value.expected.startswith("Known there: ")
    assert Path(refused.value.next.removeprefix("Every key and its default: ")).is_file()


@pytest.mark.parametrize(
    "text",
    [
        "[model]\nlatent = 0",
        "[model]\nclusters = -1",
        "[model]\nclusters = 2.5",
        '[model]\nclusters = "4"',
        '[model]\ndecoders = "both"',
        "[prior]\nstart = 1.01",
        "[prior]\nrate = -0.1",
        "[prior]\nfloor = 0.0",
        '[prior]\nposterior_variance = "yes"',
        "[training]\nseed = -1",
        "[training]\nseed = true",
        f"[training]\nseed = {2**64}",
        "[training]\nlearning_rate = 0.0",
        "[training]\nlearning_rate = inf",
        "[training]\nlearning_rate = nan",
        "[training]\nbetas = [0.9, 1.0]",
        "[training]\nbetas = [0.9]",
        "[training]\nkl_weight = 0.0",
        "[training]\nweight_decay = inf",
        "[training]\nkeep = 0.0",
        "[training]\nlevel = 1.0",
        '[training]\nterms = "all"',
        '[modalities.x.encoder]\nkind = "conv2d"',
        "[modalities.x.encoder]\nhidden = [3]",
        '[modalities.x.encoder]\nkind = "mlp"\nhidden = [0]',
        '[modalities.x.decoder.variance]\nkind = "learned"\nlog_start = nan',
        '[modalities.x.decoder.variance]\nkind = "fixed"\nvalue = 0.0',
        '[modalities.x.input]\nkind = "basis"\ncomponents = 0',
        '[modalities.x.input]\nkind = "grid"\nscale = "two"',
        '[model]\nfusion = "sum"',
        '[prior]\nseeding = "kmeans"',
        '[prior]\nlayout = "far"',
        "[prior]\nradius = 0.0",
        "[prior]\nvariance = -1.0",
        '[prior]\nweights = "even"',
        '[prior]\nupdate = "batch"',
        "[alignment]\nweight = -1.0",
        "[alignment]\nweight = inf",
        "[alignment]\nsharpness = 0.0",
        "[training]\njoin = 1.5",
        '[training]\nprecision = "float16"',
        "[training]\nthreads = 0",
        '[modalities.x.encoder]\nkind = "conv"\nstrides = [0]',
        '[modalities.x.encoder]\nkind = "conv"\nstrides = 2',
        '[modalities.x.encoder]\nkind = "conv"\nstride = 2',
        '[modalities.x.encoder]\nkind = "conv"\nnorm = "none"',
        '[modalities.x.decoder]\nkind = "conv"\nkernel = 0',
        '[modalities.x.decoder]\nkind = "linear_expert"\nbasis = "t"',
        '[modalities.x.decoder]\nkind = "linear_expert"\nsolve = "guess"',
        '[modalities.x.decoder]\nkind = "expert"',
        '[modalities.x.decoder]\nkind = "expert"\nname = "decay"\nsolve = "closed_form"',
        '[modalities.x.decoder]\nkind = "expert"\nname = "decay"\nfixed = { rate = nan }',
        '[modalities.x.decoder]\nkind = "expert"\nname = "decay"\nstart = { rate = inf }',
        '[modalities.x.decoder]\nkind = "expert"\nname = "decay"\nbounds = { rate = [0.0] }',
        '[modalities.x.decoder]\nkind = "component"',
        "[modalities.x]\noutliers = 1.0",
        "[modalities.x]\nkeep = 1.1",
        "[modalities.x.augment]\nshift = -1",
        "[modalities.x.augment]\nshift = 0.5",
        "[modalities.x.augment]\nscale = 1.0",
        "[model",
        "clusters",
    ],
)
def test_an_impossible_value_is_refused(text: str) -> None:
    with pytest.raises(RecipeError) as refused:
        parse_recipe(text, "mine.toml")
    assert refused.value.where == "mine.toml"
    assert refused.value.what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[model]\nclusters = "4"', "model.clusters: expected `int`, got `str`"),
        ("[training]\nbetas = [0.9, 1.0]", "training.betas[1]: expected `float` < 1.0"),
        ('[modalities.w]\n[modalities.x.encoder]\nkind = "mlp"\nhidden = [0]', "modalities.x.encoder.hidden[0]: "),
        ("[modalities]\nx = 3", "modalities.x: expected `object`, got `int`"),
        ("modalities = 3", "modalities: expected `object`, got `int`"),
    ],
)
def test_an_impossible_value_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(RecipeError) as refused:
        parse_recipe(text)
    assert refused.value.what.startswith(said)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path in (binary, tmp_path / "none.toml", tmp_path):
        with pytest.raises(RecipeError):
            load_recipe(path)


def test_a_recipe_that_is_not_shipped_names_those_that_are() -> None:
    with pytest.raises(RecipeError) as refused:
        load_recipe("defualt")
    assert "default" in refused.value.expected


def test_choices_replace_single_values() -> None:
    recipe = with_choices(EVERYTHING, clusters=2, seed=4, learning_rate=1, floor=0.5)
    assert recipe.model == msgspec.structs.replace(EVERYTHING.model, clusters=2)
    assert (recipe.training.seed, recipe.training.learning_rate) == (4, 1.0)
    assert recipe.prior.floor == 0.5
    assert recipe.modalities == EVERYTHING.modalities
    assert with_choices(EVERYTHING) == EVERYTHING
    assert load_recipe("default", clusters=2) == Recipe(model=ModelRecipe(clusters=2))


def test_choices_are_checked_like_a_files() -> None:
    with pytest.raises(RecipeError, match="'cluster'") as refused:
        with_choices(Recipe(), cluster=3)
    assert "clusters" in refused.value.expected
    for wrong in ({"clusters": 0}, {"seed": "1"}, {"decoders": "both"}, {"learning_rate": float("nan")}):
        with pytest.raises(RecipeError, match=next(iter(wrong))):
            with_choices(Recipe(), **wrong)


def test_a_choice_belongs_to_one_section_alone() -> None:
    """Or `with_choices` could not tell which is meant."""
    content = msgspec.to_builtins(Recipe())
    keys = [key for section in ("model", "prior", "training") for key in content[section]]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("choice", "has_expert"),
    [
        (ModalityRecipe(), False),
        (ModalityRecipe(outliers=0.1), False),
        (ModalityRecipe(decoder=LinearExpert()), True),
        (ModalityRecipe(decoder=RegisteredExpert("decay")), True),
        (ModalityRecipe(decoder=ExpertComponent("other")), True),
    ],
)
def test_which_modality_has_an_expert(choice: ModalityRecipe, has_expert: bool) -> None:
    assert choice.has_expert is has_expert


def test_strides_are_one_for_each_layer_or_none_for_one_everywhere() -> None:
    assert [ConvEncoder((1, 2, 3), strides=(3, 1, 2)).stride(layer) for layer in range(3)] == [3, 1, 2]
    assert [ConvEncoder((1, 2)).stride(layer) for layer in range(2)] == [1, 1]


def test_outliers_that_are_never_doubted_are_refused() -> None:
    line = ModalityRecipe(decoder=LinearExpert(), outliers=0.1)
    recipe = msgspec.structs.replace(load_recipe("default"), modalities={"line": line})
    check_consistent(recipe)
    never = msgspec.structs.replace(recipe, training=msgspec.structs.replace(recipe.training, join=1.0))
    with pytest.raises(RecipeError, match="it never is"):
        check_consistent(never)


@pytest.mark.parametrize(
    ("choices", "where"),
    [
        ({"fixed": {"rate": 1.0}, "shared": ("rate",)}, "shared"),
        ({"fixed": {"rate": 1.0}, "along_z": ("rate",), "solve": "gradient"}, "along_z"),
        ({"fixed": {"rate": 1.0}, "start": {"rate": 2.0}}, "start"),
        ({"fixed": {"rate": 1.0}, "bounds": {"rate": (0.0, 2.0)}}, "bounds"),
        ({"bounds": {"rate": (2.0, 0.0)}}, "bounds"),
    ],
)
def test_what_is_fixed_is_not_sought_and_bounds_leave_room(choices: dict[str, Any], where: str) -> None:
    law = ModalityRecipe(decoder=RegisteredExpert("decay", **choices))
    with pytest.raises(RecipeError, match="rate") as refused:
        check_consistent(msgspec.structs.replace(load_recipe("default"), modalities={"line": law}))
    assert refused.value.where == f"modalities.line.decoder.{where}"
