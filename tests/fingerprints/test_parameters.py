"""What a fingerprint says of an expert's parameters: the truth, in measured units, and how far it may be off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from stretched_wires import BASIS, IDS, KIND, NOT_WATCHED, TIME, TRUE, wire_recipe

from fingerprint.fingerprints import Description, describe, export, pieces
from fingerprint.fingerprints.export import parameter_table
from fingerprint.fingerprints.parameters import ParameterSums, training_weights
from fingerprint.model import PIMA
from fingerprint.model.experts import ExpertSpace, LinearExpertDecoder
from fingerprint.prediction import embed
from fingerprint.recipe import LinearExpert
from fingerprint.run import Run, load_run
from fingerprint.store import Store
from fingerprint.training import train

FUNCTIONS = np.stack([TIME**0, TIME], axis=1)
REPLICATES = 200


@pytest.fixture(scope="module")
def description(wire_run: Run, wire_store: Store) -> Description:
    return describe(wire_run, wire_store)


def values(description: Description) -> np.ndarray:
    """[cluster, function]."""
    return np.array([[each.parameters["length"][term].value for term in BASIS] for each in description.fingerprints])


def errors(description: Description) -> np.ndarray:
    """[cluster, function]."""
    return np.array(
        [[each.parameters["length"][term].standard_error for term in BASIS] for each in description.fingerprints]
    )


def kinds(description: Description) -> list[int]:
    """The kind of most members of each cluster."""
    return [
        int(np.bincount([KIND[IDS.index(one)] for one in each.members]).argmax()) for each in description.fingerprints
    ]


def test_intercepts_and_slopes_are_recovered_in_measured_units(description: Description) -> None:
    """[Eq. 11, Eq. 16] Lengths of 50,000 um that grow by hundreds in an hour; each cluster has those of its members."""
    of = kinds(description)
    assert sorted(of) == [0, 1, 2]
    off = values(description) - TRUE[of]
    assert (np.abs(off) < 3.5 * errors(description)).all()
    assert (errors(description) < [20, 15]).all()


def test_they_are_the_least_squares_of_the_training_part(
    description: Description, wire_run: Run, wire_store: Store
) -> None:
    """[Eq. 16] Every point of every specimen an equation, weighted by its responsibility."""
    training = [each for each, part in sorted(wire_run.parts.items()) if part == "train" and each not in NOT_WATCHED]
    (piece,) = pieces.pieces(wire_run, wire_store, training)
    gamma = embed(wire_run.model, piece.tensors).responsibilities[wire_run.info.map_member].double().numpy()
    for cluster, found in enumerate(values(description)):
        weight = np.repeat(gamma[:, cluster], len(TIME)) ** 0.5
        equations = weight[:, None] * np.tile(FUNCTIONS, (len(training), 1))
        expected = np.linalg.lstsq(equations, weight * piece.physical.values["length"].ravel(), rcond=None)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_errors_follow_from_the_training_part_alone(description: Description, wire_run: Run, wire_store: Store) -> None:
    """Clusters are apart here: the deviation of the members' own fits over the root of their number."""
    (piece,) = pieces.pieces(wire_run, wire_store, sorted(wire_run.parts))
    own = np.linalg.lstsq(FUNCTIONS, piece.physical.values["length"].T, rcond=None)[0].T
    for each, found in zip(description.fingerprints, errors(description), strict=True):
        rows = [IDS.index(one) for one in each.members if wire_run.parts[one] == "train" and one not in NOT_WATCHED]
        np.testing.assert_allclose(found, own[rows].std(0, ddof=1) / np.sqrt(len(rows)), rtol=1e-2)


def test_a_piece_at_a_time_gives_the_same(
    description: Description, wire_run: Run, wire_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "MOST_NUMBERS", 40 * sum(each.points for each in wire_run.preparations.values()))
    again = describe(wire_run, wire_store)
    np.testing.assert_array_equal(values(again), values(description))
    np.testing.assert_allclose(errors(again), errors(description), rtol=1e-4)


def test_parameters_go_where_their_clusters_go(description: Description, wire_run: Run, wire_store: Store) -> None:
    """In another order of the clusters each keeps its members and its parameters."""
    other = load_run(wire_run.path)
    order = [2, 0, 1]
    other.model.relabel(torch.tensor([order] * 2))
    again = describe(other, wire_store)
    assert [each.members for each in again.fingerprints] == [description.fingerprints[old].members for old in order]
    np.testing.assert_array_equal(values(again), values(description)[order])
    np.testing.assert_allclose(errors(again), errors(description)[order], rtol=1e-4)


def expert(cluster_count: int, theta: np.ndarray, solve: str = "closed_form") -> LinearExpertDecoder:
    """Of lines over TIME, one member, with these parameters, [cluster, function]."""
    space = ExpertSpace(torch.as_tensor(FUNCTIONS), torch.zeros(len(TIME)).double(), torch.ones(1).double())
    spec = LinearExpert(BASIS, solve)  # type: ignore[arg-type]
    decoder = LinearExpertDecoder(spec, space, cluster_count, [torch.Generator().manual_seed(0)]).double()
    decoder.set_theta(torch.as_tensor(theta)[None])
    return decoder


