"""The section of docs/benchmarks.md on the decoders of silicon's spectra, from one record. Called by make_benchmarks.py."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from benchmark_sections import Record, spread, table

LABELS = (("compression", "compression"), ("disorder_kind", "disorder"))
Rows = list[dict[str, Any]]


def vdos_experts(record: Record) -> str:
    """Networks, peaks and principal components."""
    names = list(dict.fromkeys(row["variant"] for row in record["rows"]))
    by_name = {name: [row for row in record["rows"] if row["variant"] == name] for name in names}
    errors = [
        [
            own[0]["title"],
            str(own[0]["free_numbers"]),
            spread([row["stress_percent"] for row in own]),
            spread([value for row in own for value in row["members"]]),
            spread([row["spectrum_percent"] for row in own], 2),
            spread([row["spectrum_from_stress_percent"] for row in own], 2),
            spread([row["seconds_per_member"] for row in own], 0),
        ]
        for own in by_name.values()
    ]
    head = [
        "the spectrum's decoder",
        "its free numbers",
        "stress from the spectrum, %",
        "single members, %",
        "spectrum from the spectrum, %",
        "spectrum from the stress, %",
        "seconds a member",
    ]
    clusters = [[own[0]["title"], *labelled(own), agreement(own), str(alive(own))] for own in by_name.values()]
    scored = [f"{what}: {score}" for _, what in LABELS for score in ("purity, %", "adjusted Rand")]
    known = ["k-means on the stress alone", *labelled(record["stress_alone"]), "", ""]
    return f"""
## Silicon's spectra decoded by physics

Does a law help? Latent size 2, four clusters, five members, {len(record["split_seeds"])} splits; errors on the test part in percent of the range, mean (least to
greatest). The second row differs from the peaks in the decoder alone; seconds are of training and evaluation, on a machine that did other things.

{table(head, errors)}

The clusters, told from spectrum and stress, against how the specimens were made, which no model has seen: means over members and splits on the
test part (least to greatest). With one cluster for all, purity would be about 37 % for compression (three kinds) and 22 % for disorder (five). Agreement is the adjusted Rand
index between two members.

{table(["", *scored, "agreement of members", "clusters alive, at least"], [*clusters, known])}

{verdict(by_name)}

{decomposition(record)}
"""


def labelled(rows: Rows) -> list[str]:
    """Purity and adjusted Rand index for both labels."""
    scores = [each for row in rows for each in row.get("labels", [row])]
    return [
        spread([each[label][key] for each in scores], digits)
        for label, _ in LABELS
        for key, digits in (("purity_percent", 0), ("adjusted_rand", 2))
    ]


def agreement(rows: Rows) -> str:
    """Of members, over splits."""
    return spread([row["agreement"] for row in rows], 2)


def alive(rows: Rows) -> int:
    """Clusters in the member that has fewest."""
    return min(value for row in rows for value in row["alive"])


def paired(by_name: dict[str, Rows], one: str, other: str, key: str) -> str:
    """Mean difference over the splits that both have, and its standard error."""
    theirs = {row["split_seed"]: row[key] for row in by_name[other]}
    apart = [row[key] - theirs[row["split_seed"]] for row in by_name[one] if row["split_seed"] in theirs]
    error = statistics.stdev(apart) / len(apart) ** 0.5 if len(apart) > 1 else float("nan")
    return f"{statistics.mean(apart):+.3f} ± {error:.3f}"


def verdict(by_name: dict[str, Rows]) -> str:
    """Each law against the network, split by split."""
    if "network" not in by_name:
        return ""
    told = ", ".join(
        f"{paired(by_name, name, 'network', 'stress_percent')} of stress and "
        f"{paired(by_name, name, 'network', 'spectrum_percent')} of the spectrum for *{own[0]['title']}*"
        for name, own in by_name.items()
        if name not in ("network", "default")
    )
    return f"Beside the network, split by split, percent of the range (± standard error): {told}."


def decomposition(record: Record) -> str:
    """The peaks, in ascending order, over members and splits."""
    members = [member for split in record["peaks"] for member in split["members"]]
    if not members:
        return ""
    columns = (("position_thz", 2), ("width", 2), ("gruneisen", 2), ("height", 3))
    rows = [
        [str(number), *(spread([peak[key] for peak in own], digits) for key, digits in columns)]
        for number, own in enumerate(zip(*members, strict=True), 1)
    ]
    head = ["peak", "position, THz", "full width, THz", "Grueneisen parameter", "height, 1/THz"]
    return f"""
### The peaks

At the mean over the training part, numbered by position: mean (least to greatest) over members and splits. The Grueneisen parameter is
-d ln p / d ln V over the training specimens under hydrostatic pressure, V from their edges. The highest point of the spectrum itself, above 14 THz, has {record["optical_gruneisen"]:.2f}.
Where the range of a peak overlaps its neighbours', members divide the spectrum otherwise: the sum is determined, that peak is not.

{table(head, rows)}
"""


SECTIONS: dict[str, Callable[[Record], str]] = {"vdos_experts": vdos_experts}
