"""Write docs/cli.md from the real --help of every verb: python docs/make_cli.py."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import typer.main
from typer import rich_utils

from fingerprint.cli import app, main

WIDTH = 100

HEAD = """# Command line

    fingerprint ingest vdos/
    fingerprint train --clusters 4
    fingerprint predict-stress spectrum.csv
    fingerprint report --open

work one after another with nothing else said.

**Which store, which run.** The store is `fingerprint-store/` in the current folder, or `$FINGERPRINT_STORE`, or
`--store` (a folder or an object-store URL). Runs are folders under `runs/`, or `$FINGERPRINT_RUNS`, or `--runs`. A
command that needs a run takes the newest completed one that has the modality asked for and names it on stderr;
`--run` names another. `predict` needs the run alone; `report` and `export` need its store too.

**Streams.** stdout carries the answer, stderr progress and messages. With `--json` there is one JSON document on
stdout and nothing else: numbers are not rounded, those that are not finite are null, and a refusal is `{"error":
{"what", "where", "expected", "next"}}`. On a pipe, or with `NO_COLOR`, there are no colours and no live display.

**Exit codes.** 0 done; 1 refused, with what, where, what was expected and what to do next; 2 usage; 130
interrupted: what was finished is kept, and the message says how to go on.

Each verb below shows its own `--help`. This page is made by `docs/make_cli.py`.
"""


def verbs() -> list[tuple[str, ...]]:
    """Every verb and subverb, in the order of `fingerprint --help`."""

    def below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, each in getattr(command, "commands", {}).items():
            yield (*path, name)
            yield from below(each, (*path, name))

    return list(below(typer.main.get_command(app), ()))


def help_text(verb: tuple[str, ...]) -> str:
    """What `fingerprint VERB --help` prints, at a fixed width and without colours."""
    output = io.StringIO()
    plain = patch.multiple(rich_utils, MAX_WIDTH=WIDTH, FORCE_TERMINAL=False, COLOR_SYSTEM=None)
    with plain, contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        main([*verb, "--help"])
    return "\n".join(line.rstrip() for line in output.getvalue().strip().splitlines())


def page() -> str:
    """The whole page."""
    parts = [HEAD, section("fingerprint", ())]
    parts += [section(" ".join(verb), verb) for verb in verbs()]
    return "\n".join(parts)


def section(title: str, verb: tuple[str, ...]) -> str:
    """One verb."""
    return f"{'#' * max(2, len(verb) + 1)} {title}\n\n```text\n{help_text(verb)}\n```\n"


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(page(), encoding="utf-8")
