"""`fingerprint report` as its users call it."""

from __future__ import annotations

import json
import shutil
import webbrowser
from pathlib import Path

import pytest

from fingerprint.cli import main
from fingerprint.run import Run
from fingerprint.store import Store


@pytest.fixture
def runs(tiny_run: tuple[Run, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one run, the current one; the store is where the environment says."""
    shutil.copytree(tiny_run[0].path, tmp_path / "runs" / "tiny")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FINGERPRINT_RUNS", raising=False)
    monkeypatch.setenv("FINGERPRINT_STORE", tiny_run[1].path)
    return Path("runs")


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["report", *arguments])
    return int(ended.value.code or 0)


def test_the_newest_run_is_reported_into_its_folder(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(runs / "tiny" / "report.html")
    assert "tiny" in err
    assert (runs / "tiny" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_names_the_file(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--run", "tiny", "--out", "page.html", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"schema_version": 1, "files": ["page.html"]}
    assert Path("page.html").is_file()
    assert not (runs / "tiny" / "report.html").exists()


def test_open_shows_the_file(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    assert call("--open") == 0
    assert shown == [(runs / "tiny" / "report.html").resolve().as_uri()]


def test_without_a_run_or_its_store_it_says_so(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--runs", "nowhere") == 1
    assert "no completed run" in capsys.readouterr().err
    assert call("--store", str(tmp_path / "none")) == 1
    assert "none" in capsys.readouterr().err
    assert not (runs / "tiny" / "report.html").exists()
