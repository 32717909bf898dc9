"""`fingerprint ingest` as its users meet it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from fingerprint.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two spectra and a table, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FINGERPRINT_STORE", raising=False)
    data = Path("vdos")
    data.mkdir()
    for name in ("a", "b"):
        (data / f"{name}.dat").write_text("# frequency (THz)  vdos (1/THz)\n1 2\n2 4\n3 1\n")
    (data / "stress.csv").write_text("id,stress_gpa\na,1\nb,2\n")
    (data / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    return data


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["ingest", *arguments])
    return int(end.value.code or 0)


def test_json_says_what_the_contract_promises(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(folder), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert {"modalities", "specimens", "ignored", "refused", "ingest", "dataset_toml"} <= document.keys()
    vdos = document["modalities"]["vdos"]
    assert vdos["axis"] == {
        "name": "frequency", "unit": "THz", "first": 1.0, "last": 3.0, "points": 3, "distinct": 1
    }  # fmt: skip
    assert (vdos["kind"], vdos["unit"], vdos["sign"]) == ("spectrum", "1/THz", "")
    assert (vdos["read"], vdos["new"], vdos["unchanged"], vdos["replaced"]) == (2, 2, 0, 0)
    assert document["modalities"]["stress"]["axis"] is None
    assert document["specimens"] == {"total": 2, "new": 2}
    assert document["ignored"][0]["file"] == "vdos/photo.jpg"


def test_the_answer_is_on_stdout_and_the_inferred_toml_on_stderr(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(folder)) == 0
    streams = capsys.readouterr()
    assert "[modalities.vdos]" in streams.err
    assert "[modalities.vdos]" not in streams.out
    assert "frequency 1 to 3 THz, 3 points" in streams.out


def test_a_dry_run_prints_a_dataset_toml_that_works_and_stores_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(str(folder), "--dry-run", "--quiet") == 0
    toml = capsys.readouterr().out
    assert not Path("fingerprint-store").exists()
    assert "# 2 file(s) of two columns" in toml
    (folder / "dataset.toml").write_text(toml)
    assert run(str(folder)) == 0
    assert "[modalities.vdos]" not in capsys.readouterr().err


def test_a_refusal_names_the_line_and_the_way_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.dat").write_text("# frequency (THz)  vdos (1/THz)\n1 2\n2 n/a\n3 1\n")
    assert run(str(folder), "--json") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["where"] == "vdos/b.dat:3"
    assert "--skip-bad" in error["next"]
    assert not Path("fingerprint-store").exists()
    assert run(str(folder), "--skip-bad") == 0
    with Path("rejected.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["where"]) for row in rows] == [("vdos/b.dat", "vdos/b.dat:3")]
