"""`fingerprint predict` and `fingerprint predict-stress`: one modality from others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingerprint.cli import console
from fingerprint.cli.choose import open_run
from fingerprint.errors import FingerprintError

if TYPE_CHECKING:
    from fingerprint.prediction import Prediction, Predictions, Refusal
    from fingerprint.run import Run


SEEN = {
    "train": "the model was trained on this specimen: the interval does not apply",
    "validation": "the intervals were calibrated on this specimen: this one does not apply",
}


class Format(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


Files = Annotated[list[Path] | None, typer.Argument(help="Files, or folders of files.", show_default=False)]
Input = Annotated[
    list[str] | None,
    typer.Option("--input", help="MODALITY=FILE, where it is not plain which modality a file holds."),
]
Specimens = Annotated[list[str] | None, typer.Option("--specimen", help="A specimen of the store, by id.")]
All = Annotated[bool, typer.Option("--all", help="Every specimen of the store.")]
XUnit = Annotated[str | None, typer.Option("--x-unit", help="The unit of the axis, whatever the files say.")]
Level = Annotated[float | None, typer.Option(help="Of the interval, such as 0.95. Default: the run's.")]
Form = Annotated[Format, typer.Option("--format", help="How the answer is written.")]
Out = Annotated[Path | None, typer.Option(help="Write the answer to this file instead.")]


def predict(
    files: Files = None,
    target: Annotated[str, typer.Option(help="The modality to predict.")] = "",
    inputs: Input = None,
    specimen: Specimens = None,
    all_specimens: All = False,
    x_unit: XUnit = None,
    level: Level = None,
    form: Form = Format.TABLE,
    out: Out = None,
    run: console.RunName = None,
    runs: console.RunsFolder = console.DEFAULT_RUNS,
    store: console.StorePath = console.DEFAULT_STORE,
    plugin: console.Plugins = None,  # noqa: ARG001
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Predict one modality of new specimens from their other measurements, with an honest error bar."""
    if not target:
        raise typer.BadParameter("name the modality to predict: --target stress", param_hint="--target")
    _predict(target, files, inputs, specimen, all_specimens, x_unit, level, form, out, run, runs, store)


