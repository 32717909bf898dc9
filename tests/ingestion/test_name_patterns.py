"""Ids within the names of files: found where what is left is known from other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingerprint.ingestion import ingest
from fingerprint.ingestion.name_patterns import patterns_that_agree
from fingerprint.store import open_store


@pytest.mark.parametrize(
    ("files", "tables", "chosen"),
    [
        ({"a": ["S1_raman", "S2_raman"]}, [("S1", "S2", "S3")], {"a": "{id}_raman"}),
        ({"a": ["raman-S1", "raman-S2"]}, [("S1", "S2")], {"a": "raman-{id}"}),
        ({"a": ["S1_raman", "S2_raman"], "b": ["S1_xrd", "S2_xrd"]}, [], {"a": "{id}_raman", "b": "{id}_xrd"}),
        ({"a": ["S1_raman", "S2_raman"], "b": ["S1", "S2"]}, [], {"a": "{id}_raman"}),
        ({"a": ["S1_t", "S2_t"], "b": ["S1_t", "S2_t"]}, [("S1", "S2")], {"a": "{id}_t", "b": "{id}_t"}),
        ({"a": ["S1_x_raman", "S2_x_raman"]}, [("S1_x", "S2_x")], {"a": "{id}_raman"}),
        ({"a": ["S1_raman", "S2_raman"]}, [], {}),
        ({"a": ["S1_raman", "S2_raman"]}, [("S1_raman", "S2_raman")], {}),
        ({"a": ["S1_raman", "S2_raman"]}, [("S1", "S7", "S8")], {}),
        ({"a": ["S1_raman", "S2-raman"]}, [("S1", "S2")], {}),
        ({"a": ["S1raman", "S2raman"]}, [("S1", "S2")], {}),
        ({"a": ["S1_raman"]}, [("S1", "S2")], {}),
    ],
)
def test_a_pattern_is_taken_where_its_ids_are_known(
    files: dict[str, list[str]], tables: list[tuple[str, ...]], chosen: dict[str, str]
) -> None:
    assert patterns_that_agree(files, tables) == chosen


def test_the_spectra_and_the_table_of_a_folder_find_each_other(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "hardness.csv").write_text("sample,hardness (HV)\nS1,150\nS2,160\nS3,170\n")
    for name in ("S1", "S2"):
        (lab / f"{name}_raman.txt").write_text("Raman shift (cm-1)\tintensity\n100\t1\n101\t2\n102\t3\n")
        (lab / f"{name}_xrd.xy").write_text("# 2theta (deg) counts\n10 1\n11 2\n12 3\n")
    report = ingest([lab], tmp_path / "store")
    assert not report.warnings
    store = open_store(tmp_path / "store")
    assert {name: sorted(store.read(name).specimens) for name in store.modalities()} == {
        "hardness": ["S1", "S2", "S3"],
        "intensity": ["S1", "S2"],
        "counts": ["S1", "S2"],
    }
    (lab / "dataset.toml").write_text(report.dataset_toml)
    assert ingest([lab], tmp_path / "store").ingest is None


def test_the_same_quantity_in_other_units_is_not_mixed_in_silence(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    for name, header in (("a", "Intensity"), ("b", "intensity"), ("c", "intensity (V)")):
        (lab / f"{name}.csv").write_text(f"x (nm),{header}\n1,5\n2,6\n3,7\n")
    report = ingest([lab], tmp_path / "store", dry_run=True)
    assert any("kept apart" in warning for warning in report.warnings)
    ingest([lab], tmp_path / "store")
    store = open_store(tmp_path / "store")
    found = {name: (modality.unit, sorted(store.read(name).specimens)) for name, modality in store.modalities().items()}
    assert found == {"intensity": ("", ["a", "b"]), "intensity_c": ("V", ["c"])}
