"""Laws for tests: by a function, with z, of two modalities, and a simulator."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fingerprint.experts import AbstractExpert, Domain, Parameter, expert, family


@expert("example decay")
def decay(
    t: Tensor,
    amplitude: Tensor = Parameter(1.5, linear=True, unit="y"),  # pyright: ignore
    rate: Tensor = Parameter(0.3, lower=0.0, upper=5.0, unit="1/t"),  # pyright: ignore
) -> Tensor:
    """An exponential decay.

    Source: Rutherford and Soddy, Philosophical Magazine 4 (1902) 370.
    """
    return amplitude * torch.exp(-rate * t)


@expert("example line")
def line(t: Tensor, level: Tensor = Parameter(0.3)) -> Tensor:  # pyright: ignore
    """A line through the origin, of slope exp(level).

    Source: made for tests (2024).
    """
    return torch.exp(level) * t


@expert("example tilt")
def tilt(
    t: Tensor,
    z: Tensor,
    offset: Tensor = Parameter(0.5, linear=True),  # pyright: ignore
    height: Tensor = 2.0,  # pyright: ignore
) -> Tensor:
    """A line whose slope follows Z.

    Source: made for tests (2024).
    """
    return offset + height * torch.tanh(z[..., 0]) * t


@expert("example of three")
def of_three(t: Tensor, z: Tensor, height: Tensor = 2.0) -> Tensor:  # pyright: ignore
    """A line whose slope follows the third coordinate of Z.

    Source: made for tests (2024).
    """
    return height * z[..., 2] * t


@family("example swing")
def swing(domain: Domain) -> AbstractExpert:
    """Place and velocity of an oscillator, two curves.

    Source: Huygens, Horologium Oscillatorium (1673).
    """
    return Swing(domain)


class Swing(AbstractExpert):
    """[place, velocity], one after another."""

    parameters = (Parameter(2.0, linear=True, name="amplitude"), Parameter(0.9, lower=0.0, upper=4.0, name="frequency"))

    def __init__(self, domain: Domain) -> None:
        first, second = domain.components
        self.places, self.times = torch.as_tensor(first.t), torch.as_tensor(second.t)

    def curves(self, theta: Tensor, z: Tensor | None = None) -> Tensor:  # noqa: ARG002
        amplitude, frequency = theta[..., :1], theta[..., 1:]
        place = amplitude * torch.cos(frequency * self.places.to(theta))
        velocity = -amplitude * frequency * torch.sin(frequency * self.times.to(theta))
        return torch.cat([place, velocity], -1)


def simulated_decay(
    t: np.ndarray,
    amplitude: float = 1.5,
    rate: float = Parameter(0.3, lower=0.0, upper=5.0),  # pyright: ignore
) -> np.ndarray:
    """`decay` as any program would give it; above a rate of 4 it fails."""
    if rate > 4:
        raise FloatingPointError("the step is too small")
    return amplitude * np.exp(-rate * t)
