"""Free numbers of members that share parameters, beside loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from example_laws import decay

from fingerprint.experts import Component, Domain, Parameter, Sharing
from fingerprint.experts.function import FunctionExpert

MEMBERS, GROUPS = 4, 3


def law(t, a=Parameter(linear=True), b=Parameter(1.0, lower=0.0, upper=2.0), c=Parameter(3.0, upper=9.0)):
    return a + b * t + c


LAW = FunctionExpert(law, Domain((Component("line", np.arange(5.0)),)))
NAMES = ("a", "b", "c")
every = pytest.mark.parametrize(
    "shared", [each for count in range(4) for each in itertools.combinations(NAMES, count)], ids=str
)


def slot(sharing: Sharing, member: int, parameter: int) -> int:
    """Which free number it is."""
    return int(sharing.chosen[member, parameter].argmax())


@every
def test_what_is_shared_is_one_number_and_the_rest_are_the_members_own(shared: tuple[str, ...]) -> None:
    """[Eq. 11]"""
    sharing = Sharing(LAW, MEMBERS, shared, torch.device("cpu"))
    seen: dict[int, set[tuple[int, str]]] = {}
    for member, (index, name) in itertools.product(range(MEMBERS), enumerate(NAMES)):
        seen.setdefault(slot(sharing, member, index), set()).add((member, name))
    assert sorted(map(len, seen.values())) == sorted([MEMBERS] * len(shared) + [1] * MEMBERS * (3 - len(shared)))
    assert len(seen) == sharing.chosen.shape[-1] == len(sharing.linear)
    for place, whose in seen.items():
        (name,) = {name for _, name in whose}
        parameter = LAW.parameters[NAMES.index(name)]
        assert sharing.linear[place] == parameter.linear
        assert (sharing.lower[place], sharing.upper[place]) == (parameter.lower, parameter.upper)


@every
def test_sums_over_members_are_those_of_loops(shared: tuple[str, ...]) -> None:
    """[Eq. 16] The chain rule through `theta`."""
    sharing = Sharing(LAW, MEMBERS, shared, torch.device("cpu"))
    count = sharing.chosen.shape[-1]
    generator = torch.Generator().manual_seed(0)
    theta, gradient = torch.randn(2, GROUPS, MEMBERS, 3, generator=generator, dtype=torch.float64)
    matrix = torch.randn(GROUPS, MEMBERS, 3, 3, generator=generator, dtype=torch.float64)
    means, counts, own, whole = (
        torch.zeros(GROUPS, *size).double() for size in ((count,), (count,), (count,), (count, count))
    )
    for member, index in itertools.product(range(MEMBERS), range(3)):
        here = slot(sharing, member, index)
        means[:, here] += theta[:, member, index]
        counts[:, here] += 1
        own[:, here] += gradient[:, member, index]
        for other in range(3):
            whole[:, here, slot(sharing, member, other)] += matrix[:, member, index, other]
    torch.testing.assert_close(sharing.free(theta), means / counts)
    torch.testing.assert_close(sharing.gradient(gradient), own)
    torch.testing.assert_close(sharing.matrix(matrix), whole)
    free = torch.randn(GROUPS, count, generator=generator, dtype=torch.float64)
    spread = sharing.theta(free)
    torch.testing.assert_close(sharing.free(spread), free)
    for member, index in itertools.product(range(MEMBERS), range(3)):
        assert torch.equal(spread[:, member, index], free[:, slot(sharing, member, index)])


def test_a_law_without_sharing_has_its_numbers_in_their_order() -> None:
    sharing = Sharing(FunctionExpert(decay, Domain((Component("x", np.arange(3.0)),))), 1, (), torch.device("cpu"))
    theta = torch.tensor([[[2.0, 0.3]], [[1.0, 0.7]]]).double()
    assert torch.equal(sharing.free(theta), theta.squeeze(1))
