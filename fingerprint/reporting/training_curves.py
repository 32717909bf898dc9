"""How the training went."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fingerprint.reporting.style import ACCENT, PALE, apply_style
from fingerprint.reporting.thinning import thin_curve
from fingerprint.run import EpochRecord, Run

SETTLING = 0.1
PANELS: tuple[tuple[str, Callable[[EpochRecord], list[float]]], ...] = (
    ("validation ELBO", lambda record: record.validation),
    ("reconstruction, training part", lambda record: record.reconstruction),
    ("KL, training part", lambda record: record.kl),
)


def training_curves(run: Run) -> go.Figure:
    """Validation ELBO, reconstruction and KL over epochs, a line per member; nats per specimen.

    The vertical axes frame what comes after the first tenth of the epochs.
    """
    figure = make_subplots(1, 3, subplot_titles=[name for name, _ in PANELS], horizontal_spacing=0.08)
    apply_style(figure, 360)
    figure.update_layout(margin={"t": 96}, legend={"y": 1.14})
    shown = run.info.map_member
    order = [member for member in range(len(run.info.seeds)) if member != shown] + [shown]
    for column, (_, value) in enumerate(PANELS, start=1):
        records = [record for record in run.history if value(record)]
        if not records:
            continue
        table = np.array([value(record) for record in records])
        epochs = np.array([record.epoch for record in records])
        for member in order:
            kept = thin_curve(table[:, member])
            name = f"member of seed {run.info.seeds[member]}" + (" (shown on this page)" if member == shown else "")
            figure.add_trace(
                go.Scatter(
                    x=epochs[kept],
                    y=table[kept, member].astype(np.float32),
                    mode="lines",
                    name=name if member == shown else "other members",
                    legendgroup=str(member == shown),
                    showlegend=column == 1 and member in (order[0], shown),
                    line={"color": ACCENT if member == shown else PALE, "width": 2 if member == shown else 1.3},
                    hovertemplate=f"{name}<br>epoch %{{x}}: %{{y:.5g}}<extra></extra>",
                ),
                row=1,
                col=column,
            )
        settled = table[epochs > SETTLING * epochs[-1]]
        margin = 0.05 * (settled.max() - settled.min() or 1.0)
        figure.update_yaxes(range=[settled.min() - margin, settled.max() + margin], row=1, col=column)
    figure.update_annotations(font={"size": 13})
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(title_text="nats per specimen", row=1, col=1)
    return figure
