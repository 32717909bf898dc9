"""Where experts come from: shipped, of installed packages, and of the user's own modules."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal

from fingerprint.errors import RecipeError
from fingerprint.experts.registry import Entry, registered, registering_anew

GROUP = "fingerprint.experts"
LIBRARY = "fingerprint.experts.library"
PLUGIN = "fingerprint_plugin_"  # begins the name of a plugin's module

_asked: set[str] = set()
_broken: dict[str, str] = {}


@dataclass(frozen=True)
class Source:
    """Where an expert came from.

    Attributes:
        kind: shipped with fingerprint, of an installed package, of a plugin, or of a module that Python imported.
        name: "fingerprint", the package, the plugin's file, or the module.
    """

    kind: Literal["shipped", "package", "plugin", "module"]
    name: str

    def __str__(self) -> str:
        return "shipped" if self.kind == "shipped" else f"{self.kind} {self.name}"


def entries() -> dict[str, Entry]:
    """Every expert that can be named, by name. A package that cannot be imported has none (`broken_packages`)."""
    importlib.import_module(LIBRARY)
    for point in entry_points(group=GROUP):
        if point.value not in _asked:
            _asked.add(point.value)
            _load(point)
    return registered()


def broken_packages() -> dict[str, str]:
    """Packages that say they have experts and cannot be imported: what is wrong, by name."""
    return dict(_broken)


def load_plugin(path: str | Path) -> tuple[str, ...]:
    """Run a user's module, which registers its experts; again where it has changed. Never called with what a stored
    run says.

    Args:
        path: a Python file. Modules that lie beside it can be imported.

    Returns:
        The names of its experts.

    Raises:
        RecipeError: there is no such file, it fails, or it registers no expert, or one whose name is taken.
    """
    entries()  # so that it is the plugin that is refused where it takes a name that is taken
    place = Path(path).resolve()
    if not place.is_file():
        raise RecipeError(
            "there is no such plugin", where=str(path), next="Begin one: fingerprint new-expert my_expert.py."
        )
    name = PLUGIN + place.stem
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise RecipeError("this is no Python module", where=str(path), expected="A file such as my_expert.py.")
    module = importlib.util.module_from_spec(spec)
    if str(place.parent) not in sys.path:
        sys.path.append(str(place.parent))
    with registering_anew(str(place)):
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except RecipeError:
            raise
        except (Exception, SystemExit) as error:
            raise RecipeError(
                f"the plugin fails: {type(error).__name__}: {error}",
                where=line_of(error, str(place)),
                next=f"Try it alone: python {path}",
            ) from error
        found = tuple(each.name for each in registered().values() if each.origin == str(place))
        if not found:
            raise RecipeError(
                "the plugin registers no expert",
                where=str(path),
                expected='A function under @expert("name"), as `fingerprint new-expert` writes it.',
            )
    return found


def source_of(entry: Entry) -> Source:
    """Where an expert came from."""
    module = entry.written.__module__
    root = module.partition(".")[0]
    if root == "fingerprint":
        return Source("shipped", root)
    if root.startswith(PLUGIN):
        return Source("plugin", Path(entry.origin).name)
    packages = {point.module.partition(".")[0]: _package(point) for point in entry_points(group=GROUP)}
    return Source("package", packages[root]) if root in packages else Source("module", module)


def line_of(error: BaseException, file: str) -> str:
    """Where in a file an error came up; the file itself where it came from elsewhere."""
    place = file
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"{file}:{error.lineno}"
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            place = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _load(point: EntryPoint) -> None:
    try:
        point.load()
    except RecipeError as error:
        _broken[_package(point)] = str(error)
    except Exception as error:
        _broken[_package(point)] = f"{type(error).__name__}: {error}"


def _package(point: EntryPoint) -> str:
    return point.module.partition(".")[0] if point.dist is None else point.dist.name
