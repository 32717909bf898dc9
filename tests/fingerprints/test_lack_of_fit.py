"""Whether a law describes the mean of its specimens: about 1 where it does, whatever the noise, and more where not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from law_curves_made import NOISE, RIGHT, TIME, Made, fit
from scipy import stats

from fingerprint.experts import LinearLaw
from fingerprint.fingerprints.parameters import ParameterSums
from fingerprint.model.experts import Law
from fingerprint.run import LackOfFit


def lacks(made: Made) -> list[LackOfFit]:
    """Of both clusters of all data sets."""
    found = [each for sums in fit(made).sums for each in sums.lack_of_fit()]
    assert None not in found
    return [each for each in found if each is not None]


@pytest.mark.parametrize("made", RIGHT, ids=str)
def test_a_law_that_is_right(made: Made) -> None:
    """About 1, and as improbable as it says, or less; correlated noise and specimens that differ change nothing."""
    found = lacks(made)
    assert np.mean([each.chi_square for each in found]) == pytest.approx(1.0, abs=0.06)
    improbable = [each.p < 0.05 for each in found]
    assert np.mean(improbable) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(found))
    assert min(each.p for each in found) > 1e-4


def test_with_many_specimens_its_probabilities_are_even() -> None:
    probabilities = [each.p for each in lacks(Made(sets=100, specimens=400))]
    assert stats.kstest(probabilities, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    "made", [Made(sets=20, ripple=0.1), Made(sets=20, ripple=0.1, spread=(0.3, 0.0, 0.2))], ids=str
)
def test_a_law_that_is_wrong(made: Made) -> None:
    found = lacks(made)
    assert max(each.p for each in found) < 1e-4
    assert min(each.chi_square for each in found) > 3


def test_the_share_is_of_the_range_and_the_greatest_of_all_modalities() -> None:
    """A constant for two modalities: a ramp that it misses by half its range over the root of three, and noise."""
    rng = np.random.default_rng(2)
    constant = LinearLaw(("1", "2"), np.kron(np.eye(2), np.ones((len(TIME), 1))))
    law = Law(constant, ["ramp", "noise"], [torch.zeros(len(TIME))] * 2, [torch.ones(1)] * 2)
    ramp = np.linspace(0, 7.0, len(TIME))
    means = np.concatenate([ramp, np.zeros(len(TIME))])
    curves = torch.as_tensor(means + NOISE * rng.normal(size=(500, 2 * len(TIME))))
    curves[:, len(TIME)] += 50.0  # the range of the noisy one, which its mean misses by less
    theta = torch.stack([curves[:, : len(TIME)].mean(), curves[:, len(TIME) :].mean()])[None]
    sums = ParameterSums(law, theta)
    sums.add(curves, torch.ones(1, 500, 2 * len(TIME)).double(), torch.ones(500, 1).double())
    (found,) = sums.lack_of_fit()
    assert found is not None
    assert found.share == pytest.approx(np.sqrt(np.mean((ramp - ramp.mean()) ** 2)) / 7.0, rel=0.01)


def test_as_many_parameters_as_points_lack_nothing() -> None:
    law = Law(LinearLaw(("1", "2"), np.eye(2)), ["two"], [torch.zeros(2)], [torch.ones(1)])
    curves = torch.as_tensor(np.random.default_rng(3).normal(size=(20, 2)))
    sums = ParameterSums(law, curves.mean(0)[None])
    sums.add(curves, torch.ones(1, 20, 2).double(), torch.ones(20, 1).double())
    assert sums.lack_of_fit() == [None]
    exact = ParameterSums(
        Law(LinearLaw(("1",), np.ones((2, 1))), ["two"], [torch.zeros(2)], [torch.ones(1)]), torch.ones(1, 1)
    )
    exact.add(torch.ones(20, 2).double(), torch.ones(1, 20, 2).double(), torch.ones(20, 1).double())
    assert exact.lack_of_fit() == [None]
