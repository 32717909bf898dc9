"""What the model is told of a modality, and what it cannot be asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from model_examples import grid_shape

from fingerprint.errors import RecipeError
from fingerprint.model import ModalityShape
from fingerprint.model.experts import Law, build_laws
from fingerprint.recipe import LinearExpert, ModalityRecipe


def linear_law(shape: ModalityShape, basis: tuple[str, ...] = ("t",)) -> Law:
    return build_laws({"line": ModalityRecipe(decoder=LinearExpert(basis))}, {"line": shape})["line"][0]


def test_scores_are_on_no_grid() -> None:
    scores = ModalityShape(torch.ones(4), 2.0)
    assert scores.features == 4
    with pytest.raises(RecipeError, match="no neighbours") as refused:
        scores.on_grid("encoder")
    assert refused.value.where == "encoder"
    assert 'kind "grid"' in refused.value.expected


@pytest.mark.parametrize("shape", [(5,), (3, 4)])
def test_curves_and_images_are_on_theirs(shape: tuple[int, ...]) -> None:
    assert grid_shape(*shape).on_grid("encoder") == shape
    assert grid_shape(*shape).features == np.prod(shape)


def test_an_expert_has_its_functions_on_the_axis_and_the_units_of_the_data() -> None:
    """[Eq. 11]"""
    law = linear_law(grid_shape(5, scale=2.0), ("1", "t^2"))
    np.testing.assert_array_equal(law.design, np.stack([np.ones(5), np.arange(5.0) ** 2], axis=1))
    curve = torch.arange(5.0)
    measured = law.measured({"line": curve[None]})
    torch.testing.assert_close(measured[0], 2.0 * curve.double() + 0.5)
    torch.testing.assert_close(law.modelled(measured)[0][0], curve.double())


def test_an_expert_is_told_what_the_data_say_of_its_axis() -> None:
    """[Eq. 11]"""
    directions = torch.eye(5)[:2]
    shape = dataclasses.replace(grid_shape(5), t_unit="ps", unit="eV", directions=directions)
    told = shape.component("line")
    assert (told.name, told.t_unit, told.unit) == ("line", "ps", "eV")
    np.testing.assert_array_equal(told.t, np.arange(5.0))
    np.testing.assert_array_equal(told.mean, np.full(5, 0.5))  # pyright: ignore
    np.testing.assert_array_equal(told.directions, directions)  # pyright: ignore


@pytest.mark.parametrize("shape", [grid_shape(3, 4), ModalityShape(torch.ones(1), 1.0, (1,))])
def test_an_expert_needs_a_curve(shape: ModalityShape) -> None:
    with pytest.raises(RecipeError, match="a curve over an axis") as refused:
        linear_law(shape)
    assert refused.value.where == "modalities.line.decoder"


def test_an_expert_needs_points_and_no_scores() -> None:
    with pytest.raises(RecipeError, match="no axis") as refused:
        linear_law(ModalityShape(torch.ones(4), 2.0))
    assert 'kind "grid"' in refused.value.expected
