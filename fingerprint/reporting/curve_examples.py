"""Predicted beside measured, for a few spectra or series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from fingerprint.fingerprints import Example
from fingerprint.prediction import Prediction
from fingerprint.reporting.style import ACCENT, INK, apply_style, fade
from fingerprint.reporting.thinning import thin_curve
from fingerprint.reporting.wording import axis_title, escape, percent, value_title, with_unit
from fingerprint.run import Run


def curve_examples(run: Run, examples: Sequence[Example], target: str) -> go.Figure:
    """Measured curve, predicted curve and its band, one panel per example.

    Args:
        run: a trained run.
        examples: at least one.
        target: what is predicted.
    """
    modality = run.preparations[target].modality
    titles = [
        f"{each.rank}: {escape(each.prediction.specimen, 20)}, RMSE {escape(with_unit(each.rmse, modality.unit))}"
        for each in examples
    ]
    figure = make_subplots(1, len(examples), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.03)
    apply_style(figure, 400)
    figure.update_layout(margin={"t": 96}, legend={"y": 1.12})
    for column, each in enumerate(examples, start=1):
        axis = np.asarray(run.preparations[target].grid)
        kept = thin_curve(each.measured)
        x = axis[kept].astype(np.float32)
        first = column == 1
        for trace in _band(each.prediction, x, kept):
            figure.add_trace(trace.update(showlegend=first), row=1, col=column)
        drawn = (
            ("measured", each.measured, {"color": INK, "width": 1.4}),
            ("predicted", np.asarray(each.prediction.mean), {"color": ACCENT, "width": 2}),
        )
        for name, curve, line in drawn:
            figure.add_trace(
                go.Scatter(
                    x=x,
                    y=curve[kept].astype(np.float32),
                    mode="lines",
                    line=line,
                    name=name,
                    legendgroup=name,
                    showlegend=first,
                    hovertemplate=f"{name}<br>%{{x:.4g}}: %{{y:.4g}}<extra></extra>",
                ),
                row=1,
                col=column,
            )
    figure.update_annotations(font={"size": 13, "color": INK})
    figure.update_xaxes(title_text=axis_title(modality))
    figure.update_yaxes(title_text=value_title(modality), row=1, col=1)
    return figure


def _band(prediction: Prediction, x: NDArray[np.float32], kept: NDArray[np.intp]) -> list[go.Scatter]:
    """The interval in which the whole curve lies with the stated probability; nothing where there is none."""
    if prediction.low is None or prediction.high is None:
        return []
    low, high = np.asarray(prediction.low)[kept], np.asarray(prediction.high)[kept]
    band = go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([high, low[::-1]]).astype(np.float32),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=fade(ACCENT, 0.14),
        name=f"{percent(prediction.level)} band",
        legendgroup="band",
        hoverinfo="skip",
    )
    return [band]
