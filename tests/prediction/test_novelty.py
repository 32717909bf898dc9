"""Novelty is a p-value: uniform for what resembles the training data, small for what does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare
from two_factors import two_factors

from fingerprint.modality import RawModality
from fingerprint.prediction import novelty
from fingerprint.prepare import Preparation, fit_preparation
from fingerprint.recipe import BasisInput, GridInput
from fingerprint.run import Calibration


def on_grid(preparation: Preparation, raw: RawModality) -> np.ndarray:
    return np.concatenate([preparation.on_grid(block).values for block in raw.blocks])


def judge(
    calibration: Calibration, preparations: dict[str, Preparation], measured: dict[str, np.ndarray]
) -> novelty.Novelty:
    """One specimen, [point] by modality."""
    (found,) = novelty.judge(calibration, preparations, {name: value[np.newaxis] for name, value in measured.items()})
    return found


TRAIN, VALIDATION, TOTAL = 200, 199, 4400


@pytest.fixture(scope="module")
def parts() -> tuple[dict[str, RawModality], dict[str, RawModality], dict[str, RawModality]]:
    """Training, validation and new specimens, exchangeable."""
    data = two_factors(TOTAL, seed=8)
    edges = ((0, TRAIN), (TRAIN, TRAIN + VALIDATION), (TRAIN + VALIDATION, TOTAL))
    one, two, three = (
        {name: data.raws[name].keeping(set(data.ids[low:high])) for name in ("vdos", "stress")} for low, high in edges
    )
    return one, two, three


@pytest.fixture(scope="module")
def preparations(parts: tuple[dict[str, RawModality], ...]) -> dict[str, Preparation]:
    return {
        "vdos": fit_preparation(parts[0]["vdos"], BasisInput(8)),
        "stress": fit_preparation(parts[0]["stress"], GridInput()),
    }


@pytest.fixture(scope="module")
def calibration(parts: tuple[dict[str, RawModality], ...], preparations: dict[str, Preparation]) -> Calibration:
    known = {
        name: tuple(np.sort(each.strangeness(on_grid(each, parts[1][name]))).tolist())
        for name, each in preparations.items()
    }
    return Calibration(0.9, (), known)


def test_p_values_of_exchangeable_specimens_are_uniform(
    parts: tuple[dict[str, RawModality], ...], preparations: dict[str, Preparation]
) -> None:
    """Each of many specimens against a validation part of 19 of its own: its rank is any of 20, equally often."""
    vdos = preparations["vdos"]
    ranks: list[int] = []
    for group in np.array_split(on_grid(vdos, parts[2]["vdos"]), (TOTAL - TRAIN - VALIDATION) // 20):
        known = tuple(np.sort(vdos.strangeness(group[1:20])).tolist())
        p = judge(Calibration(0.9, (), {"vdos": known}), preparations, {"vdos": group[0]}).p
        assert p is not None
        ranks.append(round(20 * p))
    assert chisquare(np.bincount(ranks, minlength=21)[1:]).pvalue > 1e-3


def test_one_in_fifty_is_flagged(
    parts: tuple[dict[str, RawModality], ...], preparations: dict[str, Preparation], calibration: Calibration
) -> None:
    new = on_grid(preparations["vdos"], parts[2]["vdos"])
    judged = [judge(calibration, preparations, {"vdos": each}) for each in new]
    assert np.mean([each.flagged for each in judged]) < 0.06
    for each in judged:
        assert each.p is not None
        assert each.flagged == (each.p <= 0.02)


def test_noise_and_outliers_are_flagged(preparations: dict[str, Preparation], calibration: Calibration) -> None:
    noise = np.random.default_rng(0).normal(0.5, 0.3, size=40)
    found = judge(calibration, preparations, {"vdos": noise})
    assert found.flagged
    assert found.p == pytest.approx(1 / (VALIDATION + 1))
    assert found.reason == f"its vdos is stranger than all {VALIDATION} specimens of the validation part"
    assert judge(calibration, preparations, {"stress": np.array([80.0])}).flagged


@pytest.mark.parametrize(("size", "rate"), [(9, "1 in 10 "), (48, "1 in 49 "), (49, None), (199, None)])
def test_a_small_validation_part_says_how_often_ordinary_specimens_are_flagged(
    size: int, rate: str | None, preparations: dict[str, Preparation], calibration: Calibration
) -> None:
    few = Calibration(0.9, (), {name: known[:size] for name, known in calibration.novelty.items()})
    reason = judge(few, preparations, {"vdos": np.full(40, 9.0)}).reason
    assert f"stranger than all {size} specimens" in reason
    assert ("ordinary specimens" in reason) is (rate is not None)
    assert (rate or "") in reason
    usual = judge(few, preparations, {"vdos": preparations["vdos"].centre})
    assert "ordinary" not in usual.reason


def test_of_two_modalities_either_may_raise_a_false_alarm(
    preparations: dict[str, Preparation], calibration: Calibration
) -> None:
    few = Calibration(0.9, (), {name: known[:9] for name, known in calibration.novelty.items()})
    both = {"vdos": np.full(40, 9.0), "stress": preparations["stress"].centre}
    assert "about 1 in 5 ordinary specimens" in judge(few, preparations, both).reason


def test_of_several_modalities_the_strangest_counts_and_is_corrected_for(
    preparations: dict[str, Preparation], calibration: Calibration
) -> None:
    usual = {"vdos": preparations["vdos"].centre, "stress": preparations["stress"].centre}
    strange = usual | {"stress": np.array([80.0])}
    alone, both = (
        judge(calibration, preparations, {"stress": strange["stress"]}),
        judge(calibration, preparations, strange),
    )
    assert both.flagged
    assert "stress" in both.reason
    assert alone.p is not None
    assert both.p == pytest.approx(2 * alone.p)
    fine = judge(calibration, preparations, usual)
    assert (fine.p, fine.flagged) == (1.0, False)
    assert fine.reason == "it looks like what was trained on"


def test_a_small_validation_part_says_so(preparations: dict[str, Preparation], calibration: Calibration) -> None:
    few = Calibration(0.9, (), {"vdos": calibration.novelty["vdos"][:8]})
    found = judge(few, preparations, {"vdos": np.full(40, 9.0)})
    assert (found.p, found.flagged) == (None, False)
    assert "has 8 specimens with vdos; at least 9" in found.reason
    assert novelty.judge(few, preparations, {}) == []


def test_many_are_judged_as_each_alone(
    parts: tuple[dict[str, RawModality], ...], preparations: dict[str, Preparation], calibration: Calibration
) -> None:
    many = {name: on_grid(preparations[name], parts[2][name])[:200] for name in ("vdos", "stress")}
    many["stress"][::9] += 40
    few = Calibration(0.9, (), {name: known[:30] for name, known in calibration.novelty.items()})
    for known in (calibration, few):
        expected = [
            judge(known, preparations, {name: value[row] for name, value in many.items()}) for row in range(200)
        ]
        assert novelty.judge(known, preparations, many) == expected
        assert any(each.flagged for each in expected)
