"""Whether members agree on clusters, and whether there are any."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from two_factors import two_factors

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.prepare import align, fit_preparation
from fingerprint.recipe import BasisInput, GridInput
from fingerprint.training.agreement import cluster_support, match_clusters, stability
from fingerprint.training.evaluation import clustering_accuracy


@pytest.mark.parametrize("seed", range(5))
def test_matching_shares_as_many_specimens_as_any_permutation(seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = random.integers(0, 4, (2, 60))
    match = match_clusters(first, second, 4)
    assert sorted(match) == [0, 1, 2, 3]
    best = max(int((np.array(order)[first] == second).sum()) for order in itertools.permutations(range(4)))
    assert int((match[first] == second).sum()) == best


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_is_the_best_over_all_ways_of_naming_clusters(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = [str(each) for each in random.integers(0, 3, 40)]
    clusters = random.integers(0, 4, 40)
    names = ["0", "1", "2", "nobody"]
    best = max(
        sum(names[order[cluster]] == label for cluster, label in zip(clusters, labels, strict=True)) / 40
        for order in itertools.permutations(range(4))
    )
    assert clustering_accuracy(labels, clusters) == pytest.approx(best)
    assert clustering_accuracy(labels, np.array([int(label) for label in labels])) == 1


def test_stability_is_one_where_members_agree_whatever_they_call_their_clusters() -> None:
    own = np.random.default_rng(0).integers(0, 3, 90)
    labels = np.stack([own, np.array([2, 0, 1])[own], np.array([1, 2, 0])[own]])
    assert stability(labels, 0, 3) == [1.0, 1.0, 1.0]


def test_stability_is_about_zero_where_members_agree_by_chance() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (4, 3000))
    for value in stability(labels, 0, 3):
        assert value is not None
        assert abs(value) < 0.02


def test_stability_falls_for_the_cluster_that_is_disputed() -> None:
    own = np.repeat([0, 1, 2], 30)
    other = own.copy()
    other[30:90] = np.tile([1, 2], 30)  # the second member divides the last two otherwise
    first, second, third = stability(np.stack([own, other]), 0, 3)
    assert first == 1.0
    assert second is not None
    assert third is not None
    assert max(second, third) < 0.6
    assert second == pytest.approx(adjusted_rand_score(own == 1, other == 1), abs=0.05)


def test_stability_is_unknown_without_another_member_or_without_specimens() -> None:
    own = np.array([0, 0, 1, 1])
    assert stability(own[None], 0, 2) == [None, None]
    assert stability(np.stack([own, own]), 0, 3)[2] is None


@pytest.mark.parametrize(("blobs", "missing"), [(1, 0.0), (3, 0.0), (1, 0.2), (3, 0.2)])
def test_clusters_are_supported_by_three_blobs_and_not_by_one(blobs: int, missing: float) -> None:
    data = two_factors(200, blobs=blobs, seed=4, missing=missing)
    raws = {name: data.raws[name] for name in ("vdos", "stress")}
    choices = {"vdos": BasisInput(12), "stress": GridInput()}
    preparations = {name: fit_preparation(raw, choices[name]) for name, raw in raws.items()}
    physical = align(raws, preparations, data.ids).values
    supported, why = cluster_support(physical, preparations, 4)
    assert supported is (blobs == 3)
    assert ("mixture of 3" if blobs == 3 else "one Gaussian") in why


def test_too_few_specimens_say_nothing_of_clusters() -> None:
    data = two_factors(40)
    raws = {"vdos": data.raws["vdos"]}
    preparations = {"vdos": fit_preparation(raws["vdos"], BasisInput(12))}
    physical = align(raws, preparations, data.ids[:30]).values
    supported, why = cluster_support(physical, preparations, 3)
    assert supported is None
    assert "too few to say" in why


def test_of_one_cluster_nothing_can_be_told() -> None:
    data = two_factors(200, blobs=3, seed=4)
    preparations = {"vdos": fit_preparation(data.raws["vdos"], BasisInput(12))}
    supported, why = cluster_support(align(data.raws, preparations, data.ids).values, preparations, 1)
    assert supported is None
    assert "one cluster was asked for" in why


def test_a_curved_continuum_is_not_called_groups() -> None:
    """A parabola with noise has no groups, and no Gaussian fits it."""
    random = np.random.default_rng(0)
    along = random.uniform(-1, 1, 400)
    curve = np.stack([along, along**2, np.zeros(400)], axis=1) + random.normal(0, 0.02, (400, 3))
    ids = tuple(f"s{row}" for row in range(400))
    raw = RawModality(Modality("curve", Kind.SPECTRUM, "a.u.", axis_name="x"), (Block(ids, curve, np.arange(3.0)),))
    preparations = {"curve": fit_preparation(raw, BasisInput(3))}
    supported, why = cluster_support({"curve": curve}, preparations, 4)
    assert supported
    assert why.startswith("the measurements are not one Gaussian")
    assert why.endswith("that alone does not tell separate groups from one curved continuum")
