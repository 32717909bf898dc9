"""The clusters as a table, and what is known of their specimens."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fingerprint.fingerprints import Description, Fingerprint, ParameterValue
from fingerprint.modality import Kind, Modality
from fingerprint.reporting.colouring import METADATA, column, is_numeric, metadata_columns
from fingerprint.reporting.style import cluster_colour
from fingerprint.reporting.wording import percent
from fingerprint.run import ClusterMetrics, Run
from fingerprint.units import mean_and_sd, number

MOST_COMMON = 3


@dataclass(frozen=True)
class ClusterRow:
    """One cluster, in words.

    Attributes:
        index, colour: as in the figures.
        weight: of the mixture.
        training, specimens: how many specimens of the training part, and of all parts, are most probably in it.
        stability: the number, or a dash.
        verdict: "reproducible", "not reproducible", "one member: unknown" or "dead".
        good: whether the verdict is "reproducible".
        scalars: mean and sd of every scalar.
        nearest: ids of the specimens nearest to its centre.
    """

    index: int
    colour: str
    weight: str
    training: int
    specimens: int
    stability: str
    verdict: str
    good: bool
    scalars: tuple[str, ...]
    nearest: tuple[str, ...]


@dataclass(frozen=True)
class MetadataRow:
    """One column of metadata: what is said of the specimens of each cluster, [cluster][line]."""

    name: str
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ParameterTable:
    """The parameters of one law, in words.

    Attributes:
        modality: that it describes, or the first of them.
        modalities: the names of all of them.
        law, options: what it is called and was given; empty where it is a sum of formulas in t.
        terms: its parameters with their units, or the formulas that they multiply, [term].
        cells: value and standard error of each, [cluster][term].
        has_errors: whether any has a standard error.
        depends: whether any depends on Z.
    """

    modality: Modality
    modalities: tuple[str, ...]
    law: str
    options: str
    terms: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    has_errors: bool
    depends: bool


def verdict(cluster: ClusterMetrics, members: int) -> str:
    """Whether a cluster is found again by the other members."""
    if not cluster.alive:
        return "dead"
    if members == 1:
        return "one member: unknown"
    return "reproducible" if cluster.reproducible else "not reproducible"


def scalar_modalities(run: Run) -> list[Modality]:
    """The scalars, in the order of the table's columns."""
    return [each.modality for each in run.preparations.values() if each.modality.kind is Kind.SCALAR]


def cluster_rows(run: Run, description: Description) -> list[ClusterRow]:
    """One row per cluster."""
    scalars = scalar_modalities(run)
    return [_cluster_row(run, each, scalars) for each in description.fingerprints]


def metadata_rows(description: Description) -> list[MetadataRow]:
    """One row per column of metadata that differs between specimens."""
    table = description.specimens
    cluster_of = column(table, "cluster")
    rows: list[MetadataRow] = []
    for name in metadata_columns(table):
        values = column(table, METADATA + name)
        summary = _numbers if is_numeric(values) else _texts
        cells = [
            summary([value for value, of in zip(values, cluster_of, strict=True) if of == index and value is not None])
            for index in (each.cluster.index for each in description.fingerprints)
        ]
        rows.append(MetadataRow(name, tuple(cells)))
    return rows


def parameter_tables(run: Run, description: Description) -> list[ParameterTable]:
    """One table per law, in the order of their modalities."""
    fingerprints = description.fingerprints
    return [_parameter_table(run, fingerprints, name) for name in fingerprints[0].parameters]


def _parameter_table(run: Run, fingerprints: Sequence[Fingerprint], name: str) -> ParameterTable:
    rows = [tuple(each.parameters[name].values()) for each in fingerprints]
    law = run.recipe.modalities[name].law
    called = "θ of " if law == "linear_expert" else ""
    return ParameterTable(
        modality=fingerprints[0].profiles[name].modality,
        modalities=run.metrics.experts[name].modalities,
        law="" if called else law,
        options=run.recipe.modalities[name].law_options,
        terms=tuple(called + _term(term, each) for term, each in fingerprints[0].parameters[name].items()),
        cells=tuple(tuple(_value(each) for each in row) for row in rows),
        has_errors=any(math.isfinite(each.standard_error) for row in rows for each in row),
        depends=any(each.slope for each in rows[0]),
    )


def _term(name: str, parameter: ParameterValue) -> str:
    unit = f" ({parameter.unit})" if parameter.unit else ""
    return f"{name}{unit}{', shared' if parameter.shared else ''}"


def _value(parameter: ParameterValue) -> str:
    """Value and error; and what it changes by along each latent axis, if it does."""
    told = mean_and_sd(parameter.value, parameter.standard_error)
    slopes = ", ".join(number(each) for each in parameter.slope)
    return f"{told}; by Z {slopes}" if slopes and math.isfinite(parameter.value) else told


def _cluster_row(run: Run, fingerprint: Fingerprint, scalars: list[Modality]) -> ClusterRow:
    cluster = fingerprint.cluster
    told = verdict(cluster, len(run.info.seeds))
    profiles = [fingerprint.profiles[modality.name] for modality in scalars]
    return ClusterRow(
        index=cluster.index,
        colour=cluster_colour(cluster.index),
        weight=percent(cluster.weight),
        training=cluster.size,
        specimens=len(fingerprint.members),
        stability="–" if cluster.stability is None else f"{cluster.stability:.2f}",
        verdict=told,
        good=told == "reproducible",
        scalars=tuple(mean_and_sd(p.mean[0], p.sd[0]) if p.count else "–" for p in profiles),
        nearest=fingerprint.nearest,
    )


def _numbers(known: list[float]) -> tuple[str, ...]:
    if not known:
        return ("–",)
    return (f"{number(min(known))} to {number(max(known))}", f"median {number(statistics.median(known))}")


def _texts(known: list[object]) -> tuple[str, ...]:
    counts = Counter(map(str, known))
    lines = [f"{value} {percent(count / len(known))}" for value, count in counts.most_common(MOST_COMMON)]
    if len(counts) > MOST_COMMON:
        lines.append(f"{len(counts) - MOST_COMMON} others")
    return tuple(lines) or ("–",)
