"""Initial value problems, many at once, each with its own accuracy. [Eq. 22]"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchdiffeq import odeint, odeint_adjoint

Rates = Callable[[Tensor, Tensor], Tensor]
Gradient = Literal["direct", "adjoint"]

_SHORTEST = 1e-7  # step, relative to the whole time
_ORDER = 5


@dataclass(frozen=True)
class Accuracy:
    """How accurately trajectories are computed, and when they are given up.

    Attributes:
        relative: error of a step relative to each state.
        absolute: the same for small states, each in its own unit, [state].
        steps: of one trajectory, at most; those that need more are given up.
        gradient: by differentiating the steps, or by the adjoint equations, which take less memory and more time.
    """

    absolute: Float[Tensor, " state"]
    relative: float = 1e-8
    steps: int = 1000
    gradient: Gradient = "direct"


def trajectories(
    rates: Rates,
    initial: Float[Tensor, "many entry"],
    start: float,
    times: Float[Tensor, " time"],
    accuracy: Accuracy,
    parameters: tuple[Tensor, ...] = (),
) -> Float[Tensor, "time many entry"]:
    """Solve u' = f(t, u) for many initial values; a trajectory that blows up or needs too many steps is nan. [Eq. 22]

    All take the same steps, which suit the most demanding; one that is given up is left out of that and never stops
    the others. The error is controlled of the first entries alone, as many as `accuracy.absolute` has: sensitivities
    may follow them.

    Args:
        rates: f of a time and entries.
        initial: entries at `start`.
        start: the time of the initial values; may lie before, between or after the times.
        times: ascending and different.
        accuracy: of the steps.
        parameters: whatever `rates` depends on; needed for gradients by the adjoint equations alone.
    """
    behind = times < start
    parts: list[Tensor] = []
    lost = torch.zeros(len(initial), dtype=torch.bool, device=initial.device)
    for later in (False, True):
        asked = times[~behind] - start if later else (times[behind] - start).flip(0)
        if not len(asked):
            continue
        at_start = asked[0] == 0
        asked = asked if at_start else torch.cat([asked.new_zeros(1), asked])
        flow = _Flow(rates, start, initial, abs(float(asked[-1])), accuracy, lost)
        solved = flow.solve(asked, parameters) if len(asked) > 1 else initial[None]
        lost = flow.lost
        solved = solved if at_start else solved[1:]
        parts.append(solved if later else solved.flip(0))
    return torch.where(lost[:, None], torch.nan, torch.cat(parts))


@dataclass
class _Flow:
    """What torchdiffeq integrates: rates, while each trajectory's own need of steps is watched.

    Attributes:
        lost: which trajectories are given up; they rest, and do not count.
        work: the steps that each would have taken alone.
    """

    rates: Rates
    start: float
    initial: Float[Tensor, "many entry"]
    whole: float
    accuracy: Accuracy
    lost: Bool[Tensor, " many"]
    work: Float[Tensor, " many"] = field(init=False)

    def __post_init__(self) -> None:
        """Give up what cannot even begin."""
        self.work = torch.zeros_like(self.initial[:, 0]).detach()
        with torch.no_grad():
            begun = self.rates(torch.full_like(self.work, self.start), self.initial)
        self.lost = self.lost | ~torch.isfinite(begun).all(-1) | ~torch.isfinite(self.initial).all(-1)
        self._any_lost = bool(self.lost.any())
        self._step, self._wanted = 0.0, torch.ones_like(self.work)

    def solve(self, times: Float[Tensor, " time"], parameters: tuple[Tensor, ...]) -> Float[Tensor, "time many entry"]:
        """Integrate from the first of the times, 0, through the others."""
        counted = self.accuracy.absolute
        rest = counted.new_ones(self.initial.shape[-1] - len(counted))
        options = {"norm": self._norm, "first_step": self.whole / 1000}
        initial = torch.where(self.lost[:, None], 0.0, self.initial) if self._any_lost else self.initial
        absolute: Any = torch.cat([counted, rest])
        tolerance = self.accuracy.relative
        solved: Any
        if self.accuracy.gradient == "direct" or not any(each.requires_grad for each in (initial, *parameters)):
            solved = odeint(self, initial, times, rtol=tolerance, atol=absolute, method="dopri5", options=options)
        else:
            solved = odeint_adjoint(
                self, initial, times, rtol=tolerance, atol=absolute, method="dopri5", options=options,
                adjoint_params=parameters, adjoint_rtol=10 * tolerance, adjoint_atol=10 * float(counted.min()),
                adjoint_options={"norm": _of_adjoint},
            )  # fmt: skip
        return solved

    def __call__(self, t: Tensor, entries: Tensor) -> Tensor:
        """The rates; zero of those that are given up."""
        time = (t + self.start).expand(len(entries))
        if not self._any_lost:
            return self.rates(time, entries)
        rates = self.rates(time, torch.where(self.lost[:, None], self.initial.detach(), entries))
        return torch.where(self.lost[:, None], 0.0, rates)

    def callback_step(self, _t: Tensor, _entries: Tensor, step: Tensor) -> None:
        """Before a step is tried."""
        self._step = float(step)

    def callback_accept_step(self, _t: Tensor, _entries: Tensor, _step: Tensor) -> None:
        """After a step was good."""
        self.work = self.work + self._step / self._wanted

    def _norm(self, errors: Float[Tensor, "many entry"]) -> Tensor:
        """The greatest error of a trajectory that counts, relative to what is tolerated."""
        own = errors.detach()
        ratio = own[:, : len(self.accuracy.absolute)].square().mean(-1).sqrt()
        ratio = torch.where(torch.isfinite(own).all(-1), ratio, 1e10)
        self._wanted = self._step * (0.9 * ratio ** (-1 / _ORDER)).clamp(0.2, 10.0)
        shortest = self._wanted < _SHORTEST * self.whole
        lost = self.lost | shortest | (self.work > self.accuracy.steps)
        if (lost & ~self.lost).any():
            self.lost, self._any_lost = lost, True
            return torch.tensor(2.0, dtype=own.dtype, device=own.device)  # once more, without them
        return torch.where(self.lost, 0.0, ratio).max()


def _of_adjoint(parts: tuple[Tensor, ...]) -> Tensor:
    """Of the states and their adjoints alone: what is summed up for the parameters follows."""
    return torch.stack([part.square().mean().sqrt() for part in parts[1:3]]).max()
