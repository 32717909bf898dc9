"""What stands beside the files of images: what is made from the digits, specimens.csv and dataset.toml."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.files import write_atomically, write_text_atomically

SPECIMENS = "specimens.csv"
DATASET = "dataset.toml"

_DATASET_TOML = """\
name = "{name}"
description = "{description}"

[specimens]
file = "specimens.csv"
id = "specimen"
metadata = ["digit", "part"]  # stored, never shown to a model

[modalities.image]
kind = "image"
files = "*-images-idx3-ubyte.gz"
specimens = "{{stem}}-{{row}}"

"""


@dataclass(frozen=True)
class ImageFile:
    """The specimens of one file of images, in its order.

    Attributes:
        stem: what their ids begin with.
        digits: 0 to 9, [specimen].
        parts: train, validation or test, [specimen].
    """

    stem: str
    digits: NDArray[np.uint8]
    parts: Sequence[str]

    @property
    def ids(self) -> list[str]:
        """As the reader of IDX files gives them."""
        return [f"{self.stem}-{row:05d}" for row in range(len(self.digits))]


@dataclass(frozen=True)
class Addition:
    """What a data set adds to the images.

    Attributes:
        name, description: of the data set, as in its `dataset.toml`.
        modalities: sections of its `dataset.toml` for what the file holds.
        file: name of the HDF5 file that it adds.
        write: fills the file, given the digits, [specimen], and the ids of all specimens, one after the other.
    """

    name: str
    description: str
    modalities: str
    file: str
    write: Callable[[h5py.File, NDArray[np.uint8], Sequence[str]], None]

    @property
    def dataset_toml(self) -> str:
        """The whole of it."""
        return _DATASET_TOML.format(name=self.name, description=self.description) + self.modalities

    @property
    def made(self) -> tuple[str, str, str]:
        """The names of the files beside the images, in the order in which they are written."""
        return self.file, SPECIMENS, DATASET


def write_tables(folder: Path, files: Sequence[ImageFile], addition: Addition) -> tuple[Path, ...]:
    """Write the three files, each whole or not at all, `dataset.toml` last.

    Args:
        folder: that holds the images, or will.
        files: of images.
        addition: what is made from their digits.

    Returns:
        Their paths.
    """
    paths = tuple(folder / name for name in addition.made)
    digits = np.concatenate([each.digits for each in files])
    ids = [specimen for file in files for specimen in file.ids]
    write_atomically(paths[0], lambda path: _write(path, digits, ids, addition))
    write_text_atomically(paths[1], _specimens(files))
    write_text_atomically(paths[2], addition.dataset_toml)
    return paths


def write_ids(file: h5py.File, ids: Sequence[str]) -> None:
    """Write the ids as the dataset `specimen`."""
    file.create_dataset("specimen", data=ids, dtype=h5py.string_dtype())


def _write(path: Path, digits: NDArray[np.uint8], ids: Sequence[str], addition: Addition) -> None:
    with h5py.File(path, "w") as file:
        addition.write(file, digits, ids)


def _specimens(files: Sequence[ImageFile]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("specimen", "digit", "part"))
    for file in files:
        rows.writerows(zip(file.ids, file.digits.tolist(), file.parts, strict=True))
    return text.getvalue()
