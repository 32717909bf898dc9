"""Files called A_1, A_2, B_1, ...: several measurements of A, where what else is known of the specimens says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from fingerprint.ingestion.dataset import ID, MEASUREMENT, STEM
from fingerprint.ingestion.draft import Draft
from fingerprint.ingestion.reader import (
    ArraysLayout,
    ColumnsLayout,
    CurveLayout,
    ImageLayout,
    Layout,
    OutputLayout,
    TableLayout,
    stem,
)

_NUMBERED = re.compile(
    r"(?P<id>.+?)"
    r"(?P<mark>[_\-. ](?:(?:replicate|repeat|rep|measurement|meas|run|scan|trial|test|r|m|no|nr)[_\-. ]?)?)"
    r"(?P<measurement>\d{1,3}|[A-Za-z])",
    re.IGNORECASE,
)
_ONE_EACH = re.compile(r"(, one per specimen)?; its id is the file's name")
_SHOWN = 3


@dataclass(frozen=True)
class Found:
    """Files that look alike.

    Attributes:
        names: of the modalities that were found in them.
        ids: of the specimens, as far as they are known.
    """

    names: tuple[str, ...]
    ids: frozenset[str]


@dataclass(frozen=True)
class _Endings:
    """Names of files that all end alike.

    Attributes:
        pattern: that they have.
        several: the names of each specimen, by the id that the pattern finds.
    """

    pattern: str
    several: dict[str, list[str]]


def ids_of(group: Sequence[Layout]) -> frozenset[str]:
    """The ids of the specimens in files that look alike, as far as they are known."""
    found: set[str] = set()
    for layout in group:
        if isinstance(layout, TableLayout | ArraysLayout):
            found.update(layout.ids)
        elif isinstance(layout, CurveLayout | OutputLayout):
            found.update([stem(layout.path)] if layout.specimens == STEM else [])
        elif isinstance(layout, ColumnsLayout):
            found.update([stem(layout.path), *(each.name for each in layout.ys)])
        elif isinstance(layout, ImageLayout):
            found.add(stem(layout.path))
    return frozenset(found)


def declare_replicates(draft: Draft, found: Sequence[Found]) -> None:
    """Where other files know the names of a modality's files without their endings, and not the whole names, say in the
    draft that they are measurements of one specimen; where it is open, say in a warning how to declare it."""
    for group in found:
        by_file = [name for name in group.names if draft.modalities[name].specimens == STEM]
        endings = _endings(sorted(group.ids)) if by_file else None
        others = frozenset[str]().union(*(other.ids for other in found if other is not group))
        if endings is None:
            continue
        known = sorted(set(endings.several) & others)
        are_known = 2 * len(known) >= len(endings.several)
        are_several = 2 * sum(len(names) > 1 for names in endings.several.values()) >= len(endings.several) > 1
        as_specimens = bool(group.ids & others)
        some = next(names for names in endings.several.values() if len(names) > 1)
        listed = ", ".join(some[:_SHOWN]) + (", ..." if len(some) > _SHOWN else "")
        if are_known and not as_specimens:
            for name in by_file:
                _declare(draft, name, endings.pattern, f"other files know {known[0]!r} and not {listed}")
        elif are_known or (are_several and not as_specimens):
            draft.warnings.append(
                f"each file of {' and '.join(by_file)} is taken for a specimen ({listed}). If they are several "
                f'measurements of one: specimens = "{endings.pattern}" in dataset.toml'
            )


def _declare(draft: Draft, name: str, pattern: str, why: str) -> None:
    section = f"modalities.{name}"
    draft.modalities[name] = msgspec.structs.replace(draft.modalities[name], specimens=pattern)
    draft.reasons = [
        (where, _ONE_EACH.sub(", one per measurement", text) if where == section else text)
        for where, text in draft.reasons
    ]
    draft.reasons.append((section, f"several measurements of one specimen, which the files' names tell apart: {why}"))


def _endings(names: Sequence[str]) -> _Endings | None:
    """The one ending that all names have, at least two of them on the same beginning; None where there is none."""
    matches = [_NUMBERED.fullmatch(name) for name in names]
    marks = {match["mark"] if match else "" for match in matches}
    several: dict[str, list[str]] = {}
    for match in matches:
        if match is not None:
            several.setdefault(match["id"], []).append(match.string)
    if len(marks) != 1 or "" in marks or max(map(len, several.values())) < 2:
        return None
    return _Endings(f"{ID}{marks.pop()}{MEASUREMENT}", several)
