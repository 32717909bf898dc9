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


class Experiment(StrEnum):
    """Experiments that can be reproduced."""

    MNIST_LINES = "mnist_lines"


def reproduce(
    name: Annotated[Experiment, typer.Argument(help="Which experiment.")],
    seeds: Annotated[str, typer.Option(help="A range such as 0-8, or a list such as 3,17.")] = "0-8",
    rows: Annotated[
        str, typer.Option(help="Rows of the table, with commas between; `all` for every one.")
    ] = "multimodal",
    source: Annotated[
        Path | None, typer.Option(help="A folder that holds the published files: nothing is downloaded.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to work in. Default: the experiment's name.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Train a paper's experiment anew, and put the results beside the paper's.

    mnist_lines: images of digits, and lines whose slope is the digit (section 4.1, Table 2). A seed takes a minute or
    two on two cores. What is finished is kept: the same command goes on after an interruption, and more seeds or rows
    add to it.
    """
    from fingerprint import experiments
    from fingerprint.cli.train import progress
    from fingerprint.reporting import report_experiment

    chosen = parse_seeds(seeds)
    wanted = list(experiments.variants()) if rows == "all" else [row.strip() for row in rows.split(",")]
    folder = out or Path(str(name))
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
            )
    except KeyboardInterrupt:
        console.say("Interrupted; what was finished is kept. Go on with the same command.")
        raise typer.Exit(130) from None
    page = report_experiment(made, folder / "report.html")
    console.answer(document(made, page), _table(made), f"Report: {page}")


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
    from fingerprint.experiments import PAPER

    return {
        "rows": [
            {
                "name": row.name,
                "title": row.title,
                "seed": row.seed,
                "accuracy": row.scores.accuracy,
                "confusion": row.scores.confusion,
                "seconds": row.seconds,
                "run": row.run,
            }
            for row in rows
        ],
        "paper": PAPER,
        "files": [str(page)],
    }


def _accuracies(row: Row) -> str:
    told = ", ".join(f"{source} {value:.2f} %" for source, value in row.scores.accuracy.items())
    return f"{told}  ({row.seconds:.0f} s)"


def _table(rows: list[Row]) -> Any:
    """Mean, worst and best over seeds, and the paper's."""
    from rich.table import Table

    from fingerprint.experiments import PAPER

    table = Table("row", "told from", "seeds", "mean", "worst", "best", "the paper", title="Accuracy in %, test part")
    for name in dict.fromkeys(row.name for row in rows):
        own = [row for row in rows if row.name == name]
        for source in own[0].scores.accuracy:
            values = [row.scores.accuracy[source] for row in own]
            paper = PAPER.get(name, {}).get("accuracy", {}).get(source, "")
            figures = (f"{sum(values) / len(values):.2f}", f"{min(values):.2f}", f"{max(values):.2f}")
            table.add_row(name, source, str(len(values)), *figures, paper)
    return table
