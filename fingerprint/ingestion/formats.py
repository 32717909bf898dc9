"""The registry of file families."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion import delimited, emsa, excel, hdf5, idx, images, jcamp, npy, npz, vendors
from fingerprint.ingestion.beginning import first_lines
from fingerprint.ingestion.codes import doscar, extxyz, lammps_averages, lammps_log, phonopy, pymatgen
from fingerprint.ingestion.decoding import COMPRESSIONS
from fingerprint.ingestion.reader import Format

# The first that a file fits: those that look into it stand before those that take all files of a suffix.
FORMATS: tuple[Format, ...] = (
    doscar.FORMAT,
    phonopy.FORMAT,
    lammps_averages.FORMAT,
    lammps_log.FORMAT,
    pymatgen.FORMAT,
    extxyz.FORMAT,
    delimited.FORMAT,
    hdf5.FORMAT,
    idx.FORMAT,
    jcamp.FORMAT,
    emsa.FORMAT,
    excel.FORMAT,
    images.FORMAT,
    npy.FORMAT,
    npz.FORMAT,
    vendors.FORMAT,
)


def find_format(path: Path) -> Format | None:
    """The family of a file: by its name, its suffix, and its first lines where several families share a suffix."""
    name = path.name.lower()
    bare = path.stem.lower() if path.suffix.lower() in COMPRESSIONS else name
    head = cache(lambda: first_lines(path))
    for family in FORMATS:
        if bare in family.names:
            return family
        if name.endswith(family.suffixes) and (family.begins is None or family.begins(head())):
            return family
    return None


def format_of(path: Path) -> Format:
    """The family of a file.

    Raises:
        ReadError: it belongs to none.
    """
    family = find_format(path)
    if family is not None:
        return family
    if not path.exists():
        raise ReadError("there is no such file", where=str(path), next="Check the path.")
    alike = [each.name for each in FORMATS if path.name.lower().endswith(each.suffixes)]
    if alike:
        raise ReadError(
            "the file begins like none that is read", where=str(path), expected=f"{' or '.join(alike)}, by its suffix."
        )
    known = ", ".join(dict.fromkeys(suffix for each in FORMATS for suffix in each.suffixes))
    raise ReadError("this type of file is not read", where=str(path), expected=f"Known are {known}.")
