"""`fingerprint new-expert`: the beginning of a law of one's own."""

from __future__ import annotations

import keyword
from pathlib import Path
from typing import Annotated

import typer

from fingerprint.cli import console
from fingerprint.errors import FingerprintError

USED = ("t", "torch", "expert", "Parameter", "amplitude", "time", "offset")  # by the template


def new_expert(
    file: Annotated[Path, typer.Argument(help="The Python file to write.")] = Path("my_expert.py"),
    name: Annotated[str, typer.Option(help="As recipes call it. Default: the file's name.")] = "",
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Write a Python file with a law that works as it is, to be changed to your own, and say how it is used.

    A law is a function of the axis with a few parameters for each cluster.
    """
    if file.suffix != ".py":
        raise typer.BadParameter(f"{file} is no Python file; say {file.stem}.py", param_hint="FILE")
    name = name or file.stem
    if not name.isidentifier() or keyword.iskeyword(name) or name in USED:
        raise typer.BadParameter(f"{name!r} cannot name a function; say --name damped_oscillator", param_hint="--name")
    if file.exists():
        raise FingerprintError(
            "there is a file of that name already",
            where=str(file),
            next="Choose another: fingerprint new-expert another.py; or use it: fingerprint train --recipe mine.toml "
            f"--plugin {file}.",
        )
    from fingerprint.experts import entries
    from fingerprint.experts.template import recipe_for, template
    from fingerprint.files import write_text_atomically

    if name in entries():
        raise FingerprintError(
            f"there is an expert called {name!r} already: {entries()[name].title}",
            where=name,
            next="Give yours another name: --name my_law. What there is: fingerprint experts.",
        )
    write_text_atomically(file, template(name, file.name))
    command = f"fingerprint train --recipe mine.toml --plugin {file}"
    found = {"files": [str(file)], "name": name, "recipe": recipe_for(name), "next": command}
    console.answer({"ok": True, "problems": [], **found}, str(file))
    console.say(
        "Next: change the formula and its parameters; write a recipe, mine.toml, with the names of your modalities "
        f"(fingerprint info lists them):\n\n{recipe_for(name)}\nand train:\n\n{command}\n\n"
        "Every command that opens the run needs --plugin too. More: docs/experts.md"
    )
