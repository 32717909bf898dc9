"""The latent map: where specimens and clusters lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fingerprint.fingerprints import MEASURED_COLUMN, Description, Fingerprint
from fingerprint.modality import Kind
from fingerprint.prediction.disagreement import FLAGGED
from fingerprint.reporting.colouring import FOUND, METADATA, Colouring
from fingerprint.reporting.style import (
    INK,
    QUIET,
    SCALE,
    cluster_colour,
    cluster_dash,
    cluster_symbol,
    fade,
    make_room,
    new_figure,
)
from fingerprint.reporting.thinning import thin_rows
from fingerprint.reporting.wording import escape, with_unit
from fingerprint.run import Run
from fingerprint.units import number

Array = NDArray[np.float64]

SIGMAS = 2.0
ELLIPSE_POINTS = 73
LANE_HEIGHT = 0.3
LEAST_PROBABILITY = 0.005


class Places(NamedTuple):
    """Where specimens stand in the figure.

    Attributes:
        x, y: [specimen].
        titles: of the two axes.
    """

    x: Array
    y: Array
    titles: tuple[str, str]


def shown_axes(fingerprints: Sequence[Fingerprint]) -> tuple[int, ...]:
    """The two latent axes along which the clusters' centres differ most, weighted by the clusters; one if there is one.

    They are counted from 0, in increasing order.
    """
    centres = np.stack([each.latent_mean for each in fingerprints])
    weights = np.array([each.cluster.weight for each in fingerprints])
    middle = weights @ centres / weights.sum()
    spread = weights @ (centres - middle) ** 2
    return tuple(sorted(np.argsort(-spread, kind="stable")[:2].tolist()))


def ellipse(fingerprint: Fingerprint, axes: tuple[int, int]) -> tuple[Array, Array]:
    """The closed curve at Mahalanobis distance 2 from a cluster's centre in the plane of two latent axes."""
    angle = np.linspace(0, 2 * np.pi, ELLIPSE_POINTS)
    across, up = axes
    return (
        fingerprint.latent_mean[across] + SIGMAS * fingerprint.latent_sd[across] * np.cos(angle),
        fingerprint.latent_mean[up] + SIGMAS * fingerprint.latent_sd[up] * np.sin(angle),
    )


def latent_map(run: Run, description: Description, choices: Sequence[Colouring]) -> go.Figure:
    """Posterior means of the map member, the clusters' 2-sigma ellipses, and a list of colourings.

    Traces: the specimens of each cluster, the outlines of the clusters, then the swatches of named categories.
    The list is `layout.updatemenus[0]`; each entry recolours the specimens in place.

    Args:
        run: a trained run.
        description: of it.
        choices: the colourings; the first is shown.
    """
    table = description.specimens
    rows = thin_rows(len(table))
    axes = shown_axes(description.fingerprints)
    places = _places(description, axes)
    hover = dict(zip(rows.tolist(), hover_texts(run, description, rows), strict=True))
    cluster_of = table["cluster"].to_numpy()
    groups = [rows[cluster_of[rows] == each.cluster.index] for each in description.fingerprints]

    figure = new_figure(620)
    make_room(figure, len(groups))
    for each, members in zip(description.fingerprints, groups, strict=True):
        figure.add_trace(
            go.Scatter(
                x=places.x[members].astype(np.float32),
                y=places.y[members].astype(np.float32),
                mode="markers",
                name=f"cluster {each.cluster.index}",
                legendgroup=f"cluster {each.cluster.index}",
                showlegend=False,
                marker={
                    "size": 7,
                    "symbol": cluster_symbol(each.cluster.index),
                    "color": cluster_colour(each.cluster.index),
                    "coloraxis": "coloraxis",
                    "line": {"width": 0.5, "color": "white"},
                },
                hovertext=[hover[row] for row in members.tolist()],
                hoverinfo="text",
                customdata=[str(table["specimen"].iloc[row]) for row in members],
            )
        )
    for each in description.fingerprints:
        figure.add_trace(_outline(each, axes))
    for choice in choices:
        for name, colour in choice.categories:
            figure.add_trace(_swatch(name, colour))
    figure.update_layout(
        coloraxis={"colorscale": SCALE, "showscale": False, "colorbar": {"thickness": 12, "outlinewidth": 0}},
        updatemenus=[{"buttons": _buttons(choices, groups), "x": 1, "xanchor": "right", "y": 1.12}],
        dragmode="pan",
        selectdirection="any",
    )
    figure.update_xaxes(title_text=places.titles[0])
    figure.update_yaxes(title_text=places.titles[1])
    if len(axes) == 1:
        names = [f"cluster {each.cluster.index}" for each in description.fingerprints]
        figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, showgrid=False)
    return figure