def test_the_truth_lies_within_the_errors_as_often_as_it_should() -> None:
    """[Eq. 16] Soft weights, and noise that is correlated along each curve: points are not independent, specimens are.

    Of 200 replicates 68 % and 95 %, within three binomial deviations.
    """
    rng = np.random.default_rng(4)
    truth = np.array([900.0, -20.0])
    roughness = np.linalg.cholesky(np.exp(-np.abs(TIME[:, None] - TIME) / 1.0))
    scaled: list[np.ndarray] = []
    for _ in range(REPLICATES):
        gamma = rng.beta(0.5, 0.5, size=(100, 1)) * [1.0, -1.0] + [0.0, 1.0]
        curves = FUNCTIONS @ truth + 3.0 * rng.normal(size=(100, len(TIME))) @ roughness.T
        own = np.linalg.lstsq(FUNCTIONS, curves.T, rcond=None)[0].T
        theta = gamma.T @ own / gamma.sum(0)[:, None]
        sums = ParameterSums(expert(2, theta), 0)
        for rows in (slice(0, 25), slice(25, 100)):
            sums.add(curves[rows], gamma[rows])
        found = [[sums.parameters(cluster)[term] for term in BASIS] for cluster in range(2)]
        np.testing.assert_allclose([[each.value for each in row] for row in found], theta)
        scaled.append(np.abs(theta - truth) / [[each.standard_error for each in row] for row in found])
    for within, share in ((1.0, 0.683), (1.96, 0.95)):
        bound = 3 * np.sqrt(share * (1 - share) / REPLICATES)
        covered = (np.array(scaled) < within).mean(0)
        assert (np.abs(covered - share) < bound).all(), covered


def test_what_too_few_specimens_determine_is_nan() -> None:
    """Of one specimen the values alone; of less not even these: the parameters are those with which training began."""
    curves = np.array([[1.0, 2.0], [3.0, 4.0], [3.0, 4.5]]) @ FUNCTIONS.T
    weights = np.array([[1.0, 0.0, 0.3], [0.0, 1.0, 0.0], [0.0, 1.0, 0.3]])
    theta = np.array([[1.0, 2.0], [3.0, 4.25], [7.0, 7.0]])
    sums = ParameterSums(expert(3, theta), 0)
    sums.add(curves, weights)
    one, two, none = (sums.parameters(cluster) for cluster in range(3))
    assert [each.value for each in one.values()] == [1, 2]
    assert np.isnan([each.standard_error for each in one.values()]).all()
    assert [each.value for each in two.values()] == [3, 4.25]
    np.testing.assert_allclose([each.standard_error for each in two.values()], [0, 0.25], atol=1e-12)
    assert np.isnan(list(none.values())).all()
    follows = ParameterSums(expert(3, theta, "gradient"), 0)
    follows.add(curves, weights)
    assert [each.value for each in follows.parameters(1).values()] == [3, 4.25]
    assert np.isnan([each.standard_error for each in follows.parameters(1).values()]).all()


def test_outliers_count_for_less(wire_run: Run, wire_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (piece,) = pieces.pieces(wire_run, wire_store, IDS)
    gamma = np.full((len(IDS), 3), 0.5)
    training = np.array([wire_run.parts[each] == "train" and each not in NOT_WATCHED for each in IDS])
    weights = training_weights(wire_run, "length", piece, gamma)
    np.testing.assert_array_equal(weights, 0.5 * training[:, None].repeat(3, 1))
    monkeypatch.setattr(PIMA, "outlier_given_cluster", lambda *_: torch.full((2, len(IDS), 3), 0.25))
    np.testing.assert_allclose(training_weights(wire_run, "length", piece, gamma), 0.75 * weights)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_exported_table(
    form: str, description: Description, wire_run: Run, wire_store: Store, tmp_path: Path
) -> None:
    files = {each.stem: each for each in export(wire_run, wire_store, tmp_path, form)}  # type: ignore[arg-type]
    table = (pd.read_csv if form == "csv" else pd.read_parquet)(files["parameters"])
    assert list(table.columns) == ["cluster", "modality", "term", "value", "standard_error", "unit", "sign", "t_unit"]
    assert list(table["cluster"]) == [0, 0, 1, 1, 2, 2]
    assert list(table["term"].astype(str)) == ["1", "t"] * 3
    assert set(zip(table["modality"], table["unit"], table["t_unit"], strict=True)) == {("length", "um", "h")}
    np.testing.assert_allclose(table["value"], values(description).ravel(), rtol=1e-12)
    np.testing.assert_allclose(table["standard_error"], errors(description).ravel(), rtol=1e-6)


def test_a_run_without_experts_has_none(factor_run: Run, factor_store: Store) -> None:
    without = describe(factor_run, factor_store)
    assert all(each.parameters == {} for each in without.fingerprints)
    assert len(parameter_table(without)) == 0


def test_parameters_that_followed_the_gradient_have_no_error(wire_store: Store, tmp_path: Path) -> None:
    run = train(wire_store, wire_recipe(solve="gradient"), tmp_path / "run", device="cpu")
    found = describe(run, wire_store)
    assert np.isfinite(values(found)).any()
    assert np.isnan(errors(found)).all()
