"""`fingerprint info RUN`, as its users call it."""

from __future__ import annotations

import copy
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_answers import ESCAPE, document, error
from rich.console import Console

from fingerprint.cli.told import run_document, run_lines
from fingerprint.recipe import RegisteredExpert, parse_recipe
from fingerprint.run import ExpertMetrics, ParameterMetrics, Run
from fingerprint.units import mean_and_sd

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _here(factor_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINGERPRINT_RUNS", str(factor_run.path.parent))


@pytest.mark.parametrize("by_name", [True, False])
def test_the_document(call: Call, factor_run: Run, by_name: bool) -> None:
    code, out, err = call("info", factor_run.name if by_name else factor_run.path, "--json")
    assert (code, err) == (0, "")
    found = document(code, out)
    assert {"recipe", "metrics", "snapshot", "versions"} <= set(found)
    assert found["run"] == str(factor_run.path)
    assert found["recipe"]["training"]["epochs"] == 60
    assert set(found["recipe"]["modalities"]) == {"stress", "vdos"}
    assert found["snapshot"] == {"position": 1, "ingest": factor_run.info.ingest}
    assert {"fingerprint", "torch", "python"} <= set(found["versions"])
    assert found["metrics"]["test"]["rmse"]["stress"]["vdos"] == factor_run.metrics.parts["test"].rmse["stress"]["vdos"]


def test_for_people(call: Call, factor_run: Run) -> None:
    code, out, err = call("info", factor_run.path)
    assert (code, err) == (0, "")
    assert ESCAPE not in out
    assert "Errors on the test part" in out
    assert factor_run.metrics.support in " ".join(out.split())
    assert f"snapshot 1 ({factor_run.info.ingest})" in out
    recipe = out[out.index("[model]") :]
    assert parse_recipe(recipe) == factor_run.recipe


def test_the_parameters_of_an_expert(call: Call, wire_run: Run) -> None:
    """With their units and errors, rounded for people alone; and how well the law describes its specimens."""
    first, second = wire_run.metrics.experts["length"].parameters
    found = document(*call("info", wire_run.path, "--json")[:2])["parameters"]
    assert list(found) == ["length"]
    one = found["length"]
    theta = wire_run.model.experts()["length"].theta[wire_run.info.map_member].tolist()
    assert one.pop("clusters") == [{"1": length, "t": slope} for length, slope in theta]
    errors = list(zip(first.standard_errors, second.standard_errors, strict=True))
    assert one.pop("standard_errors") == [{"1": length, "t": slope} for length, slope in errors]
    assert [set(each) for each in one.pop("lack_of_fit")] == [{"chi_square", "p", "share"}] * 3
    assert one == {
        "unit": "um",
        "sign": "",
        "t_unit": "h",
        "law": "linear_expert",
        "modalities": ["length"],
        "units": {"1": "um", "t": "um/h"},
        "shared": [],
        "along_z": [],
        "slopes": [{}, {}, {}],
    }
    out = call("info", wire_run.path)[1]
    assert "length (um) = Σ θ f(t), with t the time (h)" in out
    words = " ".join(out.replace("│", " ").replace("┃", " ").split())
    assert "cluster θ of 1 (um) θ of t (um/h) misses the mean by (χ²)" in words
    for cluster, (own, off) in enumerate(zip(theta, errors, strict=True)):
        assert " ".join(map(mean_and_sd, own, off)) in words.split(f" {cluster} ", 1)[1]


def told(run: Run, parameters: list[ParameterMetrics]) -> tuple[dict[str, Any], str]:
    """What is said of other parameters of the wires' length."""
    experts = {"length": ExpertMetrics(("length", "width"), tuple(parameters), (None, None, None))}
    modality = msgspec.structs.replace(run.recipe.modalities["length"], decoder=RegisteredExpert("creep"))
    recipe = msgspec.structs.replace(run.recipe, modalities=run.recipe.modalities | {"length": modality})
    other = replace(run, recipe=recipe, metrics=msgspec.structs.replace(run.metrics, experts=experts))
    console = Console(width=120, file=io.StringIO())
    console.print(*run_lines(other))
    file = console.file
    assert isinstance(file, io.StringIO)
    return run_document(other)["parameters"]["length"], " ".join(file.getvalue().replace("│", " ").split())


def test_what_is_shared_depends_on_z_or_is_not_known(wire_run: Run) -> None:
    rate = ParameterMetrics("rate", "1/h", True, (0.25, 0.25, 0.25), (0.0125, 0.0125, 0.0125))
    limit = ParameterMetrics("limit", "um", False, (1.0, 2.0, None), (None, None, None), ((0.5, -3.0),) * 3)
    found, words = told(wire_run, [rate, limit])
    assert (found["law"], found["modalities"]) == ("creep", ["length", "width"])
    assert (found["shared"], found["along_z"]) == (["rate"], ["limit"])
    assert found["clusters"][2] == {"rate": 0.25, "limit": None}
    assert found["standard_errors"][0] == {"rate": 0.0125, "limit": None}
    assert found["slopes"][1] == {"limit": [0.5, -3.0]}
    assert list(found["lack_of_fit"]) == [None] * 3
    assert "length, width: the law creep" in words
    assert "0 0.250 ± 0.013 1.0000; by Z 0.500, −3.00 – 1 " in words
    assert "2 0.250 ± 0.013 – " in words


def test_many_parameters_are_told_one_below_another(wire_run: Run) -> None:
    rows = [ParameterMetrics(f"p{index}", "", False, (index, None, 2.0), (0.5, None, None)) for index in range(1, 5)]
    _, words = told(wire_run, rows)
    assert "p1 1.00 ± 0.50 – 2.0000 p2 2.00 ± 0.50 – 2.0000" in words


def test_the_share_of_outliers_is_told_where_there_may_be_any(wire_run: Run) -> None:
    assert run_document(wire_run)["outliers"] == {}
    model = copy.deepcopy(wire_run.model)
    model.doubted = frozenset({"length"})
    model.outliers[:, model.names.index("length")] = 0.125
    doubting = replace(wire_run, model=model)
    assert run_document(doubting)["outliers"] == {"length": 0.125}
    assert "Of length, 12.5 % are taken to belong to other clusters." in map(str, run_lines(doubting))


def test_without_an_expert_nothing_is_said_of_parameters(call: Call, factor_run: Run) -> None:
    assert document(*call("info", factor_run.path, "--json")[:2])["parameters"] == {}
    assert "θ" not in call("info", factor_run.path)[1]


def test_what_is_neither_a_store_nor_a_run_is_said_to_be_neither(call: Call, factor_run: Run) -> None:
    Path("empty").mkdir()
    for name in ("notarun", "empty"):
        refusal = error(*call("info", name, "--json")[:2])
        assert (refusal["what"], refusal["where"]) == ("there is neither a store nor a run", name)
        assert factor_run.name in refusal["next"]
    assert "There are no runs in empty." in error(*call("info", "notarun", "--runs", "empty", "--json")[:2])["next"]
    assert "no store" in error(*call("info", "--store", "nowhere", "--json")[:2])["what"]


def test_a_damaged_run_is_refused(call: Call, factor_run: Run) -> None:
    shutil.copytree(factor_run.path, "copy")
    Path("copy/metrics.json").write_text("{")
    refusal = error(*call("info", "copy", "--json")[:2])
    assert "damaged" in refusal["what"]
    assert refusal["where"] == "copy/metrics.json"
