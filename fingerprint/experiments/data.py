"""The measurements of an experiment in a store of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fingerprint.generators import mnist_lines, mnist_ode
from fingerprint.ingestion import ingest
from fingerprint.store import Store, open_store

DIGIT, PART = "digit", "part"


@dataclass(frozen=True)
class DataSet:
    """What an experiment is made of.

    Attributes:
        name: of its folder.
        modalities: that it has.
        make: fills a folder with it, from a folder with MNIST's files or, for None, the network.
    """

    name: str
    modalities: tuple[str, ...]
    make: Callable[[Path, Path | None], object]


LINES = DataSet("mnist_lines", ("image", "line"), mnist_lines.make)
OSCILLATORS = DataSet("mnist_ode", ("image", *mnist_ode.MODALITIES), mnist_ode.make)


def filled_store(data: DataSet, folder: Path, source: Path | None) -> Store:
    """A store of a data set, made where it is not there yet by the ordinary commands.

    Args:
        data: which.
        folder: holds the data set and its stores.
        source: a folder with MNIST's files; None downloads them.

    Raises:
        FingerprintError: the files cannot be had.
    """
    whole = whole_store(folder)
    if not is_complete(whole, data):
        data.make(folder / data.name, source)
        ingest([folder / data.name], whole)
    return open_store(str(whole))


def whole_store(folder: Path) -> Path:
    """Where the store is in an experiment's folder."""
    return folder / "stores" / "whole"


def is_complete(path: Path, data: DataSet) -> bool:
    """Whether a store holds all modalities."""
    if not path.exists():
        return False
    return set(data.modalities) <= set(open_store(str(path)).modalities())
