"""`fingerprint info`: what is in a store or a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.cli import console
from fingerprint.cli.choose import run_path
from fingerprint.cli.told import run_document, run_lines
from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from fingerprint.store import ModalitySummary


NAMED = 5  # runs in a refusal


def info(
    target: Annotated[str | None, typer.Argument(help="A store, or a run by name or folder.")] = None,
    at: console.At = None,
    store: console.StorePath = console.DEFAULT_STORE,
    runs: console.RunsFolder = console.DEFAULT_RUNS,
    plugin: console.Plugins = None,  # noqa: ARG001
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Say what a store or a run holds."""
    path = None if target is None else run_path(target, runs)
    if path is not None and (path / "run.json").is_file():
        if at is not None:
            raise typer.BadParameter("is of a store; a run stands on the state that it names", param_hint="--at")
        _describe_run(path)
        return
    from fingerprint.store import Store

    if target is not None and not Store(target).exists():
        raise FingerprintError(
            "there is neither a store nor a run",
            where=target,
            expected="A store that `fingerprint ingest` made, or a run of `fingerprint train`, by folder or name.",
            next=f"{_runs_there(runs)} Without a name, `fingerprint info` describes the store {store}.",
        )
    _describe_store(target or store, at)


def _runs_there(runs: Path) -> str:
    from fingerprint.run import all_runs

    names = [path.name for _, path in all_runs(runs)]
    some = ", ".join([*(["..."] if len(names) > NAMED else []), *names[-NAMED:]])
    return f"Runs in {runs}: {some}." if names else f"There are no runs in {runs}."


def _describe_run(path: Path) -> None:
    import msgspec

    from fingerprint.recipe import format_recipe
    from fingerprint.run import load_run

    run = load_run(path)
    snapshot = {"position": run.info.position, "ingest": run.info.ingest}
    more = {"recipe": msgspec.to_builtins(run.recipe), "snapshot": snapshot, "versions": run.info.versions}
    told = f"{run.info.status}; snapshot {run.info.position} ({run.info.ingest})"
    console.answer(run_document(run) | more, *run_lines(run), told, "", format_recipe(run.recipe))


def _describe_store(path: str, at: int | None) -> None:
    from rich.text import Text

    from fingerprint.store import open_store, summarise

    summary = summarise(open_store(path), at)
    document = {
        "store": path,
        "snapshot": {"position": summary.snapshot.position, "ingest": summary.snapshot.ingest},
        "specimens": summary.specimens,
        "metadata": dict(summary.metadata),
        "modalities": {name: _document(modality) for name, modality in summary.modalities.items()},
        "warnings": list(summary.warnings),
    }
    lines = [f"{path}: {summary.specimens} specimens, {len(summary.modalities)} modalities"]
    for name, modality in summary.modalities.items():
        lines += ["", *_told(name, modality)]
    if summary.metadata:
        counted = ", ".join(f"{key} ({count})" for key, count in summary.metadata.items())
        lines += ["", f"metadata (specimens that have it): {counted}"]
    lines += [f"Warning: {warning}" for warning in summary.warnings]
    console.answer(document, Text("\n".join(lines)))


def _document(summary: ModalitySummary) -> dict[str, Any]:
    modality, axis = summary.modality, summary.axis
    return {
        "kind": modality.kind,
        "unit": modality.unit,
        "sign": modality.sign,
        "axis": axis
        and {
            "name": modality.axis_name,
            "unit": modality.axis_unit,
            "first": axis.first,
            "last": axis.last,
            "points": axis.points,
            "distinct": axis.distinct,
        },
        "shapes": summary.shapes,
        "count": summary.count,
        "missing": summary.missing,
        "measurements": summary.measurements,
        "replicate_sd": summary.spread,
        "min": summary.minimum,
        "mean": summary.mean,
        "max": summary.maximum,
    }


def _told(name: str, summary: ModalitySummary) -> list[str]:
    modality, axis = summary.modality, summary.axis
    head = ", ".join(filter(None, (modality.kind, modality.unit and f"in {modality.unit}", modality.sign)))
    several = f", {summary.measurements} measurements" if summary.measurements > summary.count else ""
    lines = [f"{name}: {head}", f"  specimens  {summary.count} measured, {summary.missing} missing{several}"]
    if axis is not None:
        span = f"{modality.axis_name} {axis.first!r} to {axis.last!r} {modality.axis_unit}".rstrip()
        lines.append(f"  axis       {span}, {axis.points} points, {axis.distinct} distinct")
    if summary.shapes:
        lines.append(f"  shape      {', '.join(f'{rows} x {columns}' for rows, columns in summary.shapes)}")
    values = f"min {summary.minimum:.6g}, mean {summary.mean:.6g}, max {summary.maximum:.6g}"
    lines.append(f"  values     {values} {modality.unit}".rstrip())
    if summary.spread is not None:
        told = f"standard deviation {summary.spread:.3g} {modality.unit}".rstrip()
        lines.append(f"  replicates {told} of a measurement about the mean of its specimen")
    return lines
