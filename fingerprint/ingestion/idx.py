"""IDX, the format of MNIST and its relatives: images [specimen, row, column], or one number per specimen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion import reader
from fingerprint.ingestion.checks import complete_rows, refuse_infinite
from fingerprint.ingestion.columns import metadata_values
from fingerprint.ingestion.dataset import STEM_ROW, SpecimensSpec
from fingerprint.ingestion.idx_array import NotIdx, read_array
from fingerprint.ingestion.reader import Cell, Format, IdxLayout, Layout, Request, Unrecognised
from fingerprint.modality import Block, Kind, RawModality

_DIMENSIONS = {Kind.SCALAR: 1, Kind.IMAGE: 3}
_ENDINGS = (".idx", "-ubyte", "-byte", "-short", "-int", "-float", "-double")
_NAME = re.compile(
    r"(?P<stem>.+?)(?:[-_.](?P<content>image|label)s?)?(?:[-_.]idx\d?)?(?:-(?:u?byte|short|int|float|double))?(?:\.gz)?",
    re.IGNORECASE,
)


class IdxName(NamedTuple):
    """What the name of an IDX file says: "train-images-idx3-ubyte.gz" is train, and holds image.

    Attributes:
        stem: what the ids of its specimens begin with.
        content: "image", "label", or "" where the name does not say.
    """

    stem: str
    content: str


def parse_name(path: Path) -> IdxName:
    """Take the name of an IDX file apart."""
    match = _NAME.fullmatch(path.name)
    return IdxName(match["stem"], (match["content"] or "").lower()) if match else IdxName(path.name, "")


def row_ids(path: Path, count: int) -> tuple[str, ...]:
    """The ids of a file's `count` specimens: train-00000, train-00001, ..."""
    return reader.row_ids(parse_name(path).stem, count)


def read(request: Request) -> RawModality:
    """Read one IDX file as one modality.

    In images integers of up to 16 bits and float32 become float32, which holds them exactly; all else float64.

    Raises:
        ReadError: the file is damaged, or has other dimensions than the kind of the modality.
        DatasetError: the request asks for what IDX cannot hold.
    """
    path, spec = request.path, request.spec
    where = f"[modalities.{request.name}]"
    if spec.kind not in _DIMENSIONS:
        raise DatasetError(
            f"{path.name} is IDX, which holds no axis, and a {spec.kind} needs one",
            where=f"{where} files",
            expected="IDX holds images, or one number per specimen.",
            next="Write the curves and their axis into an HDF5 file.",
        )
    if spec.values or spec.specimens != STEM_ROW:
        raise DatasetError(
            f"{path.name} is IDX, in which neither values nor specimens have names",
            where=where,
            expected=f'specimens = "{STEM_ROW}" (the file\'s name and the row), and no key values.',
        )
    array = read_array(path)
    if array.ndim != _DIMENSIONS[spec.kind]:
        raise ReadError(
            f"the shape is {array.shape}",
            where=str(path),
            expected=f"{_DIMENSIONS[spec.kind]} dimension(s) are needed for kind {spec.kind}.",
        )
    if not array.size:
        raise ReadError(f"the shape is {array.shape}: there are no numbers", where=str(path))

    def place(index: tuple[int, ...]) -> str:
        return f"{path}[{', '.join(map(str, index))}]"

    ids = row_ids(path, len(array))
    single = spec.kind is Kind.IMAGE and np.can_cast(array.dtype, np.float32)
    values = array.astype(np.float32 if single else np.float64)
    kept = range(len(ids))
    if array.dtype.kind == "f":
        refuse_infinite(values, place)
        kept = np.flatnonzero(complete_rows(values, place)).tolist()
    values = values[kept] if len(kept) < len(values) else values
    block = Block(tuple(ids[row] for row in kept), values, None, tuple(place((row,)) for row in kept))
    return RawModality(spec.modality(request.name), (block,) if block.specimens else ())


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """The numbers of a one-dimensional file, under the one name that `spec.metadata` gives them: id -> name -> value.

    Raises:
        ReadError: the file is damaged, or has more dimensions.
        DatasetError: `spec` names no column, or several, or another id than the rows.
    """
    if len(spec.metadata) != 1 or spec.id != STEM_ROW:
        raise DatasetError(
            f"{path.name} is IDX, which holds one number per specimen, without a name",
            where="[specimens]",
            expected=f'id = "{STEM_ROW}" (the file\'s name and the row), and one name in metadata, such as "label".',
        )
    array = read_array(path)
    if array.ndim != 1:
        raise ReadError(f"the shape is {array.shape}", where=str(path), expected="One number per specimen.")
    values = metadata_values([str(value) for value in array.tolist()], missing)
    return {name: {spec.metadata[0]: value} for name, value in zip(row_ids(path, len(array)), values, strict=True)}


def inspect(path: Path) -> Layout:
    """What an IDX file looks like.

    Raises:
        ReadError: it is damaged.
    """
    try:
        shape = read_array(path).shape
    except NotIdx as error:
        return Unrecognised(path, f"{error.what}, though its name ends like that of an IDX file")
    if len(shape) == 2:
        return Unrecognised(path, f"curves {shape} without an axis, which IDX cannot hold")
    if len(shape) > 3 or 0 in shape:
        return Unrecognised(path, f"an array {shape}: neither images nor one number per specimen")
    return IdxLayout(path, shape, *parse_name(path))


FORMAT = Format("IDX", (*_ENDINGS, *(f"{ending}.gz" for ending in _ENDINGS)), read, read_metadata, inspect)
