r"""The cubic oscillator whose beta the digit decides. [PIMA, Eq. 20]

$$\frac{dx}{dt} = \alpha x^3 + \beta y^3, \quad \frac{dy}{dt} = \gamma x^3 + \delta y^3, \quad x(0) = y(0) = 1$$

x and y are dimensionless, so alpha, beta, gamma and delta are in 1/s as the rates are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

ALPHA, GAMMA, DELTA = -0.1, -2.0, -0.1  # 1/s
START = (1.0, 1.0)
POINTS = 512
STEP = 0.005  # s
END = POINTS * STEP
"""The time that is simulated: 2.56 s. The last rate is measured a step before it."""
T: NDArray[np.float64] = np.arange(POINTS) / 200
"""The axis of the rates, s, [point]: 0, 0.005, ..., 2.555."""

_TOLERANCE = 1e-13  # of a step, absolute and relative; over 2.56 s it comes to 1e-12, and 6e-12 1/s in the rates


class Trajectory(NamedTuple):
    """One solution of Eq. 20.

    Attributes:
        t: s, [point].
        u: x and y, [2, point], dimensionless.
        rates: dx/dt and dy/dt, the right-hand side at u, [2, point], 1/s.
    """

    t: NDArray[np.float64]
    u: NDArray[np.float64]
    rates: NDArray[np.float64]


def beta(digit: float) -> float:
    """The oscillator's beta for a digit, 1/s: digit / 3 + 0.5."""
    return digit / 3 + 0.5


def trajectory(
    beta: float,
    t: NDArray[np.floating] = T,
    *,
    alpha: float = ALPHA,
    gamma: float = GAMMA,
    delta: float = DELTA,
) -> Trajectory:
    """Solve Eq. 20 from x = y = 1 at t = 0; u is right to 1e-10.

    Args:
        beta: 1/s.
        t: where the solution is wanted, s, [point]: 0 or greater, in ascending order.
        alpha: 1/s.
        gamma: 1/s.
        delta: 1/s.

    Raises:
        ValueError: t is not as it should be, or the solution ends before its last value.
    """
    times = np.asarray(t, np.float64)
    if times.ndim != 1 or not len(times) or not times[0] >= 0 or not (np.diff(times) >= 0).all():
        raise ValueError("t must hold times of 0 or greater, in ascending order")
    matrix = np.array([[alpha, beta], [gamma, delta]], np.float64)
    if times[-1] == 0:
        u = np.repeat(np.array(START)[:, None], len(times), axis=1)
        return Trajectory(times, u, matrix @ u**3)
    solved = solve_ivp(
        lambda _, state: matrix @ state**3,
        (0.0, float(times[-1])),
        START,
        method="DOP853",
        t_eval=times,
        rtol=_TOLERANCE,
        atol=_TOLERANCE,
    )
    if not solved.success:
        raise ValueError(f"the solution ends at t = {solved.t[-1] if len(solved.t) else 0:.3g} s: {solved.message}")
    return Trajectory(times, solved.y, matrix @ solved.y**3)
