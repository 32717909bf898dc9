"""An experiment that was reproduced, on one HTML page: its table beside the paper's, every seed, matrices and maps."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go

from fingerprint.experiments import (
    JOINT,
    Experiment,
    LatentPoints,
    LawLine,
    Line,
    Row,
    law_lines,
    least_exact,
    lines,
    row_points,
    solved,
    source_title,
)
from fingerprint.files import write_text_atomically
from fingerprint.reporting.confusion_matrices import confusion_matrices
from fingerprint.reporting.label_map import SPECIMENS, label_map, shown_plane
from fingerprint.reporting.templates import filled
from fingerprint.reporting.trajectories import trajectories


@dataclass(frozen=True)
class Entry:
    """A row of the experiment, all its seeds.

    Attributes:
        name, title: of the row.
        counted: how many seeds did not diverge.
        seconds: of one of these, mean; None where there is none.
        lines: one per source.
        failures: seed and what was said, of those that diverged.
        worst: what is drawn of the seed with the least joint accuracy; None where all diverged.
        law: what is shown of the seed whose law is least exact; None where the row has none.
    """

    name: str
    title: str
    counted: int
    seconds: float | None
    lines: tuple[Line, ...]
    failures: tuple[tuple[int, str], ...]
    worst: Drawn | None
    law: ShownLaw | None


@dataclass(frozen=True)
class ShownLaw:
    """What is shown of the law of one seed.

    Attributes:
        seed: which one.
        lines: of the table, one per label.
        missing: labels for which no cluster stands.
        others: names of the parameters that are not the wanted one.
        figure: trajectories, true ones and those with the identified parameters.
        deviation: the greatest of the trajectories.
        error: the greatest relative error of the wanted parameter.
    """

    seed: int
    lines: tuple[LawLine, ...]
    missing: tuple[str, ...]
    others: tuple[str, ...]
    figure: go.Figure
    deviation: float
    error: float


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one seed.

    Attributes:
        seed: which one.
        matrices: of the sources.
        map: None where there is no latent space.
        plane: what of that is shown (`label_map.Plane`); "" for nothing.
        latent: how many axes that has; 0 for none.
        drawn, specimens: how many specimens of the test part the map and the matrices show.
    """

    seed: int
    matrices: go.Figure
    map: go.Figure | None
    plane: str
    latent: int
    drawn: int
    specimens: int


def report_experiment(experiment: Experiment, rows: Sequence[Row], out: Path) -> Path:
    """Write one HTML page about an experiment. It holds its figures, their code and its style, and asks no network.

    Args:
        experiment: which.
        rows: what `experiments.reproduce` made of it; at least one.
        out: the file. It is whole or not there.

    Returns:
        The file.

    Raises:
        RunError: a run that a map is drawn from is no longer there.
        StoreError: its store is no longer there.
        DiskError: the file cannot be written.
    """
    maps = {each.name: row_points(each) for each in worst_rows(rows)}
    write_text_atomically(out, render_experiment(experiment, rows, maps))
    return out


def render_experiment(experiment: Experiment, rows: Sequence[Row], maps: Mapping[str, LatentPoints | None]) -> str:
    """The page as text.

    Args:
        experiment: which.
        rows: trainings of variants; at least one.
        maps: by the name of a row, the latent points of its worst seed, or None.
    """
    scored = [row.scores for row in rows if row.scores is not None]
    sources = list(dict.fromkeys(source for scores in scored for source in scores.accuracy)) or [JOINT]
    worst = {row.name: row for row in worst_rows(rows)}
    return filled(
        "experiment.html",
        entries=[
            _entry(experiment, [row for row in rows if row.name == name], worst.get(name), maps.get(name))
            for name in dict.fromkeys(row.name for row in rows)
        ],
        experiment=experiment,
        rows=rows,
        sources=[(source, source_title(source)) for source in sources],
        specimens=max((scores.specimens for scores in scored), default=0),
    )


def worst_rows(rows: Sequence[Row]) -> list[Row]:
    """Of every name the row with the least joint accuracy of those that did not diverge, in order of appearance."""
    found: dict[str, tuple[float, Row]] = {}
    for row in rows:
        if row.scores is not None:
            accuracy = row.scores.accuracy[JOINT]
            if row.name not in found or accuracy < found[row.name][0]:
                found[row.name] = (accuracy, row)
    return [row for _, row in found.values()]


def _entry(experiment: Experiment, own: Sequence[Row], worst: Row | None, points: LatentPoints | None) -> Entry:
    """Of the rows of one name."""
    seconds = [row.seconds for row in own if row.scores is not None]
    return Entry(
        name=own[0].name,
        title=own[0].title,
        counted=len(seconds),
        seconds=statistics.fmean(seconds) if seconds else None,
        lines=lines(experiment, own),
        failures=tuple((row.seed, row.failure) for row in own if row.scores is None),
        worst=None if worst is None else _drawn(worst, points),
        law=_shown_law(experiment, least_exact(experiment, own)),
    )


def _shown_law(experiment: Experiment, row: Row | None) -> ShownLaw | None:
    asked = experiment.identification
    if asked is None or row is None or row.scores is None:
        return None
    told, labels = law_lines(asked, row.parameters), row.scores.labels
    return ShownLaw(
        seed=row.seed,
        lines=told,
        missing=tuple(label for label in labels if label not in {each.wanted.label for each in told}),
        others=tuple(each.name for each in told[0].others) if told else (),
        figure=trajectories(solved(asked, row.parameters)),
        deviation=max((each.deviation for each in told), default=math.inf),
        error=max((each.wanted.relative_error for each in told), default=math.inf),
    )


def _drawn(row: Row, points: LatentPoints | None) -> Drawn | None:
    if row.scores is None:
        return None
    titles = {source: source_title(source) for source in row.scores.accuracy}
    return Drawn(
        seed=row.seed,
        matrices=confusion_matrices(row.scores, titles),
        map=None if points is None else label_map(points),
        plane="" if points is None else shown_plane(points.centres).kind,
        latent=0 if points is None else points.mean.shape[1],
        drawn=0 if points is None else min(len(points.labels), SPECIMENS),
        specimens=row.scores.specimens,
    )
