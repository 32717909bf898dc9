"""phonopy's densities of states: total_dos.dat, and projected_dos.dat (partial_dos.dat of old), a column per atom.

Two columns, or more, below one comment: "# Sigma = 0.100000" or "# Tetrahedron method". No unit is stated. THz is what
phonopy writes unless it was told another factor (--factor), so it is what a file is taken to be in, and dataset.toml
may say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fingerprint.errors import ReadError
from fingerprint.ingestion.beginning import MEBIBYTE, complete_lines
from fingerprint.ingestion.codes.numbers import rows_of_numbers
from fingerprint.ingestion.codes.output import Output, column, compressed, id_from, output_format
from fingerprint.ingestion.dataset import FOLDER
from fingerprint.ingestion.reader import OutputLayout, Unrecognised

SUM = "sum"  # values = "sum": of the columns of the atoms
TOTAL, PROJECTED = ("total_dos.dat",), ("projected_dos.dat", "partial_dos.dat")
_MOST = 32 * MEBIBYTE
_FASTEST = 150.0  # THz; molecular hydrogen has 132
_HEAD = re.compile(r"# (Sigma = \d+\.\d+|Tetrahedron method)\s*")
_ORIGIN = "density of states of phonons as phonopy normalised it, in {units} (the file does not say)"

_PARTS = (
    "densities of single atoms, or of their directions, of which the total is the sum only where none is left out: "
    f'use total_dos.dat, or say values = "{SUM}" in dataset.toml'
)


def begins(lines: Sequence[str]) -> bool:
    """Whether a file begins with one of phonopy's comments and no other."""
    return len(lines) > 1 and _HEAD.fullmatch(lines[0]) is not None and not lines[1].startswith("#")


def parse(path: Path) -> Output | Unrecognised:
    """Take a file apart.

    Raises:
        ReadError: it is damaged, or its comment states something that phonopy does not.
    """
    lines = complete_lines(path, _MOST)
    places = [place for place, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    told = [line for line in lines if line.lstrip().startswith("#") and line.strip("# \t")]
    strange = next((line for line in told if not _HEAD.fullmatch(line)), None)
    if strange is not None or len(told) > 1:
        raise ReadError(
            f"phonopy writes no such comment: {(strange or told[1])[:80]!r}",
            where=str(path),
            expected='"# Sigma = ..." or "# Tetrahedron method", once; other comments are not understood.',
            next="Give the file another name, and its columns a header such as frequency_thz,phonon_dos.",
        )
    if not places:
        raise ReadError("the file holds no data", where=f"{path}:1", expected="At least two lines of numbers.")
    width = len(lines[places[0]].split())

    def where(_: int, point: int) -> str:
        return f"{path}:{places[point] + 1}"

    table = rows_of_numbers([lines[place] for place in places], width, lambda row: where(0, row))
    if width < 2:
        raise ReadError("one column", where=where(0, 0), expected="Frequencies and densities.")
    known = np.abs(table[:, 0]).max() <= _FASTEST
    units = ("THz", "1/THz") if known else (None, None)
    said = "THz unless it was told another factor" if known else f"no THz, since it goes beyond {_FASTEST:g}"
    projected = width > 2 or id_from(path, PROJECTED) == FOLDER
    name = SUM if projected else "phonon_dos"
    layout = OutputLayout(
        path,
        id_from(path, (*TOTAL, *PROJECTED)),
        column("frequency", units[0]),
        (column(name, units[1]),),
        _ORIGIN.format(units=said),
        certain=False,
    )
    total = np.stack([table[:, 0], table[:, 1:].sum(axis=1)], axis=1)
    return Output(layout, [total], where, unless_asked=_PARTS if projected else "")


FORMAT = output_format("phonopy", parse, compressed(".dat"), begins=begins)
