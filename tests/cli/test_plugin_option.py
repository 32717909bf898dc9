"""`--plugin` with every verb that opens a run; `new-expert` and `experts`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answers import document, error
from relaxing_foils import RECIPE, fill_foil_store

from fingerprint.cli import console

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_experts: Callable[[], None]) -> None:  # noqa: ARG001
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FINGERPRINT_RUNS", raising=False)
    monkeypatch.delenv("FINGERPRINT_STORE", raising=False)


def test_a_law_from_its_beginning_to_the_report(call: Call, own_experts: Callable[[], None], tmp_path: Path) -> None:
    assert call("new-expert")[0] == 0
    fill_foil_store(tmp_path / "fingerprint-store")
    Path("mine.toml").write_text(RECIPE.format(name="my_expert"))
    plugin = ("--plugin", "my_expert.py")
    code, _, err = call("train", "--recipe", "mine.toml", "--device", "cpu", "--out", "runs/a")
    assert code == 1
    assert "no expert is called 'my_expert'" in err
    assert "--plugin my_expert.py" in err
    code, out, err = call("train", "--recipe", "mine.toml", *plugin, "--device", "cpu", "--out", "runs/a")
    assert (code, "decoded by the law my_expert" in err) == (0, True), err
    for verb in (
        ("info", "runs/a"),
        ("predict", "--target", "thickness", "--all"),
        ("export",),
        ("report",),
    ):
        own_experts()
        refusal = error(*call(*verb, "--json")[:2])
        assert "'my_expert' of a plugin" in refusal["what"]
        assert "--plugin my_expert.py" in refusal["next"]
        code, out, err = call(*verb, *plugin, "--json")
        assert code == 0, out + err
        document(code, out)
    assert Path("runs/a/report.html").is_file()


@pytest.mark.parametrize("order", [("--json", "--plugin", "absent.py"), ("--plugin", "absent.py", "--json")])
def test_a_refused_plugin_is_told_as_was_asked(call: Call, order: tuple[str, ...]) -> None:
    refusal = error(*call("experts", *order)[:2])
    assert refusal["where"] == "absent.py"
    assert "fingerprint new-expert" in refusal["next"]


def test_several_plugins_are_listed_with_what_they_have(call: Call) -> None:
    for name in ("one", "other"):
        assert call("new-expert", f"{name}.py", "--name", f"law_{name}")[0] == 0
    plugins = ("--plugin", "one.py", "--plugin", "other.py")
    found = document(*call("experts", *plugins, "--json")[:2])
    assert found["broken"] == {}
    assert console.plugin_options() == " --plugin one.py --plugin other.py"  # as a command to go on with says it
    mine = {each["name"]: each for each in found["experts"] if each["source"].startswith("plugin")}
    assert [(name, each["source"]) for name, each in mine.items()] == [
        ("law_one", "plugin one.py"),
        ("law_other", "plugin other.py"),
    ]
    time = mine["law_one"]["parameters"][1]
    assert time == {"name": "time", "unit": "t", "start": 1.0, "lower": 1e-6, "upper": None, "linear": False}
    assert mine["law_one"]["parameters"][0]["start"] is None  # linear: solved in closed form
    assert mine["law_one"]["options"] == []
    _, out, _ = call("experts", *plugins)
    for told in ("law_one", "amplitude [y]", "time [t] from 1e-06"):
        assert told in out


def test_every_expert_has_a_title_and_types_of_its_options(call: Call) -> None:
    shipped = [each for each in document(*call("experts", "--json")[:2])["experts"] if each["source"] == "shipped"]
    assert shipped
    for each in shipped:
        assert each["title"].endswith("."), each["name"]
        assert all(option["type"] for option in each["options"])


def test_a_new_expert_says_what_is_next_and_overwrites_nothing(call: Call) -> None:
    code, out, _ = call("new-expert", "laws/mine.py", "--name", "damped_oscillator", "--json")
    found = document(code, out)
    assert (found["ok"], found["problems"]) == (True, [])
    assert found["files"] == ["laws/mine.py"]
    assert 'name = "damped_oscillator"' in found["recipe"]
    assert found["next"] == "fingerprint train --recipe mine.toml --plugin laws/mine.py"
    before = Path("laws/mine.py").read_bytes()
    refusal = error(*call("new-expert", "laws/mine.py", "--json")[:2])
    assert refusal["where"] == "laws/mine.py"
    assert Path("laws/mine.py").read_bytes() == before
    code, out, err = call("new-expert", "other.py")
    assert (code, out) == (0, "other.py\n")
    for line in ("[modalities.CURVE]", "fingerprint train --recipe mine.toml --plugin other.py"):
        assert line in err


@pytest.mark.parametrize(
    "arguments", [("mine.txt",), ("a-b.py",), ("class.py",), ("a.py", "--name", "torch"), ("a.py", "--name", "a b")]
)
def test_what_is_no_name_of_a_law(call: Call, arguments: tuple[str, ...]) -> None:
    assert call("new-expert", *arguments)[0] == 2
    assert not list(Path().iterdir())


def test_a_name_that_is_taken(call: Call) -> None:
    refusal = error(*call("new-expert", "ode.py", "--json")[:2])
    assert "'ode' already" in refusal["what"]
    assert "--name" in refusal["next"]


def test_a_written_law_passes_a_linter(call: Call) -> None:
    call("new-expert")
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "E,F,W",
        "--line-length",
        "120",
        "my_expert.py",
    ]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
