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
        weight: $s_j$, the share of each feature that was measured, from 0 to 1.
        variance: $v_j$, squared standard uncertainty of each feature.
    """

    weight: Float[Tensor, "*many specimen feature"]
    variance: Float[Tensor, "*many specimen feature"]

    def rows(self, index: Tensor | slice) -> Certainty:
        """Of these specimens."""
        return Certainty(self.weight[index], self.variance[index])

    def unsqueezed(self) -> Certainty:
        """With a leading axis of 1."""
        return Certainty(self.weight.unsqueeze(0), self.variance.unsqueeze(0))


Certainties = Mapping[str, Certainty]
CERTAIN: Certainties = MappingProxyType({})
