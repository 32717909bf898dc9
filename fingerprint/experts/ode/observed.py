"""What of a system is measured: which modality is which state, or which rate, on which of the common times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.domain import Domain


@dataclass(frozen=True)
class Observed:
    """One modality.

    Attributes:
        state: the index of the state.
        rate: whether its derivative by t is measured, and not the state itself.
        at: the indices of its points among the common times.
    """

    state: int
    rate: bool
    at: Int[Tensor, " point"]


@dataclass(frozen=True)
class Observation:
    """All modalities that a system decodes.

    Attributes:
        times: of all of them, ascending and different.
        components: the modalities, in the order of the domain.
    """

    times: Float[Tensor, " time"]
    components: tuple[Observed, ...]

    def split(self, curves: Float[Tensor, "*many point"]) -> list[tuple[Observed, Float[Tensor, "*many own"]]]:
        """The curve of each component."""
        parts = curves.split([len(each.at) for each in self.components], -1)
        return list(zip(self.components, parts, strict=True))

    def of(
        self,
        states: Float[Tensor, "time many state *rest"],
        rates: Callable[[], Float[Tensor, "time many state *rest"]],
    ) -> Float[Tensor, "many point *rest"]:
        """What is measured of trajectories.

        Args:
            states: at the common times.
            rates: computes the same of the rates; called once, if any is measured.
        """
        of_rates = rates() if any(each.rate for each in self.components) else states
        parts = [(of_rates if each.rate else states)[each.at, :, each.state] for each in self.components]
        return torch.cat(parts).transpose(0, 1)


def observation(domain: Domain, states: Sequence[str], observed: Sequence[str] | None) -> Observation:
    """Which modality measures what.

    Args:
        domain: the modalities.
        states: of the system.
        observed: a state or a rate for each modality, such as ["x", "v'"]; the states in their order, if None.

    Raises:
        RecipeError: one is no state or rate, or there are more or fewer than modalities.
    """
    names = list(states)[: len(domain.components)] if observed is None else list(observed)
    if len(names) != len(domain.components):
        raise RecipeError(
            f"{len(names)} observed ({', '.join(names)}) for {len(domain.components)} modalities",
            where="options.observed",
            expected=f"A state or a rate for each of {', '.join(each.name for each in domain.components)}.",
        )
    for name in names:
        if name.removesuffix("'") not in states:
            raise RecipeError(
                f"{name!r} is not observable",
                where="options.observed",
                expected=f"A state, {', '.join(states)}, or its rate, such as {states[0] + chr(39)!r}.",
            )
    times, places = np.unique(np.concatenate([each.t for each in domain.components]), return_inverse=True)
    ends = np.cumsum([len(each.t) for each in domain.components])[:-1]
    return Observation(
        torch.as_tensor(times, dtype=torch.float64),
        tuple(
            Observed(states.index(name.removesuffix("'")), name.endswith("'"), torch.as_tensor(at))
            for name, at in zip(names, np.split(places.reshape(-1), ends), strict=True)
        ),
    )
