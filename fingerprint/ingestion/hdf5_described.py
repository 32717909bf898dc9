"""HDF5 files that hold a dataset.toml for themselves, as `fingerprint store export` writes them."""

from __future__ import annotations

from pathlib import Path

import h5py

from fingerprint.errors import DatasetError, ReadError, UnitError
from fingerprint.ingestion.dataset import parse_dataset
from fingerprint.ingestion.hdf5_access import find, words
from fingerprint.ingestion.hdf5_array import is_text, texts
from fingerprint.ingestion.reader import DescribedLayout

CREATOR = "fingerprint"
TOML_AT = "specimens/dataset_toml/data"


def layout(path: Path, file: h5py.File) -> DescribedLayout | None:
    """What a file says of itself; None where it does not.

    Raises:
        ReadError: what it says is no dataset.toml.
    """
    if words(file, "creator") != (CREATOR,):
        return None
    told = find(file, TOML_AT)
    if not isinstance(told, h5py.Dataset) or told.shape != () or not is_text(told):
        return None
    where = f"{path}: {TOML_AT}"
    try:
        return DescribedLayout(path, parse_dataset("".join(texts(told)), where))
    except (DatasetError, UnitError) as error:
        raise ReadError(
            error.what, where=error.where or where, expected=error.expected, next="Export the store again."
        ) from None
