"""What a recipe leaves open is written out from the data; what it says is kept."""

from __future__ import annotations

import numpy as np
import pytest
from measured_curves import block, gaussian_curves, scalars, spectra

from fingerprint.errors import DataError
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.prepare.plan import LARGEST_BATCH, LEAST_BATCH, LEAST_SPECIMENS, STEPS, plan, plan_modality
from fingerprint.recipe import (
    BasisInput,
    ConvEncoder,
    GridInput,
    LinearEncoder,
    ModalityRecipe,
    Recipe,
    TrainingRecipe,
    format_recipe,
    parse_recipe,
)

RAWS = {"dos": spectra(block(gaussian_curves(60))), "stress": scalars(np.arange(60.0))}


def test_every_modality_of_the_store_gets_a_section_in_alphabetical_order() -> None:
    planned = plan(Recipe(), {"stress": RAWS["stress"], "dos": RAWS["dos"]}, 60)
    assert list(planned.modalities) == ["dos", "stress"]
    assert isinstance(planned.modalities["dos"].input, BasisInput)
    assert isinstance(planned.modalities["stress"].input, GridInput)


def test_a_series_is_planned_like_a_spectrum() -> None:
    series = RawModality(Modality("dos", Kind.SERIES, axis_name="time"), RAWS["dos"].blocks)
    assert plan_modality(series) == plan_modality(RAWS["dos"])


@pytest.mark.parametrize("specimens", [3, 12, 60, 400])
def test_a_basis_is_no_larger_than_data_and_points_allow(specimens: int) -> None:
    chosen = plan_modality(spectra(block(gaussian_curves(specimens)))).input
    assert isinstance(chosen, BasisInput)
    assert 1 <= chosen.components <= max(1, min(30, specimens // 4))


@pytest.mark.parametrize("specimens", [20, 63, 64, 65, 500, 5000])
def test_batches_and_epochs_come_to_about_the_same_number_of_steps(specimens: int) -> None:
    training = plan(Recipe(), RAWS, specimens).training
    assert LEAST_BATCH <= training.batch <= LARGEST_BATCH
    batches = -(-specimens // training.batch)
    assert STEPS <= training.epochs * batches < STEPS + batches


def test_what_the_recipe_says_is_kept() -> None:
    own = ModalityRecipe(input=GridInput(), encoder=ConvEncoder(), weight=3.0)
    recipe = Recipe(modalities={"dos": own}, training=TrainingRecipe(epochs=7, batch=1000, seed=5))
    planned = plan(recipe, RAWS, 60)
    assert planned.modalities["dos"] == own
    assert planned.modalities["stress"] == plan_modality(RAWS["stress"])
    assert planned.training == recipe.training
    assert (planned.model, planned.prior) == (recipe.model, recipe.prior)


def test_a_modality_that_is_not_trained_on_loses_its_section() -> None:
    recipe = Recipe(modalities={"density": ModalityRecipe(encoder=LinearEncoder())})
    assert list(plan(recipe, RAWS, 60).modalities) == ["dos", "stress"]


def test_a_plan_is_planned_already() -> None:
    planned = plan(Recipe(), RAWS, 60)
    assert plan(planned, RAWS, 60) == planned
    assert parse_recipe(format_recipe(planned)) == planned


def test_too_few_specimens_are_refused() -> None:
    plan(Recipe(), RAWS, LEAST_SPECIMENS)
    with pytest.raises(DataError, match="19 specimens; at least 20"):
        plan(Recipe(), RAWS, LEAST_SPECIMENS - 1)


def test_modalities_without_a_common_specimen_are_refused() -> None:
    elsewhere = spectra(block(gaussian_curves(60), first=100))
    with pytest.raises(DataError, match="measured in two ways"):
        plan(Recipe(), {"stress": RAWS["stress"], "dos": elsewhere}, 120)
