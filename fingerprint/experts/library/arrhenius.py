"""Rates that are activated thermally."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.library.axes import temperatures
from fingerprint.experts.library.formula_law import FormulaLaw
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family

BOLTZMANN = 1.380649e-23 / 1.602176634e-19  # eV/K, exact (CODATA 2018)
COLDEST = 1e-9  # K; colder points are as good as at absolute zero, and count as this


@family("arrhenius")
def arrhenius(domain: Domain) -> AbstractExpert:
    r"""A thermally activated rate, diffusivity or conductivity.

    $$y = A\,e^{-E/(k_B T)}$$

    Misfits are in the unit of the measurement, so that the hottest points decide.

    Source: Arrhenius, Z. physikalische Chemie 4, 226 (1889); $k_B$ in eV/K of CODATA.

    Args:
        domain: one modality over temperature, which is converted to K.

    Raises:
        UnitError: the axis is no temperature.
        RecipeError: some of it is below 0 K.
    """
    t = temperatures(domain, "the Arrhenius law").clip(COLDEST)
    hottest = BOLTZMANN * float(t.max())
    upper = 500 * hottest  # beyond, nothing is left at any temperature

    def rate(t: Tensor, prefactor: Tensor, energy: Tensor) -> Tensor:
        return prefactor * torch.exp(-energy / (BOLTZMANN * t))

    parameters = (
        Parameter(1.0, unit="y", linear=True, name="prefactor"),
        Parameter(10 * hottest, 0.0, upper, unit="eV", name="energy"),
    )
    return FormulaLaw(rate, t, parameters, [hottest * np.geomspace(0.1, 100, 30)])
