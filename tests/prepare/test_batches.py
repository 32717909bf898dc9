"""Measurements aligned by specimen, and the tensors made of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from measured_curves import STRESS, block, gaussian_curves, names, spectra

from fingerprint.errors import DataError
from fingerprint.modality import RawModality
from fingerprint.prepare import Physical, Preparation, Tensors, align, fit_preparation, to_tensors
from fingerprint.recipe import BasisInput, GridInput

CURVES = gaussian_curves(30)
RAWS = {
    "dos": spectra(block(CURVES[:18]), block(CURVES[18:25], first=18)),
    "stress": RawModality(STRESS, (block(np.arange(3.0, 30.0), None, first=3),)),
}
PREPARATIONS = {
    "dos": fit_preparation(RAWS["dos"], BasisInput(4)),
    "stress": fit_preparation(RAWS["stress"], GridInput()),
}


def tensors(specimens: tuple[str, ...], preparations: dict[str, Preparation] = PREPARATIONS) -> Tensors:
    return to_tensors(align(RAWS, preparations, specimens), preparations)


@given(st.permutations(names(30)), st.integers(1, 30))
def test_rows_follow_the_ids_asked_for(order: list[str], count: int) -> None:
    """Whatever their order, across blocks; what a specimen lacks is nan, then absent and 0."""
    specimens = tuple(order[:count])
    physical = align(RAWS, PREPARATIONS, specimens)
    found = to_tensors(physical, PREPARATIONS)
    assert physical.specimens == found.specimens == specimens
    for row, specimen in enumerate(specimens):
        number = int(specimen[1:])
        if number < 25:
            assert np.array_equal(physical.values["dos"][row], CURVES[number])
        if number >= 3:
            assert physical.values["stress"][row] == [number]
        for name, measured in (("dos", number < 25), ("stress", number >= 3)):
            assert physical.measured(name)[row] == measured
            assert found.present[name][row] == float(measured)
            if not measured:
                assert np.isnan(physical.values[name][row]).all()
                assert not found.values[name][row].any()


def test_tensors_are_float32_in_model_units() -> None:
    found = tensors(names(30))
    assert {each.dtype for each in (*found.values.values(), *found.present.values())} == {torch.float32}
    assert found.values["dos"].shape == (30, 4)
    expected = PREPARATIONS["dos"].to_model(CURVES[:25])
    np.testing.assert_allclose(found.values["dos"][:25], expected, rtol=1e-6, atol=1e-6)


def test_a_specimens_tensors_do_not_depend_on_its_company() -> None:
    together = tensors(names(30))
    for row in (0, 7, 24):
        alone = tensors(names(1, row))
        for name in RAWS:
            torch.testing.assert_close(alone.values[name][0], together.values[name][row], rtol=1e-6, atol=1e-7)


def test_a_modality_that_was_not_read_is_missing() -> None:
    found = to_tensors(align({"dos": RAWS["dos"]}, PREPARATIONS, names(30)), PREPARATIONS)
    assert not found.present["stress"].any()
    assert found.present["dos"].sum() == 25


def test_a_specimen_that_nobody_asked_for_cannot_refuse_the_others() -> None:
    """Its axis is too short; theirs are not."""
    short = np.linspace(0.5, 5, 30)
    raws = {"dos": spectra(block(CURVES[:5]), block(CURVES[5:6], short, first=5))}
    preparations = {"dos": PREPARATIONS["dos"]}
    assert align(raws, preparations, names(5)).measured("dos").all()
    with pytest.raises(DataError, match=r"its axis covers 0\.5 to 5"):
        align(raws, preparations, names(6))


def test_subsets_rows_and_keeping() -> None:
    found = tensors(names(30))
    subset = found.subset([4, 2, 27])
    assert subset.specimens == ("s004", "s002", "s027")
    assert torch.equal(subset.values["stress"], found.values["stress"][[4, 2, 27]])
    kept = subset.keeping(["dos"])
    assert not kept.present["stress"].any()
    assert torch.equal(kept.present["dos"], torch.tensor([1.0, 1.0, 0.0]))
    index = torch.tensor([[1, 0], [2, 2], [5, 9]])
    values, present, certainty = found.rows(index)
    assert not certainty
    assert values["dos"].shape == (3, 2, 4)
    assert torch.equal(values["dos"][2, 1], found.values["dos"][9])
    assert present["stress"].shape == (3, 2)
    physical = align(RAWS, PREPARATIONS, names(30)).rows([4, 2])
    assert isinstance(physical, Physical)
    assert physical.specimens == ("s004", "s002")
    assert np.array_equal(physical.values["dos"], CURVES[[4, 2]])
