"""The experts that a recipe can name, as they are registered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.function import FunctionExpert, SimulatorExpert, signature
from fingerprint.experts.parameter import Parameter

MAIN = "__main__"  # where a notebook or script registers its own
Written = TypeVar("Written", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry:
    """An expert that a recipe can name.

    Attributes:
        name: as recipes call it.
        build: makes it for a domain, from its options.
        options: the annotated types of the options, by name.
        parameters: of a law that is a function; None where they follow from options and domain.
        written: the function that was registered.
        origin: the file that registered it, or the module where there is none.
    """

    name: str
    build: Callable[..., AbstractExpert]
    options: Mapping[str, Any]
    parameters: tuple[Parameter, ...] | None
    written: Callable[..., Any]
    origin: str

    @property
    def title(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.written) or "").split("\n")[0]


_ENTRIES: dict[str, Entry] = {}


def expert(name: str, *, t_unit: str = "", differentiable: bool = True) -> Callable[[Written], Written]:
    """Register a function of t and parameters as the expert of that name.

        @expert("relaxation")
        def relaxation(t, amplitude=Parameter(linear=True, unit="y"), time=Parameter(1.0, lower=1e-6, unit="t")):
            return amplitude * torch.exp(-t / time)

    Args:
        name: as recipes call it.
        t_unit: in which the function wants t, such as "K"; the axis's own unit where empty.
        differentiable: whether it is written with torch. Else it is called with NumPy's t and floats, one curve at a
            time, and derivatives are finite differences: any simulator.

    Raises:
        RecipeError: the function is not written as a law is, or another has that name.
    """

    def register(function: Written) -> Written:
        parameters, _ = signature(function)
        kind = FunctionExpert if differentiable else SimulatorExpert
        _register(
            Entry(name, lambda domain: kind(function, domain, t_unit), {}, parameters, function, origin_of(function))
        )
        return function

    return register


def family(name: str) -> Callable[[Written], Written]:
    """Register a function that builds an expert from a `Domain` and options, which the recipe gives.

    Args:
        name: as recipes call it.

    Raises:
        RecipeError: another has that name.
    """

    def register(function: Written) -> Written:
        annotations = inspect.get_annotations(function, eval_str=True)
        arguments = list(inspect.signature(function).parameters.values())[1:]
        options = {each.name: annotations.get(each.name, Any) for each in arguments}
        _register(Entry(name, function, options, None, function, origin_of(function)))
        return function

    return register


def registered() -> dict[str, Entry]:
    """What has been registered until now, by name."""
    return dict(sorted(_ENTRIES.items()))


@contextmanager
def registering_anew(origin: str) -> Generator[None]:
    """Let a file register its experts, in place of what it registered before; where that fails nothing changes."""
    before = dict(_ENTRIES)
    for name in [each.name for each in before.values() if each.origin == origin]:
        del _ENTRIES[name]
    try:
        yield
    except BaseException:
        _ENTRIES.clear()
        _ENTRIES.update(before)
        raise


def _register(entry: Entry) -> None:
    known = _ENTRIES.get(entry.name)
    if known is not None and not _is_again(known, entry):
        raise RecipeError(
            f"there is an expert called {entry.name!r} already, {known.written.__name__} of {known.origin}",
            where=entry.origin,
            next="Give yours another name.",
        )
    _ENTRIES[entry.name] = entry


def _is_again(known: Entry, entry: Entry) -> bool:
    """Whether this is the same function, from a module that is read again; a notebook may replace what is its own."""
    same = known.written.__qualname__ == entry.written.__qualname__
    return known.origin == entry.origin and (same or entry.origin == MAIN)


def origin_of(function: Callable[..., Any]) -> str:
    """The file that a function is written in; its module where there is none, or a notebook has it."""
    module = function.__module__
    return module if module == MAIN else inspect.getsourcefile(function) or module
