"""The folder: the published images, checked, and what is made from their labels."""

from __future__ import annotations

import gzip
import shutil
import tomllib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import FingerprintError, disk_error
from fingerprint.files import write_bytes_atomically
from fingerprint.generators.mnist.fetch import check_source, copied, downloaded
from fingerprint.generators.mnist.published import FILES, MIRRORS, TEST_LABELS, TRAIN_LABELS, PublishedFile
from fingerprint.generators.mnist.tables import DATASET, Addition, ImageFile, write_tables

TRAINING = 54_000  # of the 60,000 training images; the others are for validation

_LABELS_HEADER = 8  # bytes


def complete(
    out: str | Path,
    addition: Addition,
    source: str | Path | None = None,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    mirrors: Sequence[str] = MIRRORS,
) -> tuple[Path, ...]:
    """Get the four files of MNIST, and write what a data set adds, `specimens.csv` and `dataset.toml` beside them.

    A file is kept only when its size and SHA-256 are those published. `out` is filled when all is there, and until then
    stays as it was. Files that it holds already are not fetched again, nor those that arrived before a failure, which
    wait in a hidden folder: the same call goes on.

    Args:
        out: the folder to fill.
        addition: what is made from the digits.
        source: a folder that holds the four files; None downloads them.
        on_progress: called with the bytes of the four files that are there and their total, first before any is got.
        mirrors: addresses to download from, tried in order.

    Returns:
        The paths of the seven files.

    Raises:
        FingerprintError: a file cannot be had or is not as published, or `out` holds something else.
        DiskError: the disk is full or cannot be written.
    """
    folder = Path(out)
    names = (*(file.name for file in FILES), *addition.made)
    with _writing(folder):
        waiting = _waiting(folder)
        lacking = _missing(folder, addition)
        missing = [file for file in lacking if not _has(waiting, file)]
        if source is not None:
            check_source(Path(source), missing)
        total = sum(file.size for file in FILES)
        done = total - sum(file.size for file in missing)
        report = on_progress or _silent

        def arrived(before: int, count: int) -> None:
            report(min(before + count, total), total)

        report(done, total)
        with _removing(None if source is None or waiting.exists() else waiting):
            for file in missing:
                if source is not None:
                    content = copied(file, Path(source))
                else:
                    content = downloaded(file, mirrors, partial(arrived, done))
                write_bytes_atomically(waiting / file.name, content)
                done += file.size
                report(done, total)
            places = {file.name: (waiting if file in lacking else folder) / file.name for file in FILES}
            write_tables(waiting, _image_files(places), addition)
            _put_in_place(waiting, folder, names)
    return tuple(folder / name for name in names)


def _waiting(folder: Path) -> Path:
    """Where files wait for the others, on the disk of the folder: in it, or beside it where it is not there yet."""
    return folder / ".parts" if folder.exists() else folder.with_name(f".{folder.name}.parts")


def _has(folder: Path, file: PublishedFile) -> bool:
    path = folder / file.name
    return path.is_file() and not file.fault(path.read_bytes())


@contextmanager
def _removing(folder: Path | None) -> Generator[None]:
    """Leave nothing of the folder behind after a failure."""
    try:
        yield
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _put_in_place(waiting: Path, folder: Path, names: Sequence[str]) -> None:
    """All at once where the folder is new; else file by file, `dataset.toml` last. What a killed call left half-written
    stays behind."""
    for stray in set(waiting.iterdir()) - {waiting / name for name in names}:
        stray.unlink()
    if not folder.exists():
        waiting.rename(folder)
        return
    for name in names:
        if (waiting / name).exists():
            (waiting / name).replace(folder / name)
    waiting.rmdir()


def _missing(folder: Path, addition: Addition) -> list[PublishedFile]:
    """The published files that the folder does not hold.

    Raises:
        FingerprintError: it holds other files of these names, or another data set.
    """
    if folder.exists() and not folder.is_dir():
        raise FingerprintError(
            "this is a file, not a folder", where=str(folder), next="Choose another folder with --out."
        )
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
    made = [name for name in addition.made if (folder / name).exists()]
    # dataset.toml is written last: without it the folder is an unfinished one of ours only when all images are there.
    ours = _is_ours(folder / DATASET, addition.name) if DATASET in made else not missing
    if made and not ours:
        raise FingerprintError(
            f"the folder holds another data set ({', '.join(made)})",
            where=str(folder),
            next="Choose another folder with --out.",
        )
    return missing


def _is_ours(path: Path, name: str) -> bool:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("name") == name
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False


def _image_files(places: Mapping[str, Path]) -> tuple[ImageFile, ImageFile]:
    train, test = _digits(places[TRAIN_LABELS.name]), _digits(places[TEST_LABELS.name])
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
