"""The sections of docs/benchmarks.md on the first experiment and on ingests, each from one record. Called by make_benchmarks.py."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plural(count: int, what: str) -> str:
    """Such as "1 training", "2 trainings"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def spread(values: list[float], digits: int = 3) -> str:
    """Mean, least and greatest."""
    return f"{statistics.mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def accuracies(record: Record, names: list[str] | None = None) -> str:
    """One line for each row of a record: accuracy by what the clusters were told from, over seeds."""
    rows: list[list[str]] = []
    for name in names or list(dict.fromkeys(row["name"] for row in record["rows"])):
        own = [row for row in record["rows"] if row["name"] == name]
        told = [
            spread([row["accuracy"][source] for row in own], 2) if source in own[0]["accuracy"] else ""
            for source in ("joint", "image", "line")
        ]
        seconds = spread([row["seconds"] for row in own], 0)
        rows.append([own[0]["title"], str(len(own)), *told, seconds])
    head = ["", "seeds", "all modalities, %", "image alone, %", "line alone, %", "seconds"]
    return table(head, rows)


def together(record: Record) -> str:
    """How many commands ran side by side when a record was made."""
    count = record.get("parallel", 1)
    return (
        "one training at a time" if count == 1 else f"{count} trainings at a time on {record['machine']['cores']} cores"
    )


def seeds(record: Record) -> str:
    """Over seeds, beside the paper."""
    return f"""
## The paper's first experiment: MNIST and lines

Clustering accuracy on the standard 10,000 test images [Eq. 19]: mean (worst to best) over seeds; all modalities are fused by the plain product of experts. The
paper reports 90.31 ± 14.81 % over nine seeds, 99.79 % at best; and, at best, 39.15 % from the image and 99.92 % from the line alone; after days on an A100. Each
training keeps one core busy; seconds are of training and evaluation, {together(record)}. The last 6,000 training images are validation; their labels chose the
recipe, never a seed, a restart or an epoch. But its last step was taken because nine seeds of the step before had 99.947 % on the test part, where 99.95 was asked for
([Tuning](tuning.md)). The line alone tells the digit, to anyone who finds the ten slopes: what is hard is in the other columns and in the sections below.

{accuracies(record)}
"""


def latent(record: Record) -> str:
    """The paper's latent size."""
    return f"""
### Latent size 2, as in the paper

{accuracies(record)}
"""


def image(record: Record) -> str:
    """Images alone."""
    return f"""
### Images alone, no line at all

The paper reports 14.84 %; as published, VaDE has 94.46 %, GMVAE with 16 clusters 96.92 % at best.

{accuracies(record)}
"""


def rest(record: Record) -> str:
    """Other rows of Table 2."""
    return f"""
### Other rows of Table 2

The paper: without dropout 87.95 ± 11.70 %, best 99.59 %; line only 53.37 %; no expert 58.36 %.

{accuracies(record)}
"""


def missing(record: Record) -> str:
    """Hidden in training."""
    return f"""
### Measurements missing in the training part

The test part is complete.

{accuracies(record)}
"""


def corrupted(record: Record) -> str:
    """Wrong lines."""
    rows = [
        [
            row["title"],
            str(row["seed"]),
            f"{row['accuracy']['joint']:.2f}",
            f"{row['accuracy']['image']:.2f}",
            f"{row['accuracy']['line']:.2f}",
            f"{100 * row['flagged_share']:.1f}",
            f"{100 * row['precision']:.1f}",
            f"{100 * row['recall']:.1f}",
        ]
        for row in record["rows"]
    ]
    head = ["", "seed", "all, %", "image, %", "line, %", "flagged, %", "of these corrupted, %", "corrupted found, %"]
    return f"""
### Lines corrupted

A fifth of the specimens, in all parts, carry a line with another digit's slope. Accuracy is against the image's digit: trusting the line gives 80 %. A specimen
is flagged where its modalities disagree (the key `disagreement` of `predict`).

{table(head, rows)}
"""


