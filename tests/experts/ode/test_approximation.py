"""Approximations: what they span they give exactly, and their derivatives and integrals belong to them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cubic_oscillator import NOISE, T, solutions

from fingerprint.experts.ode import approximate
from fingerprint.experts.ode.approximation import Kind
from fingerprint.experts.ode.basis import Basis, Fourier, Legendre
from fingerprint.experts.ode.partition import PartitionOfUnity

AXIS = torch.as_tensor(T)
INSIDE = torch.linspace(0.31, 2.2, 50, dtype=torch.float64)
BASES = {
    "legendre": Legendre(0.0, 2.6, 9),
    "fourier": Fourier(0.0, 3.0, 8),
    "exponential": PartitionOfUnity(torch.linspace(0, 2.6, 5, dtype=torch.float64), 0.7, 3, "exponential"),
    "gaussian": PartitionOfUnity(torch.linspace(0, 2.6, 5, dtype=torch.float64), 0.7, 3, "gaussian"),
}
KINDS: tuple[Kind, ...] = ("legendre", "fourier", "pou", "smooth_pou")


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("order", [-1, 0, 1])
def test_each_order_is_the_derivative_of_the_one_before(name: str, order: int) -> None:
    """[Eq. 23] By central differences; the integral too."""
    basis: Basis = BASES[name]
    h = 1e-5
    differences = (basis.design(INSIDE + h, order) - basis.design(INSIDE - h, order)) / (2 * h)
    torch.testing.assert_close(basis.design(INSIDE, order + 1), differences, rtol=1e-6, atol=1e-5)


def test_legendre_polynomials_are_orthogonal_and_exact() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(12)
    values = Legendre(-1.0, 1.0, 8).design(torch.as_tensor(nodes)).numpy()
    np.testing.assert_allclose(values.T @ (weights[:, None] * values), np.diag(2 / (2 * np.arange(8) + 1)), atol=1e-13)
    cubic = approximate("legendre", AXIS, AXIS**3 - 2 * AXIS)
    torch.testing.assert_close(cubic.at(INSIDE), INSIDE**3 - 2 * INSIDE)
    torch.testing.assert_close(cubic.derivative(INSIDE, 2), 6 * INSIDE, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(cubic.antiderivative(INSIDE, 0.5), (INSIDE**4 - 0.0625) / 4 - (INSIDE**2 - 0.25))


def test_the_parts_of_a_pounet_add_up_to_one() -> None:
    """[appendix A.1] phi is a partition of unity, and not negative."""
    for kernel in ("exponential", "gaussian"):
        phi = PartitionOfUnity(torch.linspace(0, 2, 6, dtype=torch.float64), 0.4, 0, kernel).design(INSIDE)
        torch.testing.assert_close(phi.sum(-1), torch.ones_like(INSIDE))
        assert (phi >= 0).all()


def test_the_kinks_of_the_papers_kernel_spoil_its_derivative() -> None:
    """[Eq. 23, appendix A.1] 32 parts, degree 6: root mean square errors of x' of 6e-3, and without kinks of 1e-10."""
    states, rates = solutions()
    errors = [
        float((approximate(kind, AXIS, states[:, 0]).derivative(AXIS) - rates[:, 0]).square().mean().sqrt())
        for kind in ("pou", "smooth_pou")
    ]
    assert 3e-3 < errors[0] < 1e-2
    assert errors[1] < 1e-8


@pytest.mark.parametrize("kind", KINDS)
def test_states_come_from_noisy_rates(kind: Kind) -> None:
    """[Eq. 23] The integral of an approximation, from the known initial value: within a few standard errors."""
    states, rates = solutions()
    generator = torch.Generator().manual_seed(1)
    measured = rates[:, 0] + NOISE * torch.randn(rates[:, 0].shape, generator=generator, dtype=torch.float64)
    found = 1 + approximate(kind, AXIS, measured).antiderivative(AXIS, 0.0)
    expected = NOISE * 0.005 * 512**0.5  # of the sum over the whole axis
    assert float((found - states[:, 0]).abs().max()) < 5 * expected


@pytest.mark.parametrize("kind", KINDS)
def test_points_without_weight_do_not_matter(kind: Kind) -> None:
    """[Eq. 23] Each curve lacks other points of a non-uniform axis; what stands there is never looked at."""
    generator = torch.Generator().manual_seed(2)
    t = torch.sort(2.5 * torch.rand(300, generator=generator, dtype=torch.float64)).values
    truth = torch.stack([torch.sin(2 * t), torch.exp(-t)])
    weights = (torch.rand(2, 300, generator=generator) > 0.3).double()
    found = approximate(kind, t, torch.where(weights > 0, truth, torch.nan), weights)
    torch.testing.assert_close(
        found.at(INSIDE), torch.stack([torch.sin(2 * INSIDE), torch.exp(-INSIDE)]), rtol=0, atol=1e-3
    )
    same = approximate(kind, t, torch.where(weights > 0, truth, 1e9), weights)
    torch.testing.assert_close(found.coefficients, same.coefficients)


def test_noise_takes_few_functions() -> None:
    """Cross-validation: a straight line with noise is nearly a straight line."""
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(20, len(AXIS), generator=generator, dtype=torch.float64)
    found = approximate("legendre", AXIS, AXIS + 0.1 * noise)
    assert ((found.coefficients != 0).sum(-1).double().median()) <= 4
