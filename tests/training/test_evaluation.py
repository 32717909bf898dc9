"""Errors and scores are those of all specimens, however few are predicted at a time."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from two_factors import TwoFactors

from fingerprint.prediction.cross_modal import predict_moments
from fingerprint.prediction.disagreement import PRIOR
from fingerprint.prepare import Physical, align, to_tensors
from fingerprint.prepare.batches import even_rows
from fingerprint.run import Run
from fingerprint.training.evaluation import MOST_SCORED, PartData, calibrate, errors, second_half

COPIES = 40


@pytest.fixture(scope="module")
def many(factor_run: Run, factor_data: TwoFactors) -> PartData:
    """4800 specimens: many groups, the last one smaller; in some the stress is missing, in some the spectrum."""
    raws = {name: factor_data.raws[name] for name in factor_run.preparations}
    own = align(raws, factor_run.preparations, factor_data.ids)
    rows = np.tile(np.arange(120), COPIES)
    values = {name: value[rows] for name, value in own.values.items()}
    values["stress"][7::50] = np.nan
    values["vdos"][9::50] = np.nan
    physical = Physical(tuple(f"{number}" for number in range(len(rows))), values)
    return PartData(physical, to_tensors(physical, factor_run.preparations))


@pytest.mark.parametrize(
    ("target", "given"), [("stress", ["vdos"]), ("vdos", ["stress"]), ("vdos", ["stress", "vdos"])]
)
def test_errors_over_groups_are_those_over_all(factor_run: Run, many: PartData, target: str, given: list[str]) -> None:
    found = errors(factor_run.model, factor_run.preparations, many, target, given)
    both = np.flatnonzero(many.physical.measured("stress") & many.physical.measured("vdos"))
    rows = both if {target, *given} == {"stress", "vdos"} else np.flatnonzero(many.physical.measured("vdos"))
    moments = predict_moments(
        factor_run.model, factor_run.preparations[target], many.tensors.subset(rows), target, given
    )
    measured = many.physical.values[target][rows]
    assert found.averaged == pytest.approx(np.sqrt(np.mean((measured - moments.mean) ** 2)), rel=1e-5)
    assert found.members == pytest.approx(np.sqrt(np.mean((measured - moments.members) ** 2, axis=(1, 2))), rel=1e-5)
    total = ((measured - factor_run.preparations[target].centre) ** 2).sum()
    assert found.r2 == pytest.approx(1 - ((measured - moments.mean) ** 2).sum() / total, rel=1e-5)


def test_the_scores_of_all_groups_that_are_scored_are_kept_and_sorted(factor_run: Run, many: PartData) -> None:
    calibration = calibrate(factor_run.model, factor_run.preparations, many, 0.9)
    scored = even_rows(len(many.tensors), MOST_SCORED)
    both = int((many.physical.measured("stress") & many.physical.measured("vdos"))[scored].sum())
    for entry in calibration.intervals:
        assert len(entry.scores) == both
        assert list(entry.scores) == sorted(entry.scores)


def test_no_table_of_all_specimens_points_and_members_is_held(factor_run: Run, many: PartData) -> None:
    errors(factor_run.model, factor_run.preparations, many, "vdos", ["stress"])
    tracemalloc.start()
    errors(factor_run.model, factor_run.preparations, many, "vdos", ["stress"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.7 * 2 * many.physical.values["vdos"].nbytes


def test_nothing_measured_has_no_error(factor_run: Run, many: PartData) -> None:
    physical = many.physical.rows(np.array([7]))
    none = PartData(physical, to_tensors(physical, factor_run.preparations))
    assert errors(factor_run.model, factor_run.preparations, none, "stress", ["vdos"]) == (None, (None, None), None)


def test_the_share_of_disagreeing_specimens_is_learned_from_what_is_calibrated_on(
    factor_run: Run, many: PartData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least the share that is assumed where nothing is known."""
    for told, expected in ((0.2, 0.2), (0.0, PRIOR)):
        contrary = np.where(np.arange(len(many.tensors)) < told * len(many.tensors), 50.0, -50.0)
        monkeypatch.setattr("fingerprint.training.evaluation.evidence", lambda _found, _weights, own=contrary: own)
        found = calibrate(factor_run.model, factor_run.preparations, many, 0.9).disagreement
        assert found == pytest.approx(expected, abs=1e-3)


def test_the_second_half_is_the_specimens_that_the_first_leaves(many: PartData) -> None:
    half = second_half(many)
    assert half.tensors.specimens == many.tensors.specimens[1::2]
    assert half.physical.specimens == half.tensors.specimens
