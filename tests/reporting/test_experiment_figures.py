"""Confusion matrices and maps of an experiment: what stands in them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from made_rows import points

from fingerprint.experiments import ClusteringScores
from fingerprint.reporting.confusion_matrices import confusion_matrices
from fingerprint.reporting.label_map import label_map, outline, shown_plane


def test_a_matrix_is_coloured_by_the_share_of_its_row() -> None:
    figure = confusion_matrices(
        ClusteringScores({"joint": 75.0}, {"joint": [[3, 1], [0, 0]]}, ["a", "b"], 4), {"joint": "x"}
    )
    np.testing.assert_allclose(figure.data[0].z, [[75, 25], [0, 0]])
    assert figure.data[0].customdata.tolist() == [[3, 1], [0, 0]]


def test_points_lie_where_their_means_are_and_have_their_labels_trace() -> None:
    place = points(["a", "b", "c"], specimens=2100)
    figure = label_map(place)
    drawn = figure.data[:3]
    assert [trace.name for trace in drawn] == ["a", "b", "c"]
    assert sum(len(trace.x) for trace in drawn) == 2000
    for trace in drawn:
        for told, x, y in zip(trace.hovertext, trace.x, trace.y, strict=True):
            specimen = re.findall(r"<b>(s-\d+)</b>", told)[0]
            number = place.specimens.index(specimen)
            assert place.labels[number] == trace.name
            np.testing.assert_allclose([x, y], place.mean[number], rtol=1e-6)
    outlines = figure.data[3:]
    assert [trace.name for trace in outlines] == ["cluster of a", "cluster of b", "cluster of c"]
    for trace, centre, sd in zip(outlines, place.centres, place.sd, strict=True):
        distance = ((np.array(trace.x) - centre[0]) / sd[0]) ** 2 + ((np.array(trace.y) - centre[1]) / sd[1]) ** 2
        np.testing.assert_allclose(np.sqrt(distance), 2)


def test_an_outline_is_the_cluster_seen_in_a_plane() -> None:
    """Draws of the cluster, projected, lie within it as often as within two standard deviations of a Gaussian."""
    random = np.random.default_rng(0)
    centre, sd = np.array([1.0, -2.0, 3.0, 0.0]), np.array([0.5, 2.0, 1.0, 3.0])
    plane, _ = np.linalg.qr(random.normal(size=(4, 2)))
    x, y = outline(centre, sd, plane)
    drawn = (centre + sd * random.normal(size=(100_000, 4))) @ plane
    covariance = np.cov(drawn.T)
    away = np.stack([x, y], 1) - drawn.mean(0)
    np.testing.assert_allclose(np.einsum("ki,ij,kj->k", away, np.linalg.inv(covariance), away), 4, rtol=0.05)


def test_the_plane_is_that_of_the_principal_axes() -> None:
    random = np.random.default_rng(2)
    turned, _ = np.linalg.qr(random.normal(size=(5, 5)))
    flat = random.normal(size=(8, 5)) * [9, 5, 1, 0.5, 0.1]
    plane = shown_plane(flat @ turned.T + 7)
    assert plane.kind == "principal"
    np.testing.assert_allclose(plane.directions.T @ plane.directions, np.eye(2), atol=1e-12)
    spread = (flat - flat.mean(0)) @ turned.T
    best = np.linalg.svd(spread)[1][:2]
    np.testing.assert_allclose(np.sort(np.linalg.svd(spread @ plane.directions)[1])[::-1], best, rtol=1e-9)


def test_clusters_all_equally_far_apart_are_shown_on_a_ring() -> None:
    corners = 6 * np.eye(10)[:, :10]
    plane = shown_plane(corners)
    assert plane.kind == "ring"
    places = (corners - corners.mean(0)) @ plane.directions
    radius = np.linalg.norm(places, axis=1)
    np.testing.assert_allclose(radius, radius[0])
    steps = np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])


@pytest.mark.parametrize("latent", [1, 2])
def test_two_axes_or_one_are_shown_as_they_are(latent: int) -> None:
    plane = shown_plane(np.arange(3.0 * latent).reshape(3, latent))
    assert plane.kind == "axes"
    np.testing.assert_array_equal(plane.directions, np.eye(latent, 2))
    assert label_map(points(["a", "b"], latent)).data


def test_a_cluster_that_stands_for_no_label_is_told() -> None:
    place = points(["a", "b"])
    figure = label_map(replace(place, stands_for=("a", "")))
    assert figure.data[-1].name == "cluster of none"
    assert any("stands for no label" in told for told in figure.data[1].hovertext)
