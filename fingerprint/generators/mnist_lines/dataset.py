"""The folder: the published images, and what is made from their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.generators.mnist import MIRRORS, Addition, complete, write_ids
from fingerprint.generators.mnist_lines.lines import T, lines

DESCRIPTION = "Handwritten digits (MNIST), and for each a noisy line whose slope is the digit"
MODALITIES_TOML = """\
[modalities.line]
kind = "series"
files = "lines.h5"
values = "line"
specimens = "specimen"
axis = { name = "t", values = "t" }
"""


def addition(seed: int = 0) -> Addition:
    """What is made from the digits.

    Args:
        seed: of the noise; that of a line follows from the seed and the specimen's place among all.
    """
    return Addition("mnist_lines", DESCRIPTION, MODALITIES_TOML, "lines.h5", partial(_write, seed))


def make(
    out: str | Path,
    source: str | Path | None = None,
    *,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
    mirrors: Sequence[str] = MIRRORS,
) -> tuple[Path, ...]:
    """Get the four files of MNIST, and write `lines.h5`, `specimens.csv` and `dataset.toml` beside them.

    As `fingerprint.generators.mnist.complete` does it, whose errors are raised: only the published bytes, all or
    nothing, and the same call goes on after a failure.

    Args:
        out, source, on_progress, mirrors: as of `complete`.
        seed: of the noise of the lines.
    """
    return complete(out, addition(seed), source, on_progress=on_progress, mirrors=mirrors)


def _write(seed: int, file: h5py.File, digits: NDArray[np.uint8], ids: Sequence[str]) -> None:
    file.create_dataset("line", data=lines(digits, seed))
    file.create_dataset("t", data=T)
    write_ids(file, ids)
    file.attrs["seed"] = seed
