"""The data sets that come with the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fingerprint.bundled import bundled


@dataclass(frozen=True)
class ShippedDataset:
    """One folder of `datasets/`.

    Attributes:
        name: of the folder.
        title: first heading of its README.md.
        folder: where it is.
        ingestible: the folders in it that hold a `dataset.toml`, for `fingerprint ingest`.
    """

    name: str
    title: str
    folder: Path
    ingestible: tuple[Path, ...]


def shipped_datasets() -> tuple[ShippedDataset, ...]:
    """What is shipped, by name.

    Raises:
        FingerprintError: the installation is not whole.
    """
    readmes = sorted(bundled("datasets").glob("*/README.md"))
    return tuple(_shipped(readme) for readme in readmes)


def _shipped(readme: Path) -> ShippedDataset:
    folder = readme.parent
    lines = readme.read_text(encoding="utf-8").splitlines()
    title = next((line[2:].strip() for line in lines if line.startswith("# ")), folder.name)
    ingestible = tuple(sorted(found.parent for found in folder.rglob("dataset.toml")))
    return ShippedDataset(folder.name, title, folder, ingestible)
