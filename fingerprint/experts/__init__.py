"""Experts: laws with a few parameters per cluster that decode a modality. [Eq. 11]

Everything here is in measured units and float64; the model's decoder (`model.expert_decoder`) turns it into model units.

Reading order: parameter, domain, abstract; formula.
"""

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Component, Domain
from fingerprint.experts.formula import design_matrix
from fingerprint.experts.parameter import Parameter

__all__ = ["AbstractExpert", "Component", "Domain", "Parameter", "design_matrix"]
