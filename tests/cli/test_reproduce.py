"""`fingerprint reproduce` as its users call it, on the shipped sample and with small networks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from cli_answers import ESCAPE, document, error
from oscillator_rows import identified, oscillator_row
from small_mnist import fill, make_quick

from fingerprint import experiments
from fingerprint.cli.reproduce import ROWS, Name, parse_seeds
from fingerprint.experiments import EXPERIMENTS, ClusteringScores, Row
from fingerprint.run import load_run
from fingerprint.training import Progress

Call = Callable[..., tuple[int, str, str]]
LINES = EXPERIMENTS["mnist_lines"]
QUICK = ("reproduce", "mnist_lines", "--device", "cpu")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The experiment's folder, the default one, with the sample in its store."""
    monkeypatch.chdir(tmp_path)
    make_quick(monkeypatch)
    fill(tmp_path / "reproduced" / "mnist_lines")
    return Path("reproduced/mnist_lines")


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0-8", list(range(9))),
        ("3,17", [3, 17]),
        ("5", [5]),
        ("4-4", [4]),
        (" 2 , 0-1", [2, 0, 1]),
        ("1-3,2-5", [1, 2, 3, 4, 5]),
    ],
)
def test_seeds(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "-3", "8-0", "1,,2", "1.5", "0-8-9", "0x3"])
def test_what_names_no_seeds(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="names no seeds"):
        parse_seeds(text)


def test_the_document(folder: Path, call: Call) -> None:
    code, out, err = call(*QUICK, "--seeds", "0,4", "--rows", "multimodal, line-only", "--json")
    found = document(code, out)
    assert code == 0
    assert ESCAPE not in err
    assert set(found) == {"schema_version", "rows", "paper", "note", "files"}
    assert found["paper"] == [
        {"name": told.name, **{source: told.told_from(source) for source in ("joint", "image", "line")}}
        for told in LINES.paper
    ]
    assert found["note"] == LINES.note
    assert found["files"] == [str(folder / "report.html")]
    assert [(row["name"], row["seed"]) for row in found["rows"]] == [
        ("multimodal", 0),
        ("multimodal", 4),
        ("line-only", 0),
        ("line-only", 4),
    ]
    for row in found["rows"]:
        assert set(row) == {
            "name", "title", "seed", "status", "failure", "accuracy", "confusion", "seconds", "run"
        }  # fmt: skip
        assert (row["status"], row["failure"]) == ("completed", "")
        assert set(row["accuracy"]) == ({"joint", "image", "line"} if row["name"] == "multimodal" else {"joint"})
        assert all(0 <= value <= 100 for value in row["accuracy"].values())
        for source, table in row["confusion"].items():
            assert [sum(line) for line in table] == [10] * 10
            assert row["accuracy"][source] == pytest.approx(sum(table[digit][digit] for digit in range(10)))
        assert row["run"] == str(folder / "runs" / f"{row['name']}-seed-{row['seed']}")
        assert row["seconds"] == load_run(row["run"]).info.seconds
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f"{found['rows'][0]['accuracy']['joint']:.2f}" in page


