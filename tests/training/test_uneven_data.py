"""Trainings on what laboratories have: short scans, replicates, uncertainties, preprocessing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pytest
import torch
from same_run import assert_same_run
from two_factors import AXIS, STRESS, VDOS, TwoFactors, fill_store, quick_recipe

from fingerprint.fingerprints import describe
from fingerprint.modality import Block, RawModality
from fingerprint.prediction import predict_stored
from fingerprint.prediction.cross_modal import predict_moments
from fingerprint.prepare import align, plan, to_tensors
from fingerprint.recipe import SNV, Recipe, SavitzkyGolay
from fingerprint.run import Run, build_model, make_generators, modality_shapes
from fingerprint.store import open_store
from fingerprint.training import Part, split, train
from fingerprint.training.batch import batch_source
from fingerprint.training.data import Measured, fit_preparations, make_plan, part_data, repeated_measurements
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import make_optimizer, run_epochs


def uneven(data: TwoFactors) -> TwoFactors:
    """Every thirtieth scan stops early, and carries its uncertainty."""
    raw = data.raws["vdos"]
    short = set(data.ids[::30])
    (cut,) = raw.keeping(short).blocks
    values = cut.values[:, :28]
    few = Block(cut.specimens, values, AXIS[:28], uncertainty=np.full(values.shape, 0.02))
    rest = raw.keeping(set(data.ids) - short).blocks
    return data._replace(raws=data.raws | {"vdos": RawModality(VDOS, (*rest, few))})


def error(run: Run) -> float:
    """Of the stress of the test part, GPa, predicted from the spectrum; its noise is 0.1."""
    return run.metrics.parts["test"].rmse["stress"]["vdos"] or np.inf


@pytest.fixture(scope="module")
def uneven_run(factor_data: TwoFactors, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("uneven")
    return train(fill_store(folder / "store", uneven(factor_data)), quick_recipe(), folder / "run", device="cpu")


def test_short_scans_neither_crop_the_grid_nor_are_lost(
    uneven_run: Run, factor_run: Run, factor_data: TwoFactors
) -> None:
    preparation = uneven_run.preparations["vdos"]
    np.testing.assert_array_equal(preparation.grid, AXIS)
    assert 0.9 < preparation.covered < 1
    assert set(uneven_run.parts) == set(factor_data.ids)
    assert error(factor_run) < error(uneven_run) < 0.3  # the two short scans of the test part tell less


def test_what_a_short_scan_lacks_is_a_gap_everywhere(uneven_run: Run, factor_data: TwoFactors, tmp_path: Path) -> None:
    """Its points are measured in physical units, and predicted over the whole axis."""
    data = uneven(factor_data)
    found = align(data.raws, uneven_run.preparations, data.ids)
    assert found.covered("vdos")[0] == 28 / 40
    assert found.covered("vdos")[1] == 1
    np.testing.assert_allclose(found.variance["vdos"][0, :28], 0.02**2)
    store = fill_store(tmp_path / "store", data)
    predicted = predict_stored(uneven_run, store, "stress", data.ids[:2]).predictions
    assert [each.low is None for each in predicted] == [True, False]
    (curve,) = predict_stored(uneven_run, store, "vdos", data.ids[:1]).predictions
    assert np.isfinite(np.asarray(curve.mean)).all()


def replicated(data: TwoFactors, noise: float) -> list[RawModality]:
    """Three spectra of every specimen, each with more noise."""
    rng = np.random.default_rng(5)
    (block,) = data.raws["vdos"].blocks
    rows = np.repeat(np.arange(len(data.ids)), 3)
    many = block.taking(rows)
    values = many.values + noise * rng.normal(size=many.values.shape)
    return [RawModality(VDOS, (replace(many, values=values),)), data.raws["stress"]]


@pytest.mark.parametrize("replicates", ["average", "draw"])
def test_replicates_are_averaged_or_drawn(factor_data: TwoFactors, replicates: str) -> None:
    """Training itself, without a store: the data as it would read them."""
    raws = {raw.modality.name: raw for raw in replicated(factor_data, 0.02)}
    measured = Measured(raws, split(factor_data.ids, 0))
    recipe = make_plan(quick_recipe(epochs=3), measured)
    choices = {name: msgspec.structs.replace(each, replicates=replicates) for name, each in recipe.modalities.items()}
    recipe = msgspec.structs.replace(recipe, modalities=choices)
    preparations = fit_preparations(recipe, measured)
    noise = preparations["vdos"].noise
    assert noise is not None
    assert noise.mean() * preparations["vdos"].scale[0] ** 2 == pytest.approx(0.02**2, rel=0.2)
    data = part_data(measured, preparations, "cpu")
    drawn = repeated_measurements(recipe, measured, preparations, "cpu")
    assert set(drawn) == ({"vdos"} if replicates == "draw" else set())
    generators = make_generators((0, 1))
    model = build_model(recipe, preparations, generators)
    state = TrainingState(model, make_optimizer(model, recipe), generators)
    shapes = modality_shapes(recipe, preparations)
    source = batch_source(recipe, data[Part.TRAIN].tensors, shapes, model.telling(), drawn)
    run_epochs(state, recipe, source, data[Part.VALIDATION].tensors, lambda state: None)
    assert state.history[-1].reconstruction[0] > state.history[0].reconstruction[0]
    rows = torch.arange(len(source.train)).expand(2, -1)
    variance = source.draw(rows, generators).certainty["vdos"].variance
    assert float(variance.mean()) == pytest.approx(noise.mean() / (1 if replicates == "draw" else 3), rel=1e-5)


def planned(recipe: Recipe, data: TwoFactors) -> Recipe:
    """With the modalities named, as the training would plan them."""
    chosen = plan(recipe, {name: data.raws[name] for name in ("vdos", "stress")}, len(data.ids))
    return msgspec.structs.replace(recipe, modalities=chosen.modalities)


def preprocessed(recipe: Recipe, data: TwoFactors) -> Recipe:
    named = planned(recipe, data)
    vdos = msgspec.structs.replace(named.modalities["vdos"], preprocess=(SavitzkyGolay(window=5, order=2), SNV()))
    return msgspec.structs.replace(named, modalities=named.modalities | {"vdos": vdos})


def test_a_preprocessed_run_predicts_files_and_the_store_alike(factor_data: TwoFactors, tmp_path: Path) -> None:
    recipe = preprocessed(quick_recipe(), factor_data)
    store = fill_store(tmp_path / "store", factor_data)
    run = train(store, recipe, tmp_path / "run", device="cpu")
    again = train(store, recipe, tmp_path / "again", device="cpu")
    assert_same_run(run.path, again.path)
    assert error(run) < 1.0  # what SNV takes away of the two peaks' heights was worth something
    (spectrum,) = predict_stored(run, store, "vdos", factor_data.ids[:1]).predictions
    assert spectrum.unit == ""
    assert abs(np.asarray(spectrum.mean).mean()) < 0.2
    assert json.loads((run.path / "metrics.json").read_text())["parts"]["test"]["rmse_percent"]["vdos"]["joint"] < 20


def test_stated_uncertainties_make_a_bad_scalar_count_less(factor_data: TwoFactors, tmp_path: Path) -> None:
    """A quarter of the stresses, of every part, are off by 3 GPa; where they say so, the others are predicted better,
    and no interval is as wide as what was measured badly."""
    rng = np.random.default_rng(2)
    (block,) = factor_data.raws["stress"].blocks
    bad = rng.random(len(factor_data.ids)) < 0.25
    values = block.values + np.where(bad, 3.0 * rng.normal(size=len(bad)), 0)
    told = np.where(bad, 3.0, 0.1)
    truth = dict(zip(block.specimens, block.values.tolist(), strict=True))
    errors: dict[str, float] = {}
    widths: dict[str, float] = {}
    for name, uncertainty in (("told", told), ("untold", None)):
        raw = RawModality(STRESS, (replace(block, values=values, uncertainty=uncertainty),))
        data = factor_data._replace(raws=factor_data.raws | {"stress": raw})
        store = fill_store(tmp_path / f"{name} store", data)
        run = train(store, quick_recipe(), tmp_path / name, device="cpu")
        found = predict_stored(run, store, "stress").predictions
        errors[name] = float(np.sqrt(np.mean([(each.mean - truth[each.specimen]) ** 2 for each in found])))
        widths[name] = float(np.mean([each.high - each.low for each in found]))
    assert errors["told"] < 0.75 * errors["untold"], errors
    assert widths["told"] < 0.5 * widths["untold"], widths
    inside = np.mean([each.low <= truth[each.specimen] <= each.high for each in found])
    assert inside > 0.8


def test_a_short_scan_is_less_certain_and_says_so(uneven_run: Run, factor_data: TwoFactors) -> None:
    """Below 14 THz, the second peak is more and more guessed: the less was measured of it, the larger the stated sd."""
    (block,) = factor_data.raws["vdos"].blocks
    sds: list[float] = []
    for points in (40, 30, 22, 20):
        cut = Block(block.specimens[:30], block.values[:30, :points], AXIS[:points])
        physical = align({"vdos": RawModality(VDOS, (cut,))}, uneven_run.preparations, cut.specimens)
        tensors = to_tensors(physical, uneven_run.preparations)
        moments = predict_moments(uneven_run.model, uneven_run.preparations["stress"], tensors, "stress", ["vdos"])
        sds.append(float(moments.sd.mean()))
    assert sds == sorted(sds)
    assert sds[-1] > 1.2 * sds[0]


def test_what_a_step_cannot_take_is_left_out_and_named(factor_data: TwoFactors, tmp_path: Path) -> None:
    """A flat spectrum of the test part stops neither the training nor the predictions of others."""
    (block,) = factor_data.raws["vdos"].blocks
    parts = split(factor_data.ids, 0)
    row = next(row for row, each in enumerate(factor_data.ids) if parts[each] is Part.TEST)
    values = block.values.copy()
    values[row] = 1.0
    raw = RawModality(VDOS, (replace(block, values=values),))
    data = factor_data._replace(raws=factor_data.raws | {"vdos": raw})
    store = fill_store(tmp_path / "store", data)
    warnings: list[str] = []
    recipe = preprocessed(quick_recipe(epochs=2), factor_data)
    run = train(store, recipe, tmp_path / "run", device="cpu", on_warning=warnings.append)
    (warning,) = warnings
    assert "it is flat" in warning
    assert factor_data.ids[row] in warning
    found = predict_stored(run, store, "stress")
    assert len(found.predictions) == len(factor_data.ids) - 1
    (refusal,) = found.refused
    assert refusal.specimen == factor_data.ids[row]


def test_a_scan_off_the_grid_is_left_out_of_the_description_too(factor_data: TwoFactors, tmp_path: Path) -> None:
    """Its specimen is described by what else was measured, and predicted over the whole axis."""
    raw = factor_data.raws["vdos"]
    lost = factor_data.ids[3]
    (cut,) = raw.keeping({lost}).blocks
    rest = raw.keeping(set(factor_data.ids) - {lost}).blocks
    few = Block((lost,), cut.values[:, :9], AXIS[:9])
    data = uneven(factor_data._replace(raws=factor_data.raws | {"vdos": RawModality(VDOS, rest)}))
    vdos = data.raws["vdos"]
    data = data._replace(raws=data.raws | {"vdos": RawModality(VDOS, (*vdos.blocks, few))})
    store = fill_store(tmp_path / "store", data)
    warnings: list[str] = []
    run = train(store, quick_recipe(epochs=3), tmp_path / "run", device="cpu", on_warning=warnings.append)
    (warning,) = warnings
    assert warning.startswith(f"Left out: the vdos of 1 specimen ({lost}). Of the first: its axis covers 0.5 to 4.5")
    described = describe(run, store)
    row = described.specimens["specimen"].tolist().index(lost)
    assert not described.present["vdos"][row]
    assert described.present["stress"][row]
    table = described.predictions["vdos"]
    assert np.isfinite(table["rmse"]).all()
    assert set(data.ids[::30]) & set(table["specimen"])
    for each in described.fingerprints:
        assert np.isfinite(each.profiles["vdos"].mean).all()


@pytest.mark.parametrize("replicates", ["average", "draw"])
def test_replicates_of_a_store_are_trained_on_alike_each_time(
    factor_data: TwoFactors, tmp_path: Path, replicates: Literal["average", "draw"]
) -> None:
    """Three spectra of every specimen, of which each takes part under the id of its own."""
    spectra, stress = replicated(factor_data, 0.02)
    (block,) = spectra.blocks
    numbered = replace(block, measurements=tuple(str(row % 3) for row in range(len(block.specimens))))
    store = open_store(tmp_path / "store", create=True)
    store.append([RawModality(VDOS, (numbered,)), stress], {}, "")
    read = store.read("vdos")
    assert (len(read), len(read.specimens)) == (3 * len(factor_data.ids), len(factor_data.ids))
    recipe = planned(quick_recipe(epochs=4, restarts=1), factor_data)
    vdos = msgspec.structs.replace(recipe.modalities["vdos"], replicates=replicates)
    recipe = msgspec.structs.replace(recipe, modalities=recipe.modalities | {"vdos": vdos})
    run = train(store, recipe, tmp_path / "run", device="cpu")
    assert_same_run(run.path, train(store, recipe, tmp_path / "again", device="cpu").path)
    noise = run.preparations["vdos"].point_noise
    assert noise is not None
    assert noise.mean() == pytest.approx(0.02**2, rel=0.1)
    (first,) = predict_stored(run, store, "stress", factor_data.ids[:1]).predictions
    assert first.low is not None
