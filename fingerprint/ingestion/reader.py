"""What every reader takes and returns, and what a file looks like before anyone has said what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fingerprint.ingestion.dataset import ModalitySpec, SpecimensSpec
from fingerprint.ingestion.decoding import COMPRESSIONS
from fingerprint.modality import RawModality

Cell = str | float | int | bool | None


class Request(NamedTuple):
    """One file to be read as one modality.

    Attributes:
        path: the file.
        name: of the modality.
        spec: where its values, axis and ids stand.
        missing: lower-case tokens that mean "not measured".
    """

    path: Path
    name: str
    spec: ModalitySpec
    missing: frozenset[str]


class Column(NamedTuple):
    """A named column or one-dimensional dataset.

    Attributes:
        header: as written.
        name: the header without its unit.
        unit: None where none is stated.
        numeric: whether most of what stands in it are numbers.
        unique: whether no two rows agree.
    """

    header: str
    name: str
    unit: str | None
    numeric: bool
    unique: bool


@dataclass(frozen=True)
class CurveLayout:
    """Two columns of numbers, one file per specimen; the columns are None in a file without header.

    Attributes:
        sheet: of a workbook of several; notes: what the person should know of it.
    """

    path: Path
    x: Column | None
    y: Column | None
    sheet: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableLayout:
    """A table, one row per specimen.

    Attributes:
        columns: those whose header is not a number.
        points: how many headers are numbers, and so an axis.
        id: the column of ids, None where none was recognised; ids: what stands in it.
        sheet: of a workbook of several; notes: what the person should know of it.
    """

    path: Path
    columns: tuple[Column, ...]
    points: int
    id: Column | None
    ids: tuple[str, ...]
    sheet: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArraysLayout:
    """An HDF5 file, matched up by shape.

    Attributes:
        specimens: the dataset of ids.
        curves: (values, axis) of each [specimen, point] dataset that has an axis.
        images: the [specimen, row, column] datasets.
        columns: the other one-dimensional datasets as long as the ids.
        unmatched: datasets that were not understood, with the reason.
        ids: what stands in the dataset of ids.
    """

    path: Path
    specimens: Column
    curves: tuple[tuple[Column, Column], ...]
    images: tuple[Column, ...]
    columns: tuple[Column, ...]
    unmatched: tuple[str, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True)
class StackLayout:
    """One array in which nothing has a name: an IDX or .npy file, a TIFF of several pages.

    Attributes:
        family: the name of its format.
        shape: [specimen] or [specimen, row, column].
        stem: what the ids of its specimens begin with.
        content: what the name of the file, or for TIFF that of its folder, says; "" where it does not say.
    """

    path: Path
    family: str
    shape: tuple[int, ...]
    stem: str
    content: str


@dataclass(frozen=True)
class ImageLayout:
    """One image of one specimen; its shape is [row, column]."""

    path: Path
    shape: tuple[int, int]


@dataclass(frozen=True)
class WorkbookLayout:
    """A workbook of several sheets, each of them a table of its own."""

    path: Path
    sheets: tuple[CurveLayout | TableLayout | Unrecognised, ...]


@dataclass(frozen=True)
class Unrecognised:
    """A file that is not measurements, and why it was not taken for any."""

    path: Path
    reason: str


Layout = CurveLayout | TableLayout | ArraysLayout | StackLayout | ImageLayout | WorkbookLayout | Unrecognised


@dataclass(frozen=True)
class Format:
    """One family of files. A new one is a line in `formats.FORMATS`.

    Attributes:
        name: for messages.
        suffixes: of its files, lower case.
        read: a file as one modality, in the units of the request. Raises ReadError with line or dataset.
        read_metadata: id -> column -> value. Raises ReadError.
        inspect: what the file looks like. Raises ReadError when it is damaged or empty.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Request], RawModality]
    read_metadata: Callable[[Path, SpecimensSpec, frozenset[str]], Mapping[str, Mapping[str, Cell]]]
    inspect: Callable[[Path], Layout]


def stem(path: Path) -> str:
    """The file's name without its suffixes: what "{stem}" stands for."""
    return Path(path.stem if path.suffix.lower() in COMPRESSIONS else path.name).stem
