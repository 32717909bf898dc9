"""Data made from two known factors: training finds what is there, and nothing where nothing is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from two_factors import AXIS, NOISE, TwoFactors, fill_store, quick_recipe, stress, two_factors

from fingerprint.modality import Block, RawModality
from fingerprint.prediction import Prediction, predict_raw
from fingerprint.recipe import ConvEncoder, FixedVariance, GridInput, MLPDecoder, ModalityRecipe, Recipe
from fingerprint.run import Run
from fingerprint.store import open_store
from fingerprint.training import train


@pytest.fixture(scope="module")
def data() -> TwoFactors:
    return two_factors(240, seed=1)


@pytest.fixture(scope="module")
def learned(data: TwoFactors, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("learned")
    recipe = quick_recipe(epochs=60, kl_weight=1.0)
    return train(fill_store(folder / "store", data), recipe, folder / "run", device="cpu", label="label")


def given_the_truth(spectra: np.ndarray) -> np.ndarray:
    """The stress that follows from spectra for one who knows how they were made: least squares for the factors."""
    low, high = (0.1 * np.exp(-0.5 * ((AXIS - centre) / 2.0) ** 2) for centre in (6.0, 14.0))
    factors = np.linalg.lstsq(np.stack([low, high], axis=1), (spectra - 0.5).T, rcond=None)[0].T
    return stress(factors)


def test_stress_follows_from_the_spectrum_as_well_as_the_noise_allows(learned: Run, data: TwoFactors) -> None:
    test = np.array([learned.parts[each] == "test" for each in data.ids])
    measured = data.raws["stress"].blocks[0].values[test]
    best = np.sqrt(np.mean((given_the_truth(data.raws["vdos"].blocks[0].values[test]) - measured) ** 2))
    assert best < 2 * NOISE["stress"]
    error = learned.metrics.parts["test"].rmse["stress"]["vdos"]
    assert error is not None
    assert error < 1.6 * best


def test_reported_errors_are_those_of_the_predictions(learned: Run, data: TwoFactors) -> None:
    predicted = {each.specimen: each for each in predict_raw(learned, "stress", {"vdos": data.raws["vdos"]})}
    truth = dict(zip(data.ids, data.raws["stress"].blocks[0].values, strict=True))
    for part, metrics in learned.metrics.parts.items():
        own = [each for each in data.ids if learned.parts[each] == part]
        residual = np.array([predicted[each].mean - truth[each] for each in own])
        rmse = float(np.sqrt(np.mean(residual**2)))
        assert metrics.rmse["stress"]["vdos"] == pytest.approx(rmse, rel=1e-5)
        span = np.ptp([truth[each] for each in data.ids if learned.parts[each] == "train"])
        assert metrics.range["stress"] == pytest.approx(span)
        assert metrics.rmse_percent["stress"]["vdos"] == pytest.approx(100 * rmse / span, rel=1e-5)
        mean = np.mean([truth[each] for each in data.ids if learned.parts[each] == "train"])
        total = sum((truth[each] - mean) ** 2 for each in own)
        assert metrics.r2["stress"]["vdos"] == pytest.approx(1 - (residual**2).sum() / total, rel=1e-5)


def test_three_blobs_are_three_reproducible_clusters_in_order(learned: Run, data: TwoFactors) -> None:
    metrics = learned.metrics
    assert metrics.supported
    assert [each.reproducible for each in metrics.clusters] == [True] * 3
    assert [each.alive for each in metrics.clusters] == [True] * 3
    accuracy = metrics.parts["train"].accuracy
    assert accuracy is not None
    assert accuracy > 0.97
    train_part = [blob for each, blob in zip(data.ids, data.blob, strict=True) if learned.parts[each] == "train"]
    assert sorted(each.size for each in metrics.clusters) == pytest.approx(sorted(np.bincount(train_part)), abs=4)
    weights = [each.weight for each in metrics.clusters]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1)


def test_members_call_the_same_cluster_by_the_same_number(learned: Run, data: TwoFactors) -> None:
    prior = learned.model.prior
    predictions = predict_raw(learned, "stress", {"vdos": data.raws["vdos"]})
    sure = np.mean([max(each.clusters) for each in predictions])
    assert sure > 0.95  # an average over members that disagreed in their numbering would be near 1/2
    assert prior.log_weights.exp().sum(1).numpy() == pytest.approx(1, abs=1e-5)


def test_what_is_unrelated_is_not_predicted(data: TwoFactors, tmp_path: Path) -> None:
    block = data.raws["stress"].blocks[0]
    shuffled = np.random.default_rng(0).permutation(block.values)
    store = open_store(tmp_path / "store", create=True)
    permuted = RawModality(data.raws["stress"].modality, (Block(block.specimens, shuffled),))
    store.append([data.raws["vdos"], permuted], {}, "")
    metrics = train(store, quick_recipe(epochs=25), tmp_path / "run", device="cpu").metrics
    r2 = metrics.parts["test"].r2["stress"]["vdos"]
    assert r2 is not None
    assert r2 < 0.15


def test_one_round_blob_supports_no_clusters(tmp_path: Path) -> None:
    store = fill_store(tmp_path / "store", two_factors(150, blobs=1, seed=2))
    metrics = train(store, quick_recipe(epochs=4), tmp_path / "run", device="cpu").metrics
    assert not metrics.supported
    assert "no clusters are supported" in metrics.support


def test_a_fifth_to_a_third_of_each_modality_may_be_missing(tmp_path: Path) -> None:
    names = ("vdos", "stress", "density")
    data = two_factors(240, seed=5, missing=0.3)
    counts = [len(data.raws[name]) for name in names]
    assert max(counts) <= 200
    store = fill_store(tmp_path / "store", data, names)
    run = train(store, quick_recipe(epochs=50, batch=100, kl_weight=1.0), tmp_path / "run", device="cpu")
    test = run.metrics.parts["test"].r2
    for target, source in (("stress", "vdos"), ("density", "vdos"), ("stress", "joint")):
        r2 = test[target][source]
        assert r2 is not None
        assert r2 > 0.9, (target, source)
    assert set(test) == set(names)
    assert set(test["stress"]) == {"joint", *names}


def _variant(**choices: object) -> Recipe:
    return quick_recipe(**({"epochs": 8} | choices))


def _with(name: str, choice: ModalityRecipe, other: str) -> Recipe:
    return msgspec.structs.replace(_variant(), modalities={name: choice, other: ModalityRecipe()})


@pytest.mark.parametrize(
    "recipe",
    [
        _variant(terms="joint"),
        _variant(terms="unimodal"),
        _variant(terms="dropout"),
        _variant(decoders="per_cluster"),
        _variant(clusters=1, latent=1, restarts=1),
        _variant(start=1.0),
        _with("vdos", ModalityRecipe(GridInput(), ConvEncoder((4,), 3, (2,))), "stress"),
        _with("stress", ModalityRecipe(decoder=MLPDecoder(variance=FixedVariance())), "vdos"),
    ],
    ids=["joint", "unimodal", "dropout", "per_cluster", "one_of_all", "no_em", "conv", "fixed_variance"],
)
def test_every_variant_learns(recipe: Recipe, factor_data: TwoFactors, factor_run: Run, tmp_path: Path) -> None:
    run = train(fill_store(tmp_path / "store", factor_data), recipe, tmp_path / "run", device="cpu")
    history = run.history
    assert np.mean(history[-1].reconstruction) > np.mean(history[0].reconstruction)
    predictions = predict_raw(run, "stress", {"vdos": factor_data.raws["vdos"]})
    for each in predictions:
        _assert_sound(each, recipe.model.clusters)
    assert np.std([each.mean for each in predictions]) > 0
    assert factor_run.metrics.parts.keys() == run.metrics.parts.keys()


def _assert_sound(each: Prediction, clusters: int) -> None:
    assert isinstance(each.sd, float)
    assert np.isfinite(each.mean)
    assert each.sd > 0
    assert len(each.clusters) == clusters
    assert sum(each.clusters) == pytest.approx(1, abs=1e-5)
