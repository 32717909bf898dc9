"""Columns that LAMMPS writes with fix ave/time and fix ave/correlate, below comments that name them.

    # TimeStep c_msd[4]                      a row per output
    # TimeStep Number-of-rows                blocks of numbered rows: a line of time step and number of rows, then
    # Row c_rdf[1] c_rdf[2]                  the rows
    # Timestep Number-of-time-windows        blocks as well
    # Index TimeDelta Ncount c_v*c_v

No unit stands in these files: it hangs on the command `units` of the simulation. Several blocks are several moments of
one simulation, and which is meant cannot be known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.beginning import MEBIBYTE, complete_lines
from fingerprint.ingestion.codes.numbers import rows_of_numbers
from fingerprint.ingestion.codes.output import Output, column, compressed, output_format
from fingerprint.ingestion.dataset import STEM
from fingerprint.ingestion.reader import OutputLayout, Unrecognised

_MOST = 32 * MEBIBYTE
_FIRST = re.compile(r"# ([A-Z][a-z]+(-[a-z]+)?) data for fix \S+")
_ROWS, _WINDOWS = ["Row"], ["Index", "TimeDelta", "Ncount"]
_UNITS = "; LAMMPS writes no units: those of the command units of the simulation"
_ORIGIN = {
    1: "what fix ave/time wrote at each time step" + _UNITS,
    2: "what fix ave/correlate wrote, over the lag in time steps" + _UNITS,
}


def begins(lines: Sequence[str]) -> bool:
    """Whether a file begins as what a fix of LAMMPS writes."""
    told = [line.split() for line in lines[:2] if line.startswith("# ")]
    return bool(told) and (_FIRST.match(lines[0]) is not None or any(map(_is_time_step, told)))


def parse(path: Path) -> Output | Unrecognised:
    """Take a file apart.

    Raises:
        ReadError: it is damaged or cut off, holds several blocks, or rows that nothing was averaged in.
    """
    lines = complete_lines(path, _MOST)
    comments = [line.split()[1:] for line in lines if line.startswith("#")]
    places = [place for place, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    named = [names for names in comments if names[:1] in (["TimeStep"], ["Timestep"])]
    if not named or "Number-of-bins" in named[0] or "Number-of-chunks" in named[0]:
        return Unrecognised(path, "averages of LAMMPS over chunks or bins, or under titles of their own")
    if len(named) > 1:
        raise ReadError(f"{len(named)} headers: the output of several simulations", where=str(path), next=_KEEP_ONE)
    if not places:
        raise ReadError("the file holds no data", where=f"{path}:1", expected="At least two lines of numbers.")

    def where(row: int) -> str:
        return f"{path}:{places[row] + 1}"

    rows = [lines[place] for place in places]
    if named[0][1:] in (["Number-of-rows"], ["Number-of-time-windows"]):
        return _block(path, rows, comments[comments.index(named[0]) + 1 :], where)
    return _output(path, named[0], rows_of_numbers(rows, len(named[0]), where), where)


def _block(path: Path, rows: list[str], titles: list[list[str]], where: Callable[[int], str]) -> Output | Unrecognised:
    names = titles[0] if titles else []
    if names[:1] != _ROWS and names[:3] != _WINDOWS:
        return Unrecognised(path, "a block of LAMMPS whose columns have titles of their own")
    _, count = rows_of_numbers(rows[:1], 2, where)[0]
    if count > len(rows) - 1:
        raise ReadError(f"{count:g} rows are announced, and {len(rows) - 1} are there", where=where(0))
    if count < len(rows) - 1:
        raise ReadError(
            f"several blocks: after the {count:g} rows of the first {len(rows) - 1 - int(count)} lines follow",
            where=where(0),
            next=_KEEP_ONE,
        )

    def place(row: int) -> str:
        return where(row + 1)

    table = rows_of_numbers(rows[1:], len(names), place)
    strange = np.flatnonzero(table[:, 0] != np.arange(1, len(table) + 1))
    if strange.size:
        raise ReadError(f"row {table[strange[0], 0]:g} stands as row {strange[0] + 1}", where=place(int(strange[0])))
    if names[:3] != _WINDOWS:
        return _output(path, names, table, place)
    empty = np.flatnonzero(table[:, 2] < 1)
    if empty.size:
        raise ReadError("nothing was averaged for this lag (Ncount is 0)", where=place(int(empty[0])), next=_KEEP_ONE)
    return _output(path, [names[1], *names[3:]], np.delete(table, (0, 2), axis=1), place)


def _output(
    path: Path, names: list[str], table: NDArray[np.float64], where: Callable[[int], str]
) -> Output | Unrecognised:
    if len(names) < 2:
        return Unrecognised(path, "a single column of LAMMPS")
    lag, numbered = names[0] == _WINDOWS[1], names[:1] == _ROWS
    axis = column("row" if numbered else "time_lag" if lag else "timestep", header=names[0])
    curves = tuple(column(name) for name in names[1:])
    layout = OutputLayout(
        path, STEM, axis, curves, _ORIGIN[1 + lag], certain=False, measured=len(curves) == 1 and not numbered
    )
    return Output(layout, [table], lambda _, point: where(point))


def _is_time_step(fields: list[str]) -> bool:
    return fields[1:2] in (["TimeStep"], ["Timestep"])


_KEEP_ONE = "Keep the one block that is meant in a file of its own, with the comments at the top."

FORMAT = output_format(
    "LAMMPS averages", parse, compressed(".dat", ".txt", ".out", ".rdf", ".vacf", ".msd"), (), begins
)
