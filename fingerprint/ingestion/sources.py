"""Paths as they were given -> folders of data, and which of their files each modality claims."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fingerprint.errors import DatasetError
from fingerprint.ingestion.dataset import FILE_NAME, DatasetSpec, SpecimensSpec
from fingerprint.ingestion.decoding import COMPRESSIONS

MOST_EXCLUDED = 20  # files
_NO_UNICODE = re.compile("[\ud800-\udfff]")  # bytes in a file's name; a dataset.toml cannot hold them


@dataclass(frozen=True)
class Source:
    """One data set: a folder, or some files of one.

    Attributes:
        root: the folder that patterns are relative to.
        files: those that may be read, sorted; hidden ones and dataset.toml left out.
        whole: whether the folder itself was given.
    """

    root: Path
    files: tuple[Path, ...]
    whole: bool

    def matches(self, pattern: str) -> list[Path]:
        """Its files that match a pattern, sorted."""
        found = set(self.root.glob(pattern))
        return [path for path in self.files if path in found]


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """The data sets among the given paths: each folder is one, and so are the files of one folder together.

    Raises:
        DatasetError: a path is missing, or a folder holds no file.
    """
    sources: dict[Path, Source] = {}
    for path in paths:
        if path.is_dir():
            files = tuple(sorted(item for item in path.rglob("*") if item.is_file() and not _hidden(item, path)))
            if not files:
                raise DatasetError("the folder is empty", where=str(path), expected="Files of measurements.")
            sources[path] = Source(path, files, whole=True)
        elif path.is_file():
            known = sources.get(path.parent, Source(path.parent, (), whole=False))
            if not known.whole:
                files = tuple(sorted({*known.files, path}))
                sources[path.parent] = Source(path.parent, files, whole=False)
        else:
            raise DatasetError("there is no such file or folder", where=str(path), next="Check the path.")
    return list(sources.values())


def described_by(source: Source, spec: SpecimensSpec) -> list[Path]:
    """The files that say how the specimens were made."""
    excluded = {path for pattern in spec.exclude for path in source.matches(pattern)}
    return [path for path in source.matches(spec.file) if path not in excluded]


def claims(source: Source, spec: DatasetSpec, where: str) -> dict[str, list[Path]]:
    """The files of each modality.

    Args:
        where: the dataset.toml, for messages.

    Raises:
        DatasetError: a modality matches no file of the folder.
    """
    claimed: dict[str, list[Path]] = {}
    for name, modality in spec.modalities.items():
        excluded = {path for pattern in modality.exclude for path in source.matches(pattern)}
        matched = [path for path in source.matches(modality.files) if path not in excluded]
        if matched:
            claimed[name] = matched
        elif source.whole:
            raise DatasetError(
                f"{modality.files!r} matches no file in {source.root}",
                where=f"{where}: [modalities.{name}] files",
                expected="A pattern relative to the data folder, such as 'spectra/*.csv'.",
            )
    if not claimed:
        raise DatasetError("none of the given files belongs to a modality", where=where)
    return claimed


def pattern_of(source: Source, paths: Sequence[Path]) -> str | None:
    """A pattern that matches these files of the source and no other; None when there is no simple one."""
    names = [path.relative_to(source.root).as_posix() for path in paths]
    if len(names) == 1:
        return _NO_UNICODE.sub("?", glob.escape(names[0]))
    folders = {str(PurePosixPath(name).parent) for name in names}
    suffixes = {"".join(_suffixes(PurePosixPath(name))) for name in names}
    if len(suffixes) > 1:
        return None
    suffix = suffixes.pop()
    folder = "" if folders == {"."} else f"{glob.escape(folders.pop())}/" if len(folders) == 1 else "**/"
    prefix = glob.escape(PurePosixPath(shared_beginning(names) + "x").name[:-1])
    ending = glob.escape(shared_beginning([name[::-1] for name in names])[::-1].rsplit("/")[-1])
    for pattern in (f"{folder}*{suffix}", f"{folder}{prefix}*{suffix}", f"{folder}*{ending}"):
        candidate = _NO_UNICODE.sub("?", pattern)
        if source.matches(candidate) == sorted(paths):
            return candidate
    return None


def pattern_but(source: Source, paths: Sequence[Path]) -> tuple[str, tuple[str, ...]] | None:
    """A pattern that matches these files and a few others, and those others; None when there are many of them."""
    suffixes = {"".join(_suffixes(PurePosixPath(path.name))) for path in paths}
    folders = {path.relative_to(source.root).parent.as_posix() for path in paths}
    if len(suffixes) > 1:
        return None
    folder = "" if folders == {"."} else f"{glob.escape(folders.pop())}/" if len(folders) == 1 else "**/"
    pattern = f"{folder}*{suffixes.pop()}"
    others = [path.relative_to(source.root).as_posix() for path in source.matches(pattern) if path not in paths]
    if len(others) > MOST_EXCLUDED:
        return None
    return pattern, tuple(_NO_UNICODE.sub("?", glob.escape(name)) for name in others)


def shared_beginning(names: Sequence[str]) -> str:
    """What some names begin with."""
    first, last = min(names), max(names)
    length = next((i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), 0)
    return first[:length]


def _suffixes(name: PurePosixPath) -> list[str]:
    return name.suffixes[-2:] if name.suffix.lower() in COMPRESSIONS else name.suffixes[-1:]


def _hidden(path: Path, root: Path) -> bool:
    return path.name == FILE_NAME or any(part.startswith(".") for part in path.relative_to(root).parts)
