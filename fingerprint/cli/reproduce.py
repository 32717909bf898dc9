"""`fingerprint reproduce`: a paper's experiment, beside what the paper reports."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.cli import console

if TYPE_CHECKING:
    from fingerprint.experiments import Row


PLACE = "reproduced"
ROWS = "multimodal, latent-2, no-dropout, image-only, line-only, no-expert, literal, pca-mixture, autoencoder-mixture"


class Experiment(StrEnum):
    """Experiments that can be reproduced."""

    MNIST_LINES = "mnist_lines"


def reproduce(
    name: Annotated[Experiment, typer.Argument(help="Which experiment.")],
    seeds: Annotated[str, typer.Option(help="A range such as 0-8, or a list such as 3,17.")] = "0-8",
    rows: Annotated[
        str, typer.Option(help=f"Rows of the table, with commas between, or `all`: {ROWS}.")
    ] = "multimodal",
    source: Annotated[
        Path | None,
        typer.Option(
            help="A folder that holds the published files, such as `datasets fetch` fills: nothing is downloaded."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help=f"The folder to work in. Default: {PLACE}/ and the name.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Train a paper's experiment anew, and put the results beside the paper's.

    mnist_lines: images of digits, and lines whose slope is the digit (section 4.1, Table 2).
    A seed takes about two minutes on one core for the main row, multimodal, and about five for image-only.
    What is finished is kept: the same command goes on after an interruption, and the page shows
    the seeds and rows that are asked for, whichever call made them.
    A training that diverges is shown as such, and is in no mean.
    """
    from fingerprint import experiments
    from fingerprint.cli.train import progress, say_stopping
    from fingerprint.reporting import report_experiment

    chosen = parse_seeds(seeds)
    wanted = list(experiments.variants()) if rows == "all" else [row.strip() for row in rows.split(",")]
    folder = out or Path(PLACE, str(name))
    try:
        with progress() as tell:
            made = experiments.reproduce(
                folder,
                chosen,
                wanted,
                source=source,
                device=device,
                on_start=lambda row, seed: console.say(f"{row}, seed {seed}"),
                on_row=lambda row: console.say(f"  {_accuracies(row)}"),
                on_epoch=tell,
                on_interrupt=say_stopping,
            )
    except KeyboardInterrupt:
        console.say("Interrupted; what was finished is kept. Go on with the same command.")
        raise typer.Exit(130) from None
    page = report_experiment(made, folder / "report.html")
    console.answer(document(made, page), _table(made), experiments.SEEN_ONCE, f"Report: {page}")


def parse_seeds(text: str) -> list[int]:
    """The seeds that a text such as "0-8" or "3,17" names.

    Raises:
        typer.BadParameter: it names none.
    """
    seeds: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        own = list(range(int(found[1]), int(found[2] or found[1]) + 1)) if found else []
        if not own:
            raise typer.BadParameter(f"{part!r} names no seeds; say 0-8, or 3,17", param_hint="--seeds")
        seeds += own
    return list(dict.fromkeys(seeds))


def document(rows: list[Row], page: Path) -> dict[str, Any]:
    """What `--json` answers."""
    import msgspec

    from fingerprint.experiments import PAPER, SEEN_ONCE

    return {
        "rows": [
            {
                "name": row.name,
                "title": row.title,
                "seed": row.seed,
                "status": "diverged" if row.scores is None else "completed",
                "failure": row.failure,
                "accuracy": None if row.scores is None else row.scores.accuracy,
                "confusion": None if row.scores is None else row.scores.confusion,
                "seconds": row.seconds,
                "run": row.run,
            }
            for row in rows
        ],
        "paper": msgspec.to_builtins(PAPER),
        "note": SEEN_ONCE,
        "files": [str(page)],
    }


def _accuracies(row: Row) -> str:
    if row.scores is None:
        return f"diverged: {row.failure}"
    told = ", ".join(f"{source} {value:.2f} %" for source, value in row.scores.accuracy.items())
    return f"{told}  ({row.seconds:.0f} s)"


def _table(rows: list[Row]) -> Any:
    """Mean, worst and best over the seeds that did not diverge, and the paper's."""
    from rich.table import Table

    from fingerprint.experiments import lines

    table = Table("row", "told from", "seeds", "mean", "worst", "best", "the paper", title="Accuracy in %, test part")
    for name in dict.fromkeys(row.name for row in rows):
        for line in lines([row for row in rows if row.name == name]):
            figures = ["–" if value is None else f"{value:.2f}" for value in (line.mean, line.worst, line.best)]
            figures[0] = "diverged" if line.mean is None else figures[0]
            table.add_row(name, line.source, line.counted, *figures, line.paper)
    return table
