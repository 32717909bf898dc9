"""The command line: each verb parses, calls one library function and prints.

`main` is the one boundary where a known error becomes a message and an exit code.
"""

from __future__ import annotations

import sys

import typer

from fingerprint.cli import (
    console,
    datasets,
    demo,
    experts,
    export,
    info,
    ingest,
    new_expert,
    predict,
    report,
    reproduce,
    show,
    store,
    train,
)
from fingerprint.errors import FingerprintError, disk_error

app = typer.Typer(
    name="fingerprint",
    help="Find the hidden states that several measurements of a material share, and predict the expensive "
    "measurement from the cheap one.",
    epilog="Example: fingerprint demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command(epilog="Example: fingerprint ingest vdos/")(ingest.ingest)
app.command(epilog="Example: fingerprint train --clusters 4")(train.train)
app.command(epilog="Example: fingerprint predict --target stress spectrum.csv")(predict.predict)
app.command(epilog="Example: fingerprint predict-stress spectrum.csv")(predict.predict_stress)
app.command(epilog="Example: fingerprint export --format parquet")(export.export)
app.command(epilog="Example: fingerprint report --open")(report.report)
app.command(epilog="Example: fingerprint reproduce mnist_lines --seeds 0-2")(reproduce.reproduce)
app.command(epilog="Example: fingerprint demo")(demo.demo)
app.command(epilog="Example: fingerprint info")(info.info)
app.command(epilog="Example: fingerprint show si-0412 --json")(show.show)
app.command(epilog="Example: fingerprint experts")(experts.experts)
app.command(epilog="Example: fingerprint new-expert my_expert.py --name damped_oscillator")(new_expert.new_expert)
app.add_typer(store.app, name="store")
app.add_typer(datasets.app, name="datasets")


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code: 0 done, 1 refused, 2 usage, 130 interrupted.

    An error that is not a known one keeps its traceback.
    """
    console.reset()
    try:
        app(args=sys.argv[1:] if arguments is None else arguments, prog_name="fingerprint")
    except FingerprintError as error:
        console.show_error(error)
    except OSError as error:
        known = disk_error(error)
        if known is None:
            raise
        console.show_error(known)
    sys.exit(1)
