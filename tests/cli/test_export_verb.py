"""`fingerprint export`, as its users call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from cli_answers import document, error
from two_factors import TwoFactors, fill_store, quick_recipe

from fingerprint.run import Run
from fingerprint.store import Store
from fingerprint.training import train

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _here(factor_run: Run, factor_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINGERPRINT_STORE", factor_store.path)
    monkeypatch.setenv("FINGERPRINT_RUNS", str(factor_run.path.parent))


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_files(call: Call, form: str, read: Callable[[str], pd.DataFrame]) -> None:
    code, out, _ = call("export", "--format", form, "--out", "tables", "--json")
    assert code == 0
    files = document(code, out)["files"]
    names = {"fingerprints", "profiles", "specimens", "predictions", "predicted_vdos"}
    assert {Path(each).stem for each in files} == names
    for each in files:
        assert len(read(each))


def test_for_people_the_files_are_listed(call: Call) -> None:
    code, out, err = call("export", "--run", "known")
    assert (code, err) == (0, "")
    assert [Path(line).parent.name for line in out.split()] == ["fingerprints"] * 5
    assert all(Path(line).is_file() for line in out.split())


@pytest.mark.parametrize(("form", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_a_run_of_a_single_modality_has_no_predictions(
    call: Call, factor_store: Store, tmp_path: Path, form: str, read: Callable[[str], pd.DataFrame]
) -> None:
    train(factor_store, quick_recipe(epochs=2), tmp_path / "alone", modalities=["vdos"], device="cpu")
    code, out, _ = call("export", "--run", "alone", "--format", form, "--json")
    files = {Path(each).stem: read(each) for each in document(code, out)["files"]}
    assert set(files) == {"fingerprints", "profiles", "specimens", "predictions"}
    assert len(files["predictions"]) == 0
    assert {"specimen", "mean", "low"} <= set(files["predictions"].columns)


def test_another_store_is_refused_and_nothing_written(call: Call, factor_data: TwoFactors, tmp_path: Path) -> None:
    fill_store(tmp_path / "other", factor_data)
    refusal = error(*call("export", "--store", "other", "--json")[:2])
    assert "not the store" in refusal["what"]
    assert "--store" in refusal["next"]
    assert not (tmp_path / "fingerprints").exists()
    assert "no store" in error(*call("export", "--store", "nowhere", "--json")[:2])["what"]
    assert call("export", "--format", "xlsx")[0] == 2
