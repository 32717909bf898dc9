"""An experiment that was reproduced, on one HTML page: its table beside the paper's, every seed, matrices and maps."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go

from fingerprint.experiments import JOINT, PAPER, LatentPoints, Row, row_points, variants
from fingerprint.files import write_text_atomically
from fingerprint.reporting.confusion_matrices import confusion_matrices
from fingerprint.reporting.label_map import SPECIMENS, label_map, shown_plane
from fingerprint.reporting.templates import filled


@dataclass(frozen=True)
class Line:
    """A line of the table: one row told from one source, over seeds. Accuracies are in percent of the test part.

    Attributes:
        source: what clusters were told from, in words.
        mean, worst, best: accuracies.
        sd: the sample standard deviation of the seeds; None for a single one.
        paper: what the paper reports; "" for nothing.
    """

    source: str
    mean: float
    sd: float | None
    worst: float
    best: float
    paper: str


@dataclass(frozen=True)
class Entry:
    """A row of the experiment, all its seeds.

    Attributes:
        name, title: of the row.
        seeds: in the order in which they were trained.
        seconds: of a seed, mean.
        lines: one per source.
        worst: the seed that has the least joint accuracy.
        matrices: of that seed.
        map: of that seed; None where there is no latent space.
        plane: what of that is shown (`label_map.Plane`); "" for nothing.
        latent: how many axes that has; 0 for none.
        drawn, counted: how many specimens of the test part the map and the matrices show.
    """

    name: str
    title: str
    seeds: tuple[int, ...]
    seconds: float
    lines: tuple[Line, ...]
    worst: int
    matrices: go.Figure
    map: go.Figure | None
    plane: str
    latent: int
    drawn: int
    counted: int


def report_experiment(rows: Sequence[Row], out: Path) -> Path:
    """Write one HTML page about an experiment. It holds its figures, their code and its style, and asks no network.

    Args:
        rows: what `experiments.reproduce` made; at least one.
        out: the file. It is whole or not there.

    Returns:
        The file.

    Raises:
        RunError: a run that a map is drawn from is no longer there.
        StoreError: its store is no longer there.
        DiskError: the file cannot be written.
    """
    maps = {each.name: row_points(each) for each in worst_rows(rows)}
    write_text_atomically(out, render_experiment(rows, maps))
    return out


def render_experiment(rows: Sequence[Row], maps: Mapping[str, LatentPoints | None]) -> str:
    """The page as text.

    Args:
        rows: trainings of variants; at least one.
        maps: by the name of a row, the latent points of its worst seed, or None.
    """
    sources = list(dict.fromkeys(source for row in rows for source in row.scores.accuracy))
    return filled(
        "experiment.html",
        entries=[_entry(worst, rows, maps.get(worst.name)) for worst in worst_rows(rows)],
        quoted=quotations(),
        rows=rows,
        sources=[(source, source_title(source)) for source in sources],
        trainings=len(rows),
        specimens=max(row.scores.specimens for row in rows),
    )


def worst_rows(rows: Sequence[Row]) -> list[Row]:
    """Of every name the row with the least joint accuracy, in order of first appearance."""
    names = dict.fromkeys(row.name for row in rows)
    return [
        min((row for row in rows if row.name == name), key=lambda row: row.scores.accuracy[JOINT]) for name in names
    ]


def lines(rows: Sequence[Row]) -> tuple[Line, ...]:
    """The lines of the table for the rows of one name."""
    found: list[Line] = []
    for source in rows[0].scores.accuracy:
        values = [row.scores.accuracy[source] for row in rows]
        sd = statistics.stdev(values) if len(values) > 1 else None
        paper = str(PAPER.get(rows[0].name, {}).get("accuracy", {}).get(source, ""))
        found.append(Line(source_title(source), statistics.fmean(values), sd, min(values), max(values), paper))
    return tuple(found)


def quotations() -> list[tuple[str, str]]:
    """Name and accuracy of what the paper quotes from others, on images alone."""
    return [(name, str(told["accuracy"][JOINT])) for name, told in PAPER.items() if name not in variants()]


def source_title(source: str) -> str:
    """What clusters are told from, in words."""
    return "all it is given" if source == JOINT else f"{source} alone"


def _entry(worst: Row, rows: Sequence[Row], points: LatentPoints | None) -> Entry:
    own = [row for row in rows if row.name == worst.name]
    titles = {source: source_title(source) for source in worst.scores.accuracy}
    return Entry(
        name=worst.name,
        title=worst.title,
        seeds=tuple(row.seed for row in own),
        seconds=statistics.fmean(row.seconds for row in own),
        lines=lines(own),
        worst=worst.seed,
        matrices=confusion_matrices(worst.scores, titles),
        map=None if points is None else label_map(points),
        plane="" if points is None else shown_plane(points.centres).kind,
        latent=0 if points is None else points.mean.shape[1],
        drawn=0 if points is None else min(len(points.labels), SPECIMENS),
        counted=worst.scores.specimens,
    )
