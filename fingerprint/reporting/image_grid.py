"""Images in rows and columns, drawn to one scale of greys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fingerprint.reporting.style import GREYS, INK, PALE, SPREADS, new_figure
from fingerprint.reporting.thinning import image_side, thin_image

Array = NDArray[np.float64]

TILE = 120  # pixels of the longer side of an image
GAP = 0.08  # between two, as a share of that
LINE = 18  # pixels of a line of a title; no row is lower
BELOW = 76  # pixels for the scales


@dataclass(frozen=True)
class Tile:
    """One image of the grid.

    Attributes:
        row, column: its place.
        values: [row, column].
        told: under the pointer, ready for a figure.
        spread: whether it shows standard deviations or errors, which have a scale of their own.
    """

    row: int
    column: int
    values: Array
    told: str
    spread: bool = False


def image_grid(
    tiles: Sequence[Tile],
    rows: Sequence[str],
    columns: Sequence[str],
    limits: tuple[float, float],
    titles: tuple[str, str],
) -> go.Figure:
    """Draw images that have one shape.

    Args:
        tiles: at least one.
        rows, columns: titles, ready for a figure.
        limits: the values that are drawn black and white.
        titles: of the scale of greys and of that of the spreads.
    """
    side = image_side(len(tiles))
    drawn = [thin_image(tile.values, side) for tile in tiles]
    tall, wide = drawn[0].shape
    scale = TILE / max(tall, wide)
    gap = GAP * max(tall, wide)
    across, down = max(tall, wide) + gap, max(tall, LINE / scale) + gap
    above = 16 + LINE * max(title.count("<br>") + 1 for title in columns)
    figure = new_figure(round(above + BELOW + len(rows) * down * scale))
    for tile, values in zip(tiles, drawn, strict=True):
        figure.add_trace(
            go.Heatmap(
                z=values.astype(np.float32),
                x0=tile.column * across + 0.5 * (across - wide + 1),
                y0=tile.row * down + 0.5 * (down - tall + 1),
                dx=1,
                dy=1,
                coloraxis="coloraxis2" if tile.spread else "coloraxis",
                hovertemplate=f"{tile.told}<br>%{{z:.4g}}<extra></extra>",
            )
        )
    spreads = [float(np.nanmax(values)) for tile, values in zip(tiles, drawn, strict=True) if tile.spread]
    figure.update_layout(
        margin={"l": 96, "r": 24, "t": above, "b": BELOW},
        coloraxis=_scale(GREYS, limits, titles[0], 0.0),
        coloraxis2=_scale(SPREADS, (0.0, max(spreads, default=1.0)), titles[1], 0.5),
        plot_bgcolor="white",
    )
    hidden = {"showgrid": False, "showline": False, "ticks": "", "automargin": False}
    figure.update_xaxes(
        hidden,
        range=[0, len(columns) * across],
        tickfont={"size": 12},
        tickvals=[(column + 0.5) * across for column in range(len(columns))],
        ticktext=list(columns),
        side="top",
        constrain="domain",
        constraintoward="left",
    )
    figure.update_yaxes(
        hidden,
        range=[len(rows) * down, 0],
        tickvals=[(row + 0.5) * down for row in range(len(rows))],
        ticktext=list(rows),
        scaleanchor="x",
        constrain="domain",
    )
    return figure


def grey_limits(images: Sequence[Array]) -> tuple[float, float]:
    """What is drawn black and white: the values below and above which one in a thousand points of the images lies."""
    known = np.concatenate([np.ravel(image)[np.isfinite(np.ravel(image))] for image in images])
    if not len(known):
        return 0.0, 1.0
    low, high = np.quantile(known, [0.001, 0.999]).tolist()
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _scale(
    colours: Sequence[tuple[float, str]], limits: tuple[float, float], title: str, x: float
) -> dict[str, object]:
    """A colour scale below the images."""
    return {
        "colorscale": [list(pair) for pair in colours],
        "cmin": limits[0],
        "cmax": limits[1],
        "showscale": bool(title),
        "colorbar": {
            "orientation": "h",
            "title": {"text": title, "side": "top", "font": {"size": 12, "color": INK}},
            "x": x,
            "xanchor": "left",
            "y": 0,
            "yanchor": "top",
            "len": 0.3,
            "thickness": 8,
            "outlinewidth": 0.5,
            "outlinecolor": PALE,
            "nticks": 4,
            "tickfont": {"size": 11},
        },
    }
