"""Recipe: the choices of one training. Typed, frozen, TOML in and out; an unknown key is an error.

A recipe file holds only what differs from `recipes/default.toml`, which holds every default. The default names no
modality: `prepare.plan` adds one section per modality that the store holds, and the run keeps the planned recipe.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w
from msgspec import Meta, Struct

from fingerprint.bundled import bundled
from fingerprint.errors import RecipeError

LARGEST = sys.float_info.max  # infinity and nan are no choices

Positive = Annotated[int, Meta(ge=1)]
NonNegative = Annotated[int, Meta(ge=0)]
Seed = Annotated[int, Meta(ge=0, lt=2**62)]
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
PositiveNumber = Annotated[float, Meta(gt=0, le=LARGEST)]
NonNegativeNumber = Annotated[float, Meta(ge=0, le=LARGEST)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
BelowOne = Annotated[float, Meta(ge=0, lt=1)]


class GridInput(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="grid"):
    """The model sees the values themselves, spectra on the common grid, centred and scaled.

    All are divided by one number, or with `scale = "each"` every point by its own standard deviation (A.3).
    """

    scale: Literal["one", "each"] = "one"


class BasisInput(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="basis"):
    """The model sees scores in a principal basis fitted on the training part.

    The basis is orthonormal, so a squared error of scores is the squared error of the curve but for a constant.
    """

    components: Positive = 20


class LinearEncoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="linear"):
    """One affine map to mean and log-variance."""


class MLPEncoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="mlp"):
    """Fully connected layers; `gain` widens the first one's weights.

    Inputs come to it with a mean square of 1: all divided by one number, or, with `whiten`, each by its own spread.
    """

    hidden: tuple[Positive, ...] = (128, 128)
    activation: Literal["silu", "elu", "relu"] = "silu"
    skip: bool = True
    gain: PositiveNumber = 1.0
    whiten: bool = False


class ConvEncoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="conv1d"):
    """One-dimensional convolutions, each with activation and batch norm, then one affine map (A.1)."""

    channels: tuple[Positive, ...] = (8, 16)
    kernel: Positive = 3
    stride: Positive = 1
    activation: Literal["silu", "elu", "relu"] = "elu"


class FixedVariance(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="fixed"):
    """The decoder's variance is a constant, in model units (section 2.5: 1)."""

    value: PositiveNumber = 1.0


class LearnedVariance(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="learned"):
    """The decoder's variance is learned: one number, or one per latent position (`depends_on_z`).

    `rate` multiplies the learning rate of the one number.
    """

    log_start: Number = -4.0
    rate: PositiveNumber = 3.0
    depends_on_z: bool = False


class MLPDecoder(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="mlp"):
    """Fully connected layers from the latent space; `hidden = []` with `skip` is a linear decoder."""

    hidden: tuple[Positive, ...] = (64, 64)
    activation: Literal["silu", "elu", "relu"] = "silu"
    skip: bool = True
    variance: FixedVariance | LearnedVariance = LearnedVariance()


class ModalityRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """How one modality enters and leaves the model. `weight` 0 means the balanced one, d_max / d_m."""

    input: GridInput | BasisInput = GridInput()
    encoder: LinearEncoder | MLPEncoder | ConvEncoder = MLPEncoder()
    decoder: MLPDecoder = MLPDecoder()
    weight: NonNegativeNumber = 0.0


class ModelRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """The latent space and its prior."""

    latent: Positive = 2
    clusters: Positive = 4
    decoders: Literal["per_modality", "per_cluster"] = "per_modality"


class PriorRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """When and how the Gaussian mixture follows the latent points (section 2.4)."""

    start: Fraction = 0.25  # share of the training before which the prior stays N(0, I)
    rate: Fraction = 0.02  # of the moving averages of the streaming EM
    posterior_variance: bool = True  # in Eq. 15's variance; see docs/deviations.md
    floor: PositiveNumber = 1e-3  # least cluster variance, relative to the total


class TrainingRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """The optimisation. `epochs` and `batch` 0 mean: chosen by `prepare.plan` from the number of specimens."""

    seed: Seed = 0
    split_seed: Seed = 0
    group: str = ""  # metadata column whose value keeps specimens in the same part of the split; "" is the specimen id
    restarts: Positive = 5
    epochs: NonNegative = 0
    batch: NonNegative = 0
    learning_rate: PositiveNumber = 1e-2
    betas: tuple[BelowOne, BelowOne] = (0.9, 0.99)
    weight_decay: NonNegativeNumber = 0.1
    warmup: NonNegative = 50  # steps
    kl_weight: PositiveNumber = 1.0
    terms: Literal["joint", "unimodal", "dropout"] = "unimodal"
    keep: Annotated[float, Meta(gt=0, le=1)] = 0.5  # probability of keeping a modality where `terms` is "dropout"
    level: Annotated[float, Meta(gt=0, lt=1)] = 0.9  # of the prediction intervals
    threads: Positive = 1  # of the CPU
    checkpoint_seconds: PositiveNumber = 20.0


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """Every choice of one training."""

    model: ModelRecipe = ModelRecipe()
    prior: PriorRecipe = PriorRecipe()
    training: TrainingRecipe = TrainingRecipe()
    modalities: dict[str, ModalityRecipe] = {}


def parse_recipe(text: str, where: str = "recipe") -> Recipe:
    """A recipe from TOML text.

    Raises:
        RecipeError: the text is no TOML, a key is unknown, or a value is impossible.
    """
    try:
        return msgspec.toml.decode(text, type=Recipe)
    except msgspec.DecodeError as error:
        default = bundled("recipes/default.toml")
        raise RecipeError(str(error), where=where, next=f"Every key and its default: {default}") from error


def format_recipe(recipe: Recipe) -> str:
    """The recipe as TOML, every value written out."""
    return tomli_w.dumps(msgspec.to_builtins(recipe))


def load_recipe(name: str | Path = "default", **choices: Any) -> Recipe:
    """A shipped recipe by name, or one from a TOML file, with single values replaced.

    Args:
        name: `default`, `vdos`, ... or the path of a TOML file.
        choices: single values by name, such as `clusters=4`, `latent=8`, `seed=3`, `epochs=100`.

    Raises:
        RecipeError: no such recipe, or a value is unknown or impossible.
    """
    path = _find(name)
    try:
        recipe = parse_recipe(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot be read: {error}", where=str(path)) from error
    return with_choices(recipe, **choices)


def with_choices(recipe: Recipe, **choices: Any) -> Recipe:
    """`recipe` with single values of its sections replaced, checked like a file's."""
    content: dict[str, Any] = msgspec.to_builtins(recipe)
    for key, value in choices.items():
        section = next((part for part in ("model", "prior", "training") if key in content[part]), None)
        if section is None:
            raise RecipeError(f"a recipe has no choice called {key!r}", expected=f"One of: {_choices(content)}.")
        content[section][key] = value
    try:
        return msgspec.convert(content, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(str(error), where="recipe") from error


def _find(name: str | Path) -> Path:
    path = Path(name)
    if path.suffix == ".toml" or len(path.parts) > 1:
        if not path.is_file():
            raise RecipeError("no such recipe file", where=str(path), next=f"Shipped recipes: {_shipped()}.")
        return path
    if str(name) not in _shipped().split(", "):
        raise RecipeError(
            f"no recipe is called {str(name)!r}",
            expected=f"Shipped recipes: {_shipped()}; or the path of a TOML file.",
        )
    return bundled(f"recipes/{name}.toml")


def _shipped() -> str:
    return ", ".join(sorted(path.stem for path in bundled("recipes").glob("*.toml")))


def _choices(content: dict[str, Any]) -> str:
    return ", ".join(sorted(key for part in ("model", "prior", "training") for key in content[part]))
