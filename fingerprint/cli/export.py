"""`fingerprint export`: fingerprints and specimens as tables."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fingerprint.cli import console
from fingerprint.cli.choose import open_run


class Format(StrEnum):
    """Of the tables."""

    CSV = "csv"
    PARQUET = "parquet"


def export(
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("fingerprints"),
    form: Annotated[Format, typer.Option("--format", help="Of the tables.")] = Format.CSV,
    run: console.RunName = None,
    runs: console.RunsFolder = console.DEFAULT_RUNS,
    store: console.StorePath = console.DEFAULT_STORE,
    plugin: console.Plugins = None,  # noqa: ARG001
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Write fingerprints (what the specimens of each cluster share), latent positions and predictions as tables.

    Needs the run and the store that it was trained on. Signs and units stand in the tables.
    """
    from fingerprint.fingerprints import export as write
    from fingerprint.store import open_store

    files = [str(path) for path in write(open_run(run, runs), open_store(store), out, form.value)]
    console.answer({"files": files}, *files)