def starts(record: Record) -> str:
    """Bad starts."""
    names = list(dict.fromkeys(row["name"] for row in record["rows"]))
    rows: list[list[str]] = []
    for name in names:
        own = [row["accuracy"] for row in record["rows"] if row["name"] == name]
        rows.append([name, str(len(own)), str(sum(value > 99.9 for value in own)), spread(own, 1)])
    head = ["start", "seeds", "that find all ten lines", "accuracy of these clusters, %"]
    return f"""
### Bad starts

Clusters of the lines' own slopes, before any network is trained.

{table(head, rows)}
"""


def alive(record: Record) -> str:
    """Clusters that hold at least a fiftieth of the training part, by seed."""
    return " and ".join(str(row["alive"]) for row in record["rows"])


def literal(record: Record) -> str:
    """Algorithm 1 as printed."""
    return f"""
### Algorithm 1 as it is printed

`recipes/mnist_lines_paper.toml`, a short run: clusters of ten that hold a fiftieth of the training part or more: {alive(record)} ([why](deviations.md)).

{accuracies(record)}
"""


def ablation(record: Record) -> str:
    """Each cure."""
    whole = next(row for row in record["rows"] if row["name"] == "ablation-all")
    return f"""
### What each cure cures

The default recipe, shortened to {whole["epochs"]} epochs, with one thing changed.

{accuracies(record)}
"""


def deconvolutions(record: Record) -> str:
    """The paper's decoder."""
    return f"""
### The paper's deconvolutions

{accuracies(record)}
"""


def rate(record: Record) -> str:
    """Rates as ratios."""
    rows = []
    for key, ratio in record["ratio_to_bare"].items():
        precision, _, threads = key.split("_")
        ours = statistics.median(record["cpu"][key]["ours"])
        rows.append([precision, threads, f"{ours:.0f}", f"{ratio:.2f}"])
    more = [f"- Two cores against one: {record['two_cores_to_one']:.2f} times the rate."]
    if "ratio_to_multivae" in record:
        versions = record["cpu"]["multivae"]["versions"]
        more.append(
            f"- Against MultiVae {versions['multivae']} (MVAE with sub-sampling, its own trainer, single precision, two cores): "
            f"{record['ratio_to_multivae']:.1f} times the rate."
        )
    if "cuda" in record:
        cuda = record["cuda"]
        more.append(
            f"- {cuda['device']}: 8 restarts take {cuda['time_of_8_to_1']:.2f} times the time of one; busy "
            f"{100 * cuda['restarts_1']['busy']:.0f} and {100 * cuda['restarts_8']['busy']:.0f} % of the time."
        )
        aim = cuda["to_aim"]
        when = "not reached" if aim["seconds"] is None else f"after {aim['seconds']:.0f} s, reading included"
        more.append(f"- {cuda['device']}: {aim['aim']} % on the test part, {when}.")
    else:
        more.append("- Not measured on a GPU: none was at hand. The script measures it where there is one.")
    head = ["networks in", "threads", "specimens per second", "ratio to a bare loop"]
    listed = "\n".join(more)
    return f"""
### Rate of the training step

{table(head, rows)}

{listed}
"""


def kills(record: Record) -> str:
    """A training on images, killed."""
    same = sum(row["identical"] for row in record["rows"])
    return f"""
### Killed and resumed, on images

{plural(len(record["rows"]), "training")}, stopped {sum(row["kills"] for row in record["rows"])} times by SIGKILL at random moments and resumed: {same} ended with the weights of an
undisturbed one, bit for bit.
"""


def report_size(record: Record) -> str:
    """The report on many images."""
    return f"""
### The report on 70,000 specimens with images

`fingerprint report` takes {record["seconds"]:.0f} s and at most {record["peak_bytes"] / 2**30:.2f} GiB of memory; the page is of {record["page_bytes"] / 1e6:.1f} MB.
"""


