"""A law is had by its name, or it is refused with its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from fingerprint.errors import RecipeError, UnitError
from fingerprint.experts import (
    AbstractExpert,
    Component,
    Domain,
    LinearLaw,
    Parameter,
    build_expert,
    entries,
    expert,
    family,
    registry,
)

T = np.linspace(0.0, 2.0, 5)
SECONDS = Domain((Component("line", T, "s", "m"),))


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is registered here is known elsewhere."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(entries()))


def decay(t: Tensor, height: Tensor = Parameter(linear=True), rate: Tensor = 0.5) -> Tensor:  # pyright: ignore
    """A decay.

    More of it.
    """
    return height * torch.exp(-rate * t)


def powers(domain: Domain, *, count: int = 2, centred: bool = False) -> AbstractExpert:
    t = domain.t - domain.t.mean() if centred else domain.t
    return LinearLaw([f"t{power}" for power in range(count)], np.stack([t**power for power in range(count)], 1))


def test_a_registered_function_is_the_law_of_that_name() -> None:
    """[Eq. 11]"""
    assert expert("test decay")(decay) is decay
    entry = entries()["test decay"]
    assert (entry.title, dict(entry.options)) == ("A decay.", {})
    law = build_expert("test decay", SECONDS, {})
    assert law.names == ("height", "rate")
    assert [each.start for each in law.parameters] == [1.0, 0.5]
    assert [each.linear for each in law.parameters] == [True, False]
    found = law.curves(torch.tensor([[2.0, 0.1], [3.0, 1.0]]).double())
    np.testing.assert_allclose(found, np.array([[2.0], [3.0]]) * np.exp(-np.outer([0.1, 1.0], T)), rtol=1e-7)


def test_a_law_has_its_axis_in_the_unit_that_it_wants() -> None:
    """[Eq. 11]"""
    expert("test slow", t_unit="min")(decay)
    law = build_expert("test slow", SECONDS, {})
    found = law.curves(torch.tensor([1.0, 60.0]).double())
    np.testing.assert_allclose(found, np.exp(-T), rtol=1e-12)
    with pytest.raises(UnitError):
        build_expert("test slow", Domain((Component("line", T, "K"),)), {})


def test_a_family_has_options_of_their_types() -> None:
    family("test powers")(powers)
    assert dict(entries()["test powers"].options) == {"count": int, "centred": bool}
    assert build_expert("test powers", SECONDS, {"count": 3, "centred": True}).names == ("t0", "t1", "t2")
    assert build_expert("test powers", SECONDS, {}).names == ("t0", "t1")


@pytest.mark.parametrize(
    ("options", "where", "said"),
    [
        ({"counts": 3}, "options", "no option 'counts'"),
        ({"count": "many"}, "options.count", "int"),
        ({"count": 2.5}, "options.count", "int"),
        ({"centred": 1}, "options.centred", "bool"),
    ],
)
def test_an_option_that_is_none_is_refused_with_its_place(options: dict[str, object], where: str, said: str) -> None:
    family("test powers")(powers)
    with pytest.raises(RecipeError, match=said) as refused:
        build_expert("test powers", SECONDS, options)
    assert refused.value.where == where


def test_a_function_has_no_options() -> None:
    expert("test decay")(decay)
    with pytest.raises(RecipeError, match="no option 'count'") as refused:
        build_expert("test decay", SECONDS, {"count": 2})
    assert "no options" in refused.value.expected


def test_an_unknown_name_is_told_its_neighbour_and_the_way_to_a_plugin() -> None:
    expert("test decay")(decay)
    with pytest.raises(RecipeError, match="did you mean 'test decay'") as refused:
        build_expert("test dekay", SECONDS, {})
    assert refused.value.where == "name"
    assert "test decay" in refused.value.expected
    assert "--plugin" in refused.value.next


def test_one_name_is_one_law() -> None:
    """Of another module; a module that is read again may replace its own."""
    expert("test decay")(decay)
    expert("test decay")(decay)
    with pytest.raises(RecipeError, match="an expert called 'test decay' already"):
        expert("test decay")(_elsewhere())


def _elsewhere() -> Callable[..., object]:
    """A law as another module would define it."""
    told: dict[str, Callable[..., object]] = {}
    exec(
        compile("def other(t, a=1.0):\n    return a * t\n", "/elsewhere/other.py", "exec"),
        {"__name__": "elsewhere"},
        told,
    )
    return told["other"]


def test_one_curve_for_each_set_of_parameters() -> None:
    class Short(LinearLaw):
        def curves(self, theta: Tensor, z: Tensor | None = None) -> Tensor:
            return super().curves(theta, z)[..., :3]

    family("test short")(lambda domain: Short(["a"], np.ones((domain.points, 1))))
    with pytest.raises(RecipeError, match=r"answers \[2, 3, 3\] where \[2, 3, 5\]"):
        build_expert("test short", SECONDS, {})


def test_a_law_that_fails_at_its_start_is_refused_with_its_line() -> None:
    def broken(t: Tensor, rate: Tensor = 0.5) -> Tensor:  # pyright: ignore  # noqa: ARG001
        raise KeyError("rat")

    expert("test broken")(broken)
    with pytest.raises(RecipeError, match="fails at its start: KeyError: 'rat'") as refused:
        build_expert("test broken", SECONDS, {})
    assert f"({__file__}:" in refused.value.what
