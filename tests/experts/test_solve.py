"""Least squares of laws and mean curves, beside SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from example_laws import decay
from scipy.optimize import least_squares
from torch import Tensor

from fingerprint.experts import Component, Curves, Domain, LinearLaw, Parameter, Sharing, descend, search
from fingerprint.experts.function import FunctionExpert

T = np.array([*np.linspace(0.0, 2.0, 25), 2.5, 3.5, 5.0, 8.0])  # not even
DOMAIN = Domain((Component("line", T),))


def swing(
    t: Tensor,
    offset: Tensor = Parameter(linear=True),  # pyright: ignore
    amplitude: Tensor = Parameter(linear=True),  # pyright: ignore
    damping: Tensor = Parameter(0.3, lower=0.0),  # pyright: ignore
    frequency: Tensor = Parameter(3.0, lower=0.1, upper=10.0),  # pyright: ignore
) -> Tensor:
    return offset + amplitude * torch.exp(-damping * t) * torch.cos(frequency * t)


def peak(
    t: Tensor,
    height: Tensor = Parameter(1.0, lower=0.0),  # pyright: ignore
    place: Tensor = Parameter(1.0, lower=0.0, upper=8.0),  # pyright: ignore
    width: Tensor = Parameter(0.5, lower=0.05, upper=4.0),  # pyright: ignore
) -> Tensor:
    return height * torch.exp(-(((t - place) / width) ** 2))


def saturation(t: Tensor, most: Tensor = 2.0, half: Tensor = Parameter(1.0, lower=1e-3)) -> Tensor:  # pyright: ignore
    return most * t / (half + t)


class Case(NamedTuple):
    """A law, and parameters of which it makes curves, [curve, parameter]."""

    function: Callable[..., Tensor]
    truth: list[list[float]]

    @property
    def law(self) -> FunctionExpert:
        return FunctionExpert(self.function, DOMAIN)

    def curves(self, noise: float = 0.02, *, gaps: bool = True) -> Curves:
        """Each a group of its own, with weights and missing points."""
        rng, truth = np.random.default_rng(5), torch.tensor(self.truth, dtype=torch.float64).unsqueeze(1)
        values = self.law.curves(truth) + torch.as_tensor(noise * rng.normal(size=(len(truth), 1, len(T))))
        weights = torch.as_tensor(rng.uniform(0.3, 3, values.shape) * (rng.random(values.shape) < 0.8))
        return (
            Curves(torch.where(weights > 0, values, 99.0), weights) if gaps else Curves(values, torch.ones_like(values))
        )


CASES = {
    "decay": Case(decay, [[2.0, 0.3], [0.5, 2.0], [-3.0, 0.05], [40.0, 1.0]]),
    "swing": Case(swing, [[1.0, 2.0, 0.2, 3.0], [0.0, 1.0, 0.0, 6.0], [-2.0, 3.0, 1.0, 1.5], [5.0, 0.5, 0.1, 8.5]]),
    "peak": Case(peak, [[1.0, 1.0, 0.5], [3.0, 2.0, 0.3], [0.5, 0.3, 1.5], [2.0, 5.0, 3.0]]),
    "saturation": Case(saturation, [[2.0, 1.0], [-3.0, 0.1], [20.0, 6.0]]),
}
every = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def scipys(law: FunctionExpert, values: Tensor, weights: Tensor, starts: list[list[float]]) -> np.ndarray:
    """The best of SciPy's bounded least squares of one curve, linear parameters and all."""
    root, measured = weights.sqrt().numpy(), values.numpy()
    bounds = [[each.lower for each in law.parameters], [each.upper for each in law.parameters]]

    def residuals(theta: np.ndarray) -> np.ndarray:
        return root * (law.curves(torch.as_tensor(theta)).numpy() - measured)

    def derivatives(theta: np.ndarray) -> np.ndarray:
        return root[:, None] * law.jacobian(torch.as_tensor(theta))[1].numpy()

    tried = [
        least_squares(residuals, start, derivatives, bounds, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
        for start in starts
    ]
    return min(tried, key=lambda each: each.cost).x


def misfit(law: FunctionExpert, theta: Tensor, curves: Curves) -> Tensor:
    return (curves.weights * (curves.values - law.curves(theta)).square()).sum((-1, -2))


@every
def test_a_fit_is_scipys(case: Case) -> None:
    """[Eq. 16] From the law's own start alone, where SciPy is shown the truth; uneven t, weights, missing points."""
    law, curves = case.law, case.curves()
    found = search(law, curves)
    torch.testing.assert_close(found.misfit, misfit(law, found.theta, curves))
    for group, truth in enumerate(case.truth):
        inside = [
            min(max(value, each.lower + 1e-6), each.upper - 1e-6)
            for value, each in zip(truth, law.parameters, strict=True)
        ]
        expected = scipys(law, curves.values[group, 0], curves.weights[group, 0], [inside])
        np.testing.assert_allclose(found.theta[group, 0], expected, rtol=1e-5, atol=1e-6)


@every
def test_without_noise_the_truth_is_found(case: Case) -> None:
    """[Eq. 16]"""
    found = search(case.law, case.curves(0.0)).theta.squeeze(1)
    np.testing.assert_allclose(found, case.truth, rtol=1e-6, atol=1e-6)


@every
def test_many_curves_at_once_are_fitted_as_one_by_one(case: Case) -> None:
    """[Eq. 16]"""
    curves = case.curves()
    together = search(case.law, curves)
    for group in range(len(case.truth)):
        alone = search(case.law, Curves(curves.values[group : group + 1], curves.weights[group : group + 1]))
        torch.testing.assert_close(alone.theta[0], together.theta[group], rtol=1e-7, atol=1e-9)
        torch.testing.assert_close(alone.misfit[0], together.misfit[group])


@every
def test_members_that_share_nothing_are_fitted_as_groups_of_their_own(case: Case) -> None:
    """[Eq. 16]"""
    curves = case.curves()
    apart, law = search(case.law, curves).theta, case.law
    together = Curves(*(each.transpose(0, 1) for each in curves))
    torch.testing.assert_close(search(law, together).theta.transpose(0, 1), apart)
    start = apart.transpose(0, 1) * 1.01
    found = descend(law, Sharing(law, len(case.truth), (), start.device), together, start)
    torch.testing.assert_close(found.theta.transpose(0, 1), apart, rtol=1e-5, atol=1e-6)


@every
def test_the_unit_of_the_curves_does_not_matter(case: Case) -> None:
    """[Eq. 16] Weights of any size give the same parameters."""
    curves = case.curves()
    expected = search(case.law, curves).theta
    for factor in (1e-12, 1e12):
        found = search(case.law, Curves(curves.values, factor * curves.weights)).theta
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("factor", [1e-9, 1e9, 1e14])
def test_a_linear_parameter_may_have_any_size(factor: float) -> None:
    """[Eq. 16] Though it starts at 1: in Pa, say, or in farads."""
    curves = CASES["decay"].curves(gaps=False)
    expected = search(CASES["decay"].law, curves).theta
    found = search(CASES["decay"].law, Curves(factor * curves.values, curves.weights)).theta
    torch.testing.assert_close(found / torch.tensor([factor, 1.0]), expected, rtol=1e-6, atol=1e-9)


def test_a_linear_law_is_numpys_least_squares() -> None:
    """[Eq. 16] With weights; also where parameters are shared by all."""
    rng = np.random.default_rng(2)
    design, offset = np.stack([T**0, T, np.exp(-T)], 1), np.sin(T)
    law = LinearLaw(["a", "b", "c"], design, offset=offset)
    values, weights = rng.normal(size=(2, 3, len(T))), rng.exponential(size=(2, 3, len(T)))
    curves = Curves(torch.as_tensor(values), torch.as_tensor(weights))
    for group in range(2):
        roots = np.sqrt(weights[group])
        for member in range(3):
            equations, right = roots[member, :, None] * design, roots[member] * (values[group, member] - offset)
            expected = np.linalg.lstsq(equations, right, rcond=None)[0]
            np.testing.assert_allclose(search(law, curves).theta[group, member], expected, rtol=1e-9)
        alike = np.zeros((3, len(T), 7))  # b of all, then a and c of each
        for member in range(3):
            alike[member, :, 0] = design[:, 1]
            alike[member, :, 1 + 2 * member : 3 + 2 * member] = design[:, [0, 2]]
        equations, right = (roots[..., None] * alike).reshape(-1, 7), (roots * (values[group] - offset)).ravel()
        joint = np.linalg.lstsq(equations, right, rcond=None)[0]
        found = search(law, curves, ("b",)).theta[group]
        np.testing.assert_allclose(found, np.stack([joint[1::2], joint[[0, 0, 0]], joint[2::2]], 1), rtol=1e-9)


def test_a_linear_law_that_is_declared_not_linear_has_the_same_fit() -> None:
    """[Eq. 16] The closed form and Levenberg-Marquardt."""

    def line(t: Tensor, a: Tensor = 0.0, b: Tensor = 1.0, c: Tensor = 1.0) -> Tensor:  # pyright: ignore
        return a + b * t + c * torch.exp(-t)

    rng = np.random.default_rng(3)
    curves = Curves(*(torch.as_tensor(draw(size=(4, 1, len(T)))) for draw in (rng.normal, rng.exponential)))
    expected = search(LinearLaw(["a", "b", "c"], np.stack([T**0, T, np.exp(-T)], 1)), curves)
    found = search(FunctionExpert(line, DOMAIN), curves)
    torch.testing.assert_close(found.misfit, expected.misfit)
    torch.testing.assert_close(found.theta, expected.theta, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "shared"), [("decay", ("rate",)), ("swing", ("damping", "frequency")), ("swing", ("amplitude",)),
                         ("peak", ("width",)), ("saturation", ("half", "most"))],
)  # fmt: skip
def test_what_is_shared_is_that_of_a_joint_fit(name: str, shared: tuple[str, ...]) -> None:
    """[Eq. 16] SciPy's, of all members of a group as one problem."""
    case, law = CASES[name], CASES[name].law
    truth = torch.tensor(case.truth, dtype=torch.float64)
    places = [law.names.index(each) for each in shared]
    truth[:, places] = truth[-1, places]
    rng = np.random.default_rng(4)
    values = law.curves(truth)[None] + torch.as_tensor(0.02 * rng.normal(size=(2, len(truth), len(T))))
    curves = Curves(values, torch.as_tensor(rng.uniform(0.3, 3, values.shape)))
    found = search(law, curves, shared)
    sharing = Sharing(law, len(truth), shared, values.device)
    assert bool((found.theta[..., places] == found.theta[:, :1, places]).all())
    for group in range(2):
        root = curves.weights[group].sqrt()

        def whole(free: np.ndarray) -> Tensor:
            return sharing.theta(torch.as_tensor(free)[None])[0]

        def residuals(free: np.ndarray) -> np.ndarray:
            return (root * (law.curves(whole(free)) - curves.values[group])).numpy().ravel()  # noqa: B023

        def derivatives(free: np.ndarray) -> np.ndarray:
            own = (root.unsqueeze(-1) * law.jacobian(whole(free))[1]).double()  # noqa: B023
            return torch.einsum("mpf,mjp->mjf", sharing.chosen, own).flatten(0, 1).numpy()

        bounds = (sharing.lower.numpy(), sharing.upper.numpy())
        start = sharing.free(truth[None])[0].clamp(sharing.lower + 1e-9, sharing.upper - 1e-9).numpy()
        expected = least_squares(
            residuals, start, derivatives, bounds, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac"
        )
        np.testing.assert_allclose(found.theta[group], whole(expected.x), rtol=1e-4, atol=1e-5)
        assert found.misfit[group] == pytest.approx(2 * expected.cost, rel=1e-7)


