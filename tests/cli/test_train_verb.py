"""`fingerprint train`, as its users call it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_answers import ESCAPE, document, error
from two_factors import quick_recipe

import fingerprint.training
from fingerprint.cli import train as verb
from fingerprint.run import load_run, read_info
from fingerprint.store import Store

Call = Callable[..., tuple[int, str, str]]
QUICK = ("--epochs", 5, "--restarts", 2, "--clusters", 3, "--device", "cpu")


@pytest.fixture(autouse=True)
def _here(factor_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINGERPRINT_STORE", factor_store.path)
    monkeypatch.delenv("FINGERPRINT_RUNS", raising=False)


def test_the_document(call: Call) -> None:
    code, out, err = call("train", *QUICK, "--json", "--label", "label", "--seed", 5)
    found = document(code, out)
    assert code == 0
    assert ESCAPE not in err
    run = load_run(found["run"])
    assert (run.info.seeds, run.recipe.training.epochs) == ((5, 6), 5)
    assert (found["epochs"], found["status"]) == (5, "completed")
    assert found["seconds"] > 0
    assert set(found["metrics"]) == {"train", "validation", "test"}
    for part in found["metrics"].values():
        assert set(part) == {"elbo", "rmse_percent", "rmse", "r2", "range", "accuracy"}
        assert set(part["range"]) == {"stress", "vdos"}
        assert 0 < part["accuracy"] <= 1
        for kind in ("rmse_percent", "rmse", "r2"):
            assert {target: set(row) for target, row in part[kind].items()} == {
                "stress": {"joint", "stress", "vdos"},
                "vdos": {"joint", "stress", "vdos"},
            }
    assert [set(each) for each in found["restarts"]] == [{"seed", "elbo", "rmse_percent"}] * 2
    assert [each["index"] for each in found["clusters"]] == [0, 1, 2]
    assert all({"index", "weight", "size", "stability"} <= set(each) for each in found["clusters"])
    assert found["metrics"]["test"]["rmse"]["stress"]["vdos"] == run.metrics.parts["test"].rmse["stress"]["vdos"]


def test_for_people_on_a_pipe(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "PLAIN_SECONDS", 0.0)
    code, out, err = call("train", *QUICK, "--out", "runs/first")
    assert code == 0
    assert ESCAPE not in out + err
    assert "stress" in out
    assert "GPa" in out
    assert "Run: runs/first" in out
    assert sum(line.startswith("epoch ") for line in err.splitlines()) == 5
    assert "vdos: " in err
    assert call("train", *QUICK, "--out", "runs/second", "--quiet")[2] == ""


def test_the_agreement_with_a_label_is_shown_and_one_is_one(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    once = ("--epochs", 1, "--restarts", 1, "--clusters", 1, "--device", "cpu")
    code, out, err = call("train", *once, "--label", "label", "--out", "a")
    assert code == 0
    assert "Training 1 member for 1 epoch: latent 2, 1 cluster, " in err
    parts = load_run("a").metrics.parts
    told = ", ".join(f"{part} {100 * each.accuracy:.1f} %" for part, each in parts.items() if each.accuracy)
    assert told.startswith("train ")
    assert told.count("%") == 3
    assert f"Specimens in the cluster that stands for their label: {told}." in out
    assert f"label: {told}." in call("info", "a")[1]
    assert "label" not in call("train", *once)[1]


def test_modalities_are_chosen(call: Call) -> None:
    code, out, _ = call("train", *QUICK, "--modalities", "vdos", "--out", "alone", "--json")
    assert set(document(code, out)["metrics"]["test"]["rmse"]) == {"vdos"}
    refusal = error(*call("train", *QUICK, "--modalities", "vdos, raman", "--json")[:2])
    assert "raman" in refusal["what"]
    assert "stress" in refusal["expected"]


def test_ctrl_c(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(progress: fingerprint.training.Progress) -> str:
        signal.raise_signal(signal.SIGINT)
        return f"epoch {progress.state.epoch}"

    monkeypatch.setattr(verb, "_terms", interrupt)
    monkeypatch.setattr(verb, "PLAIN_SECONDS", 0.0)
    code, out, err = call("train", *QUICK, "--out", "runs/a", "--json")
    assert code == 130
    assert document(code, out)["status"] == "interrupted"
    assert err.count("Stopping after this step; Ctrl-C again stops now.") == 1
    assert err.index("Stopping") < err.index("Interrupted after epoch 1 of 5; what was learned is kept.")
    assert "Go on: fingerprint train --resume --out runs/a" in err
    spectrum = Path("spectrum.csv")
    spectrum.write_text("frequency_thz,vdos\n" + "".join(f"{x},{x % 3}\n" for x in np.linspace(0, 25, 101)))
    assert "interrupted after 1 of 5 epochs" in call("predict-stress", "--run", "a", spectrum)[2]


def test_resume_keeps_the_label(call: Call, factor_store: Store) -> None:
    def stop(_: fingerprint.training.Progress) -> None:
        signal.raise_signal(signal.SIGINT)

    fingerprint.training.train(
        factor_store, quick_recipe(epochs=3), "runs/a", device="cpu", label="label", on_epoch=stop
    )
    code, out, _ = call("train", "--resume", "--json", "--device", "cpu")
    assert document(code, out)["metrics"]["test"]["accuracy"] is not None


@pytest.mark.parametrize("choice", ["--epochs", "--clusters", "--restarts", "--latent"])
def test_a_number_below_one_is_refused_by_its_name(call: Call, choice: str) -> None:
    code, _, err = call("train", choice, 0)
    assert code == 2
    assert choice in err


def test_resume_goes_on_with_the_newest_and_with_its_own_choices(call: Call, factor_store: Store) -> None:
    def stop(progress: fingerprint.training.Progress) -> None:
        if progress.state.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    fingerprint.training.train(factor_store, quick_recipe(epochs=4), "runs/a", device="cpu", on_epoch=stop)
    code, out, err = call("train", "--resume", "--clusters", 7)
    assert (code, out) == (2, "")
    assert "--resume" in err
    assert read_info(Path("runs/a")).status == "interrupted"
    code, out, err = call("train", "--resume", "--json", "--device", "cpu")
    found = document(code, out)
    assert (code, found["run"], found["epochs"], found["status"]) == (0, "runs/a", 4, "completed")
    assert "Going on with runs/a." in err
    assert "no unfinished run" in error(*call("train", "--resume", "--json")[:2])["what"]


def test_a_ctrl_c_that_cannot_wait_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fingerprint.training, "train", interrupted)
    code, out, err = call("train", *QUICK, "--out", "runs/a")
    assert (code, out) == (130, "")
    assert "nothing was learned yet" in err


def test_a_ctrl_c_after_the_last_epoch_that_cannot_wait_tells_how_to_go_on(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed_twice(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sys.modules["fingerprint.training.train"], "settle", pressed_twice)
    code, out, err = call("train", *QUICK)
    (path,) = Path("runs").iterdir()
    assert (code, out) == (130, "")
    assert f"what was learned is kept. Go on: fingerprint train --resume --out {path}" in " ".join(err.split())


def test_a_training_that_diverges_is_told(call: Call) -> None:
    code, out, err = call("train", *QUICK, "--learning-rate", "1e6")
    assert (code, out) == (1, "")
    assert "diverged at epoch" in err
    assert "--learning-rate" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--learning-rate", 0), "learning_rate"),
        (("--recipe", "nosuch"), "no recipe is called"),
        (("--recipe", "missing.toml"), "no such recipe file"),
        (("--device", "abacus"), "abacus"),
        (("--store", "nowhere"), "there is no store"),
        (("--label", "colour"), "colour"),
        (("--resume", "--out", "nowhere"), "no such run"),
    ],
)
def test_refusals(call: Call, arguments: tuple[object, ...], said: str) -> None:
    code, out, err = call("train", *arguments, "--json")
    assert said in error(code, out)["what"]
    assert err == ""
    code, out, err = call("train", *arguments, "--quiet")
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert said in err
    assert not Path("runs").exists()


@pytest.mark.parametrize("arguments", [("--epochs", "many"), ("--nonsense",), ("extra",)])
def test_usage(call: Call, arguments: tuple[str, ...]) -> None:
    code, out, err = call("train", *arguments, "--json")
    assert (code, out) == (2, "")
    assert "Usage: fingerprint train" in err
