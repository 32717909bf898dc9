"""After the last epoch: one order of clusters for all members."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from images_and_lines import SLOPES, images_and_lines
from two_factors import TwoFactors, quick_recipe

from fingerprint.model import Gaussian
from fingerprint.prediction import embed
from fingerprint.prediction.embedding import fitting_responsibilities
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.run import Run, build_model, load_run, make_generators, modality_shapes
from fingerprint.training.agreement import match_clusters
from fingerprint.training.batch import batch_source
from fingerprint.training.settle import common_order, fit_experts, settle
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import make_optimizer, run_epochs


@pytest.fixture(scope="module")
def tensors(factor_run: Run, factor_data: TwoFactors) -> Tensors:
    raws = {name: factor_data.raws[name] for name in factor_run.preparations}
    return to_tensors(align(raws, factor_run.preparations, factor_data.ids), factor_run.preparations)


@pytest.mark.parametrize("member", [0, 1])
def test_any_shuffling_of_the_clusters_is_undone(factor_run: Run, tensors: Tensors, member: int) -> None:
    model = load_run(factor_run.path).model
    model.relabel(torch.as_tensor(common_order(model, embed(model, tensors).responsibilities, member)))
    settled = {key: value.clone() for key, value in model.state_dict().items()}
    weights = model.prior.log_weights[member]
    assert torch.equal(weights, weights.sort(descending=True).values)
    model.relabel(torch.tensor([[2, 0, 1], [1, 0, 2]]))
    model.relabel(torch.as_tensor(common_order(model, embed(model, tensors).responsibilities, member)))
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, settled[key])


def test_members_are_matched_and_relabelling_moves_no_specimen(factor_run: Run, tensors: Tensors) -> None:
    """The run is settled: the order that would be given again is the one it has."""
    labels = embed(factor_run.model, tensors).responsibilities.argmax(-1).numpy()
    order = common_order(
        factor_run.model, embed(factor_run.model, tensors).responsibilities, factor_run.info.map_member
    )
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
    assert common_order(model, embed(model, tensors).responsibilities, 0)[0].tolist() == [0, 2, 1]


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
    shapes = modality_shapes(recipe, factor_run.preparations)
    source = batch_source(recipe, tensors, shapes, model.telling())
    with pytest.raises(Stopped):
        run_epochs(state, recipe, source, tensors, stop)
    before = [model.eval().decode(embed(model, tensors).posterior.mean, name) for name in model.names]
    settle(state, recipe, tensors, tensors)
    after = [model.decode(embed(model, tensors).posterior.mean, name) for name in model.names]
    torch.testing.assert_close(after, before)


@torch.no_grad()
def test_experts_are_solved_on_all_that_were_measured() -> None:
    """[Eq. 16] From the final responsibilities, by naive weighted least squares."""
    problem = images_and_lines(90, missing=0.3)
    model = problem.model(0, 1).eval()
    model.prior.mean.copy_(torch.randn((2, 3, 2), generator=torch.Generator().manual_seed(0)))
    model.experts()["line"].variance.log_variance.fill_(3.0)
    posterior = embed(model, problem.tensors).posterior
    gamma = fitting_responsibilities(model, problem.tensors, posterior).double().numpy()
    assert np.abs(gamma - embed(model, problem.tensors).responsibilities.numpy()).max() > 0.05, "the lines have a say"
    fit_experts(model, problem.tensors, posterior)
    lines = problem.preparations["line"].to_physical(problem.tensors.values["line"].double().numpy())
    measured, t = problem.tensors.present["line"].numpy() > 0, problem.preparations["line"].grid
    assert t is not None
    weights = gamma[:, measured]
    expected = np.einsum("sdc,dp,p->sc", weights, lines[measured], t) / (weights.sum(1) * (t @ t))
    np.testing.assert_allclose(model.experts()["line"].theta[..., 0], expected, rtol=1e-4)


@torch.no_grad()
def test_outliers_do_not_bend_an_expert() -> None:
    """[Eq. 16] Where clusters are known and a fifth of the lines was swapped, the slopes are the true ones."""
    problem = images_and_lines(300, swapped=0.2)
    line = msgspec.structs.replace(problem.recipe.modalities["line"], outliers=0.2)
    recipe = msgspec.structs.replace(problem.recipe, modalities=problem.recipe.modalities | {"line": line})
    problem = problem._replace(recipe=recipe)
    model = problem.model(0).eval()
    expert = model.experts()["line"]
    expert.set_theta(torch.tensor(SLOPES).reshape(1, 3, 1))
    expert.variance.log_variance.fill_(-3.0)
    true = torch.nn.functional.one_hot(torch.as_tensor(problem.state), 3).float()
    places = 9 * torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    model.prior.mean.copy_(places[None])
    fit_experts(model, problem.tensors, Gaussian((true @ places)[None], torch.full((1, 300, 2), -4.0)))
    assert np.abs(expert.theta[0, :, 0].numpy() - SLOPES).max() < 0.02
    trusted = {"line": true[None] * problem.tensors.present["line"].unsqueeze(-1)}
    expert.fit(trusted, problem.tensors.whole()[0], model.noise(["line"]))
    assert np.abs(expert.theta[0, :, 0].numpy() - SLOPES).max() > 0.1, "lines that are trusted bend it"


@pytest.mark.parametrize("calibrate", [True, False])
def test_precisions_are_calibrated_on_half_of_the_validation_part_where_the_recipe_says(
    calibrate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = images_and_lines(60, prior={"calibrate": calibrate})
    state, validation = problem.training(0), problem.tensors.subset(range(10))
    asked: list[Tensors] = []
    monkeypatch.setattr(
        "fingerprint.training.settle.calibrate_precisions", lambda model, tensors: asked.append(tensors)
    )
    settle(state, problem.recipe, problem.tensors, validation)
    assert [each.specimens for each in asked] == ([validation.specimens[::2]] if calibrate else [])
