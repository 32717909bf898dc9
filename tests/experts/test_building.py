"""An expert is made from what the recipe says, or the recipe is told what does not suit it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fingerprint.errors import RecipeError, UnitError, within
from fingerprint.experts import (
    AbstractExpert,
    Component,
    Domain,
    LinearLaw,
    build_expert,
    entries,
    expert,
    family,
    options_of,
    parameters_of,
)

pytestmark = pytest.mark.usefixtures("own_experts")

T = np.linspace(0.0, 2.0, 9)
DOMAIN = Domain((Component("x", T, "s", "mm"),))


@pytest.fixture
def powers() -> None:
    """A family of one option that is needed and one that is not."""

    @family("powers")
    def build(domain: Domain, count: int, origin: float | None = None) -> AbstractExpert:  # pyright: ignore[reportUnusedFunction]
        """Powers of t."""
        if count == 0:
            raise RecipeError("there is none", where="count")
        if count == 13:
            raise ZeroDivisionError("unlucky")
        columns = [(domain.t - (origin or 0.0)) ** power for power in range(count)]
        return LinearLaw([f"c{power}" for power in range(count)], np.stack(columns, 1))


@pytest.mark.usefixtures("powers")
def test_a_family_is_built_from_its_options() -> None:
    assert build_expert("powers", DOMAIN, {"count": 3}).names == ("c0", "c1", "c2")
    assert parameters_of(entries()["powers"]) == ()  # without its option there is none
    assert [tuple(each)[:2] for each in options_of(entries()["powers"])] == [("count", "int"), ("origin", "float")]


@pytest.mark.usefixtures("powers")
@pytest.mark.parametrize(
    ("options", "what", "where"),
    [
        ({}, "missing a required argument: 'count'", "options"),
        ({"count": "3"}, "Expected `int`, got `str`", "options.count"),
        ({"number": 3}, "has no option 'number'", "options"),
        ({"count": 0}, "there is none", "options.count"),
        ({"count": 13}, "cannot be built: ZeroDivisionError: unlucky", "name"),
    ],
)
def test_options_that_do_not_suit(options: dict[str, Any], what: str, where: str) -> None:
    with pytest.raises(RecipeError) as refused:
        build_expert("powers", DOMAIN, options)
    assert what in refused.value.what
    assert refused.value.where == where
    if where == "name":
        assert f"({Path(__file__)}:" in refused.value.what


def test_units_that_do_not_suit_name_law_and_modality() -> None:
    def law(t: Any, rate: Any = 1.0) -> Any:
        return rate * t

    expert("over_temperature", t_unit="K")(law)
    with pytest.raises(UnitError, match="'over_temperature': 's' cannot be converted into 'K'") as refused:
        build_expert("over_temperature", DOMAIN, {})
    assert refused.value.where == "x"


def test_t_is_had_in_the_unit_of_the_law() -> None:
    def law(t: Any, rate: Any = 1.0) -> Any:
        return rate * t

    expert("over_milliseconds", t_unit="ms")(law)
    made = build_expert("over_milliseconds", DOMAIN, {})
    told, _ = made.jacobian(made.starts(torch.zeros(9, dtype=torch.float64))[0])
    np.testing.assert_allclose(told.numpy(), 1000 * T)


@pytest.mark.parametrize(("where", "told"), [("fixed", "modalities.a.fixed"), ("", "modalities.a")])
def test_a_place_is_put_before_the_place_in_it(where: str, told: str) -> None:
    with pytest.raises(RecipeError) as refused, within("modalities.a"):
        raise RecipeError("no", where=where)
    assert refused.value.where == told


def test_an_option_of_a_few_words_names_them() -> None:
    domain = Domain((Component("line", np.linspace(0.0, 1.0, 9)),))
    with pytest.raises(RecipeError, match="gauss") as refused:
        build_expert("peaks", domain, {"shape": "gauss"})
    assert refused.value.where == "options.shape"
    assert refused.value.expected == 'One of "gaussian", "lorentzian", "pseudo_voigt".'
