"""What is made from the digits: lines.h5, specimens.csv and dataset.toml, beside the files of images."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.files import write_atomically, write_text_atomically
from fingerprint.generators.mnist_lines.lines import T, lines

LINES = "lines.h5"
SPECIMENS = "specimens.csv"
DATASET = "dataset.toml"

DATASET_TOML = """\
name = "mnist_lines"
description = "Handwritten digits (MNIST), and for each a noisy line whose slope is the digit"

[specimens]
file = "specimens.csv"
id = "specimen"
metadata = ["digit", "part"]  # stored, never shown to a model

[modalities.image]
kind = "image"
files = "*-images-idx3-ubyte.gz"
specimens = "{stem}-{row}"

[modalities.line]
kind = "series"
files = "lines.h5"
values = "line"
specimens = "specimen"
axis = { name = "t", values = "t" }
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


def write_tables(folder: Path, files: Sequence[ImageFile], seed: int) -> tuple[Path, ...]:
    """Write the three files, each whole or not at all, `dataset.toml` last.

    Args:
        folder: that holds the images, or will.
        files: of images; the noise of a line follows from the seed and the specimen's place in all of them.
        seed: of the noise.

    Returns:
        Their paths.
    """
    paths = folder / LINES, folder / SPECIMENS, folder / DATASET
    write_atomically(paths[0], lambda path: _write_lines(path, files, seed))
    write_text_atomically(paths[1], _specimens(files))
    write_text_atomically(paths[2], DATASET_TOML)
    return paths


def _write_lines(path: Path, files: Sequence[ImageFile], seed: int) -> None:
    ids = [specimen for file in files for specimen in file.ids]
    with h5py.File(path, "w") as file:
        file.create_dataset("line", data=lines(np.concatenate([each.digits for each in files]), seed))
        file.create_dataset("t", data=T)
        file.create_dataset("specimen", data=ids, dtype=h5py.string_dtype())
        file.attrs["seed"] = seed


def _specimens(files: Sequence[ImageFile]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("specimen", "digit", "part"))
    for file in files:
        rows.writerows(zip(file.ids, file.digits.tolist(), file.parts, strict=True))
    return text.getvalue()
