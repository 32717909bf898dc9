"""Experts: laws with a few parameters per cluster that decode a modality. [Eq. 11]

Everything here is in measured units and float64; the model's decoder (`model.expert_decoder`) turns it into model
units.

Reading order: parameter, domain, abstract, function, registry, linear, chosen; sharing, beginnings, solve;
formula, coefficients, library.
"""

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.chosen import ChosenExpert, matching_names
from fingerprint.experts.coefficients import coefficient_unit
from fingerprint.experts.domain import Component, Domain
from fingerprint.experts.formula import design_matrix
from fingerprint.experts.linear import LinearLaw
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import Entry, build_expert, entries, expert, family, load_plugin
from fingerprint.experts.sharing import Sharing
from fingerprint.experts.solve import Curves, Fit, descend, normal_matrix, search

__all__ = [
    "AbstractExpert",
    "ChosenExpert",
    "Component",
    "Curves",
    "Domain",
    "Entry",
    "Fit",
    "LinearLaw",
    "Parameter",
    "Sharing",
    "build_expert",
    "coefficient_unit",
    "descend",
    "design_matrix",
    "entries",
    "expert",
    "family",
    "load_plugin",
    "matching_names",
    "normal_matrix",
    "search",
]
