"""What an expert is told of its axes."""

from __future__ import annotations

import numpy as np
import pytest

from fingerprint.errors import RecipeError, UnitError
from fingerprint.experts import Component, Domain

LINE = Component("line", np.array([0.0, 1.0, 2.5]), "ps", "eV")
RATE = Component("rate", np.arange(4.0), "ps")


def test_the_points_of_all_components_are_counted() -> None:
    """[Eq. 11]"""
    assert Domain((LINE,)).points == 3
    assert Domain((LINE, RATE)).points == 7


def test_an_axis_comes_in_the_unit_that_a_law_wants() -> None:
    domain = Domain((LINE,))
    np.testing.assert_array_equal(domain.t, LINE.t)
    np.testing.assert_allclose(domain.t_in("s"), [0, 1e-12, 2.5e-12], rtol=1e-14)
    with pytest.raises(UnitError):
        domain.t_in("K")


def test_a_law_of_one_curve_is_not_asked_for_two() -> None:
    both = Domain((LINE, RATE))
    for ask in (lambda: both.t, lambda: both.only, lambda: both.t_in("s")):
        with pytest.raises(RecipeError, match="decodes line, rate"):
            ask()
