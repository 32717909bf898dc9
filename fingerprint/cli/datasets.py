"""`fingerprint datasets`: example data, shipped and made."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fingerprint.cli import console
from fingerprint.errors import FingerprintError

app = typer.Typer(
    help="Example data: what is shipped, and how to make more.",
    no_args_is_help=True,
    epilog="Example: fingerprint datasets list",
)

_SECONDS_BETWEEN_LINES = 5.0


class Generated(StrEnum):
    """Data sets that can be made."""

    SILICON_VDOS = "silicon_vdos"


@app.command("list", epilog="Example: fingerprint datasets list --json")
def list_datasets(
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Name the data sets that come with fingerprint, and the folders to give to `fingerprint ingest`."""
    from rich.table import Table

    from fingerprint.generators.shipped import shipped_datasets

    shipped = shipped_datasets()
    table = Table("data set", "what it is", "can be made", "to ingest", box=None)
    for dataset in shipped:
        made = "yes" if dataset.name in list(Generated) else "no"
        table.add_row(dataset.name, dataset.title, made, "\n".join(map(str, dataset.ingestible)))
    listed = [{"name": dataset.name, "title": dataset.title, "folder": str(dataset.folder)} for dataset in shipped]
    files = [str(folder / "dataset.toml") for dataset in shipped for folder in dataset.ingestible]
    console.answer({"datasets": listed, "files": files}, table)


@app.command("make", epilog="Example: fingerprint datasets make silicon_vdos --cells 4 --jobs 2 --out vdos/")
def make_dataset(
    name: Annotated[Generated, typer.Argument(help="Which data set to make.")],
    cells: Annotated[int, typer.Option(min=1, help="How many specimens.")] = 8,
    jobs: Annotated[int, typer.Option(min=1, help="How many processes work on them.")] = 1,
    out: Annotated[Path, typer.Option(help="The folder to fill.")] = Path("vdos"),
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes other specimens.")] = 1,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Simulate specimens and write them as measurement files with their dataset.toml.

    A silicon cell takes a few seconds; finished ones are kept.
    After an interruption the same command goes on; with more --cells it adds to the set.
    """
    from fingerprint.generators import silicon_vdos

    try:
        with _progress(name) as show:
            files = silicon_vdos.make(out, cells, jobs=jobs, seed=seed, on_progress=show)
    except KeyboardInterrupt:
        console.show_error(
            FingerprintError(
                f"interrupted; the specimens that were finished are kept in {out / '.parts'}",
                next="To go on, run the same command again.",
            )
        )
        raise typer.Exit(130) from None
    console.answer({"files": [str(file) for file in files]}, *map(str, files))
    console.say(f"Next: fingerprint ingest {out}")


@contextmanager
def _progress(name: str) -> Generator[Callable[[int, int], None]]:
    """A function (finished, total) that shows how far it is: a bar, or a line every few seconds."""
    if console.is_live():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console.stderr(), transient=True) as bar:
            task = bar.add_task(name, total=None)
            yield lambda finished, total: bar.update(task, completed=finished, total=total)
        return
    last = float("-inf")

    def say(finished: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if finished == total or now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            console.say(f"{name}: {finished} of {total}")

    yield say
