"""Standard errors of a law's parameters: the usual ones of a linear law, and the truth within them as often as said."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from law_curves_made import DECAY, RIGHT, SCALE, TIME, TRUE, Made, fit

from fingerprint.experts import LinearLaw
from fingerprint.fingerprints.parameters import ParameterSums
from fingerprint.model.experts import Law

FUNCTIONS = np.stack([TIME**0, TIME], axis=1)
LINES = LinearLaw(("1", "t"), FUNCTIONS)


def line_law(shared: tuple[str, ...] = ()) -> Law:
    """Lines over TIME."""
    return Law(LINES, ["line"], [torch.zeros(len(TIME))], [torch.ones(1)], shared)


def added(law: Law, theta: np.ndarray, curves: np.ndarray, gamma: np.ndarray, *, pieces: int = 1) -> ParameterSums:
    """Certain specimens, all points alike."""
    sums = ParameterSums(law, torch.as_tensor(theta))
    for rows in np.array_split(np.arange(len(curves)), pieces):
        own = torch.as_tensor(gamma[rows])
        sums.add(torch.as_tensor(curves[rows]), own.T.unsqueeze(-1).expand(-1, -1, len(TIME)), own)
    return sums


@pytest.mark.parametrize("pieces", [1, 3])
def test_of_a_linear_law_they_are_those_of_the_mean_of_the_specimens_own_fits(pieces: int) -> None:
    r"""$\sum_d \gamma_d^2 (\theta_d - \theta)^2 / ((\sum_d \gamma_d)^2 - \sum_d \gamma_d^2)$, whatever the noise."""
    rng = np.random.default_rng(4)
    gamma = rng.beta(0.5, 0.5, size=(100, 1)) * [1.0, -1.0] + [0.0, 1.0]
    roughness = np.linalg.cholesky(np.exp(-np.abs(TIME[:, None] - TIME)))
    curves = FUNCTIONS @ [900.0, -20.0] + 3.0 * rng.normal(size=(100, len(TIME))) @ roughness.T
    own = np.linalg.lstsq(FUNCTIONS, curves.T, rcond=None)[0].T
    theta = gamma.T @ own / gamma.sum(0)[:, None]
    found = added(line_law(), theta, curves, gamma, pieces=pieces).errors().numpy()
    squares = np.einsum("dc,dcp->cp", gamma**2, (own[:, None] - theta) ** 2)
    expected = np.sqrt(squares / (gamma.sum(0) ** 2 - (gamma**2).sum(0))[:, None])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_with_all_shared_the_clusters_are_one() -> None:
    rng = np.random.default_rng(5)
    curves = FUNCTIONS @ [9.0, -2.0] + rng.normal(size=(30, len(TIME)))
    gamma = np.eye(2)[np.arange(30) % 2]
    theta = np.linalg.lstsq(FUNCTIONS, curves.mean(0), rcond=None)[0]
    shared = added(line_law(("1", "t")), np.stack([theta, theta]), curves, gamma).errors()
    alone = added(line_law(), theta[None], curves, np.ones((30, 1))).errors()
    torch.testing.assert_close(shared, alone.expand(2, -1))


@pytest.mark.parametrize("made", RIGHT, ids=str)
def test_the_truth_lies_within_them_as_often_as_it_should(made: Made) -> None:
    """Of 200 data sets in 68 % and 95 %, within three binomial deviations; the law is not linear."""
    theta, sums = fit(made)
    off = np.abs((theta.numpy() - made.truth) / np.stack([each.errors() for each in sums]))
    for within, share in ((1.0, 0.683), (1.96, 0.95)):
        covered = (off < within).mean(0)
        assert (np.abs(covered - share) < 3 * np.sqrt(share * (1 - share) / made.sets)).all(), covered


def test_a_piece_at_a_time_gives_the_same() -> None:
    made = Made(sets=2, gaps=True, shared=("rate",))
    whole, parts = fit(made), fit(made, pieces=7)
    torch.testing.assert_close(whole.errors, parts.errors, rtol=1e-9, atol=0)


def test_at_a_bound_there_is_none_and_the_others_are_those_with_it_held() -> None:
    """A decay that does not decay, and a line through what is held."""
    rng = np.random.default_rng(6)
    curves = 5.0 + 0.1 * rng.normal(size=(20, len(TIME)))
    law = Law(DECAY, ["decay"], [torch.zeros(len(TIME))], [torch.tensor([SCALE])])
    gamma = np.ones((20, 1))
    held = added(law, np.array([[2.0, 20.0, curves[:, 1:].mean()]]), curves, gamma).errors()[0]
    assert torch.isnan(held[1])
    fixed = LinearLaw(("amplitude", "floor"), np.stack([np.exp(-20.0 * TIME), TIME**0], axis=1))
    theta = np.array([[2.0, curves[:, 1:].mean()]])
    bare = Law(fixed, ["decay"], [torch.zeros(len(TIME))], [torch.tensor([SCALE])])
    torch.testing.assert_close(held[[0, 2]], added(bare, theta, curves, gamma).errors()[0], rtol=1e-9, atol=0)


def test_what_no_specimen_tells_has_none() -> None:
    """The rate of what has no amplitude; amplitude and floor of what does not decay, which together are one number."""
    curves = 1.0 + 0.1 * np.random.default_rng(7).normal(size=(20, len(TIME)))
    law = Law(DECAY, ["decay"], [torch.zeros(len(TIME))], [torch.tensor([SCALE])])
    gamma = np.ones((20, 1))
    without = added(law, np.array([[0.0, 1.0, 1.0]]), curves, gamma).errors()[0]
    assert torch.isfinite(without).tolist() == [True, False, True]
    level = added(law, np.array([[0.5, 1e-9, 0.5]]), curves, gamma).errors()[0]
    assert torch.isfinite(level).tolist() == [False, True, False]


def test_too_few_specimens() -> None:
    """Of one specimen there is no error; of less not even the value is known. A shared number counts all clusters."""
    curves = np.array([[1.0, 2.0], [3.0, 4.0], [3.0, 4.5]]) @ FUNCTIONS.T
    gamma = np.array([[1.0, 0.0, 0.3], [0.0, 1.0, 0.0], [0.0, 1.0, 0.3]])
    theta = np.array([[1.0, 2.0], [3.0, 4.25], [7.0, 7.0]])
    sums = added(line_law(), theta, curves, gamma)
    assert sums.known().tolist() == [[True, True], [True, True], [False, False]]
    errors = sums.errors()
    assert torch.isnan(errors[0]).all()
    np.testing.assert_allclose(errors[1], [0, 0.25], atol=1e-12)
    assert sums.lack_of_fit() == [None, None, None]
    shared = added(line_law(("1",)), theta, curves, gamma)
    assert shared.known().tolist() == [[True, True], [True, True], [True, False]]
    assert torch.isfinite(shared.errors())[:, 0].all()


def test_where_the_law_is_not_finite_there_are_none() -> None:
    """And the other clusters keep theirs."""
    curves = np.ones((20, len(TIME))) + 0.1 * np.random.default_rng(8).normal(size=(20, len(TIME)))
    law = Law(DECAY, ["decay"], [torch.zeros(len(TIME))], [torch.tensor([SCALE])])
    gamma = np.full((20, 2), 0.5)
    theta = np.array([[np.nan, 1.0, 1.0], [0.5, 1.0, 1.0]])
    errors = added(law, theta, curves, gamma).errors()
    assert torch.isnan(errors[0]).all()
    torch.testing.assert_close(errors[1], added(law, theta[1:], curves, gamma[:, 1:]).errors()[0])


def test_the_made_specimens_are_of_the_law() -> None:
    """Without noise to speak of the fit finds what they were made with."""
    theta, _ = fit(Made(sets=2, specimens=2000))
    np.testing.assert_allclose(theta, np.stack([TRUE, TRUE]), atol=0.02)
