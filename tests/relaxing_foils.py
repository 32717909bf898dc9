"""Foils of two kinds that relax: an elongation over time that decays to a rest, and a thickness."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fingerprint.modality import Block, Kind, Modality, RawModality
from fingerprint.recipe import Recipe, parse_recipe
from fingerprint.store import Store, open_store

ELONGATION = Modality("elongation", Kind.SERIES, unit="mm", axis_name="time", axis_unit="s")
THICKNESS = Modality("thickness", Kind.SCALAR, unit="um")
TIME = np.linspace(0.0, 4.0, 21)
TRUE = {"amplitude": (2.0, 5.0), "time": (0.5, 1.5), "offset": (1.0, -1.0)}  # mm, s, mm, by kind
FOILS = 60
RECIPE = """
[model]
clusters = 2
latent = 2

[prior]
seeding = "expert"
layout = "separated"
start = 1.0

[training]
epochs = 3
restarts = 1

[modalities.thickness]
encoder = {{ kind = "mlp", hidden = [8] }}

[modalities.elongation]
encoder = {{ kind = "mlp", hidden = [8] }}
decoder = {{ kind = "expert", name = "{name}" }}
"""


def fill_foil_store(path: Path) -> Store:
    """A new store with both of all."""
    random = np.random.default_rng(3)
    kind = np.arange(FOILS) % 2
    amplitude, time, offset = (np.array(TRUE[name])[kind, None] for name in TRUE)
    curves = amplitude * np.exp(-TIME / time) + offset + 0.02 * random.normal(size=(FOILS, len(TIME)))
    thickness = np.array([10.0, 30.0])[kind] + random.normal(size=FOILS)
    ids = tuple(f"f-{number:02}" for number in range(FOILS))
    store = open_store(path, create=True)
    store.append(
        [RawModality(ELONGATION, (Block(ids, curves, TIME),)), RawModality(THICKNESS, (Block(ids, thickness),))], {}, ""
    )
    return store


def foil_recipe(name: str) -> Recipe:
    """A law of that name decodes the elongation; three epochs."""
    return parse_recipe(RECIPE.format(name=name))
