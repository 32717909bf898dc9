"""`fingerprint datasets list` and `make`, as their users meet them; `fetch` has a file of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fingerprint.cli import console, main
from fingerprint.generators import silicon_vdos

# Cell 0 of this seed is a crystal: about a second.
SEED = "3"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["datasets", *arguments])
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_list_names_what_is_shipped_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert "silicon_vdos" in [dataset["name"] for dataset in answer["datasets"]]
    assert all(Path(file).name == "dataset.toml" and Path(file).exists() for file in answer["files"])
    assert run("list") == 0
    assert "silicon_vdos" in capsys.readouterr().out


def test_make_fills_the_folder_and_answers_with_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "vdos"
    assert run("make", "silicon_vdos", "--cells", "1", "--seed", SEED, "--out", str(out), "--json") == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer["schema_version"] == 1
    assert answer["files"] == [str(out / name) for name in ("spectra.h5", "stress.csv", "dataset.toml")]
    assert all(Path(file).exists() for file in answer["files"])
    assert "silicon_vdos: 1 of 1" in said.err
    assert f"fingerprint ingest {out}" in said.err


def test_an_interruption_exits_with_130_and_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(silicon_vdos, "make", interrupted)
    assert run("make", "silicon_vdos", "--out", str(tmp_path)) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert run("make", "silicon_vdos", "--out", str(tmp_path), "--json") == 130
    assert "interrupted" in json.loads(capsys.readouterr().out)["error"]["what"]


def test_a_folder_with_other_data_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dataset.toml").write_text("name = 'mine'")
    assert run("make", "silicon_vdos", "--out", str(tmp_path)) == 1
    assert "another data set" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["make", "gold_vdos"], ["make", "silicon_vdos", "--cells", "0"], ["grow"]])
def test_a_wrong_command_is_a_usage_error(wrong: list[str]) -> None:
    assert run(*wrong) == 2


def test_the_live_bar_follows_the_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(out: Path, cells: int, **options: object) -> tuple[Path, ...]:
        report = options["on_progress"]
        assert callable(report)
        for finished in range(cells + 1):
            report(finished, cells)
        return (out / "dataset.toml",)

    monkeypatch.setattr(silicon_vdos, "make", make)
    monkeypatch.setattr(console, "is_live", lambda: True)
    assert run("make", "silicon_vdos", "--cells", "3", "--out", str(tmp_path)) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'dataset.toml'}\n"


@pytest.mark.parametrize("verb", [[], ["list"], ["make"], ["fetch"]])
def test_every_help_ends_with_an_example(verb: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*verb, "--help") == 0
    assert "Example: fingerprint datasets" in capsys.readouterr().out
