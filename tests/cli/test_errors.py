"""The boundary: what a known error, an unknown one and a full disk look like; where things are said."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answers import ESCAPE, error

from fingerprint import cli
from fingerprint.cli import console, info, store
from fingerprint.errors import StoreError

Call = Callable[..., tuple[int, str, str]]


def _raising(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(info, "_describe_store", fail)


def test_a_known_error_says_what_where_expected_and_next(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(
        monkeypatch, StoreError("it [bold]broke[/bold]", where="a:1", expected="Something :smile:.", next="Mend it.")
    )
    code, out, err = call("info")
    assert (code, out) == (1, "")
    assert err == "Error: a:1: it [bold]broke[/bold]\nSomething :smile:.\nMend it.\n"
    code, out, err = call("info", "--json")
    assert err == ""
    assert error(code, out) == {
        "what": "it [bold]broke[/bold]",
        "where": "a:1",
        "expected": "Something :smile:.",
        "next": "Mend it.",
    }


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_locked_disk_is_a_known_error(call: Call, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    _raising(monkeypatch, OSError(number, os.strerror(number), "store/file"))
    refusal = error(*call("info", "--json")[:2])
    assert refusal["where"] == "store/file"
    assert "Nothing that was stored before is changed." in refusal["expected"]


def test_an_unknown_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    for problem in (ZeroDivisionError("a bug"), OSError(errno.ENOTSOCK, "odd")):
        _raising(monkeypatch, problem)
        with pytest.raises(type(problem)):
            cli.main(["info"])


def test_one_command_does_not_leave_its_options_to_the_next(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, StoreError("broken"))
    assert call("info", "--json", "--quiet")[1].startswith("{")
    assert (console.wants_json(), console.is_quiet()) == (True, True)
    assert call("info")[1] == ""
    assert (console.wants_json(), console.is_quiet()) == (False, False)


@pytest.mark.parametrize("arguments", [("nonsense",), ("info", "--nonsense"), ("show",), ("store", "undo")])
def test_usage(call: Call, arguments: tuple[str, ...]) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: fingerprint" in err


def test_verbose_says_more_and_quiet_less(capsys: pytest.CaptureFixture[str]) -> None:
    console.reset()
    console.say("a")
    console.say_more("b")
    assert capsys.readouterr().err == "a\n"
    console._session.level = console.Level.VERBOSE
    console.say_more("b")
    assert capsys.readouterr().err == "b\n"
    console._session.level = console.Level.QUIET
    console.say("a")
    console.show_error(StoreError("still said"))
    assert capsys.readouterr().err == "Error: still said\n"
    console.reset()


def _on_a_terminal(folder: Path, environment: dict[str, str]) -> str:
    """What `fingerprint info` prints on stderr where that is a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fingerprint", "info", "--store", "nowhere"]
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    subprocess.run(command, cwd=folder, env=clean | environment, stderr=theirs, stdout=subprocess.DEVNULL, check=False)
    os.close(theirs)
    told = os.read(ours, 10_000).decode()
    os.close(ours)
    return told


def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    coloured = _on_a_terminal(tmp_path, {"TERM": "xterm"})
    plain = _on_a_terminal(tmp_path, {"TERM": "xterm", "NO_COLOR": "1"})
    assert "\x1b[1;31m" in coloured  # bold red
    assert "31m" not in plain
    assert "there is no store" in plain
    piped = subprocess.run(
        [sys.executable, "-m", "fingerprint", "info", "--store", "nowhere"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert piped.returncode == 1
    assert ESCAPE not in piped.stderr


def test_no_live_display_on_a_pipe_with_no_color_or_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    console.reset()
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert not console.is_live()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert console.is_live()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not console.is_live()
    monkeypatch.delenv("NO_COLOR")
    console._session.level = console.Level.QUIET
    assert not console.is_live()
    console.reset()


def test_what_is_said_while_something_is_drawn_goes_through_the_same_terminal() -> None:
    """Or it would stand in the middle of the drawn line."""
    console.reset()
    with console.drawing() as terminal:
        assert console.stderr() is terminal
    assert console.stderr() is not terminal


def test_a_document_of_numbers_that_are_not_finite() -> None:
    text = console.json_text({"a": float("nan"), "b": [float("inf"), 1e-300, 0.1 + 0.2]})
    found = json.loads(text)
    assert found == {"schema_version": 1, "a": None, "b": [None, 1e-300, 0.1 + 0.2]}
    assert text.endswith("}\n")


def test_every_verb_is_registered_once() -> None:
    names = [command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback]
    assert len(names) == len(set(names))
    assert store.app in [group.typer_instance for group in cli.app.registered_groups]
