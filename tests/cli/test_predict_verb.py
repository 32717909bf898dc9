"""`fingerprint predict` and `predict-stress`, as their users call them."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cli_answers import ESCAPE, document, error
from two_factors import AXIS, TwoFactors, write_spectrum

from fingerprint.prediction import predict
from fingerprint.run import Run
from fingerprint.store import Store

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _here(
    factor_run: Run, factor_store: Store, factor_data: TwoFactors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of two spectra and a picture; the run is the only one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINGERPRINT_STORE", factor_store.path)
    monkeypatch.setenv("FINGERPRINT_RUNS", str(factor_run.path.parent))
    (tmp_path / "spectra").mkdir()
    for name, row in (("b", 1), ("a", 0)):
        write_spectrum(tmp_path / "spectra" / f"{name}.csv", factor_data.raws["vdos"].blocks[0].values[row])
    (tmp_path / "spectra" / "picture.jpg").write_bytes(b"\xff\xd8\xff")


def test_the_document_is_what_the_library_answers(call: Call, factor_run: Run) -> None:
    code, out, err = call("predict-stress", "spectra/a.csv", "--json")
    assert code == 0
    found = document(code, out)
    assert set(found) == {"schema_version", "run", "snapshot", "refused", "predictions"}
    assert found["snapshot"] == {"position": factor_run.info.position, "ingest": factor_run.info.ingest}
    assert found["run"] == str(factor_run.path)
    assert err == f"Run: {factor_run.path}\n"
    (each,) = found["predictions"]
    promised = {
        "source",
        "specimen",
        "target",
        "unit",
        "sign",
        "mean",
        "sd",
        "low",
        "high",
        "level",
        "clusters",
        "novelty",
    }
    assert promised <= set(each)
    assert {"p", "flagged", "reason"} == set(each["novelty"])
    expected = predict(factor_run, "stress", ["spectra/a.csv"]).predictions[0]
    assert each == json.loads(msgspec.json.encode(expected))
    assert document(*call("predict", "--target", "stress", "spectra/a.csv", "--json")[:2]) == found
    assert json.loads(call("predict-stress", "spectra/a.csv", "--format", "json")[1]) == found


def test_for_people_on_a_pipe(call: Call) -> None:
    code, out, err = call("predict-stress", "spectra")
    assert code == 0
    assert ESCAPE not in out + err
    assert "stress [GPa]" in out
    assert "90 % interval" in out
    assert "Sign of stress: compression positive." in out
    assert out.index(" a ") < out.index(" b ")
    assert call("predict-stress", "spectra", "--quiet")[2] == ""


def test_names_are_shown_as_they_are(call: Call, tmp_path: Path) -> None:
    shutil.copy("spectra/a.csv", tmp_path / "[red]:smile:[0].csv")
    assert "[red]:smile:[0]" in call("predict-stress", "[red]:smile:[0].csv")[1]


def test_csv(call: Call) -> None:
    _, out, _ = call("predict-stress", "spectra", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    found = json.loads(call("predict-stress", "spectra", "--json")[1])["predictions"]
    assert [row["specimen"] for row in rows] == ["a", "b"]
    for row, each in zip(rows, found, strict=True):
        for key in ("mean", "sd", "low", "high", "level"):
            assert float(row[key]) == each[key]
        assert [float(row[f"cluster_{index}"]) for index in range(3)] == each["clusters"]
        assert float(row["novelty_p"]) == each["novelty"]["p"]
    _, out, _ = call("predict", "--target", "vdos", "--specimen", "si-0001", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [float(row["x"]) for row in rows] == AXIS.tolist()


def test_into_a_file(call: Call, tmp_path: Path) -> None:
    code, out, err = call("predict-stress", "spectra", "--format", "csv", "--out", "answer.csv")
    assert (code, out) == (0, "")
    assert "Written: answer.csv" in err
    assert (tmp_path / "answer.csv").read_text() == call("predict-stress", "spectra", "--format", "csv")[1]
    code, out, _ = call("predict-stress", "spectra", "--format", "csv", "--out", "again.csv", "--json")
    assert len(document(code, out)["predictions"]) == 2
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "answer.csv").read_bytes()


def test_a_refused_file_is_named_and_the_others_are_answered(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("who,what\nAda,nothing\n")
    code, out, err = call("predict-stress", "bad.csv", "spectra/a.csv", "nowhere.csv", "--json")
    assert code == 1
    found = document(code, out)
    assert [each["specimen"] for each in found["predictions"]] == ["a"]
    assert [each["file"] for each in found["refused"]] == ["bad.csv", "nowhere.csv"]
    assert all({"file", "where", "reason"} <= set(each) for each in found["refused"])
    code, out, err = call("predict-stress", "bad.csv", "spectra/a.csv", "--quiet")
    assert code == 1
    assert " a " in out
    assert err.startswith("Error: bad.csv")


def test_specimens_of_the_store(call: Call, factor_data: TwoFactors) -> None:
    stored = document(*call("predict-stress", "--specimen", "si-0000", "--specimen", "si-0001", "--json")[:2])
    files = document(*call("predict-stress", "spectra", "--json")[:2])
    assert [each["mean"] for each in stored["predictions"]] == pytest.approx(
        [each["mean"] for each in files["predictions"]], rel=1e-5
    )
    everything = document(*call("predict-stress", "--all", "--json")[:2])["predictions"]
    assert [each["specimen"] for each in everything] == list(factor_data.ids)
    code, out, _ = call("predict-stress", "spectra/a.csv", "--specimen", "nobody", "--specimen", "si-0001", "--json")
    found = json.loads(out)
    assert code == 1
    assert [each["specimen"] for each in found["predictions"]] == ["a", "si-0001"]
    assert [each["specimen"] for each in found["refused"]] == ["nobody"]


def test_a_store_that_is_not_there_does_not_silence_the_files(call: Call) -> None:
    code, out, _ = call("predict-stress", "spectra/a.csv", "--all", "--store", "nowhere", "--json")
    found = json.loads(out)
    assert code == 1
    assert [each["specimen"] for each in found["predictions"]] == ["a"]
    assert [each["file"] for each in found["refused"]] == ["nowhere"]
    assert "nowhere" in str(error(*call("predict-stress", "--all", "--store", "nowhere", "--json")[:2]))


def test_what_was_trained_on_is_marked(call: Call, factor_run: Run) -> None:
    marks = {
        "train": "the model was trained on this specimen",
        "validation": "the intervals were calibrated on this specimen",
        "test": "",
    }
    for part, mark in marks.items():
        specimen = next(each for each, own in factor_run.parts.items() if own == part)
        _, out, _ = call("predict-stress", "--specimen", specimen)
        text = " ".join(out.replace("│", " ").split())
        assert mark in text
        assert ("does not apply" in text) is bool(mark)
        (row,) = csv.DictReader(io.StringIO(call("predict-stress", "--specimen", specimen, "--format", "csv")[1]))
        assert row["part"] == part
    assert "does not apply" not in call("predict-stress", "spectra")[1]


def test_named_inputs_and_units(call: Call) -> None:
    code, out, _ = call("predict-stress", "--input", "vdos=spectra/a.csv", "--json")
    plain = json.loads(call("predict-stress", "spectra/a.csv", "--json")[1])["predictions"][0]
    assert document(code, out)["predictions"][0]["mean"] == plain["mean"]
    code, out, _ = call("predict-stress", "spectra/a.csv", "--x-unit", "cm^-1", "--json")
    assert code == 1
    assert "covers" in json.loads(out)["refused"][0]["reason"]
    code, out, _ = call("predict-stress", "--input", "raman=spectra/a.csv", "--json")
    assert code == 1
    assert "raman" in json.loads(out)["refused"][0]["reason"]


def test_not_finite_is_null(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from fingerprint import prediction

    def endless(*arguments: object, **options: object) -> prediction.Predictions:
        found = predict(*arguments, **options)  # type: ignore[arg-type]
        (each,) = found.predictions
        return prediction.Predictions((msgspec.structs.replace(each, sd=np.inf, mean=np.nan),), ())

    monkeypatch.setattr(prediction, "predict", endless)
    code, out, _ = call("predict-stress", "spectra/a.csv", "--json")
    (each,) = document(code, out)["predictions"]
    assert (each["mean"], each["sd"]) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--level", 1.5), "level"),
        (("--level", 0), "level"),
        (("--run", "nosuch"), "no such run"),
        (("--runs", "nowhere"), "no completed run with stress"),
    ],
)
def test_refusals(call: Call, arguments: tuple[object, ...], said: str) -> None:
    refusal = error(*call("predict-stress", "spectra/a.csv", *arguments, "--json")[:2])
    assert said in refusal["what"]
    code, out, err = call("predict-stress", "spectra/a.csv", *arguments, "--quiet")
    assert (code, out) == (1, "")
    assert said in err


def test_an_unknown_target_and_an_empty_folder(call: Call, tmp_path: Path, factor_run: Run) -> None:
    refusal = error(*call("predict", "--target", "colour", "spectra", "--json")[:2])
    assert refusal["what"] == "no completed run knows colour"
    assert "stress, vdos" in refusal["expected"]
    refusal = error(*call("predict", "--target", "colour", "spectra", "--run", factor_run.path, "--json")[:2])
    assert "not trained on 'colour'" in refusal["what"]
    (tmp_path / "empty").mkdir()
    code, out, _ = call("predict-stress", "empty", "spectra/a.csv", "--json")
    found = json.loads(out)
    assert code == 1
    assert [each["specimen"] for each in found["predictions"]] == ["a"]
    assert [(each["file"], "no file" in each["reason"]) for each in found["refused"]] == [("empty", True)]


def test_a_run_that_is_not_finished_is_refused_with_the_next_command(
    call: Call, factor_run: Run, tmp_path: Path
) -> None:
    shutil.copytree(factor_run.path, tmp_path / "runs" / "half")
    info = tmp_path / "runs" / "half" / "run.json"
    info.write_text(info.read_text().replace('"completed"', '"running"'))
    refusal = error(*call("predict-stress", "spectra/a.csv", "--runs", "runs", "--run", "half", "--json")[:2])
    assert "still being trained" in refusal["what"]
    assert refusal["next"] == "Finish it: fingerprint train --resume --out runs/half."
    assert "--resume --out runs/half" in error(*call("predict-stress", "a", "--runs", "runs", "--json")[:2])["next"]
    shutil.copytree(factor_run.path, tmp_path / "runs" / "whole")
    code, _, err = call("predict-stress", "spectra/a.csv", "--runs", "runs")
    assert (code, err) == (0, "Run: runs/whole\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict-stress",),
        ("predict", "spectra/a.csv"),
        ("predict-stress", "--input", "spectra/a.csv"),
        ("predict-stress", "spectra/a.csv", "--format", "xml"),
        ("predict-stress", "spectra/a.csv", "--level", "high"),
    ],
)
def test_usage(call: Call, arguments: tuple[str, ...]) -> None:
    code, out, err = call(*arguments, "--json")
    assert (code, out) == (2, "")
    assert "Usage: fingerprint" in err
