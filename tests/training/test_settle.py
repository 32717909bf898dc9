"""After the last epoch: one order of clusters for all members."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from two_factors import TwoFactors, quick_recipe

from fingerprint.prediction import embed
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.run import Run, build_model, load_run, make_generators, modality_shapes
from fingerprint.training.agreement import match_clusters
from fingerprint.training.batch import batch_source
from fingerprint.training.settle import common_order, settle
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import make_optimizer, run_epochs


@pytest.fixture(scope="module")
def tensors(factor_run: Run, factor_data: TwoFactors) -> Tensors:
    raws = {name: factor_data.raws[name] for name in factor_run.preparations}
    return to_tensors(align(raws, factor_run.preparations, factor_data.ids), factor_run.preparations)


@pytest.mark.parametrize("member", [0, 1])
def test_any_shuffling_of_the_clusters_is_undone(factor_run: Run, tensors: Tensors, member: int) -> None:
    model = load_run(factor_run.path).model
    model.relabel(torch.as_tensor(common_order(model, tensors, member)))
    settled = {key: value.clone() for key, value in model.state_dict().items()}
    weights = model.prior.log_weights[member]
    assert torch.equal(weights, weights.sort(descending=True).values)
    model.relabel(torch.tensor([[2, 0, 1], [1, 0, 2]]))
    model.relabel(torch.as_tensor(common_order(model, tensors, member)))
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, settled[key])


def test_members_are_matched_and_relabelling_moves_no_specimen(factor_run: Run, tensors: Tensors) -> None:
    """The run is settled: the order that would be given again is the one it has."""
    labels = embed(factor_run.model, tensors).responsibilities.argmax(-1).numpy()
    order = common_order(factor_run.model, tensors, factor_run.info.map_member)
    own = labels[factor_run.info.map_member]
    for member, row in enumerate(labels):
        assert sorted(order[member]) == [0, 1, 2]
        np.testing.assert_array_equal(match_clusters(own, row, 3)[order[factor_run.info.map_member]], order[member])


def test_the_map_member_keeps_its_order_by_weight_even_where_clusters_are_empty(
    factor_run: Run, tensors: Tensors
) -> None:
    model = load_run(factor_run.path).model
    with torch.no_grad():
        model.prior.mean[:, 1:] = 1e3  # nobody is there
        model.prior.log_weights.copy_(torch.tensor([0.9, 0.02, 0.08]).log().expand(2, 3))
    assert common_order(model, tensors, 0)[0].tolist() == [0, 2, 1]


@pytest.mark.parametrize("epochs", [3, 12])
def test_clusters_with_decoders_of_their_own_are_not_moved_away_from_them(
    factor_run: Run, tensors: Tensors, epochs: int
) -> None:
    """Stopped before the clusters were laid out, or trained to the end: what is predicted stays as it was trained."""

    class Stopped(Exception):
        pass

    def stop(state: TrainingState) -> None:
        if state.epoch == epochs:
            raise Stopped

    modalities = factor_run.recipe.modalities
    recipe = msgspec.structs.replace(quick_recipe(epochs=12), modalities=modalities)
    recipe = msgspec.structs.replace(recipe, model=msgspec.structs.replace(recipe.model, decoders="per_cluster"))
    generators = make_generators((0, 1))
    model = build_model(recipe, factor_run.preparations, generators)
    state = TrainingState(model, make_optimizer(model, recipe), generators)
    source = batch_source(recipe, tensors, modality_shapes(recipe, factor_run.preparations))
    with pytest.raises(Stopped):
        run_epochs(state, recipe, source, tensors, stop)
    before = [model.eval().decode(embed(model, tensors).posterior.mean, name) for name in model.names]
    settle(state, recipe, tensors, tensors)
    after = [model.decode(embed(model, tensors).posterior.mean, name) for name in model.names]
    torch.testing.assert_close(after, before)
