"""`fingerprint info RUN`, as its users call it."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cli_answers import ESCAPE, document, error

from fingerprint.cli.told import run_document, run_lines
from fingerprint.recipe import parse_recipe
from fingerprint.run import Run

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
    theta = wire_run.model.experts()["length"].theta[wire_run.info.map_member].tolist()
    found = document(*call("info", wire_run.path, "--json")[:2])["parameters"]
    assert list(found) == ["length"]
    assert found["length"].pop("clusters") == [{"1": one, "t": slope} for one, slope in theta]
    assert found["length"] == {"unit": "um", "sign": "", "t_unit": "h"}
    out = call("info", wire_run.path)[1]
    assert "length (um) = Σ θ f(t), with t the time (h)" in out
    words = " ".join(out.replace("│", " ").split())
    for cluster, (one, slope) in enumerate(theta):
        assert f"{cluster} {one:.6g} {slope:.6g}" in words


@pytest.mark.parametrize("without", [{"size": 0, "measured": {}}, {"measured": {"length": 0}}])
def test_a_cluster_in_which_none_was_measured_has_no_parameters(wire_run: Run, without: dict[str, object]) -> None:
    first, *others = wire_run.metrics.clusters
    assert first.measured["length"] > 0
    metrics = msgspec.structs.replace(wire_run.metrics, clusters=(msgspec.structs.replace(first, **without), *others))
    found = run_document(replace(wire_run, metrics=metrics))["parameters"]["length"]["clusters"]
    assert found[0] == {"1": None, "t": None}
    assert None not in found[1].values()


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
