"""`fingerprint datasets`: example data, shipped, made and fetched."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fingerprint.cli import console
from fingerprint.errors import FingerprintError

app = typer.Typer(
    help="Example data: what is shipped, and how to get more.",
    no_args_is_help=True,
    epilog="Example: fingerprint datasets list",
)

_SECONDS_BETWEEN_LINES = 5.0


class Generated(StrEnum):
    """Data sets that can be made."""

    SILICON_VDOS = "silicon_vdos"


class Fetched(StrEnum):
    """Data sets of which a sample is shipped, and the whole can be downloaded."""

    MNIST_LINES = "mnist_lines"
    MNIST_ODE = "mnist_ode"


@app.command("list", epilog="Example: fingerprint datasets list --json")
def list_datasets(
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Name the data sets that come with fingerprint, and the folders to give to `fingerprint ingest`."""
    from rich.text import Text

    from fingerprint.generators.shipped import shipped_datasets

    shipped = shipped_datasets()
    lines: list[str] = []
    for dataset in shipped:
        more = _more(dataset.name)
        lines += [f"{dataset.name}: {dataset.title}", *(f"  to ingest  {folder}" for folder in dataset.ingestible)]
        lines += [f"  more       {more}"] if more else []
    listed = [
        {"name": each.name, "title": each.title, "folder": str(each.folder), "more": _more(each.name)}
        for each in shipped
    ]
    files = [str(folder / "dataset.toml") for dataset in shipped for folder in dataset.ingestible]
    console.answer({"datasets": listed, "files": files}, Text("\n".join(lines)))


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


@app.command("fetch", epilog="Example: fingerprint datasets fetch mnist_lines --source mnist/")
def fetch_dataset(
    name: Annotated[Fetched, typer.Argument(help="Which data set to fetch.")],
    source: Annotated[
        Path | None, typer.Option(help="A folder that holds the published files: nothing is downloaded.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to fill.", show_default="named as the data set")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise of the lines or rates.")] = 0,
    noise_variance: Annotated[
        float | None,
        typer.Option(min=0, help="Of the rates of mnist_ode, in 1/s^2.", show_default="0.1"),
    ] = None,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Download a public data set, check it, and complete it to measurement files with their dataset.toml.

    mnist_lines: the four files of MNIST (12 MB) and, for each digit, a noisy line with that slope.
    mnist_ode: the four files and, for each digit, the noisy rates of an oscillator that it decides.
    Files that are there and right are kept; after an interruption the same command goes on.
    """
    make = _fetcher(name, noise_variance)
    folder = Path(name) if out is None else out
    try:
        with _progress(name, in_bytes=True) as show:
            files = make(folder, source, seed=seed, on_progress=show)
    except KeyboardInterrupt:
        console.show_error(
            FingerprintError(
                f"interrupted; {folder} is as it was",
                next="To go on, run the same command again.",
            )
        )
        raise typer.Exit(130) from None
    console.answer({"files": [str(file) for file in files]}, *map(str, files))
    console.say(f"Next: fingerprint ingest {folder}/")


def _fetcher(name: Fetched, noise_variance: float | None) -> Callable[..., tuple[Path, ...]]:
    """What fetches a data set."""
    from fingerprint.generators import mnist_lines, mnist_ode

    if name is Fetched.MNIST_ODE:
        if noise_variance is None:
            return mnist_ode.make
        if not math.isfinite(noise_variance):
            raise typer.BadParameter("a finite number is wanted", param_hint="--noise-variance")
        return partial(mnist_ode.make, noise_variance=noise_variance)
    if noise_variance is not None:
        raise typer.BadParameter(f"{name} has no choice of it; mnist_ode has", param_hint="--noise-variance")
    return mnist_lines.make


def _more(name: str) -> str:
    """The command that gets more of a shipped data set; "" where there is none."""
    verb = "make" if name in list(Generated) else "fetch" if name in list(Fetched) else ""
    return f"fingerprint datasets {verb} {name}" if verb else ""


@contextmanager
def _progress(name: str, *, in_bytes: bool = False) -> Generator[Callable[[int, int], None]]:
    """A function (finished, total) that shows how far it is: a bar, or a line every few seconds."""
    if console.is_live():
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        count = DownloadColumn() if in_bytes else MofNCompleteColumn()
        columns = (TextColumn(name), BarColumn(), count, TimeRemainingColumn())
        with console.drawing() as terminal, Progress(*columns, console=terminal, transient=True) as bar:
            task = bar.add_task(name, total=None)
            yield lambda finished, total: bar.update(task, completed=finished, total=total)
        return
    last = float("-inf")

    def say(finished: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if finished == total or now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            amounts = f"{finished / 1e6:.1f} of {total / 1e6:.1f} MB" if in_bytes else f"{finished} of {total}"
            console.say(f"{name}: {amounts}")

    yield say
