"""Unsupervised accuracy against the best of all renamings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.training.evaluation import clustering_accuracy


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), min_size=1, max_size=30))
def test_it_is_the_best_of_all_renamings(pairs: list[tuple[str, int]]) -> None:
    """[Eq. 19] By brute force over the permutations of four names."""
    labels, clusters = [label for label, _ in pairs], np.array([cluster for _, cluster in pairs])
    best = max(
        np.mean([names[cluster] == label for label, cluster in pairs]) for names in itertools.permutations("abcd")
    )
    assert clustering_accuracy(labels, clusters) == pytest.approx(best)


@pytest.mark.parametrize(("labels", "clusters", "accuracy"), [("aabb", [1, 1, 0, 0], 1), ("aabb", [0, 1, 2, 3], 0.5)])
def test_names_are_of_no_account(labels: str, clusters: list[int], accuracy: float) -> None:
    """[Eq. 19] More clusters than labels leave the rest wrong."""
    assert clustering_accuracy(list(labels), np.array(clusters)) == accuracy
