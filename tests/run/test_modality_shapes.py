"""What a run tells its model of each modality."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from two_factors import AXIS, two_factors

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.model.experts import build_laws
from fingerprint.prepare import Preparation, fit_preparation
from fingerprint.recipe import BasisInput, GridInput, LinearExpert, ModalityRecipe, Recipe
from fingerprint.run import modality_shapes


def prepared() -> dict[str, Preparation]:
    """A spectrum as scores and as it is, a scalar, an image."""
    data = two_factors(60)
    images = np.random.default_rng(0).normal(size=(60, 4, 5))
    image = RawModality(Modality("image", Kind.IMAGE), (Block(data.ids, images),))
    return {
        "image": fit_preparation(image, GridInput()),
        "scores": fit_preparation(data.raws["vdos"], BasisInput(3)),
        "stress": fit_preparation(data.raws["stress"], GridInput()),
        "vdos": fit_preparation(data.raws["vdos"], GridInput("each")),
    }


def recipe(**weights: float) -> Recipe:
    names = ("image", "scores", "stress", "vdos")
    return Recipe(modalities={name: ModalityRecipe(weight=weights.get(name, 0.0)) for name in names})


def test_reconstructions_are_balanced_by_the_number_of_coordinates() -> None:
    """[Eq. 13] Section 2.5: d_max / d_m, or the user's."""
    shapes = modality_shapes(recipe(stress=7.0), prepared())
    assert {name: shape.weight for name, shape in shapes.items()} == {
        "image": 40 / 20,
        "scores": pytest.approx(40 / 3),
        "stress": 7.0,
        "vdos": 1.0,
    }


def test_what_is_seen_point_by_point_has_its_shape_and_scores_have_none() -> None:
    shapes = modality_shapes(recipe(), prepared())
    assert {name: shape.shape for name, shape in shapes.items()} == {
        "image": (4, 5),
        "scores": (),
        "stress": (1,),
        "vdos": (40,),
    }
    assert {name: shape.features for name, shape in shapes.items()} == {
        "image": 20,
        "scores": 3,
        "stress": 1,
        "vdos": 40,
    }
    assert shapes["image"].t is None
    assert shapes["scores"].centre is None


def test_an_expert_sees_the_axis_and_the_units_of_the_data() -> None:
    """[Eq. 11] Also where every point has a scale of its own."""
    preparations = prepared()
    shape = modality_shapes(recipe(), preparations)["vdos"]
    law = build_laws({"vdos": ModalityRecipe(decoder=LinearExpert(("1", "t")))}, {"vdos": shape})["vdos"][0]
    np.testing.assert_allclose(law.design[:, 1], AXIS)
    model = torch.randn((3, 40), generator=torch.Generator().manual_seed(0))
    expected = preparations["vdos"].to_physical(model.double().numpy())
    np.testing.assert_allclose(law.measured({"vdos": model}), expected)
    modality, told = preparations["vdos"].modality, shape.component("vdos")
    assert (told.t_unit, told.unit) == (modality.axis_unit, modality.unit)
    np.testing.assert_allclose(told.mean, preparations["vdos"].centre)  # pyright: ignore
    np.testing.assert_allclose(told.directions @ told.directions.T, np.eye(len(told.directions)), atol=1e-9)  # pyright: ignore


def test_the_spread_is_that_of_the_training_part() -> None:
    preparations = prepared()
    for name, shape in modality_shapes(recipe(), preparations).items():
        np.testing.assert_allclose(shape.spread, preparations[name].spread(), rtol=1e-6)
        assert shape.spread.dtype == torch.float32
