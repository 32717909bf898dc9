"""What a modality declares and measurements must agree in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fingerprint.errors import DatasetError
from fingerprint.ingestion import conform, ingest
from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.store import open_store

OUTSIDE = """[modalities.vdos]
kind = "spectrum"
unit = "1/THz"
files = "*.csv"
axis = { name = "frequency", unit = "THz", outside = "zero" }
"""


def test_zero_outside_is_stored_and_must_not_change(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("frequency (THz),vdos (1/THz)\n0,0\n1,2\n2,0\n", encoding="utf-8")
    (tmp_path / "dataset.toml").write_text(OUTSIDE, encoding="utf-8")
    assert ingest(tmp_path, tmp_path / "store").modalities["vdos"].modality.outside == "zero"
    assert open_store(tmp_path / "store").modalities()["vdos"].outside == "zero"
    plain = Modality("vdos", Kind.SPECTRUM, "1/THz", axis_name="frequency", axis_unit="THz")
    declared = replace(plain, outside="zero")
    block = Block(("b",), np.ones((1, 2)), np.array([0.0, 1.0]))
    assert conform(RawModality(plain, (block,)), declared).modality == declared
    with pytest.raises(DatasetError, match="value outside of its axis is 'zero', but 'not stated' before"):
        conform(RawModality(declared, (block,)), plain)
    (tmp_path / "dataset.toml").write_text(OUTSIDE.replace('"zero"', '"one"'), encoding="utf-8")
    with pytest.raises(DatasetError, match="outside"):
        ingest(tmp_path, tmp_path / "other")
