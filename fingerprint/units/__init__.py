"""Units as laboratories write them: their names, their conversion, and spectra on another axis.

A unit is a plain string everywhere in the package; "" stands for dimensionless or arbitrary units.

names.py        the one spelling of a unit, and what it counts
headers.py      units in the headers of columns
conversion.py   values and curves in other units
products.py     units of which some are known only where they are used
rounding.py     numbers, and numbers with their uncertainty, as people read them
"""

from __future__ import annotations

from fingerprint.units.conversion import Curve, axis_turns, convert, convert_curve, step
from fingerprint.units.headers import Header, decided_unit, possible_units, split_unit, unit_in_brackets
from fingerprint.units.names import canonical, is_density, is_time, same_unit
from fingerprint.units.products import product
from fingerprint.units.rounding import mean_and_sd, number

__all__ = [
    "Curve",
    "Header",
    "axis_turns",
    "canonical",
    "convert",
    "convert_curve",
    "decided_unit",
    "is_density",
    "is_time",
    "mean_and_sd",
    "number",
    "possible_units",
    "product",
    "same_unit",
    "split_unit",
    "step",
    "unit_in_brackets",
]
