"""`fingerprint store`: the history of a store, and what it holds as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.cli import console
from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fingerprint.store import Counts, LedgerEntry

_NEXUS = (".nxs", ".nx", ".h5", ".hdf5")

app = typer.Typer(
    help="The history of a store: what was ingested, how to take it back, and how to take it elsewhere.",
    no_args_is_help=True,
    epilog="Example: fingerprint store log",
)


@app.command(epilog="Example: fingerprint store log --json")
def log(
    store: console.StorePath = console.DEFAULT_STORE,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """List every ingest and undo, oldest first."""
    from rich.text import Text

    from fingerprint.store import open_store

    entries = open_store(store).log()
    undone = {entry.undoes for entry in entries}
    lines = [
        f"{entry.position:>4}  {entry.ingest}  {entry.time:%Y-%m-%d %H:%M:%S} UTC  {_told(entry, undone)}"
        for entry in entries
    ]
    console.answer({"entries": [_entry(entry, undone) for entry in entries]}, Text("\n".join(lines)))


@app.command(epilog="Example: fingerprint store undo 20260314-091500-3fa9c1")
def undo(
    ingest: Annotated[str, typer.Argument(help="The id of an ingest, as `fingerprint store log` shows it.")],
    store: console.StorePath = console.DEFAULT_STORE,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Take an ingest back. What it replaced is seen again; nothing is deleted.

    Runs that were trained on it still find what they stand on.
    """
    from fingerprint.store import open_store

    entry = open_store(store).undo(ingest)
    console.answer({"entries": [_entry(entry, set())]}, f"Ingest {ingest} is undone.")


@app.command(epilog="Example: fingerprint store optimize")
def optimize(
    store: console.StorePath = console.DEFAULT_STORE,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Merge the small files that many ingests leave, so that reading is faster. No answer changes."""
    from dataclasses import asdict

    from rich.table import Table

    from fingerprint.store import open_store

    compacted = open_store(store).optimize()
    table = Table("table", "files before", "after", box=None)
    for entry in compacted:
        table.add_row(entry.table, str(entry.files_before), str(entry.files_after))
    console.answer({"entries": [asdict(entry) for entry in compacted]}, table)


@app.command(epilog="Example: fingerprint store export measured.nxs --modalities vdos,stress")
def export(
    out: Annotated[Path, typer.Argument(help="The NeXus file to write: .nxs, .nx, .h5 or .hdf5.")],
    modalities: Annotated[
        str | None, typer.Option(help="Names, separated by commas. Default: all that the store holds.")
    ] = None,
    at: console.At = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    store: console.StorePath = console.DEFAULT_STORE,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Write the measurements as a NeXus file, exactly as they are stored, with their units and the specimens' metadata.

    Viewers of NeXus show it, and `fingerprint ingest` reads it back. (`fingerprint export` writes what a run found.)
    """
    from fingerprint.exporting import to_nexus
    from fingerprint.store import open_store

    if out.suffix.lower() not in _NEXUS:
        raise typer.BadParameter(f"the name must end in {', '.join(_NEXUS)}", param_hint="OUT")
    if out.exists() and not overwrite:
        raise FingerprintError(
            "there is such a file already", where=str(out), next="Give it another name, or replace it with --overwrite."
        )
    opened = open_store(store)
    names = [name.strip() for name in modalities.split(",")] if modalities else None
    to_nexus(opened, out, names, opened.snapshot(at))
    console.answer({"files": [str(out)]}, str(out))


def _told(entry: LedgerEntry, undone: set[str]) -> str:
    if entry.kind == "undo":
        return f"undo of {entry.undoes}"
    parts = [f"{name}: {count.new + count.replaced}" for name, count in entry.counts.items()]
    parts = parts or ["metadata"]
    origin = f" from {len(entry.files)} file{'' if len(entry.files) == 1 else 's'}" if entry.files else ""
    return ", ".join(parts) + origin + (" (undone)" if entry.ingest in undone else "")


def _entry(entry: LedgerEntry, undone: set[str]) -> dict[str, Any]:
    return {
        "position": entry.position,
        "ingest": entry.ingest,
        "time": entry.time,
        "kind": entry.kind,
        "undoes": entry.undoes or None,
        "undone": entry.ingest in undone,
        "modalities": _counted(entry.counts),
        "format_version": entry.format_version,
        "package_version": entry.package_version,
        "dataset_toml": entry.dataset_toml,
        "files": dict(entry.files),
    }


def _counted(counts: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    return {
        name: {"new": count.new, "unchanged": count.unchanged, "replaced": count.replaced, "kept": count.kept}
        for name, count in counts.items()
    }
