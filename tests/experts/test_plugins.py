"""Experts of a user's module and of installed packages: what is registered, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts import (
    Component,
    Domain,
    Parameter,
    broken_packages,
    build_expert,
    entries,
    expert,
    load_plugin,
    source_of,
)
from fingerprint.experts.template import template

pytestmark = pytest.mark.usefixtures("own_experts")

LINEAR = Parameter(linear=True)
DOMAIN = Domain((Component("x", np.linspace(0.0, 2.0, 9), "s", "mm"),))
LAW = """
from fingerprint.experts import Parameter, expert

@expert("{name}")
def {function}(t, rate=Parameter(linear=True)):
    return rate * t
"""


def written(folder: Path, text: str, name: str = "my_expert.py") -> Path:
    """A module in a folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_is_a_law_as_it_stands(tmp_path: Path) -> None:
    text = template("foil", "my_expert.py")
    assert len(text.splitlines()) < 30
    assert load_plugin(written(tmp_path, text)) == ("foil",)
    law = build_expert("foil", DOMAIN, {})
    assert law.names == ("amplitude", "time", "offset")
    assert entries()["foil"].title == "Relaxation: amplitude * exp(-t / time) + offset."
    assert str(source_of(entries()["foil"])) == "plugin my_expert.py"


def test_a_plugin_that_has_changed_is_read_again(tmp_path: Path) -> None:
    """As in a notebook; a name that it no longer has is gone."""
    path = written(tmp_path, LAW.format(name="old", function="old"))
    load_plugin(path)
    written(tmp_path, LAW.format(name="new", function="new") + LAW.format(name="newer", function="newer"))
    assert load_plugin(path) == ("new", "newer")
    assert "old" not in entries()
    assert load_plugin(path) == ("new", "newer")


def test_a_plugin_imports_what_lies_beside_it(tmp_path: Path) -> None:
    written(tmp_path, "RATE = 2.5\n", "constants_of_the_laboratory.py")
    text = LAW.format(name="line", function="line").replace("rate * t", "rate * RATE * t")
    load_plugin(written(tmp_path, f"from constants_of_the_laboratory import RATE\n{text}"))
    assert build_expert("line", DOMAIN, {}).names == ("rate",)
    del sys.modules["constants_of_the_laboratory"]


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("import no_such_module_of_mine\n", "ModuleNotFoundError: No module named 'no_such_module_of_mine'", ":1"),
        ("a = 1\nb = a / 0\n", "ZeroDivisionError: division by zero", ":2"),
        ("\ndef f(:\n", "SyntaxError", ":2"),
        ("import sys\nsys.exit('no')\n", "SystemExit: no", ":2"),
        ("x = 1\n", "registers no expert", ""),
        (LAW.format(name="a", function="f").replace("t, ", "x, "), "does not begin with t", ""),
        (LAW.format(name="a", function="f").replace("Parameter(linear=True)", "None"), "its parameter rate is", ""),
        (LAW.format(name="a", function="f").replace("=Parameter(linear=True)", ""), "its parameter rate is", ""),
        (LAW.format(name="a", function="f").replace("linear=True", "2.0, upper=1.0"), "starts at 2, its bounds", ""),
        (LAW.format(name="a", function="f") + LAW.format(name="a", function="g"), "'a' already, f of ", ""),
        (LAW.format(name="taken", function="f"), "'taken' already, taken of ", ""),
    ],
)
def test_what_a_plugin_may_not_be(tmp_path: Path, text: str, what: str, line: str) -> None:
    load_plugin(written(tmp_path, LAW.format(name="taken", function="taken"), "first.py"))
    before = set(entries())
    path = written(tmp_path, text)
    with pytest.raises(RecipeError) as refused:
        load_plugin(path)
    assert what in refused.value.what
    if line:
        assert refused.value.where == f"{path}{line}"
        assert refused.value.next == f"Try it alone: python {path}"
    assert set(entries()) == before


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such plugin") as refused:
        load_plugin(tmp_path / "absent.py")
    assert "fingerprint new-expert" in refused.value.next
    with pytest.raises(RecipeError, match="no Python module"):
        load_plugin(written(tmp_path, "", "my_expert.txt"))


def test_an_unknown_name_is_told_of_plugins_and_of_what_may_be_meant(tmp_path: Path) -> None:
    load_plugin(written(tmp_path, LAW.format(name="oscillator", function="oscillator")))
    with pytest.raises(RecipeError, match="did you mean 'oscillator'") as refused:
        build_expert("osillator", DOMAIN, {})
    assert "--plugin my_expert.py" in refused.value.next


def test_a_notebook_may_define_its_law_again() -> None:
    def first(t: Tensor, a: Any = LINEAR) -> Tensor:
        return a * t

    def second(t: Tensor, a: Any = LINEAR, b: Any = LINEAR) -> Tensor:
        return a * t + b

    expert("line")(first)
    with pytest.raises(RecipeError, match="already"):
        expert("line")(second)
    for each in (first, second):
        each.__module__ = "__main__"
        expert("mine")(each)
    assert build_expert("mine", DOMAIN, {}).names == ("a", "b")


def _install(folder: Path, name: str, code: str, point: str) -> None:
    """A distribution as pip leaves it, in a folder of sys.path."""
    folder.mkdir(exist_ok=True)
    written(folder, code, f"{name.replace('-', '_')}.py")
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    written(info, f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", "METADATA")
    written(info, f"[fingerprint.experts]\nlaws = {point}\n", "entry_points.txt")
    sys.path.insert(0, str(folder))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where packages are installed."""
    return tmp_path / "site"


def test_an_installed_package_has_experts(site: Path, own_experts: Callable[[], None]) -> None:
    _install(site, "laws-of-ours", LAW.format(name="our_line", function="our_line"), "laws_of_ours")
    own_experts()
    assert str(source_of(entries()["our_line"])) == "package laws-of-ours"
    assert build_expert("our_line", DOMAIN, {}).names == ("rate",)
    with pytest.raises(RecipeError, match="'our_line' already"):
        load_plugin(written(site, LAW.format(name="our_line", function="mine"), "mine.py"))
    del sys.modules["laws_of_ours"]


def test_a_broken_package_hinders_nobody_else_and_is_told(site: Path, own_experts: Callable[[], None]) -> None:
    _install(site, "sound-laws", LAW.format(name="sound", function="sound"), "sound_laws")
    _install(site, "broken-laws", "import no_such_module_of_ours\n", "broken_laws")
    own_experts()
    assert "sound" in entries()
    assert list(broken_packages()) == ["broken-laws"]
    with pytest.raises(RecipeError) as refused:
        build_expert("theirs", DOMAIN, {})
    assert "The package broken-laws cannot be imported: ModuleNotFoundError" in refused.value.expected
    del sys.modules["sound_laws"]
