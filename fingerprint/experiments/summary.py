"""Rows of one name over their seeds, beside the paper's."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from fingerprint.experiments.experiment import Experiment
from fingerprint.experiments.rows import Row
from fingerprint.training.evaluation import JOINT


@dataclass(frozen=True)
class Line:
    """A line of the table: one row told from one source, over the seeds that did not diverge.

    Attributes:
        source: what clusters were told from: "joint", or a modality.
        seeds: how many did not diverge.
        diverged: how many did.
        mean, worst, best: accuracies, in percent of the test part; None where every seed diverged.
        sd: the sample standard deviation of the seeds; None for fewer than two.
        paper: what the paper reports; "" for nothing.
    """

    source: str
    seeds: int
    diverged: int
    mean: float | None
    sd: float | None
    worst: float | None
    best: float | None
    paper: str

    @property
    def told_from(self) -> str:
        """The source, in words."""
        return source_title(self.source)

    @property
    def counted(self) -> str:
        """How many seeds the figures are of, and how many diverged."""
        return f"{self.seeds}, {self.diverged} diverged" if self.diverged else str(self.seeds)


def lines(experiment: Experiment, rows: Sequence[Row]) -> tuple[Line, ...]:
    """The lines of the table for the rows of one name; a single one where all of them diverged."""
    name, scored = rows[0].name, [row.scores for row in rows if row.scores is not None]
    diverged = len(rows) - len(scored)
    if not scored:
        return (Line(JOINT, 0, diverged, None, None, None, None, experiment.reported(name, JOINT)),)
    found: list[Line] = []
    for source in scored[0].accuracy:
        values = [scores.accuracy[source] for scores in scored]
        sd = statistics.stdev(values) if len(values) > 1 else None
        figures = (statistics.fmean(values), sd, min(values), max(values))
        found.append(Line(source, len(values), diverged, *figures, experiment.reported(name, source)))
    return tuple(found)


def source_title(source: str) -> str:
    """What clusters are told from, in words."""
    return "all it is given" if source == JOINT else f"{source} alone"


def least_exact(experiment: Experiment, rows: Sequence[Row]) -> Row | None:
    """The row whose law is farthest from the truth in the parameter that is wanted; None where none has that."""
    asked = experiment.identification
    if asked is None:
        return None
    found = [(worst_error(asked.wanted, row), row) for row in rows if row.parameters]
    return max(found, key=lambda each: each[0])[1] if found else None


def worst_error(wanted: str, row: Row) -> float:
    """The greatest relative error of a parameter over labels; infinite where a label has none."""
    errors = [each.relative_error for each in row.parameters if each.name == wanted]
    complete = row.scores is not None and len(errors) == len(row.scores.labels) and all(map(math.isfinite, errors))
    return max(errors) if complete else math.inf
