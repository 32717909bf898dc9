"""Numerical work for laws that are ordinary differential equations. [section 4.2]

Two ways to the parameters, neither of which needs labels: smooth approximations of measured curves put into the
equations (`identification`), and solutions of the initial value problem fitted to the curves (`expert`), which begin
from the former.

Reading order: system, integrate; basis, partition, approximation, identification; observed, smoothing, expert.
"""

from fingerprint.experts.ode.approximation import Approximation, approximate
from fingerprint.experts.ode.expert import OdeExpert
from fingerprint.experts.ode.identification import Smoothed, SpectralExpert, identify, residual
from fingerprint.experts.ode.integrate import Accuracy, trajectories
from fingerprint.experts.ode.observed import Observation, observation
from fingerprint.experts.ode.smoothing import approximate_all, smooth, sources
from fingerprint.experts.ode.system import System, dictionary, given

__all__ = [
    "Accuracy",
    "Approximation",
    "Observation",
    "OdeExpert",
    "Smoothed",
    "SpectralExpert",
    "System",
    "approximate",
    "approximate_all",
    "dictionary",
    "given",
    "identify",
    "observation",
    "residual",
    "smooth",
    "sources",
    "trajectories",
]
