"""`fingerprint report`: what a run found, on one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fingerprint.cli import console
from fingerprint.cli.choose import open_run


def report(
    out: Annotated[
        Path | None, typer.Option(help="The file to write. Default: report.html in the run's folder.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    run: console.RunName = None,
    runs: console.RunsFolder = console.DEFAULT_RUNS,
    store: console.StorePath = console.DEFAULT_STORE,
    plugin: console.Plugins = None,  # noqa: ARG001
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Write one HTML page about a run: latent map, clusters, predictions beside measurements, training.

    Needs the run and the store that it was trained on. The page holds all it needs and asks no network; values are
    in the store's units and sign conventions.
    """
    from fingerprint.reporting import report as write
    from fingerprint.store import open_store

    opened = open_run(run, runs)
    path = write(opened, open_store(store), out or opened.path / "report.html")
    console.answer({"files": [str(path)]}, str(path))
    if show:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
