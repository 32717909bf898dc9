"""What an author may declare of a parameter."""

from __future__ import annotations

import math

import pytest

from fingerprint.errors import RecipeError
from fingerprint.experts import Parameter


def test_the_defaults_are_a_free_number_from_one() -> None:
    """[Eq. 11]"""
    each = Parameter()
    assert (each.start, each.lower, each.upper) == (1.0, -math.inf, math.inf)
    assert not each.linear
    assert not each.bounded


@pytest.mark.parametrize(
    ("start", "lower", "upper"),
    [(2.0, 0.0, 1.0), (-1.0, 0.0, math.inf), (math.nan, 0.0, 1.0), (1.0, math.nan, 2.0), (1.0, 1.0, 1.0),
     (math.inf, 0.0, math.inf), (1.0, 2.0, 0.0)],
)  # fmt: skip
def test_a_start_is_a_number_within_the_bounds(start: float, lower: float, upper: float) -> None:
    with pytest.raises(RecipeError, match="the parameter rate starts at") as refused:
        Parameter(start, lower, upper, name="rate")
    assert refused.value.expected


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_a_bound_at_the_start_is_one(side: str) -> None:
    assert Parameter(1.0, **{side: 1.0}).bounded  # pyright: ignore


@pytest.mark.parametrize("bounds", [{"lower": 0.0}, {"upper": 3.0}, {"lower": 0.0, "upper": 3.0}])
def test_what_is_solved_in_closed_form_has_no_bounds(bounds: dict[str, float]) -> None:
    """[Eq. 16]"""
    with pytest.raises(RecipeError, match="is linear and has bounds"):
        Parameter(1.0, linear=True, **bounds)
