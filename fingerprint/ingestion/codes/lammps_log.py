"""The thermodynamic output in a log of LAMMPS: a line of names, "Step" among them, and rows until the run ends.

Units hang on the command `units` of the simulation. A log of several runs holds several such blocks, and which is meant
cannot be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fingerprint.errors import ReadError
from fingerprint.ingestion.beginning import MEBIBYTE, limited_lines
from fingerprint.ingestion.codes.numbers import number, rows_of_numbers
from fingerprint.ingestion.codes.output import Output, column, compressed, id_from, output_format
from fingerprint.ingestion.reader import OutputLayout, Unrecognised

NAMES = ("log.lammps",)
_MOST = 32 * MEBIBYTE
_STEP, _END = "Step", "Loop time of "
_ORIGIN = "thermodynamic output of LAMMPS at each step; the log's units are those of the command units"


def begins(lines: Sequence[str]) -> bool:
    """Whether a file begins as a log of LAMMPS."""
    return bool(lines) and lines[0].startswith("LAMMPS (")


def parse(path: Path) -> Output | Unrecognised:
    """Take a log apart.

    Raises:
        ReadError: it holds several blocks, ends inside one, or has a line in it that is no row.
    """
    lines = limited_lines(path, _MOST)
    heads = [place for place in range(len(lines) - 1) if _is_head(lines, place)]
    if not heads:
        return Unrecognised(path, "a log of LAMMPS without columns of thermodynamic output")
    ends = [place for place, line in enumerate(lines) if line.startswith(_END)]
    if max(len(heads), len(ends)) > 1:
        raise ReadError(
            f"{max(len(heads), len(ends))} runs, each with thermodynamic output of its own",
            where=f"{path}:{(ends[0] if len(ends) > 1 else heads[1]) + 1}",
            next="Keep the one block that is meant, from its line of names to its Loop time, in a file of its own.",
        )
    names = lines[heads[0]].split()
    if not ends or ends[0] < heads[0]:
        raise ReadError(
            "the log ends inside its run, and its last line may be cut off",
            where=f"{path}:{len(lines)}",
            expected=f'A line that begins with "{_END}" below the rows.',
        )
    rows = [place for place in range(heads[0] + 1, ends[0]) if not lines[place].startswith("WARNING")]

    def where(_: int, point: int) -> str:
        return f"{path}:{rows[point] + 1}"

    table = rows_of_numbers([lines[place] for place in rows], len(names), lambda row: where(0, row))
    step = names.index(_STEP)
    others = [name for place, name in enumerate(names) if place != step]
    layout = OutputLayout(
        path,
        id_from(path, NAMES),
        column("timestep", header=_STEP),
        tuple(column(name) for name in others),
        _ORIGIN,
        certain=False,
        measured=len(others) == 1,
    )
    return Output(layout, [np.column_stack([table[:, step], np.delete(table, step, axis=1)])], where)


def _is_head(lines: Sequence[str], place: int) -> bool:
    """Whether names stand here, and as many numbers in the next line."""
    if _STEP not in lines[place]:
        return False
    names, numbers = lines[place].split(), lines[place + 1].split()
    return (
        names.count(_STEP) == 1
        and len(names) == len(numbers) > 1
        and all(number(name) is None for name in names)
        and all(number(field) is not None for field in numbers)
    )


FORMAT = output_format("LAMMPS log", parse, compressed(".lammps", ".log", ".txt", ".out"), NAMES, begins)
