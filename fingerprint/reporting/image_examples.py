"""Predicted beside measured, for a few images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fingerprint.fingerprints import Example
from fingerprint.modality import Modality
from fingerprint.reporting.image_grid import Tile, image_grid
from fingerprint.reporting.wording import escape, joined, value_title, with_unit


def image_examples(examples: Sequence[Example], modality: Modality, limits: tuple[float, float]) -> go.Figure:
    """A column per example: the measured image, the predicted one, and the size of their difference.

    Args:
        examples: at least one.
        modality: what is predicted.
        limits: the values that are drawn black and white.
    """
    tiles: list[Tile] = []
    columns: list[str] = []
    for column, each in enumerate(examples):
        told = f"<b>{escape(each.prediction.specimen)}</b>"
        mean = np.asarray(each.prediction.mean)
        given = escape(joined(each.prediction.given))
        tiles += [
            Tile(0, column, each.measured, f"{told}, measured"),
            Tile(1, column, mean, f"{told}, predicted from {given}"),
            Tile(2, column, np.abs(mean - each.measured), f"{told}, error", spread=True),
        ]
        error = escape(with_unit(each.rmse, modality.unit), 14)
        columns.append(f"<b>{each.rank}</b><br>{escape(each.prediction.specimen, 16)}<br>RMSE {error}")
    titles = (value_title(modality), value_title(modality, "error of "))
    return image_grid(tiles, ["measured", "predicted", "error"], columns, limits, titles)
