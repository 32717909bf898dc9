"""The experts that a recipe can name: shipped, of installed packages, and of the user's own modules."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import torch

from fingerprint.errors import RecipeError
from fingerprint.experts.abstract import AbstractExpert
from fingerprint.experts.domain import Domain
from fingerprint.experts.function import FunctionExpert, SimulatorExpert, signature

GROUP = "fingerprint.experts"
LIBRARY = "fingerprint.experts.library"
Written = TypeVar("Written", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry:
    """An expert that a recipe can name.

    Attributes:
        name: as recipes call it.
        build: makes it for a domain, from its options.
        options: the annotated types of the options, by name.
        written: the function that was registered.
        origin: the module or file that registered it.
    """

    name: str
    build: Callable[..., AbstractExpert]
    options: Mapping[str, Any]
    written: Callable[..., Any]
    origin: str

    @property
    def title(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.written) or "").split("\n")[0]


_ENTRIES: dict[str, Entry] = {}
_asked: set[str] = set()


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
        signature(function)
        kind = FunctionExpert if differentiable else SimulatorExpert
        _register(Entry(name, lambda domain: kind(function, domain, t_unit), {}, function, _origin(function)))
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
        _register(Entry(name, function, options, function, _origin(function)))
        return function

    return register


def load_plugin(path: str | Path) -> None:
    """Run a user's module, which registers its experts. Never called with what a stored run says.

    Raises:
        RecipeError: there is no such file, or it fails.
    """
    place = Path(path).resolve()
    if not place.is_file():
        raise RecipeError(
            "there is no such plugin", where=str(path), next="Begin one: fingerprint new-expert my_expert.py."
        )
    name = f"fingerprint_plugin_{place.stem}"
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise RecipeError("this is no Python module", where=str(path), expected="A file such as my_expert.py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except RecipeError:
        raise
    except Exception as error:
        raise RecipeError(
            f"the plugin fails: {type(error).__name__}: {error}",
            where=_line(error, place),
            next=f"Try it alone: python {path}",
        ) from error


def entries() -> dict[str, Entry]:
    """Every expert that can be named, by name."""
    if LIBRARY not in _asked:
        importlib.import_module(LIBRARY)
        _asked.add(LIBRARY)
    for point in entry_points(group=GROUP):
        if point.value not in _asked:
            _asked.add(point.value)
            point.load()
    return dict(sorted(_ENTRIES.items()))


def build_expert(name: str, domain: Domain, options: Mapping[str, Any]) -> AbstractExpert:
    """The expert of that name on these axes.

    Raises:
        RecipeError: there is none, it has no such option, or the options or axes do not suit it.
        UnitError: the axis cannot be had in its unit.
    """
    known = entries()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise RecipeError(
            f"no expert is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            where="name",
            expected=f"One of: {', '.join(known)}.",
            next="If it is written in a module of yours, name that with every command: --plugin my_expert.py.",
        )
    entry = known[name]
    given: dict[str, Any] = {}
    for key, value in options.items():
        if key not in entry.options:
            raise RecipeError(
                f"the expert {name!r} has no option {key!r}",
                where="options",
                expected=f"One of: {', '.join(entry.options)}." if entry.options else "None: it has no options.",
            )
        try:
            given[key] = msgspec.convert(value, entry.options[key])
        except msgspec.ValidationError as error:
            raise RecipeError(str(error), where=f"options.{key}") from error
    try:
        made = entry.build(domain, **given)
    except TypeError as error:
        raise RecipeError(str(error), where="options", expected=f"Options: {', '.join(entry.options)}.") from error
    _check(name, made, domain)
    return made


def _check(name: str, made: AbstractExpert, domain: Domain) -> None:
    """Refuse a law that does not answer as a law does, before anything is trained."""
    if made.takes_z:
        return  # the size of Z is not known here; the decoder asks
    start = torch.tensor([each.start for each in made.parameters], dtype=torch.float64).expand(2, 3, -1)
    try:
        told = made.curves(start)
    except RecipeError:
        raise
    except Exception as error:
        raise RecipeError(
            f"the expert {name!r} fails at its start: {type(error).__name__}: {error}", where=_line(error, None)
        ) from error
    if told.shape != (2, 3, domain.points):
        raise RecipeError(
            f"the expert {name!r} answers {list(told.shape)} where {[2, 3, domain.points]} was asked for",
            expected="One curve for each set of parameters: [..., point].",
        )


def _register(entry: Entry) -> None:
    known = _ENTRIES.get(entry.name)
    if known is not None and known.origin != entry.origin:
        raise RecipeError(
            f"there is an expert called {entry.name!r} already, of {known.origin}",
            where=entry.origin,
            next="Give yours another name.",
        )
    _ENTRIES[entry.name] = entry


def _origin(function: Callable[..., Any]) -> str:
    return inspect.getsourcefile(function) or function.__module__


def _line(error: BaseException, path: Path | None) -> str:
    """Where in the user's module an error came up; the innermost place where no path is given."""
    place, trace = "" if path is None else str(path), error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if path is None or Path(file) == path:
            place = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