def test_at_a_bound_a_parameter_is_best_there() -> None:
    """[Eq. 16] Karush, Kuhn and Tucker: outside it would be better, and what is free has no slope."""

    def bounded(
        t: Tensor,
        height: Tensor = Parameter(1.0, lower=0.0, upper=2.0),  # pyright: ignore
        rate: Tensor = Parameter(0.5, lower=0.2, upper=1.0),  # pyright: ignore
        offset: Tensor = Parameter(linear=True),  # pyright: ignore
    ) -> Tensor:
        return offset + height * torch.exp(-rate * t)

    law = FunctionExpert(bounded, DOMAIN)
    truth = torch.tensor(
        [[3.0, 0.5, 1.0], [1.0, 3.0, 0.0], [3.0, 3.0, -1.0], [-1.0, 0.5, 0.0], [1.0, 0.02, 0.0], [1.0, 0.5, 2.0]]
    ).double()
    curves = Curves(law.curves(truth).unsqueeze(1), torch.ones(6, 1, len(T)).double())
    theta = search(law, curves).theta
    lower, upper = (
        torch.tensor([getattr(each, side) for each in law.parameters], dtype=torch.float64)
        for side in ("lower", "upper")
    )
    assert ((theta >= lower) & (theta <= upper)).all()
    told, jacobian = law.jacobian(theta)
    slope = (jacobian.mT @ (curves.values - told).unsqueeze(-1)).squeeze(-1)  # downhill
    slope = slope / jacobian.norm(dim=-2).clamp_min(1e-12)
    inside = (theta > lower) & (theta < upper)
    assert (slope[inside].abs() < 1e-7).all()
    assert (slope[theta == lower] <= 1e-7).all()
    assert (slope[theta == upper] >= -1e-7).all()
    assert inside.all(-1).squeeze().tolist() == [False, False, False, False, False, True]
    for group in range(6):
        expected = scipys(law, curves.values[group, 0], curves.weights[group, 0], [[1.0, 0.5, 0.0], [0.1, 0.9, 0.0]])
        best = misfit(law, torch.as_tensor(expected)[None, None], Curves(*(each[group : group + 1] for each in curves)))
        assert search(law, curves).misfit[group] <= best[0] * (1 + 1e-7) + 1e-12


