"""The folder: the published images, and what is made from their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from fingerprint.generators.mnist import MIRRORS, Addition, complete, write_ids
from fingerprint.generators.mnist_ode.noisy import NOISE_VARIANCE, blocks, check_variance
from fingerprint.generators.mnist_ode.oscillator import T

MODALITIES = ("dx_dt", "dy_dt")

DESCRIPTION = "Handwritten digits (MNIST), and for each the noisy rates of a cubic oscillator that the digit decides"
MODALITIES_TOML = """\
[modalities.dx_dt]
kind = "series"
unit = "1/s"
files = "rates.h5"
values = "dx_dt"
specimens = "specimen"
axis = { name = "t", unit = "s", values = "t" }

[modalities.dy_dt]
kind = "series"
unit = "1/s"
files = "rates.h5"
values = "dy_dt"
specimens = "specimen"
axis = { name = "t", unit = "s", values = "t" }
"""


def addition(seed: int = 0, noise_variance: float = NOISE_VARIANCE) -> Addition:
    """What is made from the digits.

    Args:
        seed: of the noise; that of a specimen follows from the seed and its place among all.
        noise_variance: 1/s^2.

    Raises:
        ValueError: the variance is out of range.
    """
    check_variance(noise_variance)
    return Addition("mnist_ode", DESCRIPTION, MODALITIES_TOML, "rates.h5", partial(_write, seed, noise_variance))


def make(
    out: str | Path,
    source: str | Path | None = None,
    *,
    seed: int = 0,
    noise_variance: float = NOISE_VARIANCE,
    on_progress: Callable[[int, int], None] | None = None,
    mirrors: Sequence[str] = MIRRORS,
) -> tuple[Path, ...]:
    """Get the four files of MNIST, and write `rates.h5`, `specimens.csv` and `dataset.toml` beside them.

    As `fingerprint.generators.mnist.complete` does it, whose errors are raised: only the published bytes, all or
    nothing, and the same call goes on after a failure.

    Args:
        out, source, on_progress, mirrors: as of `complete`.
        seed: of the noise of the rates.
        noise_variance: 1/s^2.

    Raises:
        ValueError: the variance is out of range.
    """
    return complete(out, addition(seed, noise_variance), source, on_progress=on_progress, mirrors=mirrors)


def _write(seed: int, noise_variance: float, file: h5py.File, digits: NDArray[np.uint8], ids: Sequence[str]) -> None:
    """A piece at a time: the whole set has 287 MB."""
    curves = [file.create_dataset(name, (len(digits), len(T)), np.float32) for name in MODALITIES]
    first = 0
    for block in blocks(digits, seed, noise_variance):
        for number, dataset in enumerate(curves):
            dataset[first : first + len(block)] = block[:, number]
        first += len(block)
    file.create_dataset("t", data=T)
    write_ids(file, ids)
    file.attrs["seed"] = seed
    file.attrs["noise_variance"] = noise_variance
