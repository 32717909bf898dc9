"""Split-merge moves: they never make a clustering worse, and leave the optima in which Lloyd's iterations stay."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from fingerprint.training.split_merge import split_merge

CLUSTERS = 10


def separated(seed: int = 0, clusters: int = CLUSTERS, each: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Clusters of width 0.3 on a line of places 5 apart, in the plane: points, and the cluster of each."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(clusters), each)
    centres = 5.0 * np.stack([np.arange(clusters) % 4, np.arange(clusters) // 4], axis=1)
    return centres[truth] + 0.3 * rng.normal(size=(len(truth), 2)), truth


def inertia(points: np.ndarray, labels: np.ndarray) -> float:
    return sum(float(((own := points[labels == each]) - own.mean(0)).__pow__(2).sum()) for each in np.unique(labels))


def lloyd(points: np.ndarray, labels: np.ndarray, clusters: int) -> np.ndarray:
    """Scikit-learn's, from the means of these labels."""
    means = np.stack([points[labels == each].mean(0) for each in range(clusters)])
    return KMeans(clusters, init=means, n_init=1).fit(points).labels_


def test_from_random_labels_it_finds_what_is_separated_where_lloyd_fails() -> None:
    """50 of 50, and Lloyd alone in less than half: so that the test could fail."""
    alone = 0
    for seed in range(50):
        points, truth = separated(seed)
        labels = np.random.default_rng(1000 + seed).integers(CLUSTERS, size=len(points))
        alone += adjusted_rand_score(truth, lloyd(points, labels, CLUSTERS)) > 0.999
        found = split_merge(points, labels, CLUSTERS, seed)
        assert adjusted_rand_score(truth, found) == 1, f"seed {seed}"
    assert alone < 25


def test_two_in_one_place_and_one_in_two_are_set_right() -> None:
    """The optimum that Lloyd's iterations never leave, made on purpose."""
    points, truth = separated()
    wrong = truth.copy()
    wrong[truth == 1] = 0
    wrong[(truth == 9) & (points[:, 0] > points[truth == 9, 0].mean())] = 1
    assert adjusted_rand_score(truth, lloyd(points, wrong, CLUSTERS)) < 0.95
    assert adjusted_rand_score(truth, split_merge(points, wrong, CLUSTERS, 0)) == 1


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(6, 40), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_it_never_raises_the_sum_of_squares(seed: int, clusters: int, specimens: int, dimensions: int) -> None:
    """From any labels, of any points, some of which coincide; nor is a label invented."""
    rng = np.random.default_rng(seed)
    points = np.round(rng.normal(size=(specimens, dimensions)), 1)
    labels = rng.integers(clusters, size=specimens)
    found = split_merge(points, labels, clusters, seed)
    assert inertia(points, found) <= inertia(points, labels) * (1 + 1e-9) + 1e-12
    assert found.shape == labels.shape
    assert set(found.tolist()) <= set(range(clusters))


@pytest.mark.parametrize("seed", range(5))
def test_at_the_optimum_it_stays(seed: int) -> None:
    points, truth = separated(seed)
    found = split_merge(points, truth, CLUSTERS, seed)
    assert np.array_equal(found, truth)
    noise = np.random.default_rng(seed).normal(size=(200, 3))
    once = split_merge(noise, np.arange(200) % 5, 5, seed)
    assert np.array_equal(split_merge(noise, once, 5, seed), once)


def test_the_two_that_lose_least_by_being_one_are_merged() -> None:
    """Few specimens that are far apart, rather than many that are near."""
    parts = [(0.0, 100), (1.0, 100), (20.0, 2), (22.0, 2), (40.0, 10), (42.0, 10)]
    points = np.concatenate([np.full(count, place) for place, count in parts])[:, None]
    points = points + np.random.default_rng(0).normal(scale=0.01, size=points.shape)
    labels = np.repeat([0, 1, 2, 3, 4, 4], [count for _, count in parts])
    found = split_merge(points, labels, 5, 0)
    expected = np.repeat([0, 1, 2, 2, 3, 4], [count for _, count in parts])
    assert adjusted_rand_score(expected, found) == 1


def test_clusters_that_are_empty_are_put_to_use() -> None:
    points, truth = separated()
    found = split_merge(points, np.zeros(len(points), dtype=np.int64), CLUSTERS, 0)
    assert adjusted_rand_score(truth, found) == 1


def test_more_clusters_than_there_are_points_leave_some_empty() -> None:
    points = np.arange(6.0).reshape(3, 2)
    found = split_merge(points, np.array([0, 0, 0]), 5, 0)
    assert inertia(points, found) == pytest.approx(0)


@pytest.mark.parametrize("spread", [0.0, 1e-200])
def test_points_that_coincide_are_left_alone(spread: float) -> None:
    """Silently: a latent space may have collapsed."""
    points = 3.0 + spread * np.random.default_rng(0).normal(size=(20, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = split_merge(points, np.arange(20) % 3, 3, 0)
    assert found.shape == (20,)
    both = np.concatenate([points, np.full((5, 2), 9.0)])
    assert inertia(both, split_merge(both, np.arange(25) % 2, 2, 0)) == pytest.approx(0, abs=1e-20)


def test_one_cluster_is_all() -> None:
    points, _ = separated()
    assert not split_merge(points, np.zeros(len(points), dtype=np.int64), 1, 0).any()


def test_the_seed_alone_decides() -> None:
    points, _ = separated()
    labels = np.random.default_rng(0).integers(CLUSTERS, size=len(points))
    assert np.array_equal(split_merge(points, labels, CLUSTERS, 3), split_merge(points, labels, CLUSTERS, 3))
