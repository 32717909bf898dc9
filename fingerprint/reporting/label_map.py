"""Where the specimens of each label lie in a latent space, and the clusters that were found without any label."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fingerprint.experiments import LatentPoints
from fingerprint.reporting.style import (
    INK,
    QUIET,
    cluster_colour,
    cluster_dash,
    cluster_symbol,
    fade,
    new_figure,
)
from fingerprint.reporting.thinning import thin_rows
from fingerprint.reporting.wording import escape

Array = NDArray[np.float64]

SPECIMENS = 2000
SIGMAS = 2.0
ELLIPSE_POINTS = 73
ALIKE = 0.9


class Plane(NamedTuple):
    """What of a latent space is shown.

    Attributes:
        directions: orthonormal, [latent, 2].
        kind: "axes" of the space itself, "principal" axes of the clusters' centres, or the "ring" nearest to these.
    """

    directions: Array
    kind: Literal["axes", "principal", "ring"]


def shown_plane(centres: Array) -> Plane:
    """The plane in which clusters are shown.

    The two axes themselves where there are no more. Else the two principal axes of the clusters' centres; where the
    third is as long as these (clusters all equally far apart have no principal axes), the plane in which the centres
    come near to a ring, in the order of their numbers.

    Args:
        centres: [cluster, latent].
    """
    count, latent = centres.shape
    if latent <= 2:
        return Plane(np.eye(latent, 2), "axes")
    centred = centres - centres.mean(axis=0)
    _, lengths, directions = np.linalg.svd(centred, full_matrices=True)
    if len(lengths) > 2 and lengths[2] > ALIKE * lengths[0]:
        angle = 2 * np.pi * np.arange(count) / count
        ring, _ = np.linalg.qr(centred.T @ np.stack([np.cos(angle), np.sin(angle)], axis=1))
        return Plane(ring, "ring")
    return Plane(directions[:2].T, "principal")


def outline(centre: Array, sd: Array, plane: Array) -> tuple[Array, Array]:
    """The closed curve at Mahalanobis distance 2 from a cluster's centre, of the cluster as it is seen in a plane.

    Args:
        centre, sd: of the cluster, [latent].
        plane: orthonormal, [latent, 2].
    """
    angle = np.linspace(0, 2 * np.pi, ELLIPSE_POINTS)
    values, vectors = np.linalg.eigh(plane.T @ (sd[:, None] ** 2 * plane))
    circle = np.stack([np.cos(angle), np.sin(angle)])
    x, y = (centre @ plane)[:, None] + SIGMAS * vectors @ (np.sqrt(np.maximum(values, 0))[:, None] * circle)
    return x, y


def label_map(points: LatentPoints) -> go.Figure:
    """Posterior means coloured by label, and each cluster's 2-sigma ellipse, named by the label that it stands for.

    Traces: the specimens of each label, then the outlines.
    """
    names = sorted(set(points.labels))
    labels = np.array(points.labels)
    plane = shown_plane(points.centres).directions
    places = points.mean @ plane
    rows = thin_rows(len(labels), SPECIMENS)
    figure = new_figure(600)
    for index, name in enumerate(names):
        own = rows[labels[rows] == name]
        figure.add_trace(
            go.Scatter(
                x=places[own, 0].astype(np.float32),
                y=places[own, 1].astype(np.float32),
                mode="markers",
                name=escape(name),
                legendgroup=escape(name),
                marker={
                    "size": 6,
                    "symbol": cluster_symbol(index),
                    "color": cluster_colour(index),
                    "line": {"width": 0.4, "color": "white"},
                },
                hovertext=[_told(points, row) for row in own.tolist()],
                hoverinfo="text",
            )
        )
    for cluster, label in enumerate(points.stands_for):
        index = names.index(label) if label in names else -1
        figure.add_trace(_outline(*outline(points.centres[cluster], points.sd[cluster], plane), label, index))
    titles = ("latent axis 1", "latent axis 2") if points.mean.shape[1] <= 2 else ("direction 1", "direction 2")
    figure.update_layout(
        dragmode="pan",
        legend={"orientation": "v", "x": 1.02, "y": 1, "yanchor": "top", "title": {"text": "label"}},
    )
    figure.update_xaxes(title_text=titles[0])
    figure.update_yaxes(title_text=titles[1], scaleanchor="x", constrain="domain")
    return figure


def _told(points: LatentPoints, row: int) -> str:
    found = points.stands_for[int(points.clusters[row])]
    cluster = f"in the cluster of {escape(found)}" if found else "in a cluster that stands for no label"
    return f"<b>{escape(points.specimens[row])}</b><br>label {escape(points.labels[row])}<br>{cluster}"


def _outline(x: Array, y: Array, label: str, index: int) -> go.Scatter:
    """An ellipse, in the colour of the label that it stands for, with that label at its top."""
    colour = cluster_colour(index) if label else QUIET
    top = int(np.argmax(y))
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+text",
        text=[escape(label) if point == top else "" for point in range(len(x))],
        textposition="top center",
        textfont={"color": INK, "size": 15, "weight": 600, "shadow": "0 0 3px white, 0 0 3px white, 0 0 3px white"},
        name=f"cluster of {escape(label)}" if label else "cluster of none",
        showlegend=False,
        line={"color": colour, "width": 1.6, "dash": cluster_dash(max(index, 0))},
        fill="toself",
        fillcolor=fade(colour, 0.08),
        hoverinfo="skip",
    )
