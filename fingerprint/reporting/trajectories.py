"""Trajectories of a system, true ones and those that follow from identified parameters."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fingerprint.experiments import Solved
from fingerprint.reporting.style import INK, apply_style, cluster_colour, make_room
from fingerprint.reporting.wording import escape

HEIGHT = 460
STATES = ("x", "y")


def trajectories(solved: Sequence[Solved]) -> go.Figure:
    """Each state over time: the true trajectories as black lines, those with the identified parameters dashed on them.

    Traces: of each label x and y, first true, then found where there is a solution.

    Args:
        solved: of the labels.
    """
    figure = make_subplots(rows=1, cols=len(STATES), horizontal_spacing=0.1)
    apply_style(figure, HEIGHT)
    for index, each in enumerate(solved):
        name = escape(each.label)
        true_line = {"color": INK, "width": 1.2}
        found_line = {"color": cluster_colour(index), "width": 3, "dash": "dash"}
        for states, line, kind in ((each.truth, true_line, "true"), (each.found, found_line, "identified")):
            for column, state in enumerate(STATES, start=1):
                if states is None:
                    continue
                figure.add_trace(
                    go.Scatter(
                        x=each.t,
                        y=states[column - 1],
                        mode="lines",
                        name=name,
                        legendgroup=name,
                        showlegend=kind == "identified" and column == 1,
                        line=line,
                        hovertemplate=f"{name}, {kind}<br>t = %{{x:.3f}} s<br>{state} = %{{y:.4f}}<extra></extra>",
                    ),
                    row=1,
                    col=column,
                )
    make_room(figure, len(solved))
    figure.update_layout(legend={"title": {"text": "digit"}})
    figure.update_xaxes(title_text="t, s")
    for column, state in enumerate(STATES, start=1):
        figure.update_yaxes(title_text=state, row=1, col=column)
    return figure
