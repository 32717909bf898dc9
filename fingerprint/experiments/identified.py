"""The parameters that a run identifies, those of each cluster beside the truth of the label that it stands for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fingerprint.experiments.clustering import stands_for
from fingerprint.fingerprints import parameters_of
from fingerprint.prepare import Tensors
from fingerprint.run import Run

Array = NDArray[np.float64]


class Identified(Struct, frozen=True):
    """One parameter of the law in the cluster that stands for a label, as for the accuracy.

    Attributes:
        label, cluster: which.
        name: of the parameter.
        value, standard_error: as in the run's fingerprints; the error is nan where there is none.
        truth: with which the data were made; nan for a parameter that has none.
        paper: what the paper identified; nan for nothing.
    """

    label: str
    cluster: int
    name: str
    value: float
    standard_error: float
    truth: float = math.nan
    paper: float = math.nan

    @property
    def relative_error(self) -> float:
        """|value / truth - 1|."""
        return abs(self.value / self.truth - 1)


class Solved(Struct, frozen=True):
    """The trajectory of a label, true and with the identified parameters.

    Attributes:
        label: which.
        t: [point].
        truth: the states, [state, point].
        found: the same; None where there is no solution up to the end.
    """

    label: str
    t: Array
    truth: Array
    found: Array | None

    @property
    def deviation(self) -> float:
        """The greatest distance of a state from the true one, relative to the greatest true state."""
        if self.found is None:
            return math.inf
        return float(np.abs(self.found - self.truth).max() / np.abs(self.truth).max())


@dataclass(frozen=True)
class Identification:
    """What an experiment asks of the parameters of its law.

    Attributes:
        wanted: the parameter that the label decides.
        unit: of the parameters.
        truth: the parameters of a label, by name.
        paper: what the paper identified of the wanted one, by label.
        solve: t and the states that follow from parameters, given by name; ValueError where there is no solution.
    """

    wanted: str
    unit: str
    truth: Callable[[str], Mapping[str, float]]
    paper: Mapping[str, float]
    solve: Callable[[Mapping[str, float]], tuple[Array, Array]]


def beside_truth(
    run: Run, tensors: Tensors, labels: Mapping[str, str], asked: Identification
) -> tuple[Identified, ...]:
    """The parameters of every law of a run in the clusters that stand for a label, in order of labels.

    Args:
        run: a trained run.
        tensors: specimens by which clusters are matched with labels, in the run's model units.
        labels: by specimen.
        asked: what is true and published.
    """
    if not run.metrics.experts:
        return ()
    names = stands_for(run, tensors, labels)
    found: list[Identified] = []
    for label in sorted(set(names) - {""}):
        cluster, truth = names.index(label), asked.truth(label)
        for own in parameters_of(run, cluster).values():
            for name, each in own.items():
                paper = asked.paper.get(label, math.nan) if name == asked.wanted else math.nan
                right = truth.get(name, math.nan)
                found.append(Identified(label, cluster, name, each.value, each.standard_error, right, paper))
    return tuple(found)


def solved(asked: Identification, parameters: tuple[Identified, ...]) -> tuple[Solved, ...]:
    """The trajectories of all labels that have parameters, in their order; what a recipe fixed is the truth.

    Args:
        asked: the experiment's.
        parameters: of one run.
    """
    made: list[Solved] = []
    for label in dict.fromkeys(each.label for each in parameters):
        truth = asked.truth(label)
        own = {each.name: each.value for each in parameters if each.label == label and each.name in truth}
        t, right = asked.solve(truth)
        try:
            told = bool(own) and all(map(math.isfinite, own.values()))
            found = asked.solve({**truth, **own})[1] if told else None
        except ValueError:
            found = None
        made.append(Solved(label, t, right, found))
    return tuple(made)


@dataclass(frozen=True)
class LawLine:
    """A line of the table of a run's law: one label.

    Attributes:
        wanted: the parameter that the label decides.
        others: the other parameters that were free.
        deviation: of the trajectory (`Solved`).
    """

    wanted: Identified
    others: tuple[Identified, ...]
    deviation: float


def law_lines(asked: Identification, parameters: tuple[Identified, ...]) -> tuple[LawLine, ...]:
    """The lines of all labels whose wanted parameter was identified, in their order.

    Args:
        asked: the experiment's.
        parameters: of one run.
    """
    deviations = {each.label: each.deviation for each in solved(asked, parameters)}
    found: list[LawLine] = []
    for wanted in (each for each in parameters if each.name == asked.wanted):
        own = tuple(each for each in parameters if each.label == wanted.label and math.isfinite(each.truth))
        others = tuple(each for each in own if each is not wanted)
        found.append(LawLine(wanted, others, deviations[wanted.label]))
    return tuple(found)
