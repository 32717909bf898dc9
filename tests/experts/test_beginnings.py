"""Where fits begin."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from fingerprint.experts import Component, Domain, LinearLaw, Parameter
from fingerprint.experts.beginnings import SPREAD, beginnings
from fingerprint.experts.function import FunctionExpert

T = np.linspace(0.0, 1.0, 6)
DOMAIN = Domain((Component("line", T),))
PARAMETERS = {
    "between": Parameter(1.0, -2.0, 3.0),
    "positive": Parameter(0.2, lower=0.0),
    "from_zero": Parameter(0.0, lower=0.0),
    "to_zero": Parameter(0.0, upper=0.0),
    "negative": Parameter(-5.0, upper=-1.0),
    "above": Parameter(4.0, lower=3.0),
    "either": Parameter(-3.0),
    "either_from_zero": Parameter(0.0),
    "over_zero": Parameter(1.0, lower=-1.0),
}


def law_of(parameter: Parameter) -> FunctionExpert:
    def law(t: Tensor, height: Tensor = Parameter(2.5, linear=True), x: Tensor = parameter) -> Tensor:  # pyright: ignore
        return height + x * t

    return FunctionExpert(law, DOMAIN)


CURVES = torch.as_tensor(np.random.default_rng(0).normal(size=(2, 3, 6)))
ONES = torch.ones_like(CURVES)


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=PARAMETERS)
def test_they_are_spread_within_the_bounds_and_the_first_is_the_laws(parameter: Parameter) -> None:
    """[Eq. 16]"""
    law = law_of(parameter)
    found = beginnings(law, CURVES, ONES)
    assert found.shape == (1 + law.tries, 2, 3, 2)
    assert (found[..., 0] == 2.5).all(), "what is linear is solved for"
    assert (found[0, ..., 1] == parameter.start).all()
    tried = found[1:, 0, 0, 1]
    assert ((tried >= parameter.lower) & (tried <= parameter.upper)).all()
    assert len(tried.unique()) > law.tries / 3
    if math.isfinite(parameter.lower) and math.isfinite(parameter.upper):
        places = (tried - parameter.lower) / (parameter.upper - parameter.lower)
        assert places.min() < 0.05 < 0.95 < places.max()
    elif parameter.start > 0 and parameter.lower == 0:
        assert tried.min() < 2 * parameter.start / SPREAD < parameter.start * SPREAD / 2 < tried.max()
    elif math.isinf(parameter.lower) and math.isinf(parameter.upper):
        assert tried.min() < 0 < tried.max()


def test_they_are_the_same_every_time() -> None:
    law = law_of(PARAMETERS["positive"])
    assert torch.equal(beginnings(law, CURVES, ONES), beginnings(law, CURVES, ONES))


def test_each_curve_has_its_own_as_the_law_says() -> None:
    """[Eq. 16] Of curves whose gaps are filled from their neighbours."""

    class Told(LinearLaw):
        tries = 2

        def starts(self, curves: Tensor) -> Tensor:
            seen.append(curves)
            return curves.mean(-1, keepdim=True)[None]

    seen: list[Tensor] = []
    told = Told(["a"], np.ones((6, 1)))
    told.parameters = (Parameter(1.0, 0.0, 10.0, name="a"),)
    line = torch.arange(6.0).double().expand(2, 6)
    weights = torch.tensor([[1.0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]]).double()
    found = beginnings(told, torch.where(weights > 0, line, 1e9), weights)
    assert seen[0].tolist() == [[0, 1, 2, 3, 3, 3], [0] * 6]
    assert found.shape == (3, 2, 1)
    assert found[0].flatten().tolist() == [2.0, 0.0]


def test_a_linear_law_begins_once() -> None:
    """[Eq. 16]"""
    assert len(beginnings(LinearLaw(["a"], np.ones((6, 1))), CURVES, ONES)) == 1