def test_for_people_and_again(folder: Path, call: Call) -> None:
    code, out, err = call(*QUICK, "--seeds", "0-1", "--rows", "line-only")
    assert code == 0
    assert ESCAPE not in out + err
    assert [line for line in err.splitlines() if line.startswith("line-only")] == [
        "line-only, seed 0",
        "line-only, seed 1",
    ]
    assert "  joint " in err
    assert "line-only" in out
    assert "best 53.37" in out
    assert " ".join(LINES.note.split()) in " ".join(out.split())
    assert f"Report: {folder / 'report.html'}" in out
    before = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/*")}
    assert call(*QUICK, "--seeds", "0-1", "--rows", "line-only", "--quiet")[1:] == (out, "")
    assert {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/*")} == before


def test_the_rows_are_named_in_the_help(call: Call) -> None:
    told = call("reproduce", "--help")[1]
    assert set(ROWS) == set(EXPERIMENTS) == {str(each) for each in Name}
    for name, experiment in EXPERIMENTS.items():
        assert ROWS[name].split(", ") == list(experiment.all_rows)
        assert set(experiment.rows) <= set(experiment.all_rows)
        assert all(each in told for each in (name, *experiment.all_rows))


def test_what_diverged_is_shown(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = "the training diverged at epoch 3: its numbers are no longer finite"
    made = [
        Row("multimodal", "both", 0, ClusteringScores({"joint": 50.0}, {"joint": [[1, 1]]}, ["0"], 2), 1.0, ""),
        Row("multimodal", "both", 1, None, 1.0, "runs/multimodal-seed-1", failure),
        Row("line-only", "lines", 1, None, 1.0, "runs/line-only-seed-1", failure),
    ]

    def stand_in(*_: Any, on_row: Callable[[Row], None], **__: Any) -> list[Row]:
        for row in made:
            on_row(row)
        return made

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(experiments, "reproduce", stand_in)
    code, out, err = call("reproduce", "mnist_lines")
    assert code == 0
    assert err.count(f"  diverged: {failure}") == 2
    told = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert told == [
        ["multimodal", "joint", "1, 1 diverged", "50.00", "50.00", "50.00", "90.31 ± 14.81, best 99.79"],
        ["line-only", "joint", "0, 1 diverged", "diverged", "–", "–", "best 53.37"],
    ]
    found = document(*call("reproduce", "mnist_lines", "--json")[:2])["rows"]
    assert [(row["status"], row["failure"]) for row in found] == [
        ("completed", ""), ("diverged", failure), ("diverged", failure)
    ]  # fmt: skip
    assert [row["accuracy"] for row in found] == [{"joint": 50.0}, None, None]
    assert [row["confusion"] for row in found] == [{"joint": [[1, 1]]}, None, None]
    assert failure in (tmp_path / "reproduced" / "mnist_lines" / "report.html").read_text(encoding="utf-8")


def test_the_parameters_of_the_second_experiment(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    digits = tuple("012345678")
    made = [
        oscillator_row(0, identified({"beta": 1.001, "alpha": 1.1})),
        oscillator_row(1, identified({"beta": 0.99}, digits)),
        oscillator_row(0, (), "conv-large"),
    ]

    def stand_in(name: str, folder: Path, seeds: Sequence[int], rows: Sequence[str], **_: Any) -> list[Row]:
        asked.append((name, folder, seeds, rows))
        return made

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(experiments, "reproduce", stand_in)
    code, out, _ = call("reproduce", "mnist_ode")
    assert "…" not in out
    assert code == 0
    assert asked == [
        ("mnist_ode", Path("reproduced/mnist_ode"), list(range(10)), ["expert", "conv-large", "conv-small"])
    ]
    assert "expert, seed 1, the least exact" in out  # a digit has no cluster there
    told = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert told[0] == ["expert", "joint", "2", "100.00", "100.00", "100.00", "best 100.0"]
    assert [line[0] for line in told[-10:-1]] == list(digits)
    assert told[-7][:5] == ["3", "1.5000", "1.4999", "1.485 ± 0.013", "1.000 %"]
    assert told[-1] == ["all", "−0.100 ± 0.013", "−2.000 ± 0.013", "−0.100 ± 0.013"]
    found = document(*call("reproduce", "mnist_ode", "--json")[:2])
    assert found["paper"][1] == {"name": "conv-large", "joint": "mean 82.3", "image": "", "dx_dt": "", "dy_dt": ""}
    first, second, third = found["rows"]
    assert (len(first["parameters"]), len(second["parameters"]), third["parameters"]) == (40, 36, [])
    assert set(second["deviations"]) == set(digits)
    assert all(0 < each < 0.05 for each in second["deviations"].values())
    beta = first["parameters"][13]
    assert beta.pop("relative_error") == pytest.approx(1e-3)
    assert beta.pop("value") == pytest.approx(1.5015)
    assert beta == {
        "digit": "3", "cluster": 3, "name": "beta", "standard_error": 0.0125, "truth": 1.5, "paper": 1.4999,
        "unit": "1/s",
    }  # fmt: skip
    assert first["parameters"][12]["paper"] is None


def test_ctrl_c_tells_how_to_go_on(folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    original = experiments.reproduce

    def pressed(*arguments: Any, on_epoch: Callable[[Progress], None], **choices: Any) -> list[Row]:
        def press(progress: Progress) -> None:
            on_epoch(progress)
            if progress.state.epoch == 1:
                signal.raise_signal(signal.SIGINT)

        return original(*arguments, on_epoch=press, **choices)

    monkeypatch.setattr(experiments, "reproduce", pressed)
    code, out, err = call(*QUICK, "--seeds", "0-1", "--rows", "line-only", "--json")
    assert (code, out) == (130, "")
    assert "Stopping after this step; Ctrl-C again stops now." in err
    assert "Interrupted; what was finished is kept. Go on with the same command." in err
    assert not (folder / "report.html").exists()
    monkeypatch.setattr(experiments, "reproduce", original)
    code, out, _ = call(*QUICK, "--seeds", "0-1", "--rows", "line-only", "--json")
    assert len(document(code, out)["rows"]) == 2


def test_where_and_what(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def record(name: str, folder: Path, seeds: Sequence[int], rows: Sequence[str], **choices: Any) -> list[Row]:
        asked.append((name, folder, seeds, rows, choices["source"], choices["device"]))
        return [Row("multimodal", "both", 0, ClusteringScores({"joint": 50.0}, {"joint": [[1, 1]]}, ["0"], 2), 1.0, "")]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiments, "reproduce", record)
    assert call("reproduce", "mnist_lines")[0] == 0
    choices = ("--rows", "all", "--seeds", "7", "--source", "published", "--out", "here", "--device", "cpu")
    assert call("reproduce", "mnist_lines", *choices)[0] == 0
    assert asked == [
        ("mnist_lines", Path("reproduced/mnist_lines"), list(range(9)), ["multimodal"], None, "auto"),
        ("mnist_lines", Path("here"), [7], list(LINES.all_rows), Path("published"), "cpu"),
    ]
    assert Path("here/report.html").is_file()


def test_refusals(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refusal = error(*call(*QUICK, "--rows", "unimodal", "--json")[:2])
    assert "unimodal" in refusal["what"]
    assert "multimodal" in refusal["expected"]
    refusal = error(*call(*QUICK, "--source", "nowhere", "--json")[:2])
    assert refusal["where"] == "nowhere"
    assert "--source" in refusal["next"]
    Path("afile").write_text("")
    for option in ("--source", "--out"):
        refusal = error(*call(*QUICK, option, "afile", "--json")[:2])
        assert (refusal["what"], refusal["where"]) == ("this is a file, not a folder", "afile")
        assert option in refusal["next"]
    refusal = error(*call(*QUICK, "--device", "abacus", "--source", "nowhere", "--json")[:2])
    assert "abacus" in refusal["what"]  # before the data are looked at
    for wrong in (("--seeds", "many"), ("--seeds", "8-0")):
        code, out, err = call(*QUICK, *wrong)
        assert (code, out) == (2, "")
        assert "names no seeds" in err
    assert call("reproduce", "mnist_spirals")[0] == 2
    assert list(tmp_path.glob("**/run.json")) == []
