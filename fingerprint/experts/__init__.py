"""Experts: laws with a few parameters per cluster that decode a modality. [Eq. 11]

Everything here is in measured units and float64; the model's decoder (`model.experts.decoder`) turns it into model
units.

Reading order: parameter, domain, abstract, function, registry, plugins, template, options, trial, building, survey,
linear, chosen; sharing, beginnings, solve; tape, formula, calculus, coefficients; ode, library.
"""

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.building import build_expert
from fingerprint.experts.chosen import ChosenExpert, check_chooses, matching_names
from fingerprint.experts.coefficients import coefficient_unit
from fingerprint.experts.domain import Component, Domain
from fingerprint.experts.formula import design_matrix
from fingerprint.experts.linear import LinearLaw
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.plugins import Source, broken_packages, entries, line_of, load_plugin, source_of
from fingerprint.experts.registry import Entry, expert, family
from fingerprint.experts.sharing import Sharing
from fingerprint.experts.solve import ITERATIONS, Curves, Fit, descend, search
from fingerprint.experts.survey import Option, options_of, parameters_of
from fingerprint.experts.trial import check_chosen, check_law_of_z, linear_design

__all__ = [
    "ITERATIONS",
    "AbstractExpert",
    "ChosenExpert",
    "Component",
    "Curves",
    "Domain",
    "Entry",
    "Fit",
    "LinearLaw",
    "Option",
    "Parameter",
    "Sharing",
    "Source",
    "broken_packages",
    "build_expert",
    "check_chooses",
    "check_chosen",
    "check_law_of_z",
    "coefficient_unit",
    "descend",
    "design_matrix",
    "entries",
    "expert",
    "family",
    "line_of",
    "linear_design",
    "load_plugin",
    "matching_names",
    "options_of",
    "parameters_of",
    "search",
    "source_of",
]
