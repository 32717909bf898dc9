"""IDX, the format of MNIST and its relatives: images [specimen, row, column], or one number per specimen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fingerprint.ingestion.dataset import SpecimensSpec
from fingerprint.ingestion.idx_array import NotIdx, read_array
from fingerprint.ingestion.reader import Cell, Format, Layout, Request, Unrecognised
from fingerprint.ingestion.stack import check_metadata, check_request, read_stack, stack_layout, stack_metadata
from fingerprint.modality import RawModality

_FAMILY = "IDX"
_ENDINGS = (".idx", "-ubyte", "-byte", "-short", "-int", "-float", "-double")


def read(request: Request) -> RawModality:
    """Read one IDX file as one modality.

    In images integers of up to 16 bits and float32 become float32, which holds them exactly; all else float64.

    Raises:
        ReadError: the file is damaged, or has other dimensions than the kind of the modality.
        DatasetError: the request asks for what IDX cannot hold.
    """
    check_request(request.path, request.name, request.spec, _FAMILY)
    return read_stack(request, read_array(request.path))


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
    """The numbers of a one-dimensional file, under the one name that `spec.metadata` gives them: id -> name -> value.

    Raises:
        ReadError: the file is damaged, or has more dimensions.
        DatasetError: `spec` names no column, or several, or another id than the rows.
    """
    check_metadata(path, spec, _FAMILY)
    return stack_metadata(path, spec, missing, read_array(path))


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
    return stack_layout(path, shape, _FAMILY)


FORMAT = Format(_FAMILY, (*_ENDINGS, *(f"{ending}.gz" for ending in _ENDINGS)), read, read_metadata, inspect)
