"""Sums of peaks: their shapes, their numbers, and where a search sees them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fingerprint.errors import RecipeError
from fingerprint.experts import AbstractExpert, ChosenExpert, Component, Curves, Domain, build_expert, search
from fingerprint.experts.library.peak_search import find

T = np.linspace(0.0, 20.0, 401)


def law(t: np.ndarray = T, **options: object) -> AbstractExpert:
    """Peaks over a frequency."""
    return build_expert("peaks", Domain((Component("vdos", t, "THz", ""),)), options)


def curve(expert: AbstractExpert, *theta: float) -> np.ndarray:
    """One curve."""
    return expert.curves(torch.tensor(theta, dtype=torch.float64)).numpy()


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_far_from_a_peak_numbers_stay_normal(kind: torch.dtype) -> None:
    """Those that are not are ten times as slow; and nothing is left of a peak there."""
    expert = law(count=1)
    far = expert.curves(torch.tensor([1.0, 1.0, 0.2], dtype=kind))
    assert far.abs().min() >= torch.finfo(kind).tiny
    assert far[-1] < 1e-25


@pytest.mark.parametrize("shape", ["gaussian", "lorentzian", "pseudo_voigt"])
def test_a_peak_has_its_height_and_half_of_it_at_half_its_width(shape: str) -> None:
    t = np.array([4.0, 5.0, 6.0])
    mixing = [0.3] if shape == "pseudo_voigt" else []
    np.testing.assert_allclose(curve(law(t, count=1, shape=shape), 3.0, 5.0, 2.0, *mixing), [1.5, 3, 1.5])


def test_a_pseudo_voigt_peak_is_the_mixture_of_the_other_two() -> None:
    ends = [curve(law(count=1, shape=shape), 3.0, 8.0, 2.0) for shape in ("gaussian", "lorentzian")]
    mixed = curve(law(count=1, shape="pseudo_voigt"), 3.0, 8.0, 2.0, 0.3)
    np.testing.assert_allclose(mixed, 0.7 * ends[0] + 0.3 * ends[1])


def test_areas_are_those_of_the_closed_forms() -> None:
    wide = np.linspace(-4000, 4000, 400001)
    gaussian, lorentzian = (
        np.trapezoid(curve(law(wide, count=1, shape=shape), 3.0, 8.0, 2.0), wide)
        for shape in ("gaussian", "lorentzian")
    )
    assert gaussian == pytest.approx(3 * 2 * np.sqrt(np.pi / np.log(2)) / 2, rel=1e-9)
    assert lorentzian == pytest.approx(3 * np.pi * 2 / 2, rel=1e-3)


def test_peaks_and_background_add_up() -> None:
    one = [curve(law(count=1), *own) for own in ((3.0, 5.0, 2.0), (1.0, 11.0, 3.0))]
    both = curve(law(count=2, background="linear"), 3.0, 5.0, 2.0, 1.0, 11.0, 3.0, 0.5, 0.1)
    np.testing.assert_allclose(both, sum(one) + 0.5 + 0.1 * (T - 10))


def test_a_step_of_the_logarithm_multiplies_the_position() -> None:
    """[Eq. 11] So a slope along Z is Grueneisen's: the position is p exp(k . Z)."""
    moved = curve(law(count=1, positions="log"), 3.0, np.log(5.0) + 0.2 * 1.5, 2.0)
    np.testing.assert_allclose(moved, curve(law(count=1), 3.0, 5.0 * np.exp(0.2 * 1.5), 2.0))
    assert law(count=1, positions="log").names == ("height 1", "log position 1", "width 1")


