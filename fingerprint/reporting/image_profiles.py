"""What the specimens of each cluster look like, where they were imaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from fingerprint.fingerprints import Fingerprint
from fingerprint.reporting.image_grid import Tile, grey_limits, image_grid
from fingerprint.reporting.style import cluster_colour
from fingerprint.reporting.wording import escape, value_title


def image_profiles(fingerprints: Sequence[Fingerprint], name: str) -> go.Figure | None:
    """A row per cluster: the mean image, the standard deviation of each point, and the specimens nearest to its centre.

    Args:
        fingerprints: of one run.
        name: of the modality.

    Returns:
        None where no specimen has it.
    """
    shown = [each for each in fingerprints if each.profiles[name].count]
    if not shown:
        return None
    tiles: list[Tile] = []
    for row, each in enumerate(shown):
        profile, cluster = each.profiles[name], f"cluster {each.cluster.index}"
        tiles.append(Tile(row, 0, profile.mean, f"<b>{cluster}</b>, mean"))
        tiles.append(Tile(row, 1, profile.sd, f"<b>{cluster}</b>, standard deviation", spread=True))
        pairs = zip(each.nearest, profile.nearest, strict=True)
        measured = [(specimen, image) for specimen, image in pairs if np.isfinite(image).all()]
        tiles += [
            Tile(row, 2 + place, image, f"<b>{escape(specimen)}</b>, {cluster}")
            for place, (specimen, image) in enumerate(measured)
        ]
    modality = shown[0].profiles[name].modality
    nearest = max(tile.column for tile in tiles) - 1
    columns = ["mean", "sd", *(["nearest"] + [""] * (nearest - 1) if nearest > 0 else [])]
    rows = [
        f"<span style='color:{cluster_colour(each.cluster.index)}'><b>cluster {each.cluster.index}</b></span>"
        for each in shown
    ]
    return image_grid(
        tiles,
        rows,
        columns,
        image_limits(fingerprints, name),
        (value_title(modality), value_title(modality, "standard deviation of ")),
    )


def image_limits(fingerprints: Sequence[Fingerprint], name: str) -> tuple[float, float]:
    """What is drawn black and white in every figure of a modality, from the specimens nearest to the clusters."""
    return grey_limits([each.profiles[name].nearest for each in fingerprints])
