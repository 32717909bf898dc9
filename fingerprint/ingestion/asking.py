"""What only a person knows, asked before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence

from fingerprint.errors import AmbiguousError
from fingerprint.ingestion.collecting import DataSet
from fingerprint.ingestion.dataset import FILE_NAME

_SHOWN = 3  # files that a question names


def ask_for_units(found: Sequence[DataSet]) -> None:
    """Raise AmbiguousError where the unit of an axis is stated nowhere: neither in the files nor in a dataset.toml."""
    for each in found:
        if each.plan.unstated:
            more = len(each.plan.unstated) - _SHOWN
            listed = "; ".join(each.plan.unstated[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
            raise AmbiguousError(
                listed,
                where=str(each.root),
                proposal=each.plan.toml,
                next=f"Save it (fingerprint ingest {each.root} --dry-run > {each.root / FILE_NAME}), write the unit "
                'into axis, such as unit = "nm" (or leave unit = "" where it has none), then run: '
                f"fingerprint ingest {each.root}",
            )
