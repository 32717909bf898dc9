"""An axis that says no unit must at least not be called something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from two_factors import TwoFactors, write_spectrum

from fingerprint.prediction import predict
from fingerprint.run import Run


@pytest.mark.parametrize("header", ["time_s,vdos", "banana,vdos"])
def test_an_axis_called_something_else_is_refused_until_its_unit_is_said(
    factor_run: Run, factor_data: TwoFactors, tmp_path: Path, header: str
) -> None:
    values = np.asarray(factor_data.raws["vdos"].blocks[0].values, dtype=np.float64)[0]
    file = write_spectrum(tmp_path / "a.csv", values, header)
    (refused,) = predict(factor_run, "stress", [file]).refused
    assert "--x-unit THz" in refused.next
    assert predict(factor_run, "stress", [file], x_unit="THz").predictions


@pytest.mark.parametrize("header", ["", "freq,vdos", "x,y", "frequency,vdos"])
def test_an_axis_that_says_nothing_else_is_taken_when_it_spans_the_models(
    factor_run: Run, factor_data: TwoFactors, tmp_path: Path, header: str
) -> None:
    values = np.asarray(factor_data.raws["vdos"].blocks[0].values, dtype=np.float64)[0]
    assert predict(factor_run, "stress", [write_spectrum(tmp_path / "a.csv", values, header)]).predictions
