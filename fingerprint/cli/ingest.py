"""`fingerprint ingest`: files into the store."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.cli import console
from fingerprint.errors import AmbiguousError, DatasetError

if TYPE_CHECKING:
    from fingerprint.ingestion import IngestReport
    from fingerprint.ingestion.report import ModalityReport

REJECTED = Path("rejected.csv")


class Conflict(StrEnum):
    """What can become of a measurement that differs from the stored one."""

    ERROR = "error"
    KEEP = "keep"
    REPLACE = "replace"


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Folders and files of measurements.", metavar="PATH...")],
    store: console.StorePath = console.DEFAULT_STORE,
    dataset: Annotated[
        Path | None, typer.Option("--dataset", help="A dataset.toml from elsewhere.", metavar="FILE")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the dataset.toml, read everything, store nothing.")
    ] = False,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Leave out files that cannot be read; list them in rejected.csv."),
    ] = False,
    on_conflict: Annotated[
        Conflict,
        typer.Option(
            help="What becomes of a measurement that differs from the one stored of its specimen under the same id."
        ),
    ] = Conflict.ERROR,
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Read text, Excel, HDF5, NumPy, IDX and image files into the store.

    A folder's dataset.toml says what its files hold.
    Without one it is inferred, and shown so that it can be saved and corrected.
    Either everything is stored or, on an error, nothing.
    """
    from rich.text import Text

    from fingerprint.ingestion import ingest as ingest_files
    from fingerprint.ingestion import write_rejected

    try:
        report = ingest_files(
            paths, store, dataset=dataset, dry_run=dry_run, skip_bad=skip_bad, on_conflict=on_conflict.value
        )
    except AmbiguousError as error:
        if not dry_run or console.wants_json():
            raise
        console.write(error.proposal)
        raise DatasetError(error.what, where=error.where, next=error.next) from None
    if report.refused:
        write_rejected(report.refused, REJECTED)
    if report.inferred and not dry_run:
        console.say(Text(f"There is no dataset.toml; this one was inferred:\n\n{report.dataset_toml}"))
    for warning in report.warnings:
        console.say(Text(f"Warning: {warning}", style="yellow"))
    for ignored in report.ignored:
        console.say(Text(f"Ignored {ignored.file}: {ignored.reason}"))
    for refused in report.refused:
        console.say(Text(f"Refused {refused.where}: {refused.reason} (listed in {REJECTED})", style="red"))
    if dry_run:
        console.say(Text(_table(report)))
        console.answer(_document(report), Text(report.dataset_toml.rstrip("\n")))
        return
    console.answer(_document(report), Text(f"{_table(report)}\n{_sentence(report, store)}"))


def _table(report: IngestReport) -> str:
    rows: list[tuple[str, ...]] = [
        ("modality", "kind", "unit", "read", "missing", "new", "unchanged", "replaced", "kept", "axis")
    ]
    for name, each in report.modalities.items():
        counts = (each.read, each.missing, each.new, each.unchanged, each.replaced, each.kept)
        shown = ["-" if count is None else str(count) for count in counts]
        rows.append((name, str(each.modality.kind), each.modality.unit or "-", *shown, _axis(each)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _axis(each: ModalityReport) -> str:
    axis = each.axis
    if axis is None:
        return "-"
    unit = f" {axis.unit}" if axis.unit else ""
    several = f", {axis.distinct} axes" if axis.distinct > 1 else ""
    return f"{axis.name} {axis.first:g} to {axis.last:g}{unit}, {axis.points} points{several}"


def _sentence(report: IngestReport, store: str) -> str:
    if report.ingest is None:
        return f"Nothing new: {store} holds all of it already."
    return f"{store} holds {report.total_specimens} specimens, {report.new_specimens} of them new."


def _document(report: IngestReport) -> dict[str, Any]:
    import msgspec

    modalities = {
        name: {
            "kind": each.modality.kind,
            "unit": each.modality.unit,
            "sign": each.modality.sign,
            "axis": each.axis,
            "read": each.read,
            "missing": each.missing,
            "new": each.new,
            "unchanged": each.unchanged,
            "replaced": each.replaced,
            "kept": each.kept,
        }
        for name, each in report.modalities.items()
    }
    document = {
        "modalities": modalities,
        "specimens": {"total": report.total_specimens, "new": report.new_specimens},
        "ignored": report.ignored,
        "refused": report.refused,
        "ingest": report.ingest,
        "dataset_toml": report.dataset_toml,
        "warnings": report.warnings,
    }
    return msgspec.to_builtins(document)