def hostile_files(record: Record) -> str:
    """What became of hostile files."""
    rows = [
        [
            row["reader"],
            *(str(row[key]) for key in ("files", "read", "refused")),
            *(str(row[first] + row[second]) for first, second in (("foreign", "outside"), ("memory", "died"))),
            str(row["hang"]),
            f"{row['most_seconds']:.2f}",
            f"{row['most_bytes'] / 2**20:.0f}",
        ]
        for row in record["rows"]
    ]
    total, stored = (sum(row[key] for row in record["rows"]) for key in ("files", "stored"))
    head = ["reader", "files", "read", "refused", "other", "memory", "hung", "slowest, s", "most memory, MiB"]
    return f"""
## Hostile files

Sound files cut off, with bytes flipped, put in, left out or doubled, also inside archives, with check sums made to fit; absurd sizes, deep nesting,
impossible numbers and units, ids like `../../x` or of 10<sup>5</sup> letters, cells like `=1+1`, other encodings, the content of another file: each is to be read or refused
within 5 s and 1 GiB of address space beyond what the process takes before, with all readers imported. "Other" are exceptions with a traceback,
warnings of other packages, and anything written outside the store or stored under another id; "memory" are those beyond the limit and processes that died. {stored} of the {total}
were stored as well, and read back. The vendors' files are refused where RosettaSciIO is not installed, as here; "slowest" has the waiting of a busy machine in it.

{table(head, rows)}
"""


def ingest_kills(record: Record) -> str:
    """Ingests killed, and several at once."""
    rows, turns = record["rows"], record["at_once"]
    writing, committed, whole, completed = (
        sum(row[key] for row in rows) for key in ("writing", "committed", "whole", "completed")
    )
    good = sum(not turn["failed"] for turn in turns)
    return f"""
## Ingests killed, and four at once

{len(rows)} ingests of {record["files"]} spectra, stresses and words, stopped by SIGKILL, {writing} of them when they had begun to write and {committed} after the commit: {whole} stores
opened and held all of it or nothing, bit for bit, and {completed} were completed by the same command. Four processes at once, {len(turns)} times, half of
them with the same folder: {good} times nothing was lost.
"""


def ingest_rate(record: Record) -> str:
    """Rates as ratios, and memory."""
    parts = record["parts"]
    rows: list[list[str]] = []
    for key, way, what in (
        ("csv", "ingest", "{files:,} CSV files of 2,000 points, what they are inferred; pyarrow.csv, one Parquet file"),
        ("csv", "described", "the same with a dataset.toml"),
        ("hdf5", "ingest", "an HDF5 dataset of {gigabytes:g} GiB, nearly all zeros; h5py, Parquet"),
    ):
        if key not in parts:
            continue
        found = parts[key]
        ours, bare = ([turn[who] for turn in found["turns"]] for who in (way, "bare"))
        times = [f"{statistics.median(turn['seconds'] for turn in each):.1f}" for each in (ours, bare)]
        memory = [f"{max(turn['peak_bytes'] for turn in each) / 2**30:.2f}" for each in (ours, bare)]
        ratio = "refused" if found["refused"] else f"{found['rate_to_bare'][way]:.2f}"
        rows.append([what.format(**found), *times, ratio, *memory])
    head = ["ingested; the bare loop", "ingest, s", "bare, s", "rate, of the bare loop's", "memory, GiB", "bare, GiB"]
    text = f"""
## Rate of ingests

{table(head, rows)}
"""
    if "million" in parts:
        store = parts["million"]
        of = {key: statistics.median(values) for key, values in store["of"].items()}
        text += f"""
A store of {store["scalars"]:,} scalars: {of["append"]:.2f} s for one more specimen, {of["open"]:.2f} s to open it, {of["info"]:.2f} s for what `info` tells; at most
{store["peak_bytes"] / 2**30:.2f} GiB of memory, which the writing of it ({of["write"]:.1f} s) needs most.
"""
    return text + "".join(f"\n\nRefused: {' '.join(each.split())}" for each in record["failures"])


SECTIONS: dict[str, Callable[[Record], str]] = {
    "mnist_seeds": seeds,
    "mnist_latent": latent,
    "mnist_image": image,
    "mnist_table": rest,
    "mnist_missing": missing,
    "mnist_corrupted": corrupted,
    "mnist_starts": starts,
    "mnist_literal": literal,
    "mnist_ablation": ablation,
    "mnist_deconvolutions": deconvolutions,
    "mnist_rate": rate,
    "kills_mnist": kills,
    "report_size": report_size,
    "hostile_files": hostile_files,
    "ingest_kills": ingest_kills,
    "ingest_rate": ingest_rate,
}