def test_what_has_no_weight_keeps_its_start() -> None:
    """[Eq. 16] Alone, and beside others."""
    law, curves = CASES["swing"].law, CASES["swing"].curves()
    weights = curves.weights.clone()
    weights[1] = 0
    found = search(law, Curves(curves.values, weights)).theta
    torch.testing.assert_close(found[1, 0], torch.tensor([each.start for each in law.parameters]).double())
    torch.testing.assert_close(found[[0, 2, 3]], search(law, curves).theta[[0, 2, 3]])
    start = torch.full_like(found, 2.5)
    kept = descend(law, Sharing(law, 1, (), start.device), Curves(curves.values, weights), start)
    assert torch.equal(kept.theta[1], start[1])
    assert kept.misfit[1] == 0


def test_what_is_shared_is_not_drawn_to_the_start_of_one_without_weight() -> None:
    """[Eq. 16]"""
    law, curves = CASES["swing"].law, CASES["swing"].curves()
    truth = torch.tensor(CASES["swing"].truth).double()
    truth[:, 3] = 8.0
    weights = torch.zeros_like(curves.weights)
    weights[1] = 1
    given = Curves(law.curves(truth)[None], weights.transpose(0, 1))
    found = search(law, given, ("frequency",)).theta[0]
    torch.testing.assert_close(found[1], truth[1], rtol=1e-5, atol=1e-6)
    assert (found[:, 3] == found[1, 3]).all()


