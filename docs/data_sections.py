"""The sections of docs/benchmarks.md on public sets, each from one record. Called by make_benchmarks.py."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from benchmark_sections import Record, table


def public_sets(record: Record) -> str:
    """PIMA beside PLS."""
    rows: list[list[str]] = []
    for name, spectrum, target in dict.fromkeys((r["set"], r["spectrum"], r["target"]) for r in record["rows"]):
        own = [r for r in record["rows"] if (r["set"], r["spectrum"], r["target"]) == (name, spectrum, target)]
        unit = f" ({own[0]['unit']})" if own[0]["unit"] else ""
        errors = [statistics.mean(r[method] for r in own) for method in ("pima", "pls", "pls_measured")]
        low, high = min(r["pima"] / r["pls"] for r in own), max(r["pima"] / r["pls"] for r in own)
        told = [f"{each:.3g}" for each in errors]
        rows.append(
            [name, spectrum, f"{target}{unit}", *told, f"{errors[0] / errors[1]:.2f} ({low:.2f} to {high:.2f})"]
        )
    head = ["set", "from", "to", "PIMA", "PLS, preprocessed alike", "PLS, as measured", "PIMA / PLS, splits"]
    return f"""
## Public sets: scalars from spectra

The sets and recipes of [Four public sets](sets.md), {len(record["split_seeds"])} splits: root-mean-square error over the test part, mean over splits. The recipes were chosen on the
validation part of split {record["split_seeds"][0]}, PLS's components on that of each split. Below 1 in the last column PIMA is better. It is where the relation is not linear (fat, protein of meat); of 80 specimens
of corn and of a density that is a linear function of the spectrum it is worse than PLS, by far on corn's best spectrometer: take PLS there.

{table(head, rows)}
"""


SECTIONS: dict[str, Callable[[Record], str]] = {"public_sets": public_sets}
