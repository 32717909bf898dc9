"""report: everything that a run found, on one HTML page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from fingerprint.files import write_text_atomically
from fingerprint.fingerprints import Description, describe
from fingerprint.modality import Kind, Modality
from fingerprint.prepare import Preparation
from fingerprint.recipe import format_recipe
from fingerprint.reporting.cluster_profiles import curve_profiles, scalar_profiles
from fingerprint.reporting.cluster_table import cluster_rows, metadata_rows, parameter_tables, scalar_modalities
from fingerprint.reporting.colouring import Colouring, colourings
from fingerprint.reporting.curve_examples import curve_examples
from fingerprint.reporting.disagreements import disagreement_cards, disagreements
from fingerprint.reporting.findings import cards, warnings
from fingerprint.reporting.image_examples import image_examples
from fingerprint.reporting.image_profiles import image_limits, image_profiles
from fingerprint.reporting.latent_map import latent_map, shown_axes
from fingerprint.reporting.parity import parity
from fingerprint.reporting.scores import Score, score
from fingerprint.reporting.templates import filled
from fingerprint.reporting.thinning import CURVE_POINTS, SPECIMENS, image_side, thin_image
from fingerprint.reporting.training_curves import training_curves
from fingerprint.run import Run
from fingerprint.store import Store


@dataclass(frozen=True)
class ModalityRow:
    """A modality, the size of its images, and in how many of the run's specimens it was measured."""

    modality: Modality
    size: str
    measured: int
    missing: int


@dataclass(frozen=True)
class ImageFigure:
    """An imaged modality in every cluster, and the shape, (row, column), of what is drawn and of what was measured."""

    modality: Modality
    figure: go.Figure
    drawn: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Target:
    """A predicted modality: its score, its figure, and what one measurement is called; "" for a scalar."""

    score: Score
    figure: go.Figure | None
    whole: str = ""


def report(run: Run, store: Store, out: str | Path) -> Path:
    """Write one HTML page about a run. It holds its figures, their code and its style, and asks no network.

    Values are in the units and sign conventions of the store.

    Args:
        run: a trained run.
        store: the one that it was trained on; it is read at the run's snapshot.
        out: the file. It is whole or not there.

    Returns:
        The file.

    Raises:
        StoreError: the store is another one.
        DiskError: the file cannot be written.
    """
    path = Path(out)
    write_text_atomically(path, render(run, describe(run, store)))
    return path


def render(run: Run, description: Description) -> str:
    """The page as text.

    Args:
        run: a trained run.
        description: of it.
    """
    choices = colourings(run, description)
    scores = [score(run, description, target) for target in sorted(description.predictions)]
    fingerprints = description.fingerprints
    told = disagreements(description.contradictions)
    kinds = {name: preparation.modality for name, preparation in run.preparations.items()}
    return filled(
        "page.html",
        run=run,
        description=description,
        modalities=_modality_rows(run, description),
        cards=[*cards(run, scores), *disagreement_cards(told)],
        warnings=warnings(run, scores),
        map=latent_map(run, description, choices),
        choices=_grouped(choices),
        axes=[axis + 1 for axis in shown_axes(fingerprints)],
        unsure=[str(each.cluster.index) for each in fingerprints if each.cluster.reproducible is False],
        curves=[(kinds[name], curve_profiles(fingerprints, name)) for name in kinds if kinds[name].has_axis],
        scalars=[
            (kinds[name], scalar_profiles(description, name)) for name in kinds if kinds[name].kind is Kind.SCALAR
        ],
        images=_images(run, description),
        disagreements=told,
        rows=cluster_rows(run, description),
        row_scalars=scalar_modalities(run),
        parameters=parameter_tables(run, description),
        metadata=metadata_rows(description),
        targets=_targets(run, description, scores),
        training=training_curves(run),
        parts=Counter(run.parts.values()),
        recipe=format_recipe(run.recipe),
        curve_points=CURVE_POINTS,
        most_specimens=SPECIMENS,
    )


def _grouped(choices: Sequence[Colouring]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Position and label of every colouring, by group."""
    numbered = groupby(enumerate(choices), key=lambda pair: pair[1].group)
    return [(group, [(index, choice.label) for index, choice in members]) for group, members in numbered]


def _modality_rows(run: Run, description: Description) -> list[ModalityRow]:
    specimens = len(description.specimens)
    counts = {name: int(present.sum()) for name, present in description.present.items()}
    return [
        ModalityRow(preparation.modality, _size(preparation), counts[name], specimens - counts[name])
        for name, preparation in run.preparations.items()
    ]


def _size(preparation: Preparation) -> str:
    """Rows and columns of an image; "" for other kinds."""
    return " × ".join(map(str, preparation.shape)) if preparation.modality.kind is Kind.IMAGE else ""


def _targets(run: Run, description: Description, scores: Sequence[Score]) -> list[Target]:
    """Scalars first, then curves, then images."""
    order = {Kind.SCALAR: 0, Kind.IMAGE: 2}
    return [_target(run, description, each) for each in sorted(scores, key=lambda each: order.get(each.target.kind, 1))]


def _target(run: Run, description: Description, score: Score) -> Target:
    name, kind = score.target.name, score.target.kind
    if kind is Kind.SCALAR:
        return Target(score, parity(run, description, name))
    examples = description.examples[name]
    if kind is Kind.IMAGE:
        limits = image_limits(description.fingerprints, name)
        return Target(score, image_examples(examples, score.target, limits) if examples else None, "image")
    return Target(score, curve_examples(run, examples, name) if examples else None, "curve")


def _images(run: Run, description: Description) -> list[ImageFigure]:
    """Every imaged modality with what it looks like in the clusters."""
    found: list[ImageFigure] = []
    for name, preparation in run.preparations.items():
        if preparation.modality.kind is Kind.IMAGE:
            figure = image_profiles(description.fingerprints, name)
            if figure is not None:
                drawn = thin_image(np.zeros(preparation.shape), image_side(len(figure.data))).shape
                found.append(ImageFigure(preparation.modality, figure, drawn, preparation.shape))
    return found
