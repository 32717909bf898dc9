"""Rows of an experiment and points of a latent space, made up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fingerprint.experiments import ClusteringScores, LatentPoints, Row

LABELS = [str(digit) for digit in range(10)]


def scores(seed: int, sources: Sequence[str], labels: Sequence[str] = LABELS, spare: int = 0) -> ClusteringScores:
    random = np.random.default_rng(seed)
    tables = {source: random.integers(0, 30, (len(labels), len(labels) + spare)) for source in sources}
    for table in tables.values():
        np.fill_diagonal(table, random.integers(100, 900, len(labels)))
    accuracy = {source: 100 * float(np.trace(table)) / int(table.sum()) for source, table in tables.items()}
    counted = {source: table.tolist() for source, table in tables.items()}
    return ClusteringScores(accuracy, counted, list(labels), int(tables["joint"].sum()))


def row(name: str, seed: int, *sources: str, **choices: Any) -> Row:
    return Row(name, f"what {name} is", seed, scores(seed, ["joint", *sources], **choices), 10.0 + seed, "")


def points(labels: Sequence[str], latent: int = 2, specimens: int = 60) -> LatentPoints:
    random = np.random.default_rng(1)
    told = tuple(labels[number % len(labels)] for number in range(specimens))
    centres = 5 * random.normal(size=(len(labels), latent))
    clusters = np.arange(specimens) % len(labels)
    mean = centres[clusters] + random.normal(size=(specimens, latent))
    sd = random.uniform(0.5, 2, (len(labels), latent))
    names = tuple(f"s-{number}" for number in range(specimens))
    return LatentPoints(names, told, clusters, mean, centres, sd, tuple(labels))
