"""After the last epoch: one order of clusters for all members."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from two_factors import TwoFactors

from fingerprint.prediction import embed
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.run import Run, load_run
from fingerprint.training.agreement import match_clusters
from fingerprint.training.settle import common_order


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
