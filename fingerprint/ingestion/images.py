"""Images: PNG and TIFF, one specimen per file, or one per page of a TIFF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fingerprint.errors import DatasetError
from fingerprint.ingestion.assembling import Places, assemble, floats, place_in, refuse_columns
from fingerprint.ingestion.dataset import STEM, STEM_ROW, SpecimensSpec
from fingerprint.ingestion.pixels import Unsuitable, read_pages
from fingerprint.ingestion.reader import Cell, Format, ImageLayout, Layout, Request, StackLayout, Unrecognised, stem
from fingerprint.ingestion.stack import parse_name, row_ids
from fingerprint.modality import Kind, RawModality

_FAMILY = "TIFF"


def read(request: Request) -> RawModality:
    """Read one PNG or TIFF file as one modality: the brightness of its pixels as stored, upright.

    Raises:
        ReadError: the file is damaged, or what its pixels mean is not known.
        DatasetError: the request asks for what images cannot hold.
    """
    path, spec = request.path, request.spec
    where = f"[modalities.{request.name}]"
    if spec.kind is not Kind.IMAGE:
        raise DatasetError(f"{path.name} is an image, and a {spec.kind} is asked for", where=f"{where} kind")
    if spec.values or spec.specimens not in (STEM, STEM_ROW):
        raise DatasetError(
            f"{path.name} is an image, in which neither values nor specimens have names",
            where=where,
            expected=f'specimens = "{STEM}" (the file\'s name) or "{STEM_ROW}" (and the page), and no key values.',
        )
    refuse_columns(request.name, spec)
    pages = read_pages(path, spec.colour == "luminance")
    place = place_in(str(path))
    if spec.specimens == STEM and len(pages) > 1:
        raise DatasetError(
            f"{path.name} has {len(pages)} pages",
            where=where,
            expected=f'specimens = "{STEM_ROW}": each page is a specimen of its own.',
        )
    alone = spec.specimens == STEM
    ids = (stem(path),) if alone else row_ids(path, len(pages))
    places = Places(lambda index: place(index[1:]) if alone else place(index), str, str)
    values = floats(np.stack(pages), spec.kind, place)
    return assemble(spec.modality(request.name), ids, values, None, places, (str(path),) if alone else None)


def read_metadata(path: Path, spec: SpecimensSpec, missing: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:  # noqa: ARG001
    """Raise DatasetError: images say nothing of how the specimens were made."""
    raise DatasetError(f"{path.name} is an image", where="[specimens] file", expected="A table.")


def inspect(path: Path) -> Layout:
    """What an image file looks like.

    Raises:
        ReadError: it is damaged, or what its pixels mean is not known.
    """
    try:
        pages = read_pages(path)
    except Unsuitable as error:
        return Unrecognised(path, f"{error.what}; {error.next or error.expected}")
    rows, columns = pages[0].shape
    if len(pages) > 1:
        name = path.resolve().parent.name
        return StackLayout(path, _FAMILY, (len(pages), rows, columns), parse_name(path).stem, name)
    return ImageLayout(path, (rows, columns))


FORMAT = Format("images", (".png", ".tif", ".tiff"), read, read_metadata, inspect)
