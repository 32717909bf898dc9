"""Several measurements of a specimen: their mean, its uncertainty, and the noise that they tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from measured_curves import AXIS, DOS, STRESS, gaussian_curves
from numpy.typing import NDArray

from fingerprint.modality import Block, RawModality
from fingerprint.prepare import Preparation, align, fit_preparation, repeated, to_tensors
from fingerprint.recipe import BasisInput, GridInput

NOISE = 0.3


def curves_of(counts: list[int], noise: float = NOISE, seed: int = 0) -> tuple[RawModality, NDArray[np.float64]]:
    """So many noisy measurements of each specimen, and the specimens' true curves."""
    rng, truth = np.random.default_rng(seed), gaussian_curves(len(counts), noise=0.0)
    row = np.repeat(np.arange(len(counts)), counts)
    values = truth[row] + noise * rng.normal(size=(len(row), len(AXIS)))
    return RawModality(DOS, (Block(tuple(f"s{each:03}" for each in row), values, AXIS),)), truth


def fitted(raw: RawModality, **choices: bool) -> Preparation:
    return fit_preparation(raw, GridInput(), **choices)


def test_the_pooled_variance_is_that_of_the_noise() -> None:
    noise = fitted(curves_of([1, 3] * 100)[0]).noise
    assert noise is not None
    np.testing.assert_allclose(noise, NOISE**2, rtol=0.5)
    assert noise.mean() == pytest.approx(NOISE**2, rel=0.05)


def test_with_few_replicates_it_is_one_number() -> None:
    noise = fitted(curves_of([1] * 40 + [2] * 5)[0]).noise
    assert noise is not None
    assert np.ptp(noise) == 0
    assert noise[0] == pytest.approx(NOISE**2, rel=0.4)


def test_without_replicates_nothing_is_said_of_the_noise() -> None:
    raw, _ = curves_of([1] * 40)
    assert fitted(raw).noise is None
    assert fitted(curves_of([2] * 40)[0], counts_noise=False).noise is None
    assert not to_tensors(align({"dos": raw}, {"dos": fitted(raw)}, ("s001",)), {"dos": fitted(raw)}).certainty


def test_the_mean_is_what_is_seen_and_its_variance_falls_with_their_number() -> None:
    raw, _ = curves_of([1, 4] * 50)
    preparation = fitted(raw)
    found = align({"dos": raw}, {"dos": preparation}, ("s001", "s000"))
    values = raw.blocks[0].values
    np.testing.assert_allclose(found.values["dos"], [values[1:5].mean(0), values[0]])
    np.testing.assert_array_equal(found.count["dos"], [4, 1])
    assert preparation.noise is not None
    certainty = to_tensors(found, {"dos": preparation}).certainty["dos"]
    np.testing.assert_allclose(certainty.variance[1], preparation.noise, rtol=1e-6)
    np.testing.assert_allclose(certainty.variance[0], preparation.noise / 4, rtol=1e-6)
    noise = found.noise("dos", preparation)
    np.testing.assert_allclose(noise[1], preparation.point_noise)
    np.testing.assert_allclose(noise[0], noise[1] / 4)


def test_a_stated_uncertainty_goes_before_the_spread() -> None:
    """A specimen whose own is known has the mean of least variance."""
    raw, _ = curves_of([1, 2] * 40)
    stated = np.zeros_like(raw.blocks[0].values)
    stated[1:3] = [[0.1], [0.2]]
    raw = RawModality(DOS, (replace(raw.blocks[0], uncertainty=stated),))
    preparation = fitted(raw)
    found = align({"dos": raw}, {"dos": preparation}, ("s001", "s000"))
    first, second = raw.blocks[0].values[1:3]
    np.testing.assert_allclose(found.values["dos"][0], (4 * first + second) / 5)
    noise = found.noise("dos", preparation)
    np.testing.assert_allclose(noise[0], 1 / (1 / 0.1**2 + 1 / 0.2**2))
    np.testing.assert_allclose(noise[1], preparation.point_noise)


