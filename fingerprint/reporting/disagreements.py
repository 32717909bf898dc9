"""Specimens whose modalities point to different clusters, in words."""

from __future__ import annotations

from dataclasses import dataclass

from fingerprint.fingerprints import Contradictions
from fingerprint.reporting.findings import Card
from fingerprint.reporting.wording import percent

LISTED = 10
MANY = 0.1


@dataclass(frozen=True)
class DisagreementRow:
    """One specimen: its id, part of the split, and what each modality alone says, in the order of the columns."""

    specimen: str
    part: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Disagreements:
    """What the page says of them.

    Attributes:
        names: of the modalities, the columns of the list.
        judged, flagged: how many specimens have two modalities or more, and in how many of them these are likelier
            to disagree than not.
        share: estimated to disagree, as a percentage: each specimen counts by its probability.
        are_many: whether they are so many that the model, and not the specimens, is the likelier cause.
        rows: the most extreme.
    """

    names: tuple[str, ...]
    judged: int
    flagged: int
    share: str
    are_many: bool
    rows: tuple[DisagreementRow, ...]


def disagreements(found: Contradictions | None) -> Disagreements | None:
    """None where no specimen has two modalities."""
    if found is None:
        return None
    worst = found.worst[:LISTED]
    names = tuple(sorted({name for each in worst for name in each.clusters}))
    rows = tuple(
        DisagreementRow(each.specimen, each.part, tuple(_told(each.clusters.get(name)) for name in names))
        for each in worst
    )
    return Disagreements(names, found.judged, found.flagged, percent(found.share), found.share > MANY, rows)


def disagreement_cards(told: Disagreements | None) -> list[Card]:
    """The card at the head of the page; none where nothing could be judged."""
    if told is None:
        return []
    counted = f"{told.flagged} of {told.judged}"
    note = f"of the specimens ({counted}) are flagged: their measurements point to different clusters."
    return [Card("Modalities disagree", percent(told.flagged / told.judged), note)]


def _told(cluster: tuple[int, float] | None) -> str:
    return "–" if cluster is None else f"cluster {cluster[0]} ({percent(cluster[1])})"
