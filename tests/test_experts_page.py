"""docs/experts.md runs as it stands: its files are written, its commands given, its recipes trained."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
import torch

from fingerprint.experts import Component, Curves, Domain, build_expert, load_plugin, search
from fingerprint.ingestion import ingest, ingest_arrays
from fingerprint.recipe import parse_recipe
from fingerprint.run import Run
from fingerprint.store import open_store
from fingerprint.training import train

Call = Callable[..., tuple[int, str, str]]

PAGE = (Path(__file__).parent.parent / "docs" / "experts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
FILES = {name: text for _, text in BLOCKS for name in re.findall(r"^# (\w+\.\w+)\n", text)[:1]}
COMMANDS = [line.split() for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
RECIPES = [text for language, text in BLOCKS if language == "toml" and "# " not in text and "[modalities" in text]
QUICK = ("--epochs", "15", "--restarts", "1", "--device", "cpu")
TRUE = {
    "amplitude": (0.8, 1.0, 1.3),
    "decay": (2.0, 1.0, 0.5),
    "angular_frequency": (14, 9, 20),
    "phase": (-0.4, 0.3, 0.9),
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_experts: Callable[[], None]) -> None:  # noqa: ARG001
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        if name != "my_expert.py":
            Path(name).write_text(text, encoding="utf-8")


def test_the_tutorial_from_the_data_to_the_parameters(call: Call) -> None:
    assert len(FILES["my_expert.py"].splitlines()) < 30
    assert [words[1] for words in COMMANDS if words[0] == "fingerprint"] == [
        "ingest", "new-expert", "train", "info", "export", "report",
    ]  # fmt: skip
    for words in COMMANDS:
        if words[0] == "python":
            runpy.run_path(words[1])
            continue
        if words[1] == "train":
            assert '@expert("damped_oscillator")' in Path("my_expert.py").read_text()  # the template
            Path("my_expert.py").write_text(FILES["my_expert.py"], encoding="utf-8")
        code, out, err = call(*words[1:], *(QUICK if words[1] == "train" else ()))
        assert code == 0, out + err
    told = json.loads(call("info", "runs/beams", "--plugin", "my_expert.py", "--json")[1])
    found = sorted(told["parameters"]["deflection"]["clusters"], key=lambda each: each["amplitude"])
    for each, true in zip(found, zip(*TRUE.values(), strict=True), strict=True):
        assert list(each.values()) == pytest.approx(true, rel=0.03, abs=0.01)
        assert list(each) == list(TRUE)
    table = pd.read_csv("fingerprints/parameters.csv")
    assert sorted(table[table.term == "decay"].value) == pytest.approx(sorted(TRUE["decay"]), rel=0.03)
    assert "angular_frequency" in Path("runs/beams/report.html").read_text(encoding="utf-8")


def _beams() -> None:
    """The data of the page, in a store."""
    runpy.run_path("beams.py")
    ingest(["beams"], open_store("fingerprint-store", create=True))


def _trained(text: str) -> Run:
    """A recipe of the page, as a training of a moment."""
    recipe = parse_recipe(f"[model]\nclusters = 3\n{text}")
    few = msgspec.structs.replace(recipe.training, epochs=1, restarts=1)
    return train(open_store("fingerprint-store"), msgspec.structs.replace(recipe, training=few), "run", device="cpu")


@pytest.mark.parametrize("text", [text for text in RECIPES if "deflection" in text])
def test_the_recipes_of_the_page_train(text: str) -> None:
    _beams()
    Path("my_expert.py").write_text(FILES["my_expert.py"], encoding="utf-8")
    for name in FILES:
        if name.startswith("my_"):
            load_plugin(name)
    run = _trained(text)
    expert = run.model.experts()["deflection"]
    if "shared" in text:
        assert expert.names == ("amplitude", "decay", "angular_frequency")
        assert bool((expert.theta[..., 1] == expert.theta[:, :1, 1]).all())
        assert bool(((expert.theta[..., 2] >= 5) & (expert.theta[..., 2] <= 30)).all())
    elif "along_z" in text:
        assert expert.along == ("angular_frequency",)
        slopes = run.metrics.experts["deflection"].parameters[2].slopes
        assert [len(each) for each in slopes] == [run.recipe.model.latent] * 3
        assert torch.tensor(slopes, dtype=torch.float64).allclose(expert.slopes[0, :, 0])
    else:
        assert len(expert.names) == 6


def test_the_simulator_of_the_page_is_fitted() -> None:
    assert load_plugin("my_simulator.py") == ("hardening_spring",)
    law = build_expert("hardening_spring", Domain((Component("x", np.linspace(0, 1, 21), "s", "mm"),)), {})
    true = torch.tensor([[[1.2, 150.0, 60.0, 2.0]]], dtype=torch.float64)
    curves = law.curves(true)
    found = search(law, Curves(curves, torch.ones_like(curves)), keep=1)
    torch.testing.assert_close(found.theta, true, rtol=1e-3, atol=1e-3)


def test_one_law_of_the_page_decodes_two_modalities() -> None:
    load_plugin("my_maxwell.py")
    random, omega = np.random.default_rng(0), np.geomspace(0.1, 10, 15)
    store = open_store("fingerprint-store", create=True)
    x = omega * np.array([0.5, 2.0])[np.arange(30) % 2, None]
    for name, curves in (("storage_modulus", x**2 / (1 + x**2)), ("loss_modulus", x / (1 + x**2))):
        noisy = 7 * curves + 0.01 * random.normal(size=curves.shape)
        ingest_arrays(store, [f"s{number}" for number in range(30)], omega, noisy, ("rad/s", "kPa"), name=name)
    (text,) = (each for each in RECIPES if "storage_modulus" in each)
    run = _trained(f"[prior]\nseeding = 'expert'\n{text}".replace("clusters = 3", "clusters = 2"))
    (theta,) = run.model.experts()["storage_modulus"].theta
    torch.testing.assert_close(theta[:, 0], torch.full_like(theta[:, 0], 7.0), rtol=0.05, atol=0)


def test_the_page_of_shipped_laws_is_made_from_the_registry() -> None:
    docs = Path(__file__).parent.parent / "docs"
    made = runpy.run_path(str(docs / "make_laws_reference.py"))["page"]()
    assert made == (docs / "laws_reference.md").read_text(encoding="utf-8"), "run: python docs/make_laws_reference.py"
