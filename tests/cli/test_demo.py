"""`fingerprint demo`: the real commands on the real data, with a training cut short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answers import document
from two_factors import quick_recipe

from fingerprint import recipe
from fingerprint.cli import demo
from fingerprint.recipe import Recipe

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(name: str = "default", **choices: object) -> Recipe:
        assert (name, choices) == ("default", {"clusters": 4})
        return quick_recipe(epochs=3, clusters=4)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINGERPRINT_STORE", str(tmp_path / "not-this"))
    monkeypatch.setenv("FINGERPRINT_RUNS", str(tmp_path / "nor-this"))
    monkeypatch.setattr(recipe, "load_recipe", short)


def test_it_says_and_does_the_main_job(call: Call, tmp_path: Path) -> None:
    (tmp_path / "tour").mkdir()
    code, out, err = call("demo", "--out", "tour", "--json")
    found = document(code, out)
    assert (code, found["ok"], found["problems"]) == (0, True, [])
    said = [line[2:].split()[1] for line in err.splitlines() if line.startswith("$ fingerprint")]
    assert said == ["ingest", "train", "predict-stress", "export", "report"]
    assert "Against the truth" in err
    assert "Warning:" not in err
    folder = tmp_path / "tour-2"
    assert [Path(found["report"])] == list(folder.glob("runs/*/report.html"))
    assert (folder / "fingerprints" / "specimens.csv").is_file()
    assert {each.name for each in tmp_path.iterdir()} == {"tour", "tour-2"}
    assert not list((tmp_path / "tour").iterdir())


def test_the_folder_is_a_fresh_one(tmp_path: Path) -> None:
    for name in ("a", "a-2", "a-3"):
        (tmp_path / name).mkdir()
    assert demo._fresh(tmp_path / "a") == tmp_path / "a-4"
    assert demo._fresh(tmp_path / "b") == tmp_path / "b"
