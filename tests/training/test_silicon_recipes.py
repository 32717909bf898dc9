"""The recipes that decode silicon's spectra by a law train on shipped spectra, and begin where a spectrum is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import fingerprint
from fingerprint.bundled import bundled
from fingerprint.model.experts import ExpertDecoder
from fingerprint.recipe import load_recipe
from fingerprint.run import Run
from fingerprint.store import Store

FEW = 60


@pytest.fixture(scope="module")
def silicon(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Every thirteenth of the shipped specimens."""
    folder = tmp_path_factory.mktemp("silicon")
    whole = fingerprint.open_store(folder / "whole", create=True)
    fingerprint.ingest([bundled("datasets/silicon_vdos/vdos")], whole)
    kept = set(sorted(whole.specimens())[::13][:FEW])
    few = fingerprint.open_store(folder / "few", create=True)
    few.append([whole.read(name).keeping(kept) for name in ("vdos", "stress")], {}, "")
    return few


@pytest.fixture(scope="module", params=["vdos_peaks", "vdos_principal"])
def run(request: pytest.FixtureRequest, silicon: Store, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two epochs of a recipe."""
    recipe = load_recipe(request.param, epochs=2, restarts=2, batch=FEW, level=0.5)
    return fingerprint.train(silicon, recipe, tmp_path_factory.mktemp(request.param) / "run")


def spectrum_decoder(run: Run) -> ExpertDecoder:
    decoder = run.model.decoder("vdos")
    assert isinstance(decoder, ExpertDecoder)
    return decoder


def test_they_begin_near_the_mean_spectrum_and_tell_the_stress(run: Run) -> None:
    """[Eq. 11] At Z = 0, where every member is still soon after the beginning."""
    decoder = spectrum_decoder(run)
    assert decoder.uses_z
    centre = decoder.law.centre
    with torch.no_grad():
        told = decoder.law.expert.curves(decoder.theta[:, 0])
    assert (told - centre).abs().mean() < 0.1 * centre.max()
    error = run.metrics.parts["train"].rmse_percent["stress"]["vdos"]
    assert error is not None
    assert np.isfinite(error)


def test_parameters_stay_within_what_the_recipe_allows(run: Run) -> None:
    """Also far out along Z: no peak is negative, and none leaves its band."""
    decoder = spectrum_decoder(run)
    z = 30 * decoder.value.new_tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]]).expand(2, -1, -1)
    theta, parameters = decoder.theta_at(z), decoder.law.expert.parameters
    low, high = (theta.new_tensor([getattr(each, side) for each in parameters]) for side in ("lower", "upper"))
    assert ((theta >= low) & (theta <= high)).all()
    assert all(each.lower == 0 for each in parameters if each.name.startswith("height"))
