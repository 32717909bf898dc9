"""Numbers and units that cannot serve a law are refused where they stand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fingerprint.errors import RecipeError
from fingerprint.experts import Component, Domain, build_expert
from fingerprint.experts.options import number, units_of

DOMAIN = Domain((Component("curve", np.linspace(0.0, 2.0, 9)),))
HEAT = Domain((Component("heat", np.linspace(10.0, 300.0, 9), "K", "J/(mol K)"),))


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("power_law", "reference", 0.0),
        ("power_law", "reference", math.nan),
        ("ramberg_osgood", "proof", 0.0),
        ("ramberg_osgood", "proof", -0.002),
        ("elastic_plastic", "smooth", -0.1),
        ("elastic_plastic", "smooth", math.nan),
        ("affine", "origin", math.inf),
        ("affine", "origin", math.nan),
        ("polynomial", "origin", math.nan),
        ("exponential", "origin", math.nan),
        ("debye_heat_capacity", "atoms", 0.0),
    ],
)
def test_a_number_that_cannot_serve_is_refused(name: str, option: str, value: float) -> None:
    domain = HEAT if option == "atoms" else DOMAIN
    with pytest.raises(RecipeError, match="cannot serve") as refused:
        build_expert(name, domain, {option: value})
    assert refused.value.where == f"options.{option}"
    assert "finite number" in refused.value.expected


def test_limits_are_kept() -> None:
    assert number(0.0, "it", least=0) == 0.0
    assert number(1e-300, "it", above=0) == 1e-300
    with pytest.raises(RecipeError):
        number(0.0, "it", above=0)


@pytest.mark.parametrize("unit", ["", "1/t", "y*t^-2", "rad/t", "eV", "%", "y/t^2", "1/t^2/y^2"])
def test_units_of_axis_and_measurement_have_names(unit: str) -> None:
    assert units_of({"a": unit}, ["a"]) == {"a": unit}


def test_peaks_need_an_axis() -> None:
    with pytest.raises(RecipeError, match="the axis has one point, 3, and peaks have widths"):
        build_expert("peaks", Domain((Component("curve", np.array([3.0])),)), {"count": 1})
