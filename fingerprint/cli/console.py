"""What every verb shares: its common options, where the answer goes, and how an error is shown.

stdout carries the answer, stderr everything else. With `--json` the answer is one JSON document.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

SCHEMA_VERSION = 1


class Level(IntEnum):
    """How much is said on stderr."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class _Session:
    """The choices made by the common options of the command that runs."""

    json = False
    level = Level.NORMAL
    plugins: tuple[Path, ...] = ()
    drawn: Console | None = None


_session = _Session()


def _set_json(value: bool) -> bool:
    _session.json = value
    return value


def _set_quiet(value: bool) -> bool:
    if value:
        _session.level = Level.QUIET
    return value


def _set_verbose(value: bool) -> bool:
    if value:
        _session.level = Level.VERBOSE
    return value


def _load_plugins(files: list[Path] | None) -> list[Path] | None:
    if files:
        from fingerprint.experts import load_plugin  # with torch, only where there is one

        for file in files:
            load_plugin(file)
        _session.plugins = tuple(files)
    return files


def reset() -> None:
    """Forget the common options of the previous command (tests run many in one process)."""
    _session.json = False
    _session.level = Level.NORMAL
    _session.plugins = ()


Json = Annotated[
    bool,
    typer.Option("--json", help="Answer with one JSON document on stdout.", callback=_set_json, is_eager=True),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but the answer and errors.", callback=_set_quiet)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.", callback=_set_verbose)]
StorePath = Annotated[
    str,
    typer.Option("--store", help="The store: a folder or an object-store URL.", envvar="FINGERPRINT_STORE"),
]
At = Annotated[
    int | None,
    typer.Option("--at", min=0, help="An earlier state: the number of an ingest or undo in `fingerprint store log`."),
]
RunsFolder = Annotated[Path, typer.Option("--runs", help="The folder that holds the runs.", envvar="FINGERPRINT_RUNS")]
RunName = Annotated[
    str | None,
    typer.Option("--run", help="A run's name or folder. Default: the newest completed one that fits."),
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="A Python file with experts of your own, which is run; may be repeated.",
        callback=_load_plugins,
        show_default=False,
    ),
]

DEFAULT_STORE = "fingerprint-store"
DEFAULT_RUNS = Path("runs")


@contextmanager
def answering_people() -> Generator[None]:
    """Answer for people for a while, whatever `--json` says."""
    before = _session.json
    _session.json = False
    try:
        yield
    finally:
        _session.json = before


def stdout() -> Console:
    """The terminal for answers."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


@contextmanager
def drawing() -> Generator[Console]:
    """The terminal for a live display on stderr; what is said meanwhile stands above it."""
    _session.drawn = stderr()
    try:
        yield _session.drawn
    finally:
        _session.drawn = None


def stderr() -> Console:
    """The terminal for progress and messages."""
    from rich.console import Console

    return _session.drawn or Console(
        stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=not sys.stderr.isatty()
    )


def is_live() -> bool:
    """Whether a live display may be drawn on stderr."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ and _session.level > Level.QUIET


def plugin_options() -> str:
    """The plugins that were given, for a command that is told: " --plugin my_expert.py", or nothing."""
    return "".join(f" --plugin {file}" for file in _session.plugins)


def is_quiet() -> bool:
    """Whether `--quiet` was given."""
    return _session.level == Level.QUIET


def wants_json() -> bool:
    """Whether `--json` was given."""
    return _session.json


def say(message: RenderableType) -> None:
    """A message on stderr, unless `--quiet`."""
    if _session.level > Level.QUIET:
        stderr().print(message)


def say_more(message: RenderableType) -> None:
    """A message on stderr with `--verbose` only."""
    if _session.level == Level.VERBOSE:
        stderr().print(message)


def answer(document: dict[str, Any], *human: RenderableType) -> None:
    """Print the answer: `document` as JSON with `--json`, else `human`."""
    if _session.json:
        write(json_text(document))
    else:
        console = stdout()
        for part in human:
            console.print(part)


def json_text(document: dict[str, Any]) -> str:
    """The document as JSON; numbers as they are, non-finite ones null."""
    import msgspec

    encoded = msgspec.json.encode({"schema_version": SCHEMA_VERSION, **document})
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def write(text: str) -> None:
    """Text on stdout, as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_error(error: FingerprintError) -> None:
    """Say what was refused: on stderr for people, as JSON on stdout for scripts."""
    if _session.json:
        refusal = {"what": error.what, "where": error.where, "expected": error.expected, "next": error.next}
        write(json_text({"error": refusal}))
    else:
        show_refusal(error)


def show_refusal(error: FingerprintError) -> None:
    """What was refused, for people, on stderr."""
    from rich.text import Text

    head = f"{error.where}: {error.what}" if error.where else error.what
    console = stderr()
    console.print(Text.assemble(("Error: ", "bold red"), head))
    for line in (error.expected, error.next):
        if line:
            console.print(Text(line))
