"""Predicted beside measured, for scalars."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fingerprint.fingerprints import Description
from fingerprint.modality import Modality
from fingerprint.reporting.style import ACCENT, INK, QUIET, fade, new_figure
from fingerprint.reporting.thinning import thin_rows
from fingerprint.reporting.wording import escape, joined, percent, value_title, with_unit
from fingerprint.run import Run

PARTS = (
    ("train", "training part", fade(QUIET, 0.55), 4),
    ("validation", "validation part", INK, 4),
    ("test", "test part", ACCENT, 7),
)


def parity(run: Run, description: Description, target: str) -> go.Figure:
    """Predicted over measured value, by part of the split; the test part with its intervals.

    Args:
        run: a trained run.
        description: of it.
        target: a scalar modality that others predict.
    """
    modality = run.preparations[target].modality
    table = description.predictions[target]
    table = table.take(np.flatnonzero(table["measured"].notna()).tolist())
    figure = new_figure(560)
    if len(table):
        ends = table[["measured", "mean"]].to_numpy(dtype=np.float64)
        margin = 0.04 * (ends.max() - ends.min() or 1.0)
        bounds = [ends.min() - margin, ends.max() + margin]
        line = {"color": QUIET, "width": 1, "dash": "dot"}
        figure.add_trace(
            go.Scatter(x=bounds, y=bounds, mode="lines", line=line, name="predicted = measured", hoverinfo="skip")
        )
        figure.update_xaxes(range=bounds)
        figure.update_yaxes(range=bounds)
    for part, name, colour, size in PARTS:
        own = table.take(np.flatnonzero(table["part"] == part).tolist())
        own = own.take(thin_rows(len(own)).tolist())
        half = own["high"].to_numpy(dtype=np.float64) - own["mean"].to_numpy(dtype=np.float64)
        has_interval = np.isfinite(half)
        figure.add_trace(
            go.Scatter(
                x=own["measured"].to_numpy(dtype=np.float32),
                y=own["mean"].to_numpy(dtype=np.float32),
                mode="markers",
                name=name,
                marker={"color": colour, "size": size, "line": {"width": 0.5, "color": "white"}},
                error_y={
                    "type": "data",
                    "array": np.where(has_interval, half, 0.0),
                    "visible": bool(part == "test" and has_interval.any()),
                    "color": fade(ACCENT, 0.45),
                    "thickness": 1.2,
                    "width": 0,
                },
                hovertext=[_hover(row, modality, run.calibration.level) for row in own.to_dict("records")],
                hoverinfo="text",
            )
        )
    figure.update_xaxes(title_text=value_title(modality, "measured "), constrain="domain")
    figure.update_yaxes(title_text=value_title(modality, "predicted "), scaleanchor="x", constrain="domain")
    return figure


def _hover(row: Mapping[Hashable, Any], modality: Modality, level: float) -> str:
    """What is told under the pointer."""
    lines = [
        f"<b>{escape(row['specimen'])}</b>",
        f"measured: {escape(with_unit(row['measured'], modality.unit))}",
        f"predicted: {escape(with_unit(row['mean'], modality.unit))}",
    ]
    if np.isfinite(row["low"]):
        bounds = f"{with_unit(row['low'], '')} to {with_unit(row['high'], modality.unit)}"
        lines.append(f"{percent(level)} interval: {escape(bounds)}")
    lines.append(f"from {escape(joined(row['given']))}")
    if row["flagged"]:
        lines.append(f"unlike the training part: {escape(row['novelty_reason'])}")
    return "<br>".join(lines)
