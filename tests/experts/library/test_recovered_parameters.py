"""Every law finds the parameters from which noisy curves were made, within the errors that it states."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from law_cases import CASES, Case
from scipy.stats import chi2

from fingerprint.experts import Curves, build_expert, entries, search
from fingerprint.experts.domain import Component, Domain

TRUTHS, DRAWS = 4, 8
every_case = pytest.mark.parametrize("case", [case for case in CASES if not case.rough], ids=str)


@every_case
def test_parameters_are_found_within_their_standard_errors(case: Case) -> None:
    r"""[Eq. 16] With a non-uniform t, noise, and a fifth of the points missing.

    $\sum (\hat\theta - \theta)^T \Sigma^{-1} (\hat\theta - \theta)$ over draws is chi-squared.
    """
    expert, generator = case.expert(), torch.Generator().manual_seed(3)
    truth = case.truths(TRUTHS, seed=1).repeat_interleave(DRAWS, 0)
    clean = expert.curves(truth)
    noise = case.noise * clean.abs().amax(-1, keepdim=True)
    missing = torch.rand(clean.shape, generator=generator) < 0.2
    values = clean + noise * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    values[missing] = 1e3  # whatever stands there
    weights = (~missing).double() / noise**2
    found = search(expert, Curves(values.unsqueeze(1), weights.unsqueeze(1))).theta.squeeze(1)
    error = (found - truth).unsqueeze(-1)
    _, jacobian = expert.jacobian(truth)
    squares = (weights * (jacobian @ error).squeeze(-1).square()).sum().item()
    lower, upper = chi2.interval(0.999, truth.numel())
    assert lower < squares < upper, (squares / truth.numel(), (found - truth).abs().amax(0))


@every_case
def test_many_curves_without_noise_are_found_exactly(case: Case) -> None:
    """[Eq. 16] The beginnings lie close enough to whatever the parameters are."""
    expert, truth = case.expert(), case.truths(12, seed=2)
    clean = expert.curves(truth)
    found = search(expert, Curves(clean.unsqueeze(1), torch.ones_like(clean).unsqueeze(1))).theta.squeeze(1)
    scale = truth.abs().amax(0)
    assert ((found - truth).abs() / scale).max() < 1e-5


def test_every_shipped_law_has_a_case() -> None:
    shipped = {name for name, each in entries().items() if "library" in each.written.__module__}
    assert shipped <= {case.law for case in CASES}


def test_the_sharp_edge_of_debye_is_found_to_the_spacing_of_the_axis() -> None:
    """[Eq. 16] Its area, which is linear, as well as ever."""
    t = np.linspace(0.1, 10, 100)
    expert = build_expert("debye_density", Domain((Component("vdos", t, "THz", "1/THz"),)), {"edge": "sharp"})
    truth = torch.tensor([[1.0, cutoff] for cutoff in (3.33, 5.21, 7.77, 9.52)], dtype=torch.float64)
    clean = expert.curves(truth)
    found = search(expert, Curves(clean.unsqueeze(1), torch.ones_like(clean).unsqueeze(1))).theta.squeeze(1)
    assert (found - truth).abs().max() < 0.1