def test_slopes_along_z_are_grueneisen_parameters_that_the_gradient_finds() -> None:
    """[Eq. 11] From the fit of the mean curve and slopes of 0, to within three standard errors."""
    expert, generator = law(T[::4], count=2, positions="log"), torch.Generator().manual_seed(4)
    theta = torch.tensor([2.0, np.log(6.0), 1.5, 3.0, np.log(14.0), 2.0], dtype=torch.float64)
    slope = torch.tensor([[0.10, 0.02], [-0.03, 0.06]], dtype=torch.float64)  # [peak, latent]
    z = torch.randn(40, 2, generator=generator, dtype=torch.float64)
    logarithms = torch.zeros(2, 6, dtype=torch.float64)
    logarithms[[0, 1], [1, 4]] = 1

    def along(theta: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        return expert.curves(theta + (z @ slope.T) @ logarithms)

    shown = along(theta, slope) + 0.05 * torch.randn(40, 101, generator=generator, dtype=torch.float64)
    mean = shown.mean(0).expand(1, 1, -1)
    start = search(expert, Curves(mean, torch.ones_like(mean))).theta[0, 0]
    found = [start.clone().requires_grad_(), torch.zeros_like(slope, requires_grad=True)]
    optimiser = torch.optim.LBFGS(found, max_iter=60, line_search_fn="strong_wolfe")

    def misfit() -> torch.Tensor:
        optimiser.zero_grad()
        loss = (along(*found) - shown).square().mean()
        loss.backward()
        return loss

    optimiser.step(misfit)
    _, jacobian = expert.jacobian(theta + (z @ slope.T) @ logarithms)
    by_slope = (jacobian[..., [1, 4]].unsqueeze(-1) * z[:, None, None, :]).flatten(0, 1).flatten(1)
    error = 0.05 * torch.linalg.inv(by_slope.T @ by_slope).diagonal().sqrt().reshape(2, 2)
    assert error.max() < 2e-3
    assert ((found[1] - slope).abs() < 3 * error).all()


def test_fits_begin_at_the_peaks_in_ascending_order() -> None:
    expert = law(count=3)
    shown = torch.tensor([5.0, 16.0, 1.5, 2.0, 3.0, 1.0, 3.0, 9.0, 2.0], dtype=torch.float64)
    start = expert.starts(expert.curves(shown))[0].unflatten(-1, (3, 3))
    np.testing.assert_allclose(start[:, 1], [3, 9, 16], atol=0.06)
    np.testing.assert_allclose(start[:, 2], [1, 2, 1.5], rtol=0.15)
    np.testing.assert_allclose(start[:, 0], [2, 3, 5], rtol=0.02)


def test_peaks_are_reported_in_ascending_order() -> None:
    """Of several sets of parameters that give the same curve, one."""
    expert = law(count=3, background="constant")
    theta = torch.tensor([5.0, 16.0, 1.5, 2.0, 3.0, 1.0, 3.0, 9.0, 2.0, 7.0], dtype=torch.float64)
    ordered = expert.in_order(theta)
    assert ordered.tolist() == [2, 3, 1, 3, 9, 2, 5, 16, 1.5, 7]
    torch.testing.assert_close(expert.curves(ordered), expert.curves(theta))
    shown = torch.tensor(0.3 * np.exp(-(((T - 9) / 5) ** 2)) + np.exp(-(((T - 3) / 2) ** 4))).expand(1, 1, -1)
    found = search(expert, Curves(shown, torch.ones_like(shown))).theta[0, 0, :9].reshape(3, 3)  # no sum of three peaks
    assert (found[:, 1].diff() > 0).all()


def test_a_shared_peak_is_found_where_it_has_one_number_and_stays_one_where_it_has_not() -> None:
    """Where another peak lies below it in one curve, the fit is bad (docs/laws.md), but what is shared is shared."""
    expert = law(count=2)
    truth = torch.tensor([[1.0, 8.0, 1.0, 0.7, 14.0, 1.5], [0.6, 8.0, 1.2, 1.0, 11.0, 0.8]], dtype=torch.float64)
    curves = expert.curves(truth)[None]
    found = search(expert, Curves(curves, torch.ones_like(curves)), ["position 1"])
    torch.testing.assert_close(found.theta[0], truth, rtol=1e-5, atol=1e-5)
    curves = expert.curves(truth - torch.tensor([[0.0] * 6, [0.0] * 4 + [8.0, 0.0]]))[None]
    found = search(expert, Curves(curves, torch.ones_like(curves)), ["position 1"])
    assert found.theta[0, 0, 1] == found.theta[0, 1, 1]


def test_where_a_parameter_is_fixed_peaks_keep_their_places() -> None:
    expert = ChosenExpert(law(count=2), {"position 1": 15.0}, {}, {})
    shown = law(count=2).curves(torch.tensor([1.0, 15.0, 2.0, 2.0, 6.0, 3.0], dtype=torch.float64)).expand(1, 1, -1)
    found = search(expert, Curves(shown, torch.ones_like(shown))).theta[0, 0]
    torch.testing.assert_close(found, torch.tensor([1.0, 2, 2, 6, 3], dtype=torch.float64), rtol=1e-6, atol=0)


def test_where_there_are_too_few_peaks_others_stand_where_the_curve_is_unexplained() -> None:
    """And where there are none, everywhere alike."""
    np.testing.assert_allclose(find(T, np.zeros(401), 4).positions, [4, 8, 12, 16])
    shoulder = find(T, 2 * np.exp(-((T - 5) ** 2) / 4) + np.exp(-((T - 8.5) ** 2) / 4), 2)
    np.testing.assert_allclose(shoulder.positions, [5, 8.5], atol=0.8)
    assert (shoulder.widths > 1).all()


def test_noise_is_no_peak() -> None:
    clean = np.exp(-((T - 5) ** 2)) + 0.5 * np.exp(-(((T - 12) / 2) ** 2))
    noisy = clean + 0.03 * np.random.default_rng(0).normal(size=401)
    np.testing.assert_allclose(find(T, noisy, 2).positions, [5, 12], atol=0.6)


def test_what_is_no_sum_of_peaks_is_refused() -> None:
    with pytest.raises(RecipeError, match="0 peaks"):
        law(count=0)
    with pytest.raises(RecipeError, match="logarithm"):
        law(-T[::-1], positions="log")
    with pytest.raises(RecipeError):
        law(shape="triangle")
