"""Confusion matrices: how many specimens of each label are in the cluster that stands for it, and in the others."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fingerprint.experiments import ClusteringScores
from fingerprint.reporting.style import ACCENT, GRID, INK, apply_style
from fingerprint.reporting.wording import escape

LEAST_PANELS = 3  # so that a matrix alone is not drawn larger than one of three
HEIGHT = 400
SCALE = [[0.0, "#FFFFFF"], [0.05, "#DDD9F0"], [1.0, ACCENT]]  # a twentieth of a label can be seen
SPARE = "none"


def confusion_matrices(scores: ClusteringScores, titles: dict[str, str]) -> go.Figure:
    """A matrix for each source: rows are labels, columns the matched clusters; counts, coloured by the row's share.

    Args:
        scores: of one seed.
        titles: of the sources that are shown, in order.
    """
    panels = max(len(titles), LEAST_PANELS)
    figure = make_subplots(
        1,
        panels,
        specs=[[{} if column < len(titles) else None for column in range(panels)]],
        subplot_titles=[f"{escape(title)}: {scores.accuracy[source]:.2f} %" for source, title in titles.items()],
        horizontal_spacing=0.06,
    )
    apply_style(figure, HEIGHT)
    rows = [escape(label, 12) for label in scores.labels]
    for column, source in enumerate(titles, start=1):
        table = np.array(scores.confusion[source], dtype=np.int64)
        share = 100 * table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        columns = [*rows, *(f"{SPARE} {extra}" for extra in range(1, table.shape[1] - len(rows) + 1))]
        figure.add_trace(
            go.Heatmap(
                z=share,
                zmin=0,
                zmax=100,
                text=[[str(count) if count else "" for count in row] for row in table.tolist()],
                customdata=table,
                texttemplate="%{text}",
                textfont={"size": 10},
                colorscale=SCALE,
                showscale=False,
                xgap=1,
                ygap=1,
                hovertemplate="label %{y}, cluster of %{x}<br>%{customdata} specimens, %{z:.1f} % of the label"
                "<extra></extra>",
            ),
            row=1,
            col=column,
        )
        # placed by number: a label such as "10" would otherwise be read as a position
        for axis, names in (("xaxis", columns), ("yaxis", rows)):
            figure.layout[f"{axis}{column if column > 1 else ''}"].update(
                tickvals=list(range(len(names))), ticktext=names
            )
    figure.update_layout(margin={"l": 64, "t": 56, "b": 56}, plot_bgcolor=GRID)
    plain = {"showgrid": False, "showline": False, "tickcolor": "white"}
    figure.update_xaxes(plain, title_text="cluster that stands for", tickangle=0)
    figure.update_yaxes(plain, autorange="reversed")
    figure.update_yaxes(title_text="label", row=1, col=1)
    figure.update_annotations(font={"size": 14, "color": INK})
    return figure
