"""The unit of what multiplies a formula."""

from __future__ import annotations

import pytest

from fingerprint.experts import coefficient_unit
from fingerprint.units import product


@pytest.mark.parametrize(
    ("formula", "unit"),
    [
        ("1", "um"),
        ("t", "um/h"),
        ("-t / 3", "um/h"),
        ("t^2", "um/h^2"),
        ("2 * t**0.5", "um/h^0.5"),
        ("1 / t", "um h"),
        ("t^-2", "um h^2"),
        ("exp(-t / 3)", "um"),
        ("t * log(t)", "um"),
    ],
)
def test_of_powers_of_t_it_is_known_and_other_formulas_are_numbers(formula: str, unit: str) -> None:
    assert product(coefficient_unit(formula), {"t": "h", "y": "um"}) == unit
