"""The folder: the published images, checked, and what is made from their labels."""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import FingerprintError, disk_error
from fingerprint.files import write_bytes_atomically
from fingerprint.generators.mnist_lines.fetch import check_source, copied, downloaded
from fingerprint.generators.mnist_lines.published import FILES, MIRRORS, TEST_LABELS, TRAIN_LABELS, PublishedFile
from fingerprint.generators.mnist_lines.tables import DATASET, LINES, SPECIMENS, ImageFile, write_tables

TRAINING = 54_000  # of the 60,000 training images; the others are for validation

_LABELS_HEADER = 8  # bytes


def make(
    out: str | Path,
    source: str | Path | None = None,
    *,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
    mirrors: Sequence[str] = MIRRORS,
) -> tuple[Path, ...]:
    """Get the four files of MNIST, and write `lines.h5`, `specimens.csv` and `dataset.toml` beside them.

    A file is kept only when its size and SHA-256 are those published. Files that `out` holds already are not fetched
    again, so that after a failure the same call goes on.

    Args:
        out: the folder to fill.
        source: a folder that holds the four files; None downloads them.
        seed: of the noise of the lines.
        on_progress: called with the bytes of the four files that are there and their total, first before any is got.
        mirrors: addresses to download from, tried in order.

    Returns:
        The paths of the seven files.

    Raises:
        FingerprintError: a file cannot be had or is not as published, or `out` holds something else.
        DiskError: the disk is full or cannot be written.
    """
    folder = Path(out)
    with _writing(folder):
        missing = _missing(folder)
        if source is not None:
            check_source(Path(source), missing)
        total = sum(file.size for file in FILES)
        done = total - sum(file.size for file in missing)
        report = on_progress or _silent

        def arrived(before: int, count: int) -> None:
            report(min(before + count, total), total)

        report(done, total)
        for file in missing:
            if source is not None:
                content = copied(file, Path(source))
            else:
                content = downloaded(file, mirrors, partial(arrived, done))
            write_bytes_atomically(folder / file.name, content)
            done += file.size
            report(done, total)
        made = write_tables(folder, _image_files(folder), seed)
    return (*(folder / file.name for file in FILES), *made)


def _missing(folder: Path) -> list[PublishedFile]:
    """The published files that the folder does not hold.

    Raises:
        FingerprintError: it holds other files of these names, or another data set.
    """
    if folder.exists() and not folder.is_dir():
        raise FingerprintError("not a folder", where=str(folder), next="Choose another folder with --out.")
    missing: list[PublishedFile] = []
    for file in FILES:
        path = folder / file.name
        if not path.exists():
            missing.append(file)
        elif not path.is_file() or file.fault(path.read_bytes()):
            raise FingerprintError(
                "this is another file of that name, or a damaged one",
                where=str(path),
                expected=f"{file.size} bytes with the SHA-256 {file.sha256}.",
                next="Choose another folder with --out, or move that file away and run the same command again.",
            )
    made = [name for name in (LINES, SPECIMENS, DATASET) if (folder / name).exists()]
    # dataset.toml is written last: without it the folder is an unfinished one of ours only when all images are there.
    ours = _is_ours(folder / DATASET) if DATASET in made else not missing
    if made and not ours:
        raise FingerprintError(
            f"the folder holds another data set ({', '.join(made)})",
            where=str(folder),
            next="Choose another folder with --out.",
        )
    return missing


def _is_ours(path: Path) -> bool:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("name") == "mnist_lines"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False


def _image_files(folder: Path) -> tuple[ImageFile, ImageFile]:
    train, test = _digits(folder / TRAIN_LABELS.name), _digits(folder / TEST_LABELS.name)
    parts = ["train"] * TRAINING + ["validation"] * (len(train) - TRAINING)
    return ImageFile("train", train, parts), ImageFile("t10k", test, ["test"] * len(test))


def _digits(path: Path) -> NDArray[np.uint8]:
    """The labels of a file whose content is known to be right."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=_LABELS_HEADER)


@contextmanager
def _writing(folder: Path) -> Generator[None]:
    """Say in words what the disk refuses."""
    try:
        yield
    except OSError as error:
        where = str(error.filename or folder)
        raise (
            disk_error(error, where)
            or FingerprintError(
                f"the folder cannot be written: {error.strerror or error}",
                where=where,
                next="Choose another folder with --out.",
            )
        ) from error


def _silent(done: int, total: int) -> None:
    """Report nothing."""
