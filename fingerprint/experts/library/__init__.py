"""The experts that are shipped: a file of laws for each subject, each law with its source.

Importing it registers them. `law` and `axes` are what they are made of.
"""

from fingerprint.experts.library import (
    arrhenius,
    densities,
    exponentials,
    formula_expert,
    heat_capacities,
    ode_expert,
    peaks,
    polynomials,
    powers,
    principal,
    stress_strain,
)

__all__ = [
    "arrhenius",
    "densities",
    "exponentials",
    "formula_expert",
    "heat_capacities",
    "ode_expert",
    "peaks",
    "polynomials",
    "powers",
    "principal",
    "stress_strain",
]
