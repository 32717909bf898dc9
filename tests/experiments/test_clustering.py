"""Clusters against labels: the count of Eq. 19 by brute force, and what of a run is counted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from two_factors import TwoFactors

from fingerprint.experiments import JOINT, latent_points, score_clustering
from fingerprint.experiments.clustering import confusion, matched_labels
from fingerprint.prediction import embed
from fingerprint.prepare import Tensors, align, to_tensors
from fingerprint.run import Run

PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), min_size=1, max_size=40)


@given(PAIRS)
def test_the_diagonal_is_the_best_of_all_renamings(pairs: list[tuple[str, int]]) -> None:
    """[Eq. 19] Against all permutations of four clusters."""
    labels, clusters = [label for label, _ in pairs], np.array([cluster for _, cluster in pairs])
    best = max(sum(names[cluster] == label for label, cluster in pairs) for names in itertools.permutations("abcd"))
    names, table = confusion(labels, clusters)
    assert names == sorted(set(labels))
    assert np.trace(table[:, : len(names)]) == best


@given(PAIRS)
def test_every_specimen_is_counted_once_in_its_row(pairs: list[tuple[str, int]]) -> None:
    labels, clusters = [label for label, _ in pairs], np.array([cluster for _, cluster in pairs])
    names, table = confusion(labels, clusters)
    assert table.sum(axis=1).tolist() == [labels.count(name) for name in names]
    assert sorted(table.sum(axis=0).tolist()) == sorted(np.bincount(clusters, minlength=table.shape[1]).tolist())


@given(PAIRS)
def test_the_label_of_a_cluster_is_that_of_its_column(pairs: list[tuple[str, int]]) -> None:
    labels, clusters = [label for label, _ in pairs], np.array([cluster for _, cluster in pairs])
    found = matched_labels(labels, clusters, 4)
    names, table = confusion(labels, clusters)
    assert len(found) == 4
    assert len({name for name in found if name}) == len([name for name in found if name])
    right = sum(found[cluster] == label for label, cluster in pairs)
    assert right == np.trace(table[:, : len(names)])


def test_clusters_that_stand_for_no_label_come_last() -> None:
    labels = ["b"] * 5 + ["a"] * 4 + ["b"] * 2
    clusters = np.array([3] * 5 + [1] * 3 + [0] + [2] * 2)
    names, table = confusion(labels, clusters)
    assert names == ["a", "b"]
    assert table.tolist() == [[3, 0, 1, 0], [0, 5, 0, 2]]
    assert matched_labels(labels, clusters, 5) == ("", "a", "", "b", "")


def test_fewer_clusters_than_labels_leave_labels_without_one() -> None:
    names, table = confusion(["a", "b", "c"], np.array([0, 0, 0]))
    assert (names, table.shape) == (["a", "b", "c"], (3, 3))
    assert np.trace(table) == 1
    assert sum(name != "" for name in matched_labels(["a", "b", "c"], np.array([0, 0, 0]), 2)) == 1


@pytest.fixture(scope="module")
def tensors(factor_run: Run, factor_data: TwoFactors) -> Tensors:
    return to_tensors(align(factor_data.raws, factor_run.preparations, factor_data.ids), factor_run.preparations)


@pytest.fixture(scope="module")
def labels(factor_data: TwoFactors) -> dict[str, str]:
    """Of all specimens but the first ten."""
    return {each: str(row["label"]) for each, row in list(factor_data.metadata().items())[10:]}


def test_a_run_is_scored_from_all_modalities_and_from_each_alone(
    factor_run: Run, tensors: Tensors, labels: dict[str, str]
) -> None:
    scores = score_clustering(factor_run, tensors, labels)
    assert list(scores.accuracy) == list(scores.confusion) == [JOINT, *factor_run.model.names]
    assert (scores.specimens, scores.labels) == (110, ["state-0", "state-1", "state-2"])
    counted = tensors.subset(range(10, 120))
    for source, given_ in ((JOINT, None), ("stress", ["stress"]), ("vdos", ["vdos"])):
        found = embed(factor_run.model, counted, given_).responsibilities[factor_run.info.map_member].argmax(-1)
        names, table = confusion(list(labels.values()), found.numpy())
        assert scores.confusion[source] == table.tolist()
        assert scores.accuracy[source] == pytest.approx(100 * np.trace(table[:, : len(names)]) / 110)
    assert scores.accuracy[JOINT] > 90


def test_latent_points_are_those_of_the_map_member(factor_run: Run, tensors: Tensors, labels: dict[str, str]) -> None:
    points = latent_points(factor_run, tensors, labels)
    member, prior = factor_run.info.map_member, factor_run.model.prior
    assert points.specimens == tuple(labels)
    assert points.labels == tuple(labels.values())
    found = embed(factor_run.model, tensors.subset(range(10, 120)))
    np.testing.assert_allclose(points.mean, found.posterior.mean[member].numpy(), rtol=1e-6)
    np.testing.assert_allclose(points.centres, prior.mean[member].numpy(), rtol=1e-6)
    np.testing.assert_allclose(points.sd**2, np.exp(prior.log_variance[member].numpy()), rtol=1e-5)
    right = sum(points.stands_for[c] == label for c, label in zip(points.clusters, points.labels, strict=True))
    assert 100 * right / 110 == pytest.approx(score_clustering(factor_run, tensors, labels).accuracy[JOINT])
