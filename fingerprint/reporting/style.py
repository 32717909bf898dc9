"""How figures look: one palette that colour-blind readers can tell apart, one calm layout.

The colours of clusters are those of Okabe & Ito (Color Universal Design, 2008) without yellow and black, which
vanish on white or shout; from the seventh cluster on they come again with another symbol and dash.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
SYMBOLS = ("circle", "diamond", "square", "cross")
DASHES = ("solid", "dash", "dot", "dashdot")
SCALE = "Viridis"
GREYS = ((0.0, "#0B0D10"), (1.0, "#FFFFFF"))
INK = "#1F2328"
ACCENT = "#4B3F8F"
QUIET = "#8A9099"
PALE = "#CDD2D8"
GRID = "#ECEEF1"
SPREADS = ((0.0, "#FFFFFF"), (1.0, ACCENT))
LEGEND_LINE = 7
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def cluster_colour(index: int) -> str:
    """The colour of a cluster, the same in every figure and table."""
    return PALETTE[index % len(PALETTE)]


def cluster_symbol(index: int) -> str:
    """The marker that tells clusters of one colour apart."""
    return SYMBOLS[index // len(PALETTE) % len(SYMBOLS)]


def cluster_dash(index: int) -> str:
    """The dash that tells clusters of one colour apart."""
    return DASHES[index // len(PALETTE) % len(DASHES)]


def fade(colour: str, opacity: float) -> str:
    """A colour `#rrggbb` made transparent."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def darken(colour: str) -> str:
    """A colour `#rrggbb` half way to black."""
    return "#" + "".join(f"{int(colour[start : start + 2], 16) // 2:02X}" for start in (1, 3, 5))


def new_figure(height: int) -> go.Figure:
    """An empty figure in the common style; as wide as its place on the page."""
    figure = go.Figure()
    apply_style(figure, height)
    return figure


def make_room(figure: go.Figure, entries: int) -> None:
    """Make a figure higher where the entries of its legend need more lines than one, so that none meets the buttons."""
    more = 30 * ((entries - 1) // LEGEND_LINE)
    layout: Any = figure.to_dict()["layout"]
    figure.update_layout(height=layout["height"] + more, margin={"t": layout["margin"]["t"] + more})


def apply_style(figure: go.Figure, height: int) -> None:
    """Give a figure the common style."""
    figure.update_layout(
        template="none",
        height=height,
        font={"family": FONT, "size": 13, "color": INK},
        margin={"l": 72, "r": 24, "t": 68, "b": 60},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hoverlabel={"bgcolor": "white", "bordercolor": PALE, "font": {"family": FONT, "size": 12, "color": INK}},
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1.01, "xanchor": "left", "yanchor": "bottom", "title": {"text": ""}},
    )
    axis = {
        "showgrid": True,
        "gridcolor": GRID,
        "zeroline": False,
        "showline": True,
        "linecolor": PALE,
        "ticks": "outside",
        "tickcolor": PALE,
        "ticklen": 4,
        "automargin": True,
        "title": {"standoff": 12, "font": {"size": 14}},
    }
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
