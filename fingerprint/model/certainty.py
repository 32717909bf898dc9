"""How much of a measurement is known: points that were not measured, and the uncertainty of those that were."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Certainty(NamedTuple):
    r"""Of the features of one modality, in model units.

    Attributes:
        values: each feature as what was measured tells it, whatever else is expected of it.
        weight: $s_j$, 1 where a feature was measured, 0 where nothing is told of it.
        variance: $v_j$, squared standard uncertainty of each feature.
        lost: share of the modality's spread that is uncertain in this measurement: the sum of these variances, and of
            the spread of what was not measured, over that of all features.
    """

    values: Float[Tensor, "*many specimen feature"]
    weight: Float[Tensor, "*many specimen feature"]
    variance: Float[Tensor, "*many specimen feature"]
    lost: Float[Tensor, "*many specimen"]

    def rows(self, index: Tensor | slice) -> Certainty:
        """Of these specimens."""
        return Certainty(*(each[index] for each in self))

    def unsqueezed(self) -> Certainty:
        """With a leading axis of 1."""
        return Certainty(*(each.unsqueeze(0) for each in self))


Certainties = Mapping[str, Certainty]
CERTAIN: Certainties = MappingProxyType({})
