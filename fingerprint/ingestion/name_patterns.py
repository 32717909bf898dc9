"""What all names of some files share, where the rest of each is an id that is known otherwise: "{id}_raman"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fingerprint.ingestion.dataset import ID
from fingerprint.ingestion.sources import shared_beginning

_FEWEST = 2  # ids that must be known otherwise


class Pattern(NamedTuple):
    """A pattern as dataset.toml writes it, and the ids that it gives."""

    text: str
    ids: frozenset[str]


def shared_patterns(stems: Sequence[str]) -> list[Pattern]:
    """The patterns that some names of files have in common: an ending or a beginning, with a separator to the rest."""
    if len(stems) < _FEWEST or any(mark in stem for stem in stems for mark in "*{}"):
        return []
    ending = shared_beginning([stem[::-1] for stem in stems])[::-1]
    beginning = shared_beginning(stems)
    found: list[Pattern] = []
    for place in (match.start() for match in re.finditer(r"[_\-. ]", ending)):
        rest = [stem.removesuffix(ending[place:]) for stem in stems]
        found.append(Pattern(f"{ID}{ending[place:]}", frozenset(rest)))
    for place in (match.end() for match in re.finditer(r"[_\-. ]", beginning)):
        rest = [stem.removeprefix(beginning[:place]) for stem in stems]
        found.append(Pattern(f"{beginning[:place]}{ID}", frozenset(rest)))
    return [each for each in found if "" not in each.ids and len(each.ids) == len(stems)]


def patterns_that_agree(files: Mapping[str, Sequence[str]], tables: Iterable[Iterable[str]]) -> dict[str, str]:
    """The pattern of each modality of one file per specimen, where the ids that it gives are known otherwise.

    They are where most of them stand in a table, or are names of the files of another modality, whole or within a
    pattern of its own, and where no whole name is.

    Args:
        files: the names of the files of each modality, without suffix.
        tables: the ids in each table.
    """
    known = [frozenset(ids) for ids in tables]
    chosen: dict[str, str] = {}
    for modality, stems in files.items():
        others = [(frozenset(names), shared_patterns(names)) for names in files.values() if set(names) != set(stems)]
        whole = [*known, *(names for names, _ in others)]
        if any(names & set(stems) for names in whole):
            continue
        pools = [*whole, *(each.ids for _, patterns in others for each in patterns)]
        fitting = [each for each in shared_patterns(stems) if any(_agree(each.ids, pool) for pool in pools)]
        if fitting:
            chosen[modality] = max(fitting, key=lambda each: max(len(each.ids & pool) for pool in pools)).text
    return chosen


def _agree(ids: frozenset[str], others: frozenset[str]) -> bool:
    shared = len(ids & others)
    return shared >= _FEWEST and 2 * shared > min(len(ids), len(others))
