"""One file, read as a modality that a model already knows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from fingerprint.errors import ReadError
from fingerprint.ingestion.codes.output import ENERGY_FROM_FERMI
from fingerprint.ingestion.conform import conform, unit_on
from fingerprint.ingestion.dataset import COLUMN, MISSING, STEM, STEM_ROW, AxisSpec, ModalitySpec
from fingerprint.ingestion.draft import modality_name, slug
from fingerprint.ingestion.formats import format_of
from fingerprint.ingestion.reader import (
    ArraysLayout,
    Column,
    ColumnsLayout,
    CurveLayout,
    DescribedLayout,
    ImageLayout,
    Layout,
    OutputLayout,
    Request,
    StackLayout,
    TableLayout,
    Unrecognised,
    WorkbookLayout,
)
from fingerprint.modality import Kind, Modality, RawModality
from fingerprint.units import canonical, same_unit

_CURVE = "Two columns (axis, values), a table whose headers are the axis, or matching HDF5 or NumPy arrays."
_EXPECTED = {
    Kind.SCALAR: "A column of numbers called like it, or a single column of numbers.",
    Kind.SPECTRUM: _CURVE,
    Kind.SERIES: _CURVE,
    Kind.IMAGE: "A PNG or TIFF file, IDX or .npy of images, or arrays of ids and of images [specimen, row, column].",
}
_RATIOS = ("absorbance", "transmittance", "reflectance")


@dataclass(frozen=True)
class FileMeasurement:
    """What a file holds, in the units of a modality.

    Attributes:
        raw: the measurements.
        axis_unit_stated: whether the file or the caller said in what unit the axis is. If not, the axis is as
            it stands in the file, and whoever uses it must see that it spans what the modality's does.
        axis_header: what the file calls its axis; "" where it does not say.
    """

    raw: RawModality
    axis_unit_stated: bool
    axis_header: str = ""


def read_measurement(path: str | Path, modality: Modality, *, x_unit: str | None = None) -> FileMeasurement:
    """Read a file as a known modality: two columns, a table, arrays, images, a column of numbers, or a code's output.

    Units that the file states are converted; values without one are taken to be in the modality's, or where
    that is a density per unit of the file's own axis. The ids are those of the file, or its name.

    Args:
        x_unit: the unit of the axis, whatever the file says.

    Raises:
        ReadError: the file cannot be read, or does not hold this modality.
        UnitError: its units cannot be converted.
    """
    path = Path(path)
    family = format_of(path)
    layout = family.inspect(path)
    found = _find(layout, modality)
    if x_unit is not None and isinstance(layout, OutputLayout):
        found = _in_unit(found, layout, x_unit)
    axis_unit = x_unit if x_unit is not None else found.axis_unit
    axis = None
    if modality.has_axis:
        in_file = found.axis_unit if found.axis_unit is not None else axis_unit or modality.axis_unit
        axis = AxisSpec(modality.axis_name, in_file, found.axis)
    unit = found.unit if found.unit is not None else unit_on(modality, axis_unit)
    spec = ModalitySpec(
        modality.kind, path.name, unit, modality.sign, found.values, found.specimens, axis, sheet=found.sheet
    )
    raw = family.read(Request(path, modality.name, spec, frozenset(MISSING)))
    if not len(raw):
        raise ReadError(f"no {modality.name} was measured", where=str(path))
    own = modality.axis_unit if axis_unit is None else canonical(axis_unit)
    as_said = RawModality(replace(raw.modality, axis_unit=own), raw.blocks)
    return FileMeasurement(conform(as_said, modality), axis_unit_stated=axis_unit is not None, axis_header=found.axis)


class _Found(NamedTuple):
    """Where a layout holds a modality, and the units that it states."""

    values: str
    specimens: str
    axis: str
    unit: str | None
    axis_unit: str | None
    sheet: str = ""


def _find(layout: Layout, modality: Modality) -> _Found:
    if isinstance(layout, CurveLayout) and modality.has_axis:
        x, y = layout.x, layout.y
        if x is None or y is None:
            return _Found("", layout.specimens, "", None, None)
        _refuse_other_ratio(y, modality, layout.path)
        return _Found(y.header, layout.specimens, x.header, y.unit, x.unit)
    if isinstance(layout, ColumnsLayout) and modality.has_axis and layout.named:
        x, called = layout.x, _named(layout.ys, modality, None)
        if called is not None:
            return _Found(called.header, STEM, x.header, called.unit, x.unit)
        return _Found("", COLUMN, x.header, layout.ys[0].unit, x.unit)
    if isinstance(layout, TableLayout):
        specimens = layout.id.header if layout.id else STEM
        if modality.has_axis and layout.along and layout.id:
            column = _named([each for each in layout.columns if each != layout.along], modality, layout.id)
            if column is not None:
                return _Found(column.header, specimens, layout.along.header, column.unit, layout.along.unit)
        if modality.has_axis and layout.points > 1 and layout.id:
            return _Found("", specimens, "", None, None)
        column = _named(layout.columns, modality, layout.id)
        if modality.kind is Kind.SCALAR and column is not None:
            return _Found(column.header, specimens, "", column.unit, None)
    if isinstance(layout, ArraysLayout):
        chosen = _named([values for values, _ in layout.curves], modality, None)
        axes = [axis for values, axis in layout.curves if values == chosen]
        axis = axes[0] if len(axes) == 1 else None
        if modality.has_axis and chosen is not None and axis is not None:
            return _Found(chosen.header, layout.specimens.header, axis.header, chosen.unit, axis.unit)
        image = _named(layout.images, modality, None)
        if modality.kind is Kind.IMAGE and image is not None:
            return _Found(image.header, layout.specimens.header, "", image.unit, None)
        column = _named(layout.columns, modality, None)
        if modality.kind is Kind.SCALAR and column is not None:
            return _Found(column.header, layout.specimens.header, "", column.unit, None)
    if isinstance(layout, OutputLayout) and modality.has_axis:
        curve = _curve(layout, modality)
        if curve is not None:
            return _Found(curve.header, layout.specimens, layout.axis.header, curve.unit, layout.axis.unit)
    if isinstance(layout, StackLayout) and modality.kind is Kind.IMAGE and len(layout.shape) == 3:
        return _Found("", STEM_ROW, "", None, None)
    if isinstance(layout, ImageLayout) and modality.kind is Kind.IMAGE:
        return _Found("", STEM, "", None, None)
    if isinstance(layout, DescribedLayout) and modality.name in layout.spec.modalities:
        spec = layout.spec.modalities[modality.name]
        if spec.kind is modality.kind and spec.sign == modality.sign:
            axis, axis_unit = (spec.axis.values, spec.axis.unit) if spec.axis else ("", None)
            return _Found(spec.values, spec.specimens, axis, spec.unit, axis_unit)
    if isinstance(layout, WorkbookLayout):
        return _find_sheet(layout, modality)
    reason = f" ({layout.reason})" if isinstance(layout, Unrecognised) else ""
    if isinstance(layout, OutputLayout):
        curves = ", ".join(curve.header for curve in layout.curves)
        reason = f" (it holds {curves} over {layout.axis.name})"
    raise ReadError(
        f"no {modality.name} is found here{reason}",
        where=str(layout.path),
        expected=_EXPECTED[modality.kind],
    )


def _find_sheet(layout: WorkbookLayout, modality: Modality) -> _Found:
    """The one sheet that holds the modality."""
    found: list[_Found] = []
    for sheet in layout.sheets:
        if not isinstance(sheet, Unrecognised):
            with suppress(ReadError):
                found.append(_find(sheet, modality)._replace(sheet=sheet.sheet))
    if len(found) == 1:
        return found[0]
    listed = ", ".join(each.sheet for each in found)
    raise ReadError(
        f"{modality.name} may stand in the sheets {listed}" if found else f"no {modality.name} is found in its sheets",
        where=str(layout.path),
        expected=_EXPECTED[modality.kind],
        next="Save that sheet as a file of its own.",
    )


def _curve(layout: OutputLayout, modality: Modality) -> Column | None:
    """The curve called like the modality, else the only one, over the same axis.

    Electrons and phonons both have densities of states over energies that could be converted: only the name of the axis
    keeps them apart. An axis without a unit is the modality's only if it is called so, too.
    """
    called = [curve for curve in layout.curves if modality.name in (curve.header, slug(curve.name))]
    if called:
        return called[0] if len(called) == 1 else None
    axes = {slug(layout.axis.name), modality.axis_name}
    same = len(axes) == 1 or (bool(layout.axis.unit) and ENERGY_FROM_FERMI not in axes)
    return layout.curves[0] if same and layout.measured and len(layout.curves) == 1 else None


def _in_unit(found: _Found, layout: OutputLayout, x_unit: str) -> _Found:
    """The same, with the axis in the unit that the caller says."""
    if not layout.certain:
        return found._replace(unit=None, axis_unit=x_unit)
    if found.axis_unit is not None and not same_unit(found.axis_unit, x_unit):
        raise ReadError(f"the axis is in {found.axis_unit}, and not in {x_unit}", where=str(layout.path))
    return found


def _refuse_other_ratio(column: Column, modality: Modality, path: Path) -> None:
    """Absorbance is not transmittance, though neither has a unit that would tell."""
    own = next((ratio for ratio in _RATIOS if ratio in column.name.lower()), None)
    known = next((ratio for ratio in _RATIOS if ratio in modality.name.lower()), None)
    if own and known and own != known:
        raise ReadError(
            f"the file holds {own}, and {modality.name} is {known}", where=str(path), next=f"Convert it into {known}."
        )


def _named(columns: Sequence[Column], modality: Modality, identity: Column | None) -> Column | None:
    """The column called like the modality, else the only one of numbers."""
    others = [column for column in columns if column != identity]
    called = [column for column in others if modality.name in (column.header, modality_name(column))]
    numeric = [column for column in others if column.numeric]
    candidates = called or numeric
    return candidates[0] if len(candidates) == 1 else None