def hover_texts(run: Run, description: Description, rows: NDArray[np.intp]) -> list[str]:
    """What is told of specimens under the pointer: id, part, clusters, scalars with units, metadata.

    Args:
        run: a trained run.
        description: of it.
        rows: of the table of specimens.
    """
    table = description.specimens.take(rows.tolist())
    probabilities = [name for name in table.columns if str(name).startswith("probability_")]
    scalars = [each.modality for each in run.preparations.values() if each.modality.kind is Kind.SCALAR]
    metadata = [str(name) for name in table.columns if str(name).startswith(METADATA)]
    texts: list[str] = []
    for row in table.to_dict("records"):
        likely = sorted(((row[name], int(str(name).rsplit("_", 1)[1])) for name in probabilities), reverse=True)
        chances = ", ".join(f"{index}: {p:.2f}" for p, index in likely if p >= LEAST_PROBABILITY)
        lines = [f"<b>{escape(row['specimen'])}</b> · {escape(row['part'])} part", f"cluster probability {chances}"]
        if row["disagreement"] > FLAGGED:
            lines.append(f"its modalities disagree ({row['disagreement']:.2f})")
        lines += [f"{escape(each.name)}: {_measured(row[MEASURED_COLUMN + each.name], each.unit)}" for each in scalars]
        facts = {name.removeprefix(METADATA): row[name] for name in metadata}
        lines += [f"{escape(name)}: {_fact(value)}" for name, value in facts.items() if _is_known(value)]
        texts.append("<br>".join(lines))
    return texts


def _measured(value: float, unit: str) -> str:
    return escape(with_unit(value, unit)) if np.isfinite(value) else "not measured"


def _is_known(value: object) -> bool:
    return value is not None and value == value


def _fact(value: object) -> str:
    return number(value, 4) if isinstance(value, float) else escape(value)


def _places(description: Description, axes: tuple[int, ...]) -> Places:
    table = description.specimens
    x = table[f"latent_{axes[0] + 1}"].to_numpy()
    if len(axes) == 2:
        titles = (f"latent axis {axes[0] + 1}", f"latent axis {axes[1] + 1}")
        return Places(x, table[f"latent_{axes[1] + 1}"].to_numpy(), titles)
    aside = LANE_HEIGHT * np.random.default_rng(0).uniform(-1, 1, len(table))
    return Places(x, table["cluster"].to_numpy() + aside, ("latent axis 1", ""))


def _outline(fingerprint: Fingerprint, axes: tuple[int, ...]) -> go.Scatter:
    index = fingerprint.cluster.index
    if len(axes) == 2:
        x, y = ellipse(fingerprint, (axes[0], axes[1]))
    else:
        reach = SIGMAS * float(fingerprint.latent_sd[0])
        x = float(fingerprint.latent_mean[0]) + reach * np.array([-1.0, 1.0, 1.0, -1.0, -1.0])
        y = index + (LANE_HEIGHT + 0.1) * np.array([-1.0, -1.0, 1.0, 1.0, -1.0])
    colour = cluster_colour(index)
    top = int(np.argmax(y))
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+text",
        text=[str(index) if point == top else "" for point in range(len(x))],
        textposition="top center",
        textfont={"color": colour, "size": 14, "weight": 600, "shadow": "0 0 3px white, 0 0 3px white, 0 0 3px white"},
        name=f"cluster {index}",
        legendgroup=f"cluster {index}",
        line={"color": colour, "width": 1.8, "dash": cluster_dash(index)},
        fill="toself",
        fillcolor=fade(colour, 0.08),
        hoverinfo="skip",
    )


def _swatch(name: str, colour: str) -> go.Scatter:
    """An entry of the legend without a point."""
    marker = {"size": 8, "color": colour, "line": {"width": 0.5, "color": INK}}
    return go.Scatter(
        x=[None], y=[None], mode="markers", name=escape(name), legendgroup=escape(name), marker=marker, visible=False
    )


def _buttons(choices: Sequence[Colouring], groups: Sequence[NDArray[np.intp]]) -> list[dict[str, Any]]:
    """One entry per colouring: new colours of the points, its own swatches shown, the colour scale shown or not."""
    swatches = [(choice, colour) for choice in choices for _, colour in choice.categories]
    clusters = range(len(groups))
    traces = list(range(2 * len(groups) + len(swatches)))
    buttons: list[dict[str, Any]] = []
    for choice in choices:
        points = [[choice.colours[row] for row in members] for members in groups]
        values = [value for value in choice.colours if not isinstance(value, str)]
        is_cluster = choice.group == FOUND
        outlines = [cluster_colour(index) if is_cluster else QUIET for index in clusters]
        labels = outlines if is_cluster else [INK for _ in clusters]
        fills = [fade(colour, 0.08 if is_cluster else 0.05) for colour in outlines]
        change = {
            "marker.color": [*points, *outlines, *(colour for _, colour in swatches)],
            "line.color": [*outlines, *outlines, *(colour for _, colour in swatches)],
            "textfont.color": [*labels, *labels, *(INK for _ in swatches)],
            "fillcolor": [*fills, *fills, *(INK for _ in swatches)],
            "showlegend": [*(False for _ in clusters), *(is_cluster for _ in clusters), *(True for _ in swatches)],
            "visible": [
                *(True for _ in clusters),
                *(True for _ in clusters),
                *(owner is choice for owner, _ in swatches),
            ],
        }
        scale = {
            "coloraxis.showscale": bool(choice.scale_title),
            "coloraxis.colorbar.title.text": choice.scale_title,
            "coloraxis.cmin": min(values, default=0.0),
            "coloraxis.cmax": max(values, default=1.0),
        }
        buttons.append({"label": escape(choice.label), "method": "update", "args": [change, scale, traces]})
    return buttons