def predict_stress(
    files: Files = None,
    inputs: Input = None,
    specimen: Specimens = None,
    all_specimens: All = False,
    x_unit: XUnit = None,
    level: Level = None,
    form: Form = Format.TABLE,
    out: Out = None,
    run: console.RunName = None,
    runs: console.RunsFolder = console.DEFAULT_RUNS,
    store: console.StorePath = console.DEFAULT_STORE,
    plugin: console.Plugins = None,  # noqa: ARG001
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Predict the stress from a spectrum: `predict --target stress`.

    The sign convention is that of the training data and stands beside the answer; in the silicon set that comes with
    fingerprint, compression is positive.
    """
    _predict("stress", files, inputs, specimen, all_specimens, x_unit, level, form, out, run, runs, store)


def _predict(
    target: str,
    files: list[Path] | None,
    inputs: list[str] | None,
    specimens: list[str] | None,
    all_specimens: bool,
    x_unit: str | None,
    level: float | None,
    form: Format,
    out: Path | None,
    run: str | None,
    runs: Path,
    store: str,
) -> None:
    from fingerprint.prediction import Predictions, Refusal, predict, predict_stored
    from fingerprint.store import open_store

    if not (files or inputs or specimens or all_specimens):
        raise typer.BadParameter("give a file, a folder, --specimen ID or --all", param_hint="FILE")
    opened = open_run(run, runs, having=(target,))
    if opened.info.status == "interrupted":
        console.say(
            f"The training of this run was interrupted after {len(opened.history)} of {opened.recipe.training.epochs} "
            "epochs: what it predicts is provisional."
        )
    given = _inputs(inputs or [])
    paths, empty = _expand(files or [])
    found = predict(opened, target, paths, inputs=given, x_unit=x_unit, level=level)
    answered = list(found.predictions)
    refused = [_nothing_in(folder) for folder in empty] + list(found.refused)
    if specimens or all_specimens:
        try:
            stored = predict_stored(
                opened, open_store(store), target, None if all_specimens else specimens, level=level
            )
        except FingerprintError as error:
            if not answered:
                raise
            refused.append(Refusal(store, error.where, error.what, error.expected, error.next))
        else:
            answered += stored.predictions
            refused += stored.refused
    found = Predictions(tuple(answered), tuple(refused))
    _write(found, opened, form, out)
    for refusal in found.refused:
        refused = FingerprintError(refusal.reason, where=refusal.where, expected=refusal.expected, next=refusal.next)
        console.show_refusal(refused)
    if found.refused:
        raise typer.Exit(1)


def _inputs(pairs: list[str]) -> dict[str, list[str | Path]]:
    result: dict[str, list[str | Path]] = {}
    for pair in pairs:
        name, equals, file = pair.partition("=")
        if not equals or not name or not file:
            raise typer.BadParameter(f"{pair!r} is not MODALITY=FILE", param_hint="--input")
        result.setdefault(name, []).append(file)
    return result


def _expand(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """Files as they are, and of a folder the files that a reader knows, sorted; and the folders that have none."""
    from fingerprint.ingestion.formats import find_format

    result: list[Path] = []
    empty: list[Path] = []
    for path in paths:
        if not path.is_dir():
            result.append(path)
            continue
        inside = sorted(each for each in path.iterdir() if each.is_file() and find_format(each) is not None)
        if not inside:
            empty.append(path)
        result += inside
    return result, empty


def _nothing_in(folder: Path) -> Refusal:
    from fingerprint.prediction import Refusal

    name = str(folder)
    return Refusal(name, name, "no file in this folder can be read", "Files of measurements (see docs/ingest.md).", "")


def _write(found: Predictions, run: Run, form: Format, out: Path | None) -> None:
    from fingerprint.files import write_text_atomically

    document = console.json_text(_document(found, run)) if console.wants_json() or form is Format.JSON else ""
    text = _csv(found.predictions) if form is Format.CSV else document or _table(found.predictions)
    if out is not None:
        write_text_atomically(out, text)
        console.say(f"Written: {out}")
    if console.wants_json():
        console.write(document)
    elif out is None:
        console.write(text)


def _document(found: Predictions, run: Run) -> dict[str, Any]:
    import msgspec

    return {
        "run": str(run.path),
        "snapshot": {"position": run.info.position, "ingest": run.info.ingest},
        "refused": msgspec.to_builtins(found.refused),
        "predictions": msgspec.to_builtins(found.predictions, enc_hook=lambda array: array.tolist()),
    }


def _csv(predictions: tuple[Prediction, ...]) -> str:
    """A row per specimen; for a curve a row per specimen and point, for an image per specimen, row and column."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    clusters = len(predictions[0].clusters) if predictions else 0
    place = ["row", "column"] if predictions and _is_image(predictions[0]) else ["x"]
    head = ["source", "specimen", "part", "target", *place, "mean", "sd", "low", "high", "level", "unit", "sign"]
    writer.writerow([*head, "novelty_p", "flagged", "disagreement", *(f"cluster_{index}" for index in range(clusters))])
    for each in predictions:
        disagreement = None if each.disagreement is None else each.disagreement.p
        tail = [each.level, each.unit, each.sign, each.novelty.p, each.novelty.flagged, disagreement, *each.clusters]
        for numbers in _points(each):
            writer.writerow([each.source, each.specimen, each.part, each.target, *numbers, *tail])
    return buffer.getvalue()


def _is_image(each: Prediction) -> bool:
    return not isinstance(each.mean, (int, float)) and each.axis is None


def _points(each: Prediction) -> Iterator[tuple[Any, ...]]:
    """Where each point lies (x, or row and column), its mean, sd and interval."""
    if isinstance(each.mean, (int, float)):
        return iter([("", each.mean, each.sd, each.low, each.high)])
    import numpy as np

    shape = each.mean.shape
    places = tuple(np.indices(shape)) if each.axis is None else (each.axis,)
    bounds = (np.full(shape, None) if bound is None else bound for bound in (each.low, each.high))
    return zip(*(np.ravel(part).tolist() for part in (*places, each.mean, each.sd, *bounds)), strict=True)


def _table(predictions: tuple[Prediction, ...]) -> str:
    """A line or two per specimen, for reading."""
    from rich.console import Console
    from rich.table import Table

    if not predictions:
        return ""
    target, unit, sign = predictions[0].target, predictions[0].unit, predictions[0].sign
    level = predictions[0].level
    table = Table(
        "specimen", f"{target} [{unit}]" if unit else target, f"{100 * level:g} % interval", "cluster", "novelty"
    )
    for each in predictions:
        best = max(range(len(each.clusters)), key=each.clusters.__getitem__)
        warning = f"FLAGGED: {each.novelty.reason}" if each.novelty.flagged else each.novelty.reason
        if each.disagreement is not None and each.disagreement.flagged:
            warning += f"\nFLAGGED: its {' and '.join(each.given)} point to different clusters"
        table.add_row(each.specimen, *_told(each), f"{best} ({each.clusters[best]:.0%})", warning)
    reasons = sorted({each.why_no_interval for each in predictions if each.why_no_interval})
    console = Console(file=io.StringIO(), width=120, highlight=False, markup=False, emoji=False)
    console.print(table)
    for reason in reasons:
        console.print(f"No interval: {reason}.")
    if sign:
        console.print(f"Sign of {target}: {sign}.")
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def _told(each: Prediction) -> tuple[str, str]:
    seen = f"\n({SEEN[each.part]})" if each.part in SEEN else ""
    if not isinstance(each.mean, (int, float)):
        size = " x ".join(map(str, each.mean.shape))
        told = f"an image of {size}" if each.axis is None else f"a curve of {size} points"
        return told, f"see --format csv or --json{seen}"
    low, high = each.low, each.high
    if isinstance(low, float) and isinstance(high, float):
        return f"{each.mean:.3f}", f"{low:.3f} to {high:.3f}{seen}"
    return f"{each.mean:.3f}", f"-{seen}"
