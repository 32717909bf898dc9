"""Stress over strain of metals: bilinear, and after Ramberg and Osgood."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.library.axes import spacing, strains
from fingerprint.experts.library.formula_law import FormulaLaw
from fingerprint.experts.options import number
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family

_NEWTON = 50  # steps at most; about ten are taken


@family("elastic_plastic")
def elastic_plastic(domain: Domain, *, smooth: float = 0.0) -> AbstractExpert:
    r"""Stress that is elastic up to a yield strain and hardens linearly beyond.

    $$\sigma = E \min(\epsilon, \epsilon_y) + H \max(\epsilon - \epsilon_y, 0)$$

    In compression the same with the signs turned. The yield stress is $E \epsilon_y$.

    Source: Prager, J. Applied Physics 20, 235 (1949); Hill, The Mathematical Theory of Plasticity (1950), section 2.

    Args:
        domain: one modality, stress over strain, a ratio or %; the moduli are in the unit of the stress.
        smooth: over which strain, a ratio, the kink is rounded: $\max(x, 0)$ becomes $s \ln(1 + e^{x/s})$.

    Raises:
        UnitError: the axis is no ratio.
        RecipeError: `smooth` is negative.
    """
    number(smooth, "smooth", least=0)
    strain = strains(domain)
    largest = float(np.abs(strain).max())

    def ramp(x: Tensor) -> Tensor:
        return x.clamp_min(0) if smooth == 0 else smooth * torch.nn.functional.softplus(x / smooth, threshold=700)

    def stress(strain: Tensor, modulus: Tensor, yield_strain: Tensor, hardening: Tensor) -> Tensor:
        size = strain.abs()
        plastic = ramp(size - yield_strain) - ramp(-yield_strain)
        return strain.sign() * (modulus * (size - plastic) + hardening * plastic)

    parameters = (
        Parameter(1.0, unit="y", linear=True, name="modulus"),
        Parameter(0.3 * largest, 0.0, largest, name="yield strain"),
        Parameter(0.0, unit="y", linear=True, name="hardening modulus"),
    )
    return FormulaLaw(stress, strain, parameters, [np.geomspace(0.02, 0.95, 40) * largest])


@family("ramberg_osgood")
def ramberg_osgood(domain: Domain, *, proof: float = 0.002) -> AbstractExpert:
    r"""Stress that yields gradually, after Ramberg and Osgood.

    $$\epsilon = \frac{\sigma}{E} + \epsilon_p \left(\frac{\sigma}{\sigma_p}\right)^n$$

    is solved for the stress. $\sigma_p$ is the proof stress: what leaves the plastic strain $\epsilon_p$, by custom
    0.2 %. In compression the same with the signs turned.

    Source: Ramberg & Osgood, NACA Technical Note 902 (1943); with the proof stress: Hill, NACA TN 927 (1944).

    Args:
        domain: one modality, stress over strain, a ratio or %; modulus and proof stress are in the unit of the stress.
        proof: $\epsilon_p$, a ratio.

    Raises:
        UnitError: the axis is no ratio.
        RecipeError: the proof strain is not positive.
    """
    return RambergOsgood(domain, number(proof, "proof", above=0))


class RambergOsgood(AbstractExpert):
    """Stress over strain with a modulus, a proof stress and an exponent; see `ramberg_osgood`."""

    tries = 0

    def __init__(self, domain: Domain, proof: float) -> None:
        strain = strains(domain)
        largest = float(np.abs(strain).max()) or 1.0
        mean = domain.only.mean
        stress = 1.0 if mean is None else float(np.abs(mean).max()) or 1.0
        modulus = 2 * stress / largest
        self._strain, self._proof = torch.tensor(strain, dtype=torch.float64), proof
        self.parameters = (
            Parameter(modulus, 1e-6 * modulus, unit="y", name="modulus"),
            Parameter(stress, 1e-6 * stress, unit="y", name="proof stress"),
            Parameter(8.0, 1.0, 100.0, name="exponent"),
        )
        # The curve is E times a function of sigma_p / E and n: the scan is that of a law which is linear in E.
        elastic = [np.geomspace(min(spacing(strain), 0.05 * largest), 3 * largest, 25), np.array([3, 6, 12, 25, 50.0])]
        scanned = (
            Parameter(linear=True, name="modulus"),
            Parameter(largest / 2, 0.0, name="elastic strain"),
            Parameter(8.0, 1.0, 100.0, name="exponent"),
        )
        self._scan = FormulaLaw(
            lambda strain, modulus, elastic, exponent: (
                modulus * stress_at(strain, torch.ones_like(elastic), elastic, exponent, proof)
            ),
            strain,
            scanned,
            elastic,
            beginnings=3,
        )

    def curves(
        self,
        theta: Float[Tensor, "*many parameter"],
        z: Float[Tensor, "*many latent"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*many point"]:
        """Stresses."""
        return stress_at(self._strain.to(theta), *theta.unsqueeze(-2).unbind(-1), proof=self._proof)

    def starts(self, curves: Float[Tensor, "*many point"]) -> Float[Tensor, "beginning *many parameter"]:
        """The best of a scan of proof stress over modulus, and exponent."""
        modulus, elastic, exponent = self._scan.starts(curves).unbind(-1)
        lower = torch.tensor([each.lower for each in self.parameters], dtype=torch.float64, device=curves.device)
        return torch.stack([modulus, modulus * elastic, exponent], -1).maximum(lower)


def stress_at(strain: Tensor, modulus: Tensor, proof_stress: Tensor, exponent: Tensor, proof: float) -> Tensor:
    r"""$\sigma$ of $\sigma/E + \epsilon_p (\sigma/\sigma_p)^n = \epsilon$; all broadcast.

    Either term alone can at most be $\epsilon$, so the smaller of the two stresses that this allows is no less than the
    solution; from there Newton's steps go down to it and never past it, because the left side is convex. They are not
    differentiated: a last step whose slope is held constant has the derivatives of the implicit function.
    """
    size = strain.abs()

    def excess(stress: Tensor, modulus: Tensor, proof_stress: Tensor, exponent: Tensor) -> Tensor:
        return stress / modulus + proof * (stress / proof_stress) ** exponent - size

    with torch.no_grad():
        held = modulus.detach(), proof_stress.detach(), exponent.detach()
        stress = torch.minimum(held[0] * size, held[1] * (size / proof) ** (1 / held[2]))
        slope = torch.ones_like(stress)
        for _ in range(_NEWTON):
            slope = 1 / held[0] + proof * held[2] / held[1] * (stress / held[1]) ** (held[2] - 1)
            step = excess(stress, *held) / slope
            stress = (stress - step).clamp_min(0)
            if bool((step.abs() <= 50 * torch.finfo(stress.dtype).eps * stress).all()):
                break
    return strain.sign() * (stress - excess(stress, modulus, proof_stress, exponent) / slope)
