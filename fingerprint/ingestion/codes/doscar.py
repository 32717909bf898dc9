"""VASP's DOSCAR: the electronic density of states, on energies from the Fermi energy.

Five lines of header; EMAX, EMIN, NEDOS, EFERMI and 1.0; NEDOS lines of an energy, the density and its integral, or of
both for spin up and for spin down. A block of the same form for each atom may follow. Energies are in eV, densities in
1/eV, per cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadError
from fingerprint.ingestion.beginning import MEBIBYTE, lines_at_beginning
from fingerprint.ingestion.codes.numbers import number, rows_of_numbers
from fingerprint.ingestion.codes.output import ENERGY_FROM_FERMI, Output, column, compressed, id_from, output_format
from fingerprint.ingestion.reader import OutputLayout

NAMES = ("doscar",)
_MOST = 32 * MEBIBYTE
_HEADER = 6  # lines
_COLUMNS = (0, 16, 32, 37, 53, 69)  # of its sixth line, where numbers leave no blank between them
_CURVES = {3: ("electron_dos",), 5: ("electron_dos_up", "electron_dos_down")}
_SPIKE = 0.01  # electrons below the first energy that count
ELECTRONS = "density of states of electrons, energies from the Fermi energy in the file, per cell"
_ORIGIN = (
    f"{ELECTRONS}; the total only, without integrals and blocks of atoms, and without the first point where VASP put "
    "all states below EMIN there"
)


class _Grid(NamedTuple):
    highest: float
    lowest: float
    points: int
    fermi: float


def begins(lines: Sequence[str]) -> bool:
    """Whether a file has the header of a DOSCAR."""
    return len(lines) >= 4 and lines[3].strip() == "CAR"


def parse(path: Path) -> Output:
    """Take a DOSCAR apart.

    Raises:
        ReadError: it is damaged or cut off, or contradicts its own header.
    """
    lines = lines_at_beginning(path, _MOST)
    if len(lines) <= _HEADER:
        raise ReadError("the file ends in its header", where=f"{path}:{len(lines)}", expected="A DOSCAR of VASP.")
    grid = _grid(lines[_HEADER - 1], f"{path}:{_HEADER}")
    rows = lines[_HEADER : _HEADER + grid.points]
    if len(rows) < grid.points or not rows[-1].strip():
        raise ReadError(
            f"NEDOS is {grid.points}, and the file ends after {sum(map(bool, map(str.strip, rows)))} energies",
            where=str(path),
            next="Copy the file again from where it was computed.",
        )

    def place(row: int) -> str:
        return f"{path}:{_HEADER + 1 + row}"

    width = len(rows[0].split())
    if width not in _CURVES:
        raise ReadError(f"{width} columns", where=place(0), expected="3 columns, or 5 where spins are apart.")
    table = rows_of_numbers(rows, width, place)
    _check_grid(table[:, 0], grid, place)
    _check_end(lines[_HEADER + grid.points :], lines[_HEADER - 1], place(grid.points))
    first = _spike(table, grid)
    spins = (width - 1) // 2
    kept = np.column_stack([table[first:, 0] - grid.fermi, table[first:, 1 : 1 + spins]])
    layout = OutputLayout(
        path,
        id_from(path, NAMES),
        column(ENERGY_FROM_FERMI, "eV"),
        tuple(column(name, "1/eV") for name in _CURVES[width]),
        _ORIGIN,
    )
    return Output(layout, [kept], lambda _, point: place(point + first))


def _grid(line: str, where: str) -> _Grid:
    fields = line.split()
    if len(fields) != 5:
        fields = [line[start:end].strip() for start, end in pairwise(_COLUMNS)]
    numbers = [value for value in map(number, fields) if value is not None]
    points = fields[2] if len(fields) > 2 else ""
    if len(numbers) != 5 or not points.isascii() or not points.isdigit() or int(points) < 2 or numbers[4] != 1.0:
        raise ReadError(
            f"this is no line of EMAX, EMIN, NEDOS, EFERMI and 1.0: {line.strip()[:80]!r}",
            where=where,
            expected="Five numbers; stars stand for one that did not fit.",
        )
    grid = _Grid(numbers[0], numbers[1], int(points), numbers[3])
    if grid.highest <= grid.lowest:
        raise ReadError(f"EMAX {grid.highest:g} is not above EMIN {grid.lowest:g}", where=where)
    return grid


def _check_grid(energies: NDArray[np.float64], grid: _Grid, place: Callable[[int], str]) -> None:
    """That the energies run from EMIN to EMAX: if not, the header, and its Fermi energy, belong to other numbers."""
    step = (grid.highest - grid.lowest) / (grid.points - 1)
    for row, expected, name in ((0, grid.lowest, "EMIN"), (grid.points - 1, grid.highest, "EMAX")):
        if abs(energies[row] - expected) > 1.5 * step + 1e-3:
            raise ReadError(
                f"the energy {energies[row]:g} stands where {name} {expected:g} should",
                where=place(row),
                expected="The header must be that of these energies.",
            )


def _check_end(rest: Sequence[str], header: str, where: str) -> None:
    """That the block ends where NEDOS says: with the file, or with the header of an atom's block, which is the same."""
    after = next((line for line in rest if line.strip()), None)
    if after is not None and after.split()[:5] != header.split()[:5]:
        raise ReadError(
            "the block goes on after NEDOS energies",
            where=where,
            expected="The file must end, or an atom's block begin.",
        )


def _spike(table: NDArray[np.float64], grid: _Grid) -> int:
    """How many points to leave out: the first, where it is what all states below it are, over one step."""
    spins = (table.shape[1] - 1) // 2
    step = (grid.highest - grid.lowest) / (grid.points - 1)
    density, integral = table[0, 1 : 1 + spins], table[0, 1 + spins :]
    return int(bool(integral.max() > _SPIKE and np.allclose(density * step, integral, rtol=2e-3, atol=1e-3)))


FORMAT = output_format("VASP DOSCAR", parse, compressed(".doscar"), NAMES)
