"""Experiment: what is trained, what the paper reports of it, and what its page says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fingerprint.experiments.clustering import ClusteringScores
from fingerprint.experiments.data import DataSet
from fingerprint.experiments.identified import Identification
from fingerprint.experiments.reported import Reported
from fingerprint.experiments.variants import Variant
from fingerprint.store import Store


@dataclass(frozen=True)
class Baseline:
    """A row that is made by other means than training PIMA.

    Attributes:
        title: what it is, in words.
        method: its scores on the test part, and the seconds that it took, for a seed.
    """

    title: str
    method: Callable[[Store, int], tuple[ClusteringScores, float]]


@dataclass(frozen=True)
class Experiment:
    """One experiment of the paper.

    Attributes:
        name: as `fingerprint reproduce` calls it.
        title: of its page.
        question: what is asked, in words.
        where: in the paper.
        reading: how the paper's figures are to be read.
        note: what a reader of the figures has to know.
        data: its data set.
        variants: the rows that are trained, by recipe.
        baselines: other rows, by name.
        paper: what the paper reports.
        seeds: as many as the paper has.
        rows: made where none is named.
        identification: what it asks of the parameters of its law; None for nothing.
    """

    name: str
    title: str
    question: str
    where: str
    reading: str
    note: str
    data: DataSet
    variants: tuple[Variant, ...]
    paper: tuple[Reported, ...]
    seeds: tuple[int, ...]
    rows: tuple[str, ...]
    baselines: Mapping[str, Baseline] = field(default_factory=dict[str, Baseline])
    identification: Identification | None = None

    @property
    def all_rows(self) -> tuple[str, ...]:
        """The names of the rows that can be made."""
        return (*(each.name for each in self.variants), *self.baselines)

    @property
    def quoted(self) -> tuple[Reported, ...]:
        """What the paper quotes from others, which is no row of ours."""
        return tuple(told for told in self.paper if told.name not in self.all_rows)

    def variant(self, name: str) -> Variant:
        """The row of that name."""
        return next(each for each in self.variants if each.name == name)

    def reported(self, name: str, source: str) -> str:
        """What the paper reports for a row told from a source; "" for nothing."""
        return next((told.told_from(source) for told in self.paper if told.name == name), "")
