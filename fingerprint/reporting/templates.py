"""From a template to the text of a page that needs nothing else: style, scripts and figures stand in it.

The page's content security policy lets its own scripts run and nothing be fetched; whatever comes from data is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from fingerprint.reporting import wording
from fingerprint.units import mean_and_sd

FOLDER = "template"


def filled(template: str, **content: Any) -> str:
    """The page's text.

    Args:
        template: its name; it is given `style`, `scripts` and `policy` too.
        content: what it shows.
    """
    environment = Environment(
        loader=PackageLoader("fingerprint.reporting", FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    scripts = [get_plotlyjs(), _part("page.js")]
    return environment.get_template(template).render(
        style=Markup(_part("page.css")),
        scripts=[Markup(script) for script in scripts],
        policy=_policy(scripts),
        **content,
    )


def figure_json(figure: go.Figure) -> Markup:
    """A figure as JSON that can stand in a script element: plotly writes `<`, `>` and `/` as escapes."""
    return Markup(figure.to_json())


FILTERS: dict[str, Any] = {
    "decimals": wording.decimals,
    "figure": figure_json,
    "joined": wording.joined,
    "mean_and_sd": mean_and_sd,
    "number": wording.number,
    "percent": wording.percent,
    "plural": wording.plural,
    "told": wording.modality_in_words,
}


def _policy(scripts: Sequence[str]) -> str:
    """The page's own scripts alone may run, and nothing may be fetched."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"


def _part(name: str) -> str:
    return resources.files("fingerprint.reporting").joinpath(FOLDER, name).read_text(encoding="utf-8")
