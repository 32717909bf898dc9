"""What a new user begins a law from."""

from __future__ import annotations

TEMPLATE = '''\
"""A law with a few parameters for each cluster. Use it: fingerprint train --recipe mine.toml --plugin {file}"""

import torch

from fingerprint.experts import Parameter, expert


@expert("{name}")  # as recipes call it; t_unit="s" would have t converted to seconds
def {name}(
    t,  # the axis of the curve, all its points; written with torch, a formula serves all clusters at once
    amplitude=Parameter(linear=True, unit="y"),  # linear: solved in closed form; "y" is the unit of the measurement
    time=Parameter(1.0, lower=1e-6, unit="t"),  # where a fit begins, its bounds; "t" is the unit of the axis
    offset=Parameter(linear=True, unit="y"),
):
    """Relaxation: amplitude * exp(-t / time) + offset."""
    return amplitude * torch.exp(-t / time) + offset
'''

RECIPE = """\
[prior]
seeding = "expert"
layout = "separated"

[modalities.CURVE]
decoder = {{ kind = "expert", name = "{name}" }}

[modalities.OTHER]
"""


def template(name: str, file: str) -> str:
    """A Python file with a law of that name, which works as it is."""
    return TEMPLATE.format(name=name, file=file)


def recipe_for(name: str) -> str:
    """A recipe that names it; what is in capitals is for the user to fill in."""
    return RECIPE.format(name=name)
