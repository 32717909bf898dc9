"""One array in which nothing has a name: images [specimen, row, column], or one number per specimen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion import reader
from fingerprint.ingestion.assembling import Places, assemble, floats, place_in, refuse_columns
from fingerprint.ingestion.columns import metadata_values
from fingerprint.ingestion.dataset import STEM_ROW, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.reader import Cell, Layout, Request, StackLayout, Unrecognised
from fingerprint.modality import Kind, RawModality

_DIMENSIONS = {Kind.SCALAR: 1, Kind.IMAGE: 3}
_NAME = re.compile(
    r"(?P<stem>.+?)(?:[-_.](?P<content>image|label)s?)?(?:[-_.]idx\d?)?(?:-(?:u?byte|short|int|float|double))?(?:\.gz)?",
    re.IGNORECASE,
)
_SUFFIXES = (".npy", ".tif", ".tiff")


class StackName(NamedTuple):
    """What a file's name says: "train-images-idx3-ubyte.gz" is train, and holds image.

    Attributes:
        stem: what the ids of its specimens begin with.
        content: "image", "label", or "" where the name does not say.
    """

    stem: str
    content: str


def parse_name(path: Path) -> StackName:
    """Take the name of a file apart."""
    name = path.stem if path.suffix.lower() in _SUFFIXES else path.name
    match = _NAME.fullmatch(name)
    return StackName(match["stem"], (match["content"] or "").lower()) if match else StackName(name, "")


def row_ids(path: Path, count: int) -> tuple[str, ...]:
    """The ids of a file's `count` specimens: train-00000, train-00001, ..."""
    return reader.row_ids(parse_name(path).stem, count)


def check_request(path: Path, name: str, spec: ModalitySpec, family: str) -> None:
    """Raise DatasetError where `spec` asks of the file what an array without names cannot hold."""
    where = f"[modalities.{name}]"
    refuse_columns(name, spec)
    if spec.kind not in _DIMENSIONS:
        raise DatasetError(
            f"{path.name} is {family}, which holds no axis, and a {spec.kind} needs one",
            where=f"{where} files",
            expected=f"{family} holds images, or one number per specimen.",
            next="Write the curves and their axis into an HDF5 or .npz file.",
        )
    if spec.values or spec.specimens != STEM_ROW:
        raise DatasetError(
            f"{path.name} is {family}, in which neither values nor specimens have names",
            where=where,
            expected=f'specimens = "{STEM_ROW}" (the file\'s name and the row), and no key values.',
        )


def read_stack(request: Request, array: NDArray[Any]) -> RawModality:
    """The array of a file as one modality.

    Raises:
        ReadError: it has other dimensions than the kind of the modality, or holds no numbers.
    """
    path, spec = request.path, request.spec
    if array.ndim != _DIMENSIONS[spec.kind]:
        raise ReadError(
            f"the shape is {array.shape}",
            where=str(path),
            expected=f"{_DIMENSIONS[spec.kind]} dimension(s) are needed for kind {spec.kind}.",
        )
    if not array.size:
        raise ReadError(f"the shape is {array.shape}: there are no numbers", where=str(path))
    place = place_in(str(path))
    places = Places(place, lambda row: place((row,)), str)
    values = floats(array, spec.kind, place)
    return assemble(spec.modality(request.name), row_ids(path, len(array)), values, None, places)


def check_metadata(path: Path, spec: SpecimensSpec, family: str) -> None:
    """Raise DatasetError where `spec` does not name the one column that an array without names can be."""
    if len(spec.metadata) != 1 or spec.id != STEM_ROW:
        raise DatasetError(
            f"{path.name} is {family}, which holds one number per specimen, without a name",
            where="[specimens]",
            expected=f'id = "{STEM_ROW}" (the file\'s name and the row), and one name in metadata, such as "label".',
        )


def stack_metadata(
    path: Path, spec: SpecimensSpec, missing: frozenset[str], array: NDArray[Any]
) -> Mapping[str, Mapping[str, Cell]]:
    """The numbers of an array, under the one name that `spec.metadata` gives them: id -> name -> value.

    Raises:
        ReadError: it has more dimensions, or holds no numbers.
    """
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ReadError(
            f"the shape is {array.shape} and the type {array.dtype}",
            where=str(path),
            expected="One number per specimen.",
        )
    values = metadata_values([str(value) for value in array.tolist()], missing)
    return {name: {spec.metadata[0]: value} for name, value in zip(row_ids(path, len(array)), values, strict=True)}


def stack_layout(path: Path, shape: tuple[int, ...], family: str) -> Layout:
    """What an array of this shape is."""
    if len(shape) not in _DIMENSIONS.values() or not np.prod(shape, dtype=float):
        return Unrecognised(path, f"an array {shape}: neither images nor one number per specimen")
    return StackLayout(path, family, shape, *parse_name(path))