def test_one_member_that_knows_what_is_shared_is_believed() -> None:
    """[Eq. 16] The mean of the members' own fits would be far from it: three of them are noise."""
    law, rng = CASES["swing"].law, np.random.default_rng(6)
    truth = torch.tensor(
        [[0.0, 5.0, 0.1, 9.0], [0.0, 0.0, 0.1, 9.0], [0.0, 0.0, 0.1, 9.0], [1.0, 0.0, 0.1, 9.0]]
    ).double()
    values = law.curves(truth)[None] + torch.as_tensor(0.1 * rng.normal(size=(1, 4, len(T))))
    found = search(law, Curves(values, torch.ones_like(values)), ("damping", "frequency")).theta[0]
    torch.testing.assert_close(found[:, 2:], truth[:, 2:], rtol=0.05, atol=0.05)


def test_curves_that_are_not_finite_are_not_followed() -> None:
    """[Eq. 16] Above 2 the law is none."""

    def rooted(t: Tensor, place: Tensor = Parameter(0.5), height: Tensor = Parameter(linear=True)) -> Tensor:  # pyright: ignore
        return height + torch.sqrt(2 - place) * t

    law = FunctionExpert(rooted, DOMAIN)
    truth = torch.tensor([[1.5, 1.0], [-3.0, 2.0], [1.999, 0.0]]).double()
    curves = Curves(law.curves(truth).unsqueeze(1), torch.ones(3, 1, len(T)).double())
    found = search(law, curves)
    torch.testing.assert_close(found.theta.squeeze(1), truth, rtol=1e-6, atol=1e-6)
    falling = Curves(-curves.values, curves.weights)  # the best is at 2, where the derivative is infinite
    best = search(law, falling)
    assert best.theta.isfinite().all()
    assert best.misfit.isfinite().all()
    lost = descend(law, Sharing(law, 1, (), truth.device), curves, torch.full((3, 1, 2), 5.0).double())
    assert lost.misfit.isinf().all()
    assert torch.equal(lost.theta, torch.full((3, 1, 2), 5.0).double())


def test_parameters_that_cannot_be_told_apart_are_found_together() -> None:
    """[Eq. 16] The curve is right, whichever of them it is."""

    def twice(t: Tensor, a: Tensor = 1.0, b: Tensor = 1.0, rate: Tensor = Parameter(0.3, lower=0.0)) -> Tensor:  # pyright: ignore
        return (a + b) * torch.exp(-rate * t)

    curves = CASES["decay"].curves(gaps=False)
    found = search(FunctionExpert(twice, DOMAIN), curves)
    expected = search(CASES["decay"].law, curves)
    torch.testing.assert_close(found.misfit, expected.misfit)
    torch.testing.assert_close(found.theta[..., :2].sum(-1), expected.theta[..., 0], rtol=1e-6, atol=1e-6)


@every
def test_the_square_of_the_jacobian_is_half_the_hessian_where_nothing_is_left(case: Case) -> None:
    """[Eq. 16] By torch, of the misfit without noise."""
    law, curves = case.law, case.curves(0.0)
    truth = torch.tensor(case.truth, dtype=torch.float64)
    for group, theta in enumerate(truth):
        own = Curves(curves.values[group], curves.weights[group])

        def half(each: Tensor) -> Tensor:
            return 0.5 * misfit(law, each[None], own)  # noqa: B023

        expected = torch.autograd.functional.hessian(half, theta)
        _, jacobian = law.jacobian(theta)
        found = jacobian.mT @ (curves.weights[group, 0].unsqueeze(-1) * jacobian)
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8 * float(found.abs().max()))
