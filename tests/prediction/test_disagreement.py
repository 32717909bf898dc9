"""Modalities that point to different clusters are found; those that say little or agree are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from two_factors import TwoFactors

from fingerprint.prediction.disagreement import (
    FLAGGED,
    alone,
    evidence,
    judge_together,
    mixture_weights,
    probability,
    share,
)
from fingerprint.prepare import align, to_tensors
from fingerprint.run import Run

Array = NDArray[np.float64]

WEIGHTS = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
SPECIMENS = 4000


def read(cluster: NDArray[np.int64], sd: float, random: np.random.Generator) -> Array:
    """Exact p(c|x) of x = cluster + noise of `sd`, with the cluster drawn from WEIGHTS, [specimen, cluster]."""
    x = cluster + sd * random.normal(size=len(cluster))
    log_joint = np.log(WEIGHTS) - 0.5 * ((x[:, None] - np.arange(len(WEIGHTS))) / sd) ** 2
    joint = np.exp(log_joint - log_joint.max(1, keepdims=True))
    return joint / joint.sum(1, keepdims=True)


def swapped(rate: float, sds: list[float], seed: int = 0) -> tuple[Array, NDArray[np.bool_]]:
    """Specimens of which a share has one modality, any of them, of another specimen; and which they are."""
    random = np.random.default_rng(seed)
    own = random.choice(len(WEIGHTS), SPECIMENS, p=WEIGHTS)
    clusters = np.tile(own, (len(sds), 1))
    is_swapped = random.random(SPECIMENS) < rate
    which = random.integers(0, len(sds), SPECIMENS)
    clusters[which[is_swapped], np.flatnonzero(is_swapped)] = random.choice(len(WEIGHTS), is_swapped.sum(), p=WEIGHTS)
    differs = (clusters != clusters[:1]).any(0)
    return np.stack([read(each, sd, random) for each, sd in zip(clusters, sds, strict=True)]), differs


@pytest.mark.parametrize("sds", [[0.12, 0.15], [0.12, 0.15, 0.15]])
@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_swaps_are_found_and_their_share_is_recovered(rate: float, sds: list[float]) -> None:
    responsibilities, differs = swapped(rate, sds)
    found = evidence(responsibilities, WEIGHTS)
    rho = share(found)
    error = 4 * np.sqrt(rate * (1 - rate) / SPECIMENS)
    assert rho == pytest.approx(rate, abs=error)
    flagged = probability(found, rho) > FLAGGED
    assert (flagged & differs).sum() > 0.9 * flagged.sum()
    assert (flagged & differs).sum() > 0.9 * differs.sum()


@pytest.mark.parametrize("rho", [0.01, 0.1, 0.4])
def test_p_is_a_probability(rho: float) -> None:
    """Among specimens called p, a share of p is swapped: also where the modalities overlap and are unsure."""
    random = np.random.default_rng(3)
    own = random.choice(len(WEIGHTS), 200_000, p=WEIGHTS)
    is_swapped = random.random(len(own)) < rho
    other = np.where(is_swapped, random.choice(len(WEIGHTS), len(own), p=WEIGHTS), own)
    both = np.stack([read(own, 0.5, random), read(other, 0.7, random)])
    p = probability(evidence(both, WEIGHTS), rho)
    bins = np.digitize(p, np.quantile(p, np.linspace(0, 1, 11)[1:-1]))
    for each in range(10):
        inside = bins == each
        expected, spread = p[inside].mean(), np.sqrt((p[inside] * (1 - p[inside])).sum()) / inside.sum()
        assert is_swapped[inside].mean() == pytest.approx(expected, abs=4.5 * spread)


def test_the_formula_in_the_open() -> None:
    pi, first, second = np.array([0.5, 0.5]), np.array([0.9, 0.1]), np.array([0.2, 0.8])
    same = 0.9 * 0.2 / 0.5 + 0.1 * 0.8 / 0.5
    found = evidence(np.array([[first], [second]]), pi)
    assert np.exp(-found[0]) == pytest.approx(same)
    assert probability(found, 0.1)[0] == pytest.approx(0.1 / (0.1 + 0.9 * same))
    third = np.array([0.7, 0.3])
    three = (0.9 * 0.2 * 0.7 + 0.1 * 0.8 * 0.3) / 0.25
    pairs = [same, (0.9 * 0.7 + 0.1 * 0.3) / 0.5, (0.2 * 0.7 + 0.8 * 0.3) / 0.5]
    assert np.exp(evidence(np.array([[first], [second], [third]]), pi)[0]) == pytest.approx(np.mean(pairs) / three)


def test_agreeing_confident_specimens_are_never_flagged() -> None:
    sure = np.eye(5)[np.newaxis].repeat(3, axis=0)
    for modalities in (sure[:2], sure):
        assert (probability(evidence(modalities, WEIGHTS), 0.5) < FLAGGED).all()


def test_a_modality_that_tells_nothing_causes_no_flag() -> None:
    random = np.random.default_rng(1)
    telling = read(random.choice(5, 500, p=WEIGHTS), 0.1, random)
    silent = np.tile(WEIGHTS, (500, 1))
    found = evidence(np.stack([telling, silent]), WEIGHTS)
    np.testing.assert_allclose(found, 0, atol=1e-9)
    assert not (probability(found, 0.49) > FLAGGED).any()
    agreeing = evidence(np.stack([telling, telling, silent]), WEIGHTS)
    assert (probability(agreeing, 0.5) <= FLAGGED).all()


def test_modalities_that_say_nothing_of_each_other_are_not_all_flagged_as_uninformative() -> None:
    """Were every specimen shuffled, the share ends at its bound of one half."""
    random = np.random.default_rng(2)
    both = np.stack([read(random.choice(5, 3000, p=WEIGHTS), 0.1, random) for _ in range(2)])
    assert share(evidence(both, WEIGHTS)) == 0.5


def test_a_contradiction_beyond_float32_is_finite() -> None:
    first, second = np.array([[1.0, 0, 0, 0, 0]]), np.array([[0, 1.0, 0, 0, 0]])
    found = evidence(np.stack([first, second]), WEIGHTS)
    assert np.isfinite(found).all()
    assert probability(found)[0] > 0.99
    dead = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    assert np.isfinite(evidence(np.stack([first, first]), dead)).all()


def test_one_modality_is_not_judged() -> None:
    sure = np.eye(5)[:2]
    single = np.stack([sure, np.full((2, 5), np.nan)])
    assert np.isnan(evidence(single, WEIGHTS)).all()
    assert judge_together(single, WEIGHTS) == [None, None]
    assert judge_together(sure[np.newaxis], WEIGHTS) == [None, None]
    mixed = np.stack([sure, np.stack([np.full(5, np.nan), sure[0]]), sure])
    (first, second) = judge_together(mixed, WEIGHTS)
    assert first is not None
    assert second is not None
    assert (first.flagged, second.flagged) == (False, True)
    assert first.p == pytest.approx(judge_together(np.stack([sure, sure]), WEIGHTS)[0].p)  # type: ignore[union-attr]
    assert share(np.array([np.nan, np.nan])) < 1e-12


def test_of_a_run_each_modality_speaks_for_itself(factor_run: Run, factor_data: TwoFactors) -> None:
    """Swapping the stresses of two blobs is noticed in those specimens and no others."""
    raws = {name: factor_data.raws[name] for name in factor_run.preparations}
    physical = align(raws, factor_run.preparations, factor_data.ids)
    physical.values["stress"][5] = np.nan
    names = sorted(factor_run.preparations)
    tensors = to_tensors(physical, factor_run.preparations)
    found = alone(factor_run.model, tensors, names)
    assert found.shape == (2, 120, 3)
    assert np.isnan(found[names.index("stress"), 5]).all()
    assert np.isnan(found).sum() == 3
    np.testing.assert_allclose(np.nansum(found, -1).sum(0), np.where(np.arange(120) == 5, 1, 2), rtol=1e-5)
    weights = mixture_weights(factor_run.model)
    assert weights.sum() == pytest.approx(1)
    told = evidence(found, weights)
    assert np.isnan(told[5])
    assert not (probability(told) > FLAGGED).any()
