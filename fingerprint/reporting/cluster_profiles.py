"""What the specimens of each cluster look like, modality by modality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fingerprint.fingerprints import MEASURED_COLUMN, Description, Fingerprint
from fingerprint.modality import Modality
from fingerprint.prepare.preparation import Array
from fingerprint.reporting.style import (
    cluster_colour,
    cluster_dash,
    cluster_symbol,
    darken,
    fade,
    make_room,
    new_figure,
)
from fingerprint.reporting.thinning import SPECIMENS, thin_curve
from fingerprint.reporting.wording import axis_title, value_title


def curve_profiles(fingerprints: Sequence[Fingerprint], name: str) -> go.Figure:
    """Mean and mean +- sd of one spectrum or series in every cluster that has specimens with it, and its law if any.

    Args:
        fingerprints: of one run.
        name: of the modality.
    """
    figure = new_figure(440)
    make_room(figure, len(fingerprints))
    modality: Modality | None = None
    for each in fingerprints:
        profile = each.profiles[name]
        modality = profile.modality
        if profile.axis is None or profile.count == 0:
            continue
        kept = thin_curve(profile.mean)
        x, mean, sd = profile.axis[kept], profile.mean[kept], profile.sd[kept]
        index = each.cluster.index
        colour = cluster_colour(index)
        group = f"cluster {index}"
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([x, x[::-1]]).astype(np.float32),
                y=np.concatenate([mean + sd, (mean - sd)[::-1]]).astype(np.float32),
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor=fade(colour, 0.16),
                legendgroup=group,
                showlegend=False,
                hoverinfo="skip",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=x.astype(np.float32),
                y=mean.astype(np.float32),
                mode="lines",
                line={"color": colour, "width": 2, "dash": cluster_dash(index)},
                name=group,
                legendgroup=group,
                hovertemplate=f"{group}<br>%{{x:.4g}}: %{{y:.4g}}<extra></extra>",
            )
        )
        if profile.law is not None:
            _draw_law(figure, profile.axis, profile.law, index)
    if modality is not None:
        figure.update_xaxes(title_text=axis_title(modality))
        figure.update_yaxes(title_text=value_title(modality), rangemode="normal")
    return figure


def _draw_law(figure: go.Figure, axis: Array, law: Array, index: int) -> None:
    """The curve of a cluster's law, over its mean."""
    kept, group = thin_curve(law), f"cluster {index}"
    figure.add_trace(
        go.Scatter(
            x=axis[kept].astype(np.float32),
            y=law[kept].astype(np.float32),
            mode="lines",
            line={"color": darken(cluster_colour(index)), "width": 2, "dash": "dot"},
            name=f"{group}, law",
            legendgroup=group,
            showlegend=False,
            hovertemplate=f"{group}, law<br>%{{x:.4g}}: %{{y:.4g}}<extra></extra>",
        )
    )


def scalar_profiles(description: Description, name: str) -> go.Figure:
    """Every specimen's value of one scalar, in a box per cluster. Specimens without it are left out."""
    table = description.specimens
    modality = description.fingerprints[0].profiles[name].modality
    figure = new_figure(440)
    for each in description.fingerprints:
        index = each.cluster.index
        values = table.loc[table["cluster"] == index, MEASURED_COLUMN + name].dropna()
        figure.add_trace(
            go.Box(
                y=values.to_numpy(dtype=np.float32),
                name=f"cluster {index}",
                boxpoints="all" if len(table) <= SPECIMENS else "outliers",
                jitter=0.5,
                pointpos=0,
                marker={"color": fade(cluster_colour(index), 0.45), "size": 4, "symbol": cluster_symbol(index)},
                line={"color": cluster_colour(index), "width": 1.6},
                fillcolor=fade(cluster_colour(index), 0.1),
                hoverinfo="y",
            )
        )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(title_text=value_title(modality))
    return figure
