"""Cuts of public sets, each with a dataset.toml of a few lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fingerprint.ingestion import ingest
from fingerprint.store import open_store

SETS = Path(__file__).parent / "sets"
# modality: measured of 6, unit, (first x, last x, unit), and of the first specimen: its id, first and last value
EXPECTED = {
    "diesel_nir": {
        "spectrum": (6, "", (750.0, 1510.0, "nm"), ("17366", -0.028073, None)),
        "cetane_number": (None, "", None, ("17366", 55.1, 55.1)),
        "density": (None, "g/mL", None, ("17629", 0.7818, 0.7818)),
        "flash_point": (None, "degC", None, ("17629", 52.0, 52.0)),
    },
    "corn_nir": {
        "m5": (6, "", (1100.0, 2460.0, "nm"), ("c00", 0.0444948, None)),
        "mp5": (6, "", (1100.0, 2460.0, "nm"), ("c00", -0.0124404, None)),
        "mp6": (6, "", (1100.0, 2460.0, "nm"), ("c00", -0.0227014, None)),
        "moisture": (6, "%", None, ("c00", 10.448, 10.448)),
        "starch": (6, "%", None, ("c00", 64.838, 64.838)),
    },
    "tecator_nir": {
        "spectrum": (6, "", (850.0, 1041.9192, "nm"), ("t000", 2.61776, None)),
        "fat": (6, "%", None, ("t000", 22.5, 22.5)),
    },
    "phonon_dos": {
        "dos": (6, "", (0.0, 1000.0, "cm^-1"), ("ph0000", 0.0, 0.0)),
        "volume": (6, "angstrom^3", None, ("ph0000", 42.03717741788055, 42.03717741788055)),
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_public_set_is_ingested_with_a_few_lines(name: str, tmp_path: Path) -> None:
    assert len((SETS / name / "dataset.toml").read_text().splitlines()) <= 20
    report = ingest([SETS / name], tmp_path / "store")
    assert not report.refused
    store = open_store(tmp_path / "store")
    for modality, (count, unit, axis, (specimen, first, last)) in EXPECTED[name].items():
        raw = store.read(modality)
        assert count is None or len(raw) == count
        assert raw.modality.unit == unit
        found = {each: (np.atleast_1d(values), x) for each, values, x in raw.rows()}
        values, x = found[specimen]
        assert values[0] == first
        assert last is None or values[-1] == last
        if axis is not None:
            assert x is not None
            assert (x[0], x[-1], raw.modality.axis_unit) == axis
    assert len(store.specimens()) == 6
