"""`fingerprint reproduce`: a paper's experiment, beside what the paper reports."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.cli import console

if TYPE_CHECKING:
    from fingerprint.experiments import Experiment, Identified, Row


PLACE = "reproduced"
ROWS = {
    "mnist_lines": "multimodal, latent-2, no-dropout, image-only, line-only, no-expert, literal, pca-mixture, "
    "autoencoder-mixture",
    "mnist_ode": "expert, conv-large, conv-small",
}
CHOICES = "; ".join(f"of {name} {rows}" for name, rows in ROWS.items())


class Name(StrEnum):
    """Experiments that can be reproduced."""

    MNIST_LINES = "mnist_lines"
    MNIST_ODE = "mnist_ode"


def reproduce(
    name: Annotated[Name, typer.Argument(help="Which experiment.")],
    seeds: Annotated[
        str | None, typer.Option(help="A range such as 0-8, or a list such as 3,17. Default: as many as the paper has.")
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            help=f"Rows of the table, with commas between, or `all`: {CHOICES}. "
            "Default: of mnist_lines multimodal; of mnist_ode all three."
        ),
    ] = None,
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
    A seed takes about two minutes on one core for the main row, multimodal; five for image-only.
    mnist_ode: images of digits, and the rates of an oscillator that the digit decides
    (section 4.2, Figures 4 and 5, Table 3): accuracies, and the parameters that are identified.
    A seed takes about a minute and a half on two cores for the row expert; two for each other.
    What is finished is kept: the same command goes on after an interruption, and the page shows
    the seeds and rows that are asked for, whichever call made them.
    A training that diverges is shown as such, and is in no mean.
    """
    from fingerprint import experiments
    from fingerprint.cli.train import progress, say_stopping
    from fingerprint.reporting import report_experiment

    experiment = experiments.find_experiment(str(name))
    chosen = list(experiment.seeds) if seeds is None else parse_seeds(seeds)
    wanted = list(experiment.rows) if rows is None else [row.strip() for row in rows.split(",")]
    wanted = list(experiment.all_rows) if wanted == ["all"] else wanted
    folder = out or Path(PLACE, str(name))
    try:
        with progress() as tell:
            made = experiments.reproduce(
                experiment.name,
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
    page = report_experiment(experiment, made, folder / "report.html")
    tables = (_table(experiment, made), *_laws(experiment, made))
    console.answer(document(experiment, made, page), *tables, experiment.note, f"Report: {page}")


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


def document(experiment: Experiment, rows: list[Row], page: Path) -> dict[str, Any]:
    """What `--json` answers."""
    from fingerprint.experiments import JOINT

    sources = (JOINT, *experiment.data.modalities)
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
                **_law(experiment, row),
            }
            for row in rows
        ],
        "paper": [
            {"name": told.name, **{source: told.told_from(source) for source in sources}} for told in experiment.paper
        ],
        "note": experiment.note,
        "files": [str(page)],
    }


def _law(experiment: Experiment, row: Row) -> dict[str, Any]:
    """What a row says of the law that it identified; nothing where the experiment does not ask."""
    from fingerprint.experiments import solved

    if experiment.identification is None:
        return {}
    return {
        "parameters": [
            {
                "digit": each.label,
                "cluster": each.cluster,
                "name": each.name,
                "value": each.value,
                "standard_error": each.standard_error,
                "truth": each.truth,
                "relative_error": each.relative_error,
                "paper": each.paper,
                "unit": experiment.identification.unit,
            }
            for each in row.parameters
        ],
        "deviations": {each.label: each.deviation for each in solved(experiment.identification, row.parameters)},
    }


def _accuracies(row: Row) -> str:
    if row.scores is None:
        return f"diverged: {row.failure}"
    told = ", ".join(f"{source} {value:.2f} %" for source, value in row.scores.accuracy.items())
    return f"{told}  ({row.seconds:.0f} s)"


def _table(experiment: Experiment, rows: list[Row]) -> Any:
    """Mean, worst and best over the seeds that did not diverge, and the paper's."""
    from rich.table import Table

    from fingerprint.experiments import lines

    table = Table("row", "told from", "seeds", "mean", "worst", "best", "the paper", title="Accuracy in %, test part")
    for name in dict.fromkeys(row.name for row in rows):
        for line in lines(experiment, [row for row in rows if row.name == name]):
            figures = ["–" if value is None else f"{value:.2f}" for value in (line.mean, line.worst, line.best)]
            figures[0] = "diverged" if line.mean is None else figures[0]
            table.add_row(name, line.source, line.counted, *figures, line.paper)
    return table


def _laws(experiment: Experiment, rows: list[Row]) -> list[Any]:
    """The parameters of the least exact seed of every row that has a law, beside the truth and the paper's."""
    from rich.table import Table

    from fingerprint.experiments import law_lines, least_exact

    tables: list[Any] = []
    for name in dict.fromkeys(row.name for row in rows):
        worst = least_exact(experiment, [row for row in rows if row.name == name])
        if worst is None or experiment.identification is None:
            continue
        asked = experiment.identification
        found = law_lines(asked, worst.parameters)
        title = f"{name}, seed {worst.seed}, the least exact: {asked.wanted} in {asked.unit}"
        table = Table("digit", "true", "the paper", "identified", "off by", "trajectory off by", title=title)
        for line in found:
            table.add_row(
                line.wanted.label,
                f"{line.wanted.truth:.4f}",
                _number(line.wanted.paper, "{:.4f}"),
                _with_error(line.wanted),
                _number(100 * line.wanted.relative_error, "{:.3f} %"),
                _number(100 * line.deviation, "{:.3f} %"),
            )
        tables.append(table)
        if found and found[0].others:
            beside = Table("digit", *(each.name for each in found[0].others), title=f"The others, in {asked.unit}")
            told = {line.wanted.label: tuple(map(_with_error, line.others)) for line in found}
            alike = len(set(told.values())) == 1  # as what clusters share is
            for label, cells in [("all", told[found[0].wanted.label])] if alike else told.items():
                beside.add_row(label, *cells)
            tables.append(beside)
    return tables


def _with_error(each: Identified) -> str:
    from fingerprint.units import mean_and_sd

    return mean_and_sd(each.value, each.standard_error, 5)


def _number(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else "–"
