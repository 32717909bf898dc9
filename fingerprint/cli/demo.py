"""`fingerprint demo`: the main job on the data that come with fingerprint."""

from __future__ import annotations

import contextlib
import csv
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from fingerprint.cli import console
from fingerprint.cli import export as export_verb
from fingerprint.cli import ingest as ingest_verb
from fingerprint.cli import predict as predict_verb
from fingerprint.cli import report as report_verb
from fingerprint.cli import train as train_verb


def demo(
    out: Annotated[Path, typer.Option(help="The folder to work in; a number is added if it exists.")] = Path(
        "fingerprint-demo"
    ),
    json: console.Json = False,  # noqa: ARG001
    quiet: console.Quiet = False,  # noqa: ARG001
    verbose: console.Verbose = False,  # noqa: ARG001
) -> None:
    """Ingest, train, predict, export and report on the silicon set, saying each command that is run.

    The stress of the set is compression positive (-tr sigma / 3).
    """
    folder = _fresh(out)
    begun = time.monotonic()
    with contextlib.redirect_stdout(sys.stderr) if console.wants_json() else contextlib.nullcontext():
        _lay_out(folder)
        with contextlib.chdir(folder), console.answering_people():
            _say(f"cd {folder}")
            _step("fingerprint ingest vdos/", lambda: ingest_verb.ingest([Path("vdos")]))
            _step("fingerprint train --clusters 4", lambda: train_verb.train(clusters=4))
            spectra = sorted(Path("new_specimens").glob("si-*.csv"))
            names = " ".join(str(path) for path in spectra)
            _step(f"fingerprint predict-stress {names}", lambda: predict_verb.predict_stress(spectra))
            inside = _compare(spectra)
            _step("fingerprint export", lambda: export_verb.export())
            _step("fingerprint report", lambda: report_verb.report())
    (report,) = folder.resolve().glob("runs/*/report.html")
    seconds = time.monotonic() - begun
    console.answer(
        {"ok": True, "problems": [], "report": str(report), "inside": inside, "seconds": seconds},
        f"\nDone in {seconds:.0f} s. Open the report in a browser:\n{report}",
    )


def _fresh(out: Path) -> Path:
    """`out`, or the first of out-2, out-3, ... that does not exist."""
    candidate, number = out, 1
    while candidate.exists():
        number += 1
        candidate = out.with_name(f"{out.name}-{number}")
    return candidate


def _lay_out(folder: Path) -> None:
    """Copy the shipped measurements to where a lab would have its own."""
    from fingerprint.bundled import bundled

    shipped = bundled("datasets/silicon_vdos")
    for name in ("vdos", "new_specimens"):
        shutil.copytree(shipped / name, folder / name)


def _step(command: str, run: Callable[[], None]) -> None:
    _say(command)
    run()


def _say(command: str) -> None:
    console.answer({}, f"\n$ {command}")


def _compare(spectra: list[Path]) -> int:
    """Print the true stresses of the new specimens beside the predicted ones; how many lie in their intervals."""
    from rich.table import Table

    from fingerprint.prediction import predict
    from fingerprint.run import load_run, newest_run

    run = load_run(newest_run(console.DEFAULT_RUNS))
    with Path("new_specimens/truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["file"]: float(row["stress_gpa"]) for row in csv.DictReader(file)}
    table = Table("spectrum", "predicted [GPa]", "90 % interval", "true [GPa]", "", title="Against the truth")
    inside = 0
    for each in predict(run, "stress", spectra).predictions:
        true = truth[Path(each.source).name]
        low, high = each.low, each.high
        assert isinstance(low, float)
        assert isinstance(high, float)
        inside += low <= true <= high
        verdict = "inside" if low <= true <= high else "outside"
        table.add_row(each.specimen, f"{each.mean:.3f}", f"{low:.3f} to {high:.3f}", f"{true:.3f}", verdict)
    console.answer({}, table)
    return inside
