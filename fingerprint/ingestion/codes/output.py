"""Curves that a simulation code wrote, described and read alike whatever the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import DatasetError, ReadError
from fingerprint.ingestion.checks import axis_order, check_ids, refuse_infinite
from fingerprint.ingestion.conform import Stated, as_declared, merge
from fingerprint.ingestion.dataset import FOLDER, STEM, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.decoding import COMPRESSIONS, STREAMS
from fingerprint.ingestion.decoding import compressed as compressed_by
from fingerprint.ingestion.reader import Cell, Column, Format, Layout, OutputLayout, Request, Unrecognised, stem
from fingerprint.modality import Block, Kind, RawModality
from fingerprint.units import is_density

ENERGY_FROM_FERMI = "energy_from_fermi"  # the axis of electrons; nothing else is measured over it


class Output(NamedTuple):
    """One file.

    Attributes:
        layout: what it holds.
        tables: [point, column] of each specimen: the axis, and the curves in the order of the layout.
        where: names the place of a point of a specimen.
        ids: of the specimens; () where the file is one, called after its name or its folder.
        unless_asked: why the file is left alone, unless dataset.toml names one of its curves.
    """

    layout: OutputLayout
    tables: Sequence[NDArray[np.float64]]
    where: Callable[[int, int], str]
    ids: tuple[str, ...] = ()
    unless_asked: str = ""


Parser = Callable[[Path], Output | Unrecognised]


def column(name: str, unit: str | None = None, header: str = "") -> Column:
    """A column of numbers, which the file calls `header`, if otherwise than `name`."""
    return Column(header or name, name, unit, numeric=True, unique=False)


def id_from(path: Path, names: Sequence[str]) -> str:
    """What `specimens` says of a file: "{folder}" where it has one of the names that its code gives every file."""
    name = path.stem if path.suffix.lower() in COMPRESSIONS else path.name
    return FOLDER if name.lower() in names else STEM


def compressed(*suffixes: str) -> tuple[str, ...]:
    """Suffixes, and the same of files in the compressions whose beginning can be read."""
    return compressed_by(*suffixes, by=STREAMS)


def output_format(
    name: str,
    parse: Parser,
    suffixes: tuple[str, ...],
    names: tuple[str, ...] = (),
    begins: Callable[[Sequence[str]], bool] | None = None,
) -> Format:
    """The family of files that `parse` understands."""

    def inspect(path: Path) -> Layout:
        output = parse(path)
        if isinstance(output, Output) and output.unless_asked:
            return Unrecognised(path, output.unless_asked)
        return output.layout if isinstance(output, Output) else output

    def read(request: Request) -> RawModality:
        output = parse(request.path)
        if isinstance(output, Unrecognised):
            raise ReadError(output.reason, where=str(request.path))
        return _read(output, request)

    def read_metadata(path: Path, _: SpecimensSpec, __: frozenset[str]) -> Mapping[str, Mapping[str, Cell]]:
        raise ReadError(
            f"{name} says nothing about specimens that could be their metadata", where=str(path), expected="A table."
        )

    return Format(name, suffixes, read, read_metadata, inspect, names, begins)


def _read(output: Output, request: Request) -> RawModality:
    spec, layout = request.spec, output.layout
    if spec.axis is None or spec.kind not in (Kind.SPECTRUM, Kind.SERIES):
        raise DatasetError(
            f"{layout.path.name} holds curves, and this is a {spec.kind}", where=f"[modalities.{request.name}] kind"
        )
    ids = _ids(output, spec.specimens, request)
    columns = [layout.axis, *layout.curves]
    if not spec.values and (output.unless_asked or len(columns) > 2):
        fault = output.unless_asked or f"{len(columns) - 1} curves"
        raise ReadError(fault, where=str(layout.path), expected=_listed(layout))
    x = _find(columns, spec.axis.values or layout.axis.header, layout)
    y = _find(columns, spec.values or columns[1].header, layout)
    stated = _stated(spec, columns[x], columns[y], layout)
    modality = spec.modality(request.name)
    raws: list[RawModality] = []
    for place, (name, table) in enumerate(zip(ids, output.tables, strict=True)):

        def where(point: int, place: int = place) -> str:
            return output.where(place, point)

        refuse_infinite(table, lambda index, where=where: where(index[0]))
        order = axis_order(table[:, x], where)
        block = Block((name,), table[order, y][None].copy(), table[order, x].copy(), (where(0),))
        raws.append(RawModality(modality, (as_declared(block, modality, stated),)))
    return merge(modality, raws)


def _ids(output: Output, specimens: str, request: Request) -> tuple[str, ...]:
    path, expected = output.layout.path, output.layout.specimens
    if output.ids and specimens == expected:
        check_ids(output.ids, lambda place: output.where(place, 0))
        return output.ids
    if not output.ids and specimens == STEM:
        return (stem(path),)
    if not output.ids and specimens == FOLDER:
        return (path.parent.name if path.parent.name not in ("", "..") else path.parent.resolve().name,)
    known = f'"{expected}"' if output.ids else f'"{STEM}" (the file\'s name) or "{FOLDER}" (that of its folder)'
    raise DatasetError(
        f"specimens = {specimens!r} for {path.name}",
        where=f"[modalities.{request.name}] specimens",
        expected=f"specimens = {known}.",
    )


def _find(columns: Sequence[Column], header: str, layout: OutputLayout) -> int:
    places = [place for place, each in enumerate(columns) if each.header == header]
    if len(places) == 1:
        return places[0]
    fault = f"{header!r} stands {len(places)} times" if places else f"there is no {header!r}"
    raise ReadError(fault, where=str(layout.path), expected=_listed(layout))


def _listed(layout: OutputLayout) -> str:
    names = ", ".join(each.header for each in layout.curves[:20])
    return f"The key values in dataset.toml is one of {names}, over {layout.axis.header}."


def _stated(spec: ModalitySpec, x: Column, y: Column, layout: OutputLayout) -> Stated:
    """The units that a code's numbers have for certain; none where dataset.toml may say others."""
    assert spec.axis is not None
    where = str(layout.path)
    if layout.certain:
        return Stated(y.unit, x.unit, where)
    if x.unit and y.unit and is_density(y.unit, x.unit) and spec.unit and not is_density(spec.unit, spec.axis.unit):
        raise ReadError(
            f"{y.header} is a density over {x.header}: in {spec.unit} over {spec.axis.unit or 'no unit'} it cannot be",
            where=where,
            expected=f'unit = "1/UNIT" for an axis in UNIT, such as "{y.unit}" and "{x.unit}".',
        )
    return Stated(None, None, where)
