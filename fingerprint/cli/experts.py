"""`fingerprint experts`: the laws that a recipe can name."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

from fingerprint.cli import console

if TYPE_CHECKING:
    from rich.table import Table

    from fingerprint.experts import Entry, Option, Parameter


def experts(
    plugin: console.Plugins = None,  # noqa: ARG001
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """List the laws that a recipe can name: shipped, of installed packages, and of plugins.

    Each with its parameters, in brackets their units, where y is the unit of the measurement and t that of the axis;
    and its options.
    """
    from fingerprint.experts import broken_packages, entries

    known, broken = list(entries().values()), broken_packages()
    console.answer({"experts": [_document(each) for each in known], "broken": broken}, _table(known))
    for package, reason in broken.items():
        console.say(f"Warning: the package {package} says that it has experts, and cannot be imported: {reason}")


def _document(entry: Entry) -> dict[str, Any]:
    """Where parameters begin, and their bounds, are null where they follow from axis and options."""
    from fingerprint.experts import options_of, parameters_of, source_of

    return {
        "name": entry.name,
        "title": entry.title,
        "source": str(source_of(entry)),
        "parameters": [
            {"name": each.name, "unit": each.unit, "linear": each.linear} | _limits(entry, each)
            for each in parameters_of(entry)
        ],
        "options": [
            {"name": each.name, "type": each.type, "default": None if _needed(each) else each.default}
            for each in options_of(entry)
        ],
    }


def _limits(entry: Entry, each: Parameter) -> dict[str, float | None]:
    known = entry.parameters is not None and not each.linear
    return {key: getattr(each, key) if known else None for key in ("start", "lower", "upper")}


def _table(known: list[Entry]) -> Table:
    from rich.table import Table

    from fingerprint.experts import options_of, parameters_of, source_of

    table = Table("name", "what it is", "parameters and options", show_lines=True)
    for entry in known:
        lines = [_parameter(entry, each) for each in parameters_of(entry)] + [
            _option(each) for each in options_of(entry)
        ]
        table.add_row(f"{entry.name}\n({source_of(entry)})", entry.title, "\n".join(lines))
    return table


def _parameter(entry: Entry, each: Parameter) -> str:
    unit = f" [{each.unit}]" if each.unit else ""
    if each.linear or entry.parameters is None:
        return f"{each.name}{unit}"
    lower, upper = math.isfinite(each.lower), math.isfinite(each.upper)
    bounds = f" from {each.lower:g} to {each.upper:g}" if lower and upper else ""
    bounds = bounds or (f" from {each.lower:g}" if lower else f" to {each.upper:g}" if upper else "")
    return f"{each.name}{unit}{bounds}, begins at {each.start:g}"


def _option(each: Option) -> str:
    return f"option {each.name}: {each.type}" + ("" if _needed(each) else f" = {each.default!r}")


def _needed(each: Option) -> bool:
    return each.default is inspect.Parameter.empty
