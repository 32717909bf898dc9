"""Rows of one name over their seeds, beside the paper's."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from fingerprint.experiments.reported import reported
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


def lines(rows: Sequence[Row]) -> tuple[Line, ...]:
    """The lines of the table for the rows of one name; a single one where all of them diverged."""
    name, scored = rows[0].name, [row.scores for row in rows if row.scores is not None]
    diverged = len(rows) - len(scored)
    if not scored:
        return (Line(JOINT, 0, diverged, None, None, None, None, reported(name, JOINT)),)
    found: list[Line] = []
    for source in scored[0].accuracy:
        values = [scores.accuracy[source] for scores in scored]
        sd = statistics.stdev(values) if len(values) > 1 else None
        figures = (statistics.fmean(values), sd, min(values), max(values))
        found.append(Line(source, len(values), diverged, *figures, reported(name, source)))
    return tuple(found)


def source_title(source: str) -> str:
    """What clusters are told from, in words."""
    return "all it is given" if source == JOINT else f"{source} alone"