def test_one_whose_uncertainty_is_unknown_is_not_taken_as_exact() -> None:
    raw, _ = curves_of([1, 2] * 40)
    stated = np.zeros_like(raw.blocks[0].values)
    stated[1] = 0.1
    raw = RawModality(DOS, (replace(raw.blocks[0], uncertainty=stated),))
    preparation = fitted(raw)
    found = align({"dos": raw}, {"dos": preparation}, ("s001",))
    np.testing.assert_allclose(found.values["dos"][0], raw.blocks[0].values[1:3].mean(0))
    assert preparation.point_noise is not None
    np.testing.assert_allclose(found.noise("dos", preparation)[0], preparation.point_noise / 2)


def test_noise_that_moves_whole_curves_is_seen_in_the_scores() -> None:
    """An offset from measurement to measurement varies all points together: far more than each by itself says."""
    rng, truth = np.random.default_rng(0), gaussian_curves(100, noise=0.0)
    row = np.repeat(np.arange(100), 3)
    offset = 0.2 * rng.normal(size=(300, 1))
    values = truth[row] + offset + 0.01 * rng.normal(size=(300, len(AXIS)))
    raw = RawModality(DOS, (Block(tuple(f"s{each:03}" for each in row), values, AXIS),))
    preparation = fit_preparation(raw, BasisInput(4))
    assert preparation.noise is not None
    true = ((0.2 * preparation.components.sum(1)) ** 2 + 0.01**2) / preparation.scale**2
    np.testing.assert_allclose(preparation.noise, true, rtol=0.25, atol=1e-4)


def test_scans_of_different_ranges_complete_each_other() -> None:
    """Each point is the mean of those that have it."""
    raw, _ = curves_of([1] * 40)
    low = Block(("twice",), np.full((1, 18), 2.0), AXIS[:18])
    high = Block(("twice",), np.full((1, 18), 4.0), AXIS[-18:])
    both = RawModality(DOS, (*raw.blocks, low, high))
    found = align({"dos": both}, {"dos": fitted(raw)}, ("twice",)).values["dos"][0]
    np.testing.assert_array_equal(found[:12], 2)
    np.testing.assert_array_equal(found[12:18], 3)
    np.testing.assert_array_equal(found[18:], 4)


def test_measurements_are_drawn_evenly_and_only_of_their_own_specimen() -> None:
    row = [0, 1, 1, 1, 3, 3]
    values = np.array([5.0, 1, 2, 3, 8, 9])
    raw = RawModality(STRESS, (Block(tuple(f"s{each}" for each in row), values),))
    preparation = fit_preparation(raw, GridInput(), counts_noise=False)
    table = repeated(raw, preparation, ("s0", "s1", "s2", "s3"))
    assert table.count.tolist() == [1, 3, 0, 2]
    last = repeated(raw, preparation, ("s0", "s1", "s3", "s4"))  # the last one was never measured that way
    assert torch.isfinite(last.drawn(torch.tensor([3, 0]), torch.tensor([0.9, 0.9]))[0]).all()
    rows = torch.tensor([0, 1, 3]).repeat(4000, 1)
    drawn, certainty = table.drawn(rows, torch.rand(rows.shape, generator=torch.Generator().manual_seed(0)))
    assert certainty is None
    found = preparation.to_physical(drawn.double().numpy())[..., 0].round(3)
    assert (found[:, 0] == 5).all()
    for column, own in ((1, [1, 2, 3]), (2, [8, 9])):
        seen, counts = np.unique(found[:, column], return_counts=True)
        assert seen.tolist() == own
        np.testing.assert_allclose(counts / 4000, 1 / len(own), atol=0.04)


def test_scores_of_uncertain_curves_are_uncertain() -> None:
    raw, _ = curves_of([2] * 60)
    preparation = fit_preparation(raw, BasisInput(3))
    certainty = to_tensors(align({"dos": raw}, {"dos": preparation}, ("s001",)), {"dos": preparation}).certainty["dos"]
    assert (certainty.weight == 1).all()
    np.testing.assert_allclose(certainty.variance[0], NOISE**2 / 2 / preparation.scale[0] ** 2, rtol=0.3)
