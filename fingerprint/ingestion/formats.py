"""The registry of file families."""

from __future__ import annotations

from pathlib import Path

from fingerprint.errors import ReadError
from fingerprint.ingestion import delimited, excel, hdf5, idx, images, npy, npz, vendors
from fingerprint.ingestion.reader import Format

FORMATS: tuple[Format, ...] = (
    delimited.FORMAT,
    excel.FORMAT,
    hdf5.FORMAT,
    idx.FORMAT,
    images.FORMAT,
    npy.FORMAT,
    npz.FORMAT,
    vendors.FORMAT,
)


def find_format(path: Path) -> Format | None:
    """The family that a file's name belongs to, or None."""
    name = path.name.lower()
    return next((family for family in FORMATS if name.endswith(family.suffixes)), None)


def format_of(path: Path) -> Format:
    """The family that a file's name belongs to.

    Raises:
        ReadError: it belongs to none.
    """
    family = find_format(path)
    if family is None:
        known = ", ".join(suffix for each in FORMATS for suffix in each.suffixes)
        raise ReadError("this type of file is not read", where=str(path), expected=f"Known are {known}.")
    return family
