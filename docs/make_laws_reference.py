"""Write docs/laws_reference.md from what is registered of the shipped experts: python docs/make_laws_reference.py."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from fingerprint.experts import Entry, Option, Parameter, entries, options_of, parameters_of, source_of

HEAD = """# Reference of the shipped laws

A [recipe](recipes.md) names one as the decoder of a modality:

    decoder = { kind = "expert", name = "NAME", options = { ... } }

and says which of its parameters all clusters share, which are known, and where they begin. See
[Laws that are shipped](laws.md) for what to know of them, [A law of your own](experts.md) for others. `fingerprint
experts` lists these with those of packages and plugins. In units, y stands for that of the measurement and t for that
of the axis; "linear" parameters are solved in closed form. Formulas are in TeX. Parameters are those with the default
options; where they begin, and their bounds, follow from the axis. This page is made by `docs/make_laws_reference.py`.
"""
SECTION = re.compile(r"^(Args|Raises|Returns|Attributes):\n((?:    .*\n|\n)*)", re.MULTILINE)
ARGUMENT = re.compile(r"^    (\w+(?:, \w+)*): (.*\n(?:      .*\n)*)", re.MULTILINE)


def page() -> str:
    """The whole page."""
    shipped = [entry for entry in entries().values() if source_of(entry).kind == "shipped"]
    return "\n".join([HEAD, *(_section(entry) for entry in shipped)])


def _section(entry: Entry) -> str:
    text = (inspect.getdoc(entry.written) or "") + "\n"
    told = {name: each for heading, body in SECTION.findall(text) if heading == "Args" for name, each in _told(body)}
    parts = [f"## {entry.name}\n", _typeset(SECTION.sub("", text)).strip() + "\n"]
    parameters, options = parameters_of(entry), options_of(entry)
    if parameters:
        parts += ["| parameter | unit | |\n|---|---|---|", *map(_parameter, parameters), ""]
    if options:
        parts += ["| option | type | default | |\n|---|---|---|---|"]
        parts += [_option(each, told.get(each.name, "")) for each in options] + [""]
    return "\n".join(parts)


def _told(body: str) -> list[tuple[str, str]]:
    """What a section of arguments says of each."""
    found = [(names.split(", "), " ".join(told.split())) for names, told in ARGUMENT.findall(body)]
    return [(name, told) for names, told in found for name in names]


def _typeset(text: str) -> str:
    """Formulas as code, which every reader of Markdown shows."""
    text = re.sub(r"\$\$(.+?)\$\$", lambda found: f"```tex\n{inspect.cleandoc(found[1])}\n```", text, flags=re.DOTALL)
    return re.sub(r"(?<!\$)\$([^$\n]+)\$", r"`\1`", text)


def _parameter(each: Parameter) -> str:
    return f"| {each.name} | {_code(each.unit)} | {'linear' if each.linear else ''} |"


def _option(each: Option, told: str) -> str:
    default = "" if each.default is inspect.Parameter.empty else _code(repr(each.default))
    return f"| {each.name} | {_code(each.type)} | {default} | {_typeset(told).replace('|', chr(92) + '|')} |"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if text else ""


if __name__ == "__main__":
    Path(__file__).with_name("laws_reference.md").write_text(page(), encoding="utf-8")
