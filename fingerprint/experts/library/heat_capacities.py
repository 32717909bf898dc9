"""Heat capacities of a crystal's vibrations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.library.arrhenius import COLDEST
from fingerprint.experts.library.axes import temperatures
from fingerprint.experts.library.formula_law import FormulaLaw
from fingerprint.experts.options import number
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family
from fingerprint.units import convert

DULONG_PETIT = 3 * 1.380649e-23 * 6.02214076e23  # 3R in J/(mol K), of one mole of atoms (CODATA 2018)
_FAR = 40.0  # beyond it lie 5e-13 of the Debye integral
_NODES, _WEIGHTS = (torch.tensor(each) for each in np.polynomial.legendre.leggauss(32))


def einstein_function(x: Float[Tensor, "*many"]) -> Float[Tensor, "*many"]:
    r"""Share of the Dulong-Petit limit of one oscillator, $x^2 e^x / (e^x - 1)^2$ at $x = \theta/T > 0$."""
    return (x * torch.exp(-x / 2) / -torch.expm1(-x)).square()


def debye_function(x: Float[Tensor, "*many"]) -> Float[Tensor, "*many"]:
    r"""Share of the Dulong-Petit limit of Debye's solid, $\frac{3}{x^3} \int_0^x \frac{v^4 e^v}{(e^v - 1)^2} dv$.

    By Gauss-Legendre quadrature in 32 nodes, relative error below 1e-12 for every $x = \theta/T > 0$; beyond
    x = 40 it is the law $\propto T^3$.
    """
    end = x.clamp(max=_FAR)
    nodes, weights = ((_NODES + 1) / 2).to(x), (_WEIGHTS / 2).to(x)
    mean = (3 * weights * nodes.square() * einstein_function(end.unsqueeze(-1) * nodes)).sum(-1)
    return (end / x) ** 3 * mean


@family("debye_heat_capacity")
def debye_heat_capacity(domain: Domain, *, atoms: float | None = None) -> AbstractExpert:
    r"""Debye's heat capacity at constant volume.

    $$C = C_\infty \frac{3}{x^3} \int_0^x \frac{v^4 e^v}{(e^v - 1)^2} dv, \quad x = \theta_D / T$$

    Source: Debye, Annalen der Physik 344, 789 (1912).

    Args:
        domain: one modality over temperature, which is converted to K.
        atoms: of a formula unit, for a measurement in J/(mol K): $C_\infty = 3 R$ for each, and only the Debye
            temperature is left to find. Without, the limit $C_\infty$ is a parameter too.

    Raises:
        UnitError: the axis is no temperature, or `atoms` is given and the measurement is not per mole and kelvin.
        RecipeError: some of the axis is below 0 K.
    """
    return _heat_capacity(domain, atoms, debye_function, "Debye's law")


@family("einstein_heat_capacity")
def einstein_heat_capacity(domain: Domain, *, atoms: float | None = None) -> AbstractExpert:
    r"""Einstein's heat capacity at constant volume.

    $$C = C_\infty \frac{x^2 e^x}{(e^x - 1)^2}, \quad x = \theta_E / T$$

    Source: Einstein, Annalen der Physik 327, 180 (1907).

    Args:
        domain: one modality over temperature, which is converted to K.
        atoms: as for `debye_heat_capacity`.

    Raises:
        UnitError: the axis is no temperature, or `atoms` is given and the measurement is not per mole and kelvin.
        RecipeError: some of the axis is below 0 K.
    """
    return _heat_capacity(domain, atoms, einstein_function, "Einstein's law")


def _heat_capacity(domain: Domain, atoms: float | None, share: Callable[[Tensor], Tensor], law: str) -> AbstractExpert:
    t = temperatures(domain, law).clip(COLDEST)
    hottest = float(t.max())
    temperature = Parameter(hottest, 1e-3 * hottest, unit="K", name="temperature")
    scan = [hottest * np.geomspace(0.05, 20, 30)]
    if atoms is not None:
        of_one = float(convert(np.array([DULONG_PETIT]), "J/(mol K)", domain.only.unit)[0])
        limit = number(atoms, "atoms", above=0) * of_one
        return FormulaLaw(lambda t, temperature: limit * share(temperature / t), t, [temperature], scan)
    parameters = (Parameter(1.0, unit="y", linear=True, name="limit"), temperature)
    return FormulaLaw(lambda t, limit, temperature: limit * share(temperature / t), t, parameters, scan)
