"""What is fitted is fitted on the training part, and what is read from a file is what was read from the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from measured_curves import AXIS, DOS, block, gaussian_curves, names, same, scalars, spectra

import fingerprint
from fingerprint.ingestion import read_measurement
from fingerprint.modality import RawModality
from fingerprint.prepare import Preparation, align, fit_preparation, to_tensors
from fingerprint.recipe import BasisInput, GridInput, Recipe
from fingerprint.training.data import Measured, fit_preparations, make_plan
from fingerprint.training.split import Part, split


def prepared(curves: np.ndarray, numbers: np.ndarray) -> tuple[Recipe, dict[str, Preparation]]:
    raws: dict[str, RawModality] = {"dos": spectra(block(curves)), "stress": scalars(numbers)}
    measured = Measured(raws, split(names(len(curves)), 0))
    recipe = make_plan(Recipe(), measured)
    return recipe, fit_preparations(recipe, measured)


def test_a_specimen_outside_the_training_part_changes_nothing() -> None:
    """Not the plan, and not one bit of what is fitted."""
    curves, numbers = gaussian_curves(80), np.random.default_rng(0).normal(size=80)
    held_out = [row for row, name in enumerate(names(80)) if split(names(80), 0)[name] is not Part.TRAIN]
    assert 5 < len(held_out) < 30
    other_curves, other_numbers = curves.copy(), numbers.copy()
    other_curves[held_out], other_numbers[held_out] = -1e3, 1e3
    recipe, before = prepared(curves, numbers)
    other_recipe, after = prepared(other_curves, other_numbers)
    assert other_recipe == recipe
    for name, preparation in before.items():
        for field, value in vars(preparation).items():
            assert same(getattr(after[name], field), value), (name, field)


def test_one_in_the_training_part_does() -> None:
    curves, numbers = gaussian_curves(80), np.random.default_rng(0).normal(size=80)
    kept = next(row for row, name in enumerate(names(80)) if split(names(80), 0)[name] is Part.TRAIN)
    before = prepared(curves, numbers)[1]["dos"].centre
    curves[kept] += 1
    assert not np.array_equal(prepared(curves, numbers)[1]["dos"].centre, before)


def test_a_stored_spectrum_and_its_file_give_identical_tensors(tmp_path: Path) -> None:
    """Training and `predict FILE` take one path: bit for bit, on the grid and in a basis, on the axis and off it."""
    curves, folder = gaussian_curves(12), tmp_path / "data"
    (folder / "dos").mkdir(parents=True)
    for name, curve in zip(names(12), curves.tolist(), strict=True):
        rows = [f"{x!r},{y!r}" for x, y in zip(AXIS.tolist(), curve, strict=True)]
        (folder / "dos" / f"{name}.csv").write_text("\n".join(["frequency [THz],dos [1/THz]", *rows]) + "\n")
    store = fingerprint.open_store(tmp_path / "store", create=True)
    fingerprint.ingest([folder], store)
    modality = store.modalities()["dos"]
    assert (modality.unit, modality.axis_unit) == (DOS.unit, DOS.axis_unit)
    coarse = np.linspace(1, 19, 9)
    fits = {
        "grid": fit_preparation(store.read("dos"), GridInput()),
        "basis": fit_preparation(store.read("dos"), BasisInput(5)),
        "resampled": fit_preparation(spectra(block(gaussian_curves(12)[:, :9], coarse)), GridInput()),
    }
    for name in names(12):
        stored = store.read("dos", specimens=[name])
        from_file = read_measurement(folder / "dos" / f"{name}.csv", modality).raw
        for preparation in fits.values():
            first, second = (
                to_tensors(align({"dos": raw}, {"dos": preparation}, [name]), {"dos": preparation})
                for raw in (stored, from_file)
            )
            assert first.specimens == second.specimens
            assert torch.equal(first.values["dos"], second.values["dos"])
            assert torch.equal(first.present["dos"], torch.ones(1))
            assert torch.equal(second.present["dos"], torch.ones(1))
