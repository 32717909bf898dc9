"""The networks in place of the oscillator have as many parameters as the paper's. [section 4.2, Figure 4]"""

from __future__ import annotations

import pytest
from model_examples import generators, grid_shape, normal

from fingerprint.generators.mnist_ode import MODALITIES, T
from fingerprint.model.decoders import build_decoders
from fingerprint.recipe import load_recipe


@pytest.mark.parametrize(("size", "told"), [("large", 32_954), ("small", 4_230)])
def test_both_decoders_together_have_the_papers_number_of_parameters(size: str, told: int) -> None:
    recipe = load_recipe(f"mnist_ode_conv_{size}")
    assert recipe.model.decoders == "per_modality"
    count = 0
    for name in MODALITIES:
        chosen, shapes, model = {name: recipe.modalities[name]}, {name: grid_shape(len(T))}, recipe.model
        decoder = build_decoders(chosen, shapes, model.latent, model.clusters, 1, generators([0]))[name].double()
        assert decoder(normal(1, 4, recipe.model.latent)).mean.shape == (1, 1, 4, 512)
        count += sum(each.numel() for part, each in decoder.named_parameters() if not part.startswith("variance."))
    assert count == told


def test_the_two_recipes_differ_in_these_decoders_alone() -> None:
    large, small = load_recipe("mnist_ode_conv_large"), load_recipe("mnist_ode_conv_small")
    assert (large.model, large.prior, large.alignment, large.training) == (
        small.model,
        small.prior,
        small.alignment,
        small.training,
    )
    assert large.modalities["image"] == small.modalities["image"]
    for name in MODALITIES:
        assert large.modalities[name].encoder == small.modalities[name].encoder
