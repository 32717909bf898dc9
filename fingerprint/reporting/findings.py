"""The key numbers and the warnings at the head of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fingerprint.modality import Kind
from fingerprint.reporting.cluster_table import verdict
from fingerprint.reporting.scores import Score
from fingerprint.reporting.wording import joined, percent, plural, with_unit
from fingerprint.run import Run, doubts
from fingerprint.units import number

MOST_TARGETS = 3


@dataclass(frozen=True)
class Card:
    """A key number: what it is, the number, what it means."""

    title: str
    value: str
    note: str


def cards(run: Run, scores: Sequence[Score]) -> list[Card]:
    """Error and coverage of the scalars that are told best (of curves where there is no scalar), then the clusters."""
    found: list[Card] = []
    for each in headline(scores):
        found += _target_cards(each)
    clusters = run.metrics.clusters
    verdicts = [verdict(cluster, len(run.info.seeds)) for cluster in clusters]
    good = verdicts.count("reproducible")
    alive = sum(cluster.alive for cluster in clusters)
    members = plural(len(run.info.seeds), "member")
    if len(run.info.seeds) == 1:
        note = "One member alone cannot tell whether clusters are reproducible."
        found.append(Card("Clusters", f"{alive} of {len(clusters)}", f"are alive. {note}"))
    else:
        note = f"{members}, trained from different random starts, agree on them (stability of 0.6 or more)."
        found.append(Card("Reproducible clusters", f"{good} of {len(clusters)}", note))
    answer = {True: "Yes", False: "No", None: "Cannot be told"}[run.metrics.supported]
    found.append(Card("More than one Gaussian?", answer, _sentence(run.metrics.support)))
    return found


def headline(scores: Sequence[Score]) -> list[Score]:
    """The targets whose numbers stand at the head of the page."""
    usable = [each for each in scores if each.best_single is not None]
    scalars = [each for each in usable if each.target.kind is Kind.SCALAR]
    return sorted(scalars or usable, key=_error)[:MOST_TARGETS]


def warnings(run: Run, scores: Sequence[Score]) -> list[str]:
    """What a reader must know before believing the rest, in sentences."""
    found: list[str] = []
    if run.info.status == "interrupted":
        done, planned = len(run.history), run.recipe.training.epochs
        found.append(
            f"The training was interrupted after {done} of {planned} epochs. Everything here is provisional. "
            f"Go on with it: fingerprint train --resume --out {run.path}"
        )
    if run.metrics.supported is None:
        found.append(
            f"Whether the measurements are more than one Gaussian cannot be told: {run.metrics.support}. "
            "What is called a cluster on this page may be a region of one continuous distribution."
        )
    elif not run.metrics.supported:
        found.append(
            f"The data do not support clusters: {run.metrics.support}. "
            "What is called a cluster on this page is a region of one continuous distribution."
        )
    found += doubts(run)
    verdicts = {each.index: verdict(each, len(run.info.seeds)) for each in run.metrics.clusters}
    unsure = [str(index) for index, told in verdicts.items() if told == "not reproducible"]
    if unsure:
        found.append(
            f"{_clusters(unsure)} not reproducible: other members, trained from other random starts on the same "
            "specimens, do not find the same (stability below 0.6)."
        )
    dead = [str(index) for index, told in verdicts.items() if told == "dead"]
    if dead:
        which = "it" if len(dead) == 1 else "each of them"
        found.append(f"{_clusters(dead)} dead: fewer than 2 % of the training specimens belong to {which}.")
    found += [
        f"{each.target.name} has no prediction intervals: {each.coverage.reason}."
        for each in scores
        if each.coverage.reason
    ]
    return found


def _target_cards(score: Score) -> list[Card]:
    best, coverage = score.best_single, score.coverage
    assert best is not None
    specimens = plural(best.count, "test specimen")
    cards = [
        Card(
            f"Error of {score.target.name} from {best.given[0]} alone",
            f"{number(best.rmse_percent)}\u00a0%",
            f"of the range, or {with_unit(best.rmse, score.target.unit)} (root-mean-square over {specimens})"
            f"{_together(score)}.",
        )
    ]
    if coverage.width is not None:
        cards.append(
            Card(
                f"{percent(coverage.level)} intervals of {score.target.name}{_from_all(score)}",
                percent(coverage.inside / coverage.count),
                f"of the test specimens lie inside ({coverage.inside} of {coverage.count}); "
                f"mean width {with_unit(coverage.width, score.target.unit)}.",
            )
        )
    return cards


def _from_all(score: Score) -> str:
    """What the intervals are predicted from, where that is more than one modality."""
    return " from all others together" if any(len(each.given) > 1 for each in score.errors) else ""


def _together(score: Score) -> str:
    """The error from all others together, where that is more than one."""
    all_others = next((each for each in score.errors if len(each.given) > 1), None)
    return "" if all_others is None else f"; from all others together {number(all_others.rmse_percent)}\u00a0%"


def _error(score: Score) -> float:
    best = score.best_single
    assert best is not None
    return best.rmse_percent


def _clusters(indices: list[str]) -> str:
    return f"Cluster {indices[0]} is" if len(indices) == 1 else f"Clusters {joined(indices)} are"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
