"""Predicted beside measured, for scalars."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from fingerprint.fingerprints import Description
from fingerprint.prediction import Prediction
from fingerprint.reporting.style import ACCENT, INK, QUIET, fade, new_figure
from fingerprint.reporting.thinning import thin_rows
from fingerprint.reporting.wording import escape, joined, percent, value_title, with_unit
from fingerprint.run import Run

PARTS = (
    ("train", "training part", fade(QUIET, 0.55), 4),
    ("validation", "validation part", INK, 4),
    ("test", "test part", ACCENT, 7),
)


def measured_predictions(description: Description, target: str) -> list[tuple[Prediction, float]]:
    """Predictions of a scalar whose specimen also has it measured, and the measured value."""
    values = dict(zip(description.measured.specimens, description.measured.values[target][:, 0].tolist(), strict=True))
    return [
        (each, values[each.specimen]) for each in description.predictions[target] if np.isfinite(values[each.specimen])
    ]


def parity(run: Run, description: Description, target: str) -> go.Figure:
    """Predicted over measured value, by part of the split; the test part with its intervals.

    Args:
        run: a trained run.
        description: of it.
        target: a scalar modality that others predict.
    """
    modality = run.preparations[target].modality
    pairs = measured_predictions(description, target)
    figure = new_figure(560)
    ends = [value for each, measured in pairs for value in (measured, each.mean) if isinstance(value, float)]
    if ends:
        margin = 0.04 * (max(ends) - min(ends) or 1.0)
        bounds = [min(ends) - margin, max(ends) + margin]
        line = {"color": QUIET, "width": 1, "dash": "dot"}
        figure.add_trace(
            go.Scatter(x=bounds, y=bounds, mode="lines", line=line, name="predicted = measured", hoverinfo="skip")
        )
        figure.update_xaxes(range=bounds)
        figure.update_yaxes(range=bounds)
    for part, name, colour, size in PARTS:
        own = [pair for pair in pairs if run.parts[pair[0].specimen] == part]
        own = [own[row] for row in thin_rows(len(own))]
        half = [each.high - each.mean if _has_interval(each) else None for each, _ in own]
        figure.add_trace(
            go.Scatter(
                x=np.array([measured for _, measured in own], np.float32),
                y=np.array([each.mean for each, _ in own], np.float32),
                mode="markers",
                name=name,
                marker={"color": colour, "size": size, "line": {"width": 0.5, "color": "white"}},
                error_y={
                    "type": "data",
                    "array": half,
                    "visible": part == "test" and any(half),
                    "color": fade(ACCENT, 0.45),
                    "thickness": 1.2,
                    "width": 0,
                },
                hovertext=[_hover(each, measured) for each, measured in own],
                hoverinfo="text",
            )
        )
    figure.update_xaxes(title_text=value_title(modality, "measured "), constrain="domain")
    figure.update_yaxes(title_text=value_title(modality, "predicted "), scaleanchor="x", constrain="domain")
    return figure


def _has_interval(prediction: Prediction) -> bool:
    return prediction.high is not None


def _hover(prediction: Prediction, measured: float) -> str:
    """What is told under the pointer."""
    low, high = prediction.low, prediction.high
    lines = [
        f"<b>{escape(prediction.specimen)}</b>",
        f"measured: {escape(with_unit(measured, prediction.unit))}",
        f"predicted: {escape(with_unit(float(np.mean(prediction.mean)), prediction.unit))}",
    ]
    if isinstance(low, float) and isinstance(high, float):
        bounds = f"{with_unit(low, '')} to {with_unit(high, prediction.unit)}"
        lines.append(f"{percent(prediction.level)} interval: {escape(bounds)}")
    lines.append(f"from {escape(joined(prediction.given))}")
    if prediction.novelty.flagged:
        lines.append(f"unlike the training part: {escape(prediction.novelty.reason)}")
    return "<br>".join(lines)
