"""What the model is told of a modality, and what it cannot be asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from model_examples import grid_shape

from fingerprint.errors import RecipeError
from fingerprint.model import ModalityShape
from fingerprint.recipe import LinearExpert


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
    space = grid_shape(5, scale=2.0).expert_space(LinearExpert(("1", "t^2")))
    np.testing.assert_array_equal(space.design, np.stack([np.ones(5), np.arange(5.0) ** 2], axis=1))
    curve = torch.arange(5.0)
    torch.testing.assert_close(space.measured(curve[None])[0], 2.0 * curve.double() + 0.5)


@pytest.mark.parametrize("shape", [grid_shape(3, 4), ModalityShape(torch.ones(1), 1.0, (1,))])
def test_an_expert_needs_a_curve(shape: ModalityShape) -> None:
    with pytest.raises(RecipeError, match="a curve over an axis"):
        shape.expert_space(LinearExpert())
