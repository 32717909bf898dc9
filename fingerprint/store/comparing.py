"""How measurements that are to be stored compare with those that are: new, the same, or in conflict.

A measurement is known by its specimen and by its own id within that ("" for one without). Its digest decides: the same
id with another digest is a conflict. What is known of the act of measuring decides nothing: where an ingest says more
or something else of the same values, keys are united, and the newest value of a key stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Literal, NamedTuple, NoReturn

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.errors import StoreError
from fingerprint.modality import JsonScalar, RawModality
from fingerprint.store.ledger import Counts
from fingerprint.store.rows import Rows, facts_text, objects, rows_of

OnConflict = Literal["error", "keep", "replace"]
Identity = tuple[str, str]  # specimen, measurement


class Stored(NamedTuple):
    """What is stored of one modality.

    Attributes:
        digests: of each measurement.
        facts: the JSON of what is known of each, where anything is.
        named: the digests of the measurements of each specimen that have an id of their own.
    """

    digests: Mapping[Identity, str]
    facts: Mapping[Identity, str]
    named: Mapping[str, frozenset[str]]


class Differences(NamedTuple):
    """Which of some rows are not as they are stored, each [measurement].

    Attributes:
        fresh: their id is new.
        conflicts: their id is known, with other values.
        twins: their id is new, but the same values are stored of their specimen, and one of the two has no id.
    """

    fresh: NDArray[np.bool_]
    conflicts: NDArray[np.bool_]
    twins: NDArray[np.bool_]


def stored_measurements(newest: pa.Table) -> Stored:
    """What a table of the newest row of each measurement holds: specimen, digest, and perhaps measurement and facts."""
    specimens, digests = newest["specimen"].to_pylist(), newest["digest"].to_pylist()
    ids, facts = _texts(newest, "measurement"), _texts(newest, "facts")
    keys = list(zip(specimens, ids or repeat(""), strict=False))
    named: dict[str, set[str]] = {}
    for specimen, own, digest in zip(specimens, ids, digests, strict=False):
        if own:
            named.setdefault(specimen, set()).add(digest)
    return Stored(
        dict(zip(keys, digests, strict=True)),
        {key: text for key, text in zip(keys, facts, strict=False) if text},
        {specimen: frozenset(found) for specimen, found in named.items()},
    )


def _texts(table: pa.Table, column: str) -> list[str]:
    """A column of text, "" where it is null; [] where all of it is."""
    if column not in table.column_names or table[column].null_count == len(table):
        return []
    return table[column].fill_null("").to_pylist()


def differences(ids: Sequence[Identity], digests: Sequence[str], stored: Stored) -> Differences:
    """Compare measurements, [measurement], with what is stored."""
    before = objects([stored.digests.get(key, "") for key in ids])
    fresh = before == ""
    twins = np.zeros(len(fresh), np.bool_)
    for row in np.flatnonzero(fresh).tolist() if stored.digests else []:
        (specimen, own), digest = ids[row], digests[row]
        unnamed = stored.digests.get((specimen, ""))
        twins[row] = unnamed == digest if own else digest in stored.named.get(specimen, ())
    return Differences(fresh, ~fresh & (before != objects(digests)), twins)


def compared(raw: RawModality, stored: Stored, on_conflict: OnConflict) -> tuple[list[Rows], Counts]:
    """The measurements that are to be written, and how all of them compare with what is stored.

    Args:
        raw: what was measured.
        stored: of its modality.
        on_conflict: what becomes of those that differ from what is stored.

    Raises:
        StoreError: there are such, and they are an error.
    """
    parts: list[Rows] = []
    new = replaced = kept = 0
    for block in raw.blocks:
        rows = rows_of(raw.modality.kind, block)
        fresh, conflicts, twins = differences(rows.ids, rows.digests.tolist(), stored)
        rows, told = _united(rows, stored, ~fresh & ~conflicts)
        if on_conflict == "error":
            refuse_conflicts(raw.modality.name, rows.ids, conflicts, twins)
        if on_conflict == "keep":
            written = fresh & ~twins
            kept += int((conflicts | twins | told).sum())
        else:
            written = fresh | conflicts | told
            replaced += int((conflicts | told).sum())
        new += int((fresh & written).sum())
        if written.any():
            parts.append(rows if written.all() else rows[written])
    return parts, Counts(new=new, unchanged=len(raw) - new - replaced - kept, replaced=replaced, kept=kept)


def refuse_conflicts(
    name: str, ids: Sequence[Identity], conflicts: NDArray[np.bool_], twins: NDArray[np.bool_]
) -> None:
    """Raise StoreError where there are conflicts or twins, as of `Differences`."""
    if conflicts.any():
        _refuse(
            f"the {name} of {_listed(ids, conflicts)} differs from what is stored",
            name,
            "The same measurement again, or one that is not stored yet. Nothing was written.",
            "See what is stored: fingerprint show ID. --on-conflict replace takes the new, keep leaves the stored.",
        )
    if twins.any():
        _refuse(
            f"the {name} of {_listed(ids, twins)} is stored already, "
            f"{'without an id' if ids[int(np.argmax(twins))][1] else 'under an id of its own'}",
            name,
            "Every measurement once: as the only one of its specimen, or under its id. Nothing was written.",
            "Take back the ingest that stored it (fingerprint store log, then undo), and ingest these files again. "
            "Another measurement with the same result: --on-conflict replace stores it too, keep leaves it out.",
        )


def refuse_twins(name: str, digests: Mapping[Identity, str]) -> None:
    """Raise StoreError where two of these measurements are one of the same specimen, with an id and without."""
    for (specimen, own), digest in digests.items():
        if own and digests.get((specimen, "")) == digest:
            _refuse(
                f"the {name} of specimen {specimen!r} is given twice, without an id and as measurement {own!r}",
                name,
                "Every measurement once: as the only one of its specimen, or under its id. Nothing was written.",
                "Leave one of the two out. Two measurements with the same result: --on-conflict replace stores both.",
            )


def _refuse(what: str, name: str, expected: str, then: str) -> NoReturn:
    raise StoreError(what, where=f"modality {name}", expected=expected, next=then)


def _listed(ids: Sequence[Identity], chosen: NDArray[np.bool_]) -> str:
    specimen, own = ids[int(np.argmax(chosen))]
    others = f", and {int(chosen.sum()) - 1} more," if chosen.sum() > 1 else ""
    return f"specimen {specimen!r}{f' (measurement {own!r})' if own else ''}{others}"


def _united(rows: Rows, stored: Stored, same: NDArray[np.bool_]) -> tuple[Rows, NDArray[np.bool_]]:
    """The rows with what is known of them by now, and those of which something new is."""
    told = np.zeros(len(same), np.bool_)
    ids, facts = rows.ids, rows.facts.copy()
    stated = np.array([text is not None for text in facts], np.bool_)
    for row in np.flatnonzero(same & stated).tolist():
        known = stored.facts.get(ids[row])
        united = facts_text(_decoded(known) | _decoded(facts[row]))
        told[row] = united != known
        facts[row] = united
    return rows.with_facts(facts), told


def _decoded(text: str | None) -> dict[str, JsonScalar]:
    return msgspec.json.decode(text) if text else {}
