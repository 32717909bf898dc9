"""Laws that are written as a plain function of t and their parameters: with torch, or as any simulator."""

from __future__ import annotations

import inspect
import math
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.parameter import Parameter

STEP = 1e-5  # of finite differences, relative
SMALL = 1e-3  # of a start: parameters below take the steps of one that is as large


class FunctionExpert(AbstractExpert):
    """A law written with torch: `function(t, one=Parameter(...), another=Parameter(...))`, or with z after t.

    The function is given t as [point], each parameter as [..., 1] and z as [..., 1, latent], and answers [..., point].

    Args:
        function: the law.
        domain: of one modality.
        t_unit: in which the function wants t; its own unit where empty.
    """

    def __init__(self, function: Callable[..., Any], domain: Domain, t_unit: str = "") -> None:
        self.function, self.t_unit = function, t_unit
        self.parameters, self.takes_z = signature(function)
        self.t = torch.as_tensor(domain.t_in(t_unit) if t_unit else domain.t)

    def curves(
        self, theta: Float[Tensor, "*many parameter"], z: Float[Tensor, "*many latent"] | None = None
    ) -> Float[Tensor, "*many point"]:
        """As the function says."""
        t = self.t.to(theta, copy=True)  # the function may change what it is given
        arguments = {each.name: theta[..., index, None] for index, each in enumerate(self.parameters)}
        if self.takes_z:
            assert z is not None
            arguments["z"] = z.unsqueeze(-2)
        return torch.broadcast_to(self.function(t, **arguments), (*theta.shape[:-1], len(t)))


class SimulatorExpert(AbstractExpert):
    """A law of which only the values are known: any program that makes a curve of numbers.

    It is called with t and the parameters as floats, once for each curve, and answers [point]. Derivatives are central
    differences; a call that raises an arithmetic error, ValueError or RuntimeError, or answers anything but finite
    numbers for all points, is a place where no fit goes. Whatever else it raises ends the fit.

    Args:
        function: the law, `function(t, one=Parameter(...), ...)`, t as a NumPy array.
        domain: of one modality.
        t_unit: in which the function wants t; its own unit where empty.
    """

    differentiable = False
    tries = 16

    def __init__(self, function: Callable[..., Any], domain: Domain, t_unit: str = "") -> None:
        self.function, self.t_unit = function, t_unit
        self.parameters, takes_z = signature(function)
        if takes_z:
            raise RecipeError(
                f"{function.__name__} takes z and is not differentiable",
                expected="A law of t alone, or one that torch can differentiate: Z is followed by gradient.",
            )
        self.t = domain.t_in(t_unit) if t_unit else domain.t

    def curves(
        self,
        theta: Float[Tensor, "*many parameter"],
        z: Float[Tensor, "*many latent"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*many point"]:
        """One call for each curve."""
        rows = theta.detach().reshape(-1, theta.shape[-1]).cpu().tolist()
        told = np.stack([self._called(row) for row in rows])
        return torch.as_tensor(told).to(theta.device).reshape(*theta.shape[:-1], -1)

    def jacobian(
        self, theta: Float[Tensor, "*many parameter"]
    ) -> tuple[Float[Tensor, "*many point"], Float[Tensor, "*many point parameter"]]:
        """By central differences, within the bounds."""
        columns: list[Tensor] = []
        for index, each in enumerate(self.parameters):
            step = STEP * theta[..., index].abs().clamp_min(SMALL * (abs(each.start) or 1))
            ends = [theta.clone(), theta.clone()]
            for end, sign in zip(ends, (1, -1), strict=True):
                end[..., index] = (theta[..., index] + sign * step).clamp(each.lower, each.upper)
            width = ends[0][..., index] - ends[1][..., index]
            columns.append((self.curves(ends[0]) - self.curves(ends[1])) / width.unsqueeze(-1))
        return self.curves(theta), torch.stack(columns, -1)

    def simulated(self, parameters: Sequence[float]) -> np.ndarray:
        """One curve, [point]; what the function raises is not caught.

        Raises:
            RecipeError: the answer has another length.
        """
        told = np.asarray(self.function(self.t.copy(), **dict(zip(self.names, parameters, strict=True))), np.float64)
        if told.shape not in ((), self.t.shape):
            raise RecipeError(
                f"the law {self.function.__name__} answers {list(told.shape)} where {list(self.t.shape)} was asked for",
                expected="One number for each point of t.",
            )
        return np.broadcast_to(told, self.t.shape)

    def _called(self, row: list[float]) -> np.ndarray:
        try:
            with np.errstate(all="ignore"):
                return self.simulated(row)
        except (ArithmeticError, ValueError, RuntimeError, np.linalg.LinAlgError, RecipeError):
            return np.full(self.t.shape, np.nan)
        except Exception as error:
            raise RecipeError(
                f"the law {self.function.__name__} ({_line(error, self.function)}) failed: "
                f"{type(error).__name__}: {error}",
                where="name",
                expected="An answer, or ValueError or RuntimeError where it has none. It was called with "
                + ", ".join(f"{name} = {value!r}" for name, value in zip(self.names, row, strict=True))
                + ".",
            ) from error


def _line(error: BaseException, function: Callable[..., Any]) -> str:
    """The file of a law, and the line of it that failed."""
    code = inspect.unwrap(function).__code__
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == code.co_filename]
    return f"{code.co_filename}:{lines[-1] if lines else code.co_firstlineno}"


def signature(function: Callable[..., Any]) -> tuple[tuple[Parameter, ...], bool]:
    """The parameters of a law, and whether it takes z.

    Raises:
        RecipeError: it is not written as a law is.
    """
    arguments = list(inspect.signature(function).parameters.values())
    names = [each.name for each in arguments]
    if not names or names[0] != "t":
        raise RecipeError(
            f"the law {function.__name__}({', '.join(names)}) does not begin with t",
            expected=f"def {function.__name__}(t, one=Parameter(1.0), another=Parameter(0.5, lower=0.0)).",
        )
    takes_z = names[1:2] == ["z"]
    parameters: list[Parameter] = []
    for each in arguments[2 if takes_z else 1 :]:
        value = each.default
        if isinstance(value, Parameter):
            parameters.append(replace(value, name=each.name))
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            parameters.append(Parameter(float(value), name=each.name))
        else:
            raise RecipeError(
                f"the law {function.__name__} does not say what its parameter {each.name} is",
                expected=f"{each.name}=Parameter(1.0), where a fit begins, or a number.",
            )
    if not parameters:
        raise RecipeError(f"the law {function.__name__} has no parameter", expected="At least one.")
    return tuple(parameters), takes_z
