"""Recipe: the choices of one training. Typed, frozen, TOML in and out."""

from fingerprint.recipe.consistency import check_consistent
from fingerprint.recipe.files import Recipe, format_recipe, load_recipe, parse_recipe, with_choices
from fingerprint.recipe.networks import (
    Activation,
    Augmentation,
    BasisInput,
    ConvDecoder,
    ConvEncoder,
    Decoder,
    Encoder,
    FixedVariance,
    GridInput,
    LearnedVariance,
    LinearEncoder,
    LinearExpert,
    MLPDecoder,
    MLPEncoder,
    ModalityRecipe,
    Variance,
)
from fingerprint.recipe.stages import AlignmentRecipe, Fusion, ModelRecipe, PriorRecipe, Terms, TrainingRecipe

__all__ = [
    "Activation",
    "AlignmentRecipe",
    "Augmentation",
    "BasisInput",
    "ConvDecoder",
    "ConvEncoder",
    "Decoder",
    "Encoder",
    "FixedVariance",
    "Fusion",
    "GridInput",
    "LearnedVariance",
    "LinearEncoder",
    "LinearExpert",
    "MLPDecoder",
    "MLPEncoder",
    "ModalityRecipe",
    "ModelRecipe",
    "PriorRecipe",
    "Recipe",
    "Terms",
    "TrainingRecipe",
    "Variance",
    "check_consistent",
    "format_recipe",
    "load_recipe",
    "parse_recipe",
    "with_choices",
]
