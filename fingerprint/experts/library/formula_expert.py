"""Any formula as an expert: "a * exp(-k * t) + c"."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.calculus import derivative, linear_symbols
from fingerprint.experts.domain import Domain
from fingerprint.experts.formula import Formula, parse_formula
from fingerprint.experts.options import units_of
from fingerprint.experts.parameter import Parameter
from fingerprint.experts.registry import family
from fingerprint.experts.tape import Tape

_LATENT = re.compile(r"z[1-9][0-9]*")


@family("formula")
def build(domain: Domain, *, formula: str, units: dict[str, str] | None = None) -> AbstractExpert:
    """A formula in t: every other symbol is a parameter, but for z1, z2, ..., the coordinates of the latent space.

    Parameters that the formula is linear in are found and solved in closed form; the others begin at 1, or where the
    recipe says.

    Args:
        domain: one modality.
        formula: such as "a * exp(-k * t) + c".
        units: of parameters, such as {k = "1/t"}.

    Raises:
        RecipeError: the formula cannot be read, has no parameters, or a unit is of none or not known.
    """
    read = parse_formula(formula, where="options.formula")
    names = tuple(name for name in read.names if name != "t" and not _LATENT.fullmatch(name))
    if not names:
        raise RecipeError(
            f"the formula {formula!r} has no parameter",
            where="options.formula",
            expected='A symbol beside t, as a and k in "a * exp(-k * t)".',
        )
    known = units_of(units, names)
    linear = linear_symbols([read.tree], names)
    parameters = tuple(Parameter(name=name, linear=name in linear, unit=known.get(name, "")) for name in names)
    return FormulaExpert(read, parameters, torch.as_tensor(domain.t, dtype=torch.float64))


@dataclass
class FormulaExpert(AbstractExpert):
    """A formula, computed on an axis.

    Attributes:
        formula: that was read.
        parameters: its symbols but t and those of the latent space.
        t: the axis in its own unit, [point].
    """

    formula: Formula
    parameters: tuple[Parameter, ...]
    t: Float[Tensor, " point"]

    gives_up = False

    def __post_init__(self) -> None:
        """Find out whether it uses Z, and differentiate it."""
        self._latent = tuple(name for name in self.formula.names if _LATENT.fullmatch(name))
        self.takes_z = bool(self._latent)
        trees = [self.formula.tree, *(derivative(self.formula.tree, name) for name in self.names)]
        self._linearised = Tape(trees, ("t", *self.names, *self._latent))

    def curves(
        self, theta: Float[Tensor, "*many parameter"], z: Float[Tensor, "*many latent"] | None = None
    ) -> Float[Tensor, "*many point"]:
        """The formula at every point.

        Raises:
            RecipeError: it uses a coordinate that the latent space does not have.
        """
        values = {name: theta[..., index, None] for index, name in enumerate(self.names)}
        for name in self._latent:
            if z is None or int(name[1:]) > z.shape[-1]:
                raise RecipeError(
                    f"the formula {self.formula.text!r} uses {name}, and the latent space has "
                    f"{0 if z is None else z.shape[-1]} dimensions",
                    where="options.formula",
                )
            values[name] = z[..., int(name[1:]) - 1, None]
        if "t" in self.formula.names:
            values["t"] = self.t.to(theta.device)
        shape = torch.broadcast_shapes(theta.shape[:-1], () if z is None else z.shape[:-1])
        return self.formula(**values).expand(*shape, len(self.t)).to(theta.dtype)

    def jacobian(
        self, theta: Float[Tensor, "*many parameter"]
    ) -> tuple[Float[Tensor, "*many point"], Float[Tensor, "*many point parameter"]]:
        """The formula and its exact derivatives."""
        values = self._linearised([self.t.to(theta.device), *theta.double()[..., None, :].unbind(-1)], torch)
        shape = (*theta.shape[:-1], len(self.t))
        curves, *slopes = (
            torch.as_tensor(each, dtype=theta.dtype, device=theta.device).expand(shape) for each in values
        )
        return curves, torch.stack(slopes, -1)
