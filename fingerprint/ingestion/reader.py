"""What every reader takes and returns, and what a file looks like before anyone has said what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fingerprint.ingestion.dataset import STEM, DatasetSpec, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.decoding import COMPRESSIONS
from fingerprint.modality import JsonScalar, RawModality

TEXT = "two columns"  # what a curve in delimited text is
Cell = JsonScalar
BOTH_ACTS = ("measurement", "facts")
_DIGITS = 5


class Request(NamedTuple):
    """One file to be read as one modality.

    Attributes:
        path: the file.
        name: of the modality.
        spec: where its values, axis and ids stand.
        missing: lower-case tokens that mean "not measured".
        tell: takes what the person should know of the file.
    """

    path: Path
    name: str
    spec: ModalitySpec
    missing: frozenset[str]
    tell: Callable[[str], object] = str


class Column(NamedTuple):
    """A named column or one-dimensional dataset.

    Attributes:
        header: as written.
        name: the header without its unit.
        unit: None where none is stated.
        numeric: whether most of what stands in it are numbers.
        unique: whether no two rows agree.
        possible: units among which its name leaves open what the file states of it.
    """

    header: str
    name: str
    unit: str | None
    numeric: bool
    unique: bool
    possible: tuple[str, ...] = ()


@dataclass(frozen=True)
class CurveLayout:
    """Curves over one axis.

    Attributes:
        x, y: axis and values; None in a file without header.
        specimens: how the ids come about: STEM for one curve per file, STEM_ROW for several.
        form: what such a file is, for messages.
        uncertainty: a third column, of the standard uncertainty of y.
        sheet: of a workbook of several; notes: what the person should know of it.
    """

    path: Path
    x: Column | None
    y: Column | None
    specimens: str = STEM
    form: str = TEXT
    uncertainty: Column | None = None
    sheet: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnsLayout:
    """An axis and several columns over it, of which it is open what they are.

    Attributes:
        x: the axis.
        ys: the others.
        named: whether they have headers.
        pairs: whether every other column is an axis of its own, and each pair has a name.
        sheet: of a workbook of several; notes: what the person should know of it.
    """

    path: Path
    x: Column
    ys: tuple[Column, ...]
    named: bool
    sheet: str = ""
    notes: tuple[str, ...] = ()
    pairs: bool = False


@dataclass(frozen=True)
class TableLayout:
    """A table, one row per specimen.

    Attributes:
        columns: those whose header is not a number.
        points: how many headers are numbers, and so an axis.
        id: the column of ids, None where none was recognised; ids: what stands in it.
        along: the column that rises or falls all along within each measurement, where ids repeat: a row per point.
        measurement: the column that tells several measurements of one specimen apart, where ids repeat; varying: those
            of text that then change within a specimen.
        sheet: of a workbook of several; notes: what the person should know of it.
    """

    path: Path
    columns: tuple[Column, ...]
    points: int
    id: Column | None
    ids: tuple[str, ...]
    along: Column | None = None
    measurement: Column | None = None
    varying: tuple[Column, ...] = ()
    sheet: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArraysLayout:
    """An HDF5 or .npz file, its datasets matched up.

    Attributes:
        specimens: the dataset of ids; its header is "{group}", "{stem}" or "{stem}-{row}" where these are the ids.
        curves: (values, axis) of each [specimen, point] dataset that has an axis.
        images: the [specimen, row, column] datasets.
        columns: the other one-dimensional datasets as long as the ids.
        unmatched: datasets that were not understood, with the reason.
        ids: of the specimens.
        ambiguous: why it is open which of them were measured; "" where it is not.
        uncertainties: (values, their standard uncertainty), by header.
    """

    path: Path
    specimens: Column
    curves: tuple[tuple[Column, Column], ...]
    images: tuple[Column, ...]
    columns: tuple[Column, ...]
    unmatched: tuple[str, ...]
    ids: tuple[str, ...]
    ambiguous: str = ""
    uncertainties: tuple[tuple[str, str], ...] = ()


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
    sheets: tuple[CurveLayout | ColumnsLayout | TableLayout | Unrecognised, ...]


@dataclass(frozen=True)
class OutputLayout:
    """What a simulation code wrote: curves over one axis, under the names that it or its documentation gives them.

    Attributes:
        specimens: what the key `specimens` of dataset.toml says of them, such as "{folder}".
        origin: what they are and where their units come from, in a sentence.
        certain: whether the units cannot be others. If not, they are the code's defaults, which the file leaves open.
        measured: whether each of the curves is a measurement for sure.
    """

    path: Path
    specimens: str
    axis: Column
    curves: tuple[Column, ...]
    origin: str
    certain: bool = True
    measured: bool = True


@dataclass(frozen=True)
class DescribedLayout:
    """A file that says itself what it holds, but for the names of files."""

    path: Path
    spec: DatasetSpec


@dataclass(frozen=True)
class Unrecognised:
    """A file that is not measurements, and why it was not taken for any."""

    path: Path
    reason: str


Layout = (
    CurveLayout
    | ColumnsLayout
    | TableLayout
    | ArraysLayout
    | StackLayout
    | ImageLayout
    | WorkbookLayout
    | OutputLayout
    | DescribedLayout
    | Unrecognised
)


@dataclass(frozen=True)
class Format:
    """One family of files. A new one is a line in `formats.FORMATS`.

    Attributes:
        name: for messages.
        suffixes: of its files, lower case.
        names: of files that are of this family whatever their suffix, lower case.
        begins: whether a file begins like one of this family, where several share a suffix.
        read: a file as one modality, in the units of the request. Raises ReadError with line or dataset.
        read_metadata: id -> column -> value. Raises ReadError.
        inspect: what the file looks like. Raises ReadError when it is damaged or empty.
        acts: which of the keys "measurement" (a column) and "facts" it reads.
        pieces: as `read`, a part of the specimens at a time, where files may be larger than the memory.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Request], RawModality]
    read_metadata: Callable[[Path, SpecimensSpec, frozenset[str]], Mapping[str, Mapping[str, Cell]]]
    inspect: Callable[[Path], Layout]
    names: tuple[str, ...] = ()
    begins: Callable[[Sequence[str]], bool] | None = None
    acts: tuple[str, ...] = ()
    pieces: Callable[[Request], Iterator[RawModality]] | None = None


def stem(path: Path) -> str:
    """The file's name without its suffixes: what "{stem}" stands for."""
    return Path(path.stem if path.suffix.lower() in COMPRESSIONS else path.name).stem


def row_ids(head: str, count: int) -> tuple[str, ...]:
    """The ids of a file's `count` specimens, what "{stem}-{row}" stands for: train-00000, train-00001, ..."""
    width = max(_DIGITS, len(str(count - 1)))
    return tuple(f"{head}-{row:0{width}d}" for row in range(count))
