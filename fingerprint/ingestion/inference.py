"""A folder without dataset.toml -> the dataset.toml that it suggests, with the reason for each guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fingerprint.errors import AmbiguousError, DatasetError, UnitError
from fingerprint.ingestion.dataset import (
    COLUMN,
    FILE_NAME,
    GROUP,
    STEM,
    STEM_ROW,
    AxisSpec,
    DatasetSpec,
    ModalitySpec,
    SpecimensSpec,
    dump_dataset,
)
from fingerprint.ingestion.reader import (
    ArraysLayout,
    Column,
    ColumnsLayout,
    CurveLayout,
    ImageLayout,
    Layout,
    OutputLayout,
    StackLayout,
    TableLayout,
    Unrecognised,
    WorkbookLayout,
    stem,
)
from fingerprint.ingestion.sources import Source, pattern_of
from fingerprint.ingestion.uncertainties import with_uncertainties
from fingerprint.modality import Kind
from fingerprint.units import canonical, is_time

_ID_OF = {
    GROUP: "a curve in each group, whose name is the id",
    STEM: "one curve; its id is the file's name",
    STEM_ROW: "a curve per row; its id is the file's name and the row",
}
_SERIES = re.compile(r"time|strain|temperature|displacement|cycle", re.IGNORECASE)


@dataclass(frozen=True)
class Inference:
    """What a folder suggests.

    Attributes:
        spec: the dataset.toml.
        reasons: (section, sentence) for each guess, as `dump_dataset` takes them.
        ignored: files that were not understood, and why.
        warnings: what the person should check.
    """

    spec: DatasetSpec
    reasons: tuple[tuple[str, str], ...]
    ignored: tuple[tuple[Path, str], ...]
    warnings: tuple[str, ...]


def infer(source: Source, layouts: Sequence[Layout]) -> Inference:
    """Guess what the files of a folder hold.

    Raises:
        DatasetError: nothing was recognised; or it is open which numbers were measured, and then the message
            holds a complete dataset.toml to correct.
        UnitError: a file states an unknown unit.
    """
    draft = _Draft(source)
    for group in _groups(_without_strangers(_sheets(layouts))):
        draft.add(group)
    if not draft.modalities:
        listed = "; ".join(f"{path.name}: {reason}" for path, reason in draft.ignored[:10])
        raise DatasetError(
            "no measurements were recognised",
            where=str(source.root),
            expected=f"Found {listed}." if listed else "Files of one of the kinds in docs/ingest.md.",
            next=f"Describe them in {source.root / FILE_NAME} (see docs/ingest.md).",
        )
    spec = DatasetSpec(
        name=slug(source.root.resolve().name), specimens=draft.choose_specimens(), modalities=draft.modalities
    )
    if draft.ambiguous:
        raise AmbiguousError(
            " ".join(draft.ambiguous),
            where=str(source.root),
            proposal=dump_dataset(spec, draft.reasons),
            next=f"Save it (fingerprint ingest {source.root} --dry-run > {source.root / FILE_NAME}), keep what was "
            "measured, move what describes how the specimen was made to metadata, "
            f"then run: fingerprint ingest {source.root}",
        )
    return Inference(spec, tuple(draft.reasons), tuple(draft.ignored), tuple(draft.warnings))


def slug(name: str) -> str:
    """A name fit for a modality: "Raman shift" is raman_shift."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name.strip()).strip("_-").lower()
    return plain[:100] or "measurement"


def modality_name(column: Column) -> str:
    """What measurements in a column or dataset are called: after the last part of its name."""
    return slug(column.name.rsplit("/")[-1])


@dataclass
class _Draft:
    source: Source
    modalities: dict[str, ModalitySpec] = field(default_factory=dict[str, ModalitySpec])
    reasons: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ignored: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    warnings: list[str] = field(default_factory=list[str])
    ambiguous: list[str] = field(default_factory=list[str])
    tables: list[tuple[SpecimensSpec, list[str]]] = field(default_factory=list[tuple[SpecimensSpec, list[str]]])

    def add(self, group: Sequence[Layout]) -> None:
        """Take in files that look alike."""
        first = group[0]
        if isinstance(first, Unrecognised):
            self.ignored.append((first.path, first.reason))
            return
        files = pattern_of(self.source, [layout.path for layout in group])
        if files is None:
            raise DatasetError(
                f"{len(group)} files like {first.path.name} share no pattern that leaves the others out",
                where=str(self.source.root),
                next=f"Put them into a folder of their own, or describe them in {FILE_NAME}.",
            )
        for layout in group:
            self.warnings.extend(layout.notes if isinstance(layout, CurveLayout | ColumnsLayout | TableLayout) else ())
        if isinstance(first, CurveLayout):
            self._add_curve(first, files, len(group))
        elif isinstance(first, ColumnsLayout):
            self._add_several(first, files)
        elif isinstance(first, TableLayout):
            self._add_table(first, files)
        elif isinstance(first, StackLayout):
            self._add_stack(first, files)
        elif isinstance(first, ImageLayout):
            self._add_files_of_images(first, files, len(group))
        elif isinstance(first, WorkbookLayout):
            raise TypeError("a workbook is taken apart before")
        elif isinstance(first, OutputLayout):
            self._add_output(first, files)
        else:
            axes = dict(reversed(first.curves))  # the first one where it is open which it is
            for values in dict.fromkeys(values for values, _ in first.curves):
                self._add_arrays(first, files, values, axes[values])
            for values in first.images:
                self._add_images(first, files, values)
            self.ignored.extend((first.path, f"dataset {reason}") for reason in first.unmatched)
            if first.ambiguous:
                self.ambiguous.append(f"{first.path.name} {first.ambiguous}")
            self._add_columns(first.path, files, first.specimens, first.columns, "")

    def _add_curve(self, layout: CurveLayout, files: str, count: int) -> None:
        x, y = layout.x, layout.y
        name = slug(y.name if y else layout.path.parent.resolve().name)
        kind, axis = self._axis(x, "" if x is None else x.header, layout.path)
        error = layout.uncertainty.header if layout.uncertainty else ""
        unit, values = self._unit(y, layout.path), y.header if y else ""
        spec = ModalitySpec(
            kind, files, unit, "", values, layout.specimens, axis, uncertainty=error, sheet=layout.sheet
        )
        form = f"axis, values and their uncertainty ({error})" if error else layout.form
        how = f"{count} file(s) of {form}, one per specimen; its id is the file's name"
        if layout.specimens == STEM_ROW:
            how = f"{count} file(s) of {form} with several spectra; an id is the file's name and their number"
        self._put(name, spec, layout.path, how if y else f"{how}; no header, so the name is the folder's", y)

    def _add_several(self, layout: ColumnsLayout, files: str) -> None:
        """Several columns over one axis: each could be a specimen, or a quantity, or an uncertainty."""
        x, ys = layout.x, layout.ys
        kind, axis = self._axis(x, x.header, layout.path)
        name = slug(stem(layout.path) if layout.named else layout.path.parent.resolve().name)
        listed = ", ".join(y.header for y in ys)
        if layout.named:
            spec = ModalitySpec(kind, files, self._unit(ys[0], layout.path), "", "", COLUMN, axis, sheet=layout.sheet)
            self._put(name, spec, layout.path, f"each column over {x.header} is taken for a specimen", ys[0])
            other = f'if they are quantities of one specimen: values = "{ys[0].header}", specimens = "{STEM}"'
            self.reasons.append((f"modalities.{name}", other))
            question = f"{layout.path.name} has {len(ys)} columns over {x.header} ({listed}): are they specimens?"
        else:
            second = ys[1].header if len(ys) == 2 else ""
            spec = ModalitySpec(kind, files, "", "", ys[0].header, STEM, axis, uncertainty=second, sheet=layout.sheet)
            self._put(name, spec, layout.path, "the columns have no headers: say which is what", ys[0])
            question = f"{layout.path.name} has {1 + len(ys)} columns without headers: what are they?"
        self.ambiguous.append(question)

    def _add_points(self, layout: TableLayout, files: str, along: Column, identity: Column) -> None:
        """A row per point: the ids repeat, and one column rises or falls within each."""
        kind, axis = self._axis(along, along.header, layout.path)
        numeric = [each for each in layout.columns if each.numeric and each not in (along, identity)]
        for column, error in with_uncertainties(numeric):
            unit, uncertain = self._unit(column, layout.path), error.header if error else ""
            spec = ModalitySpec(
                kind, files, unit, "", column.header, identity.header, axis, uncertainty=uncertain, sheet=layout.sheet
            )
            how = f"the ids in {identity.header} repeat, and {along.header} rises or falls within each: a row per point"
            self._put(slug(column.name), spec, layout.path, how, column)

    def _add_arrays(self, layout: ArraysLayout, files: str, values: Column, axis: Column) -> None:
        kind, described = self._axis(axis, axis.header, layout.path)
        spec = ModalitySpec(
            kind,
            files,
            self._unit(values, layout.path),
            "",
            values.header,
            layout.specimens.header,
            described,
        )
        found = _ID_OF.get(layout.specimens.header, f"a row per id in {layout.specimens.header}")
        how = f"{values.header} over {axis.header}: {found}"
        self._put(modality_name(values), spec, layout.path, how, values)

    def _add_images(self, layout: ArraysLayout, files: str, values: Column) -> None:
        unit, identity = self._unit(values, layout.path), layout.specimens.header
        spec = ModalitySpec(Kind.IMAGE, files, unit, "", values.header, identity)
        how = f"{values.header} has three dimensions, the first as long as {identity}: an image per id"
        self._put(modality_name(values), spec, layout.path, how, values)

    def _add_files_of_images(self, layout: ImageLayout, files: str, count: int) -> None:
        spec = ModalitySpec(Kind.IMAGE, files, specimens=STEM)
        pixels = " x ".join(map(str, layout.shape))
        how = f"{count} image(s) of {pixels} pixels, one per specimen; its id is the file's name"
        self._put(slug(layout.path.resolve().parent.name), spec, layout.path, f"{how}; the name is the folder's")

    def _add_stack(self, layout: StackLayout, files: str) -> None:
        """Images are a modality; single numbers are metadata, since they are labels more often than measurements."""
        name = slug(layout.content or layout.stem)
        if len(layout.shape) == 1:
            self.tables.append((SpecimensSpec(files, STEM_ROW, (name,)), []))
            return
        spec = ModalitySpec(Kind.IMAGE, files, specimens=STEM_ROW)
        pixels = " x ".join(map(str, layout.shape[1:]))
        how = f"{layout.family} of {pixels} images; the id is the file's name and the row, as in {layout.stem}-00000"
        self._put(name, spec, layout.path, how)

    def _add_output(self, layout: OutputLayout, files: str) -> None:
        kind, axis = self._axis(layout.axis, layout.axis.header, layout.path)
        for column in layout.curves:
            unit = self._unit(column, layout.path)
            spec = ModalitySpec(kind, files, unit, "", column.header, layout.specimens, axis)
            self._put(slug(column.name), spec, layout.path, layout.origin, column if layout.certain else None)
        if not layout.measured:
            listed = ", ".join(column.header for column in layout.curves)
            self.ambiguous.append(f"{layout.path.name} has columns over {layout.axis.header} ({listed})")

    def _add_table(self, layout: TableLayout, files: str) -> None:
        if layout.id is None:
            self.ignored.append((layout.path, "a table without a column of ids"))
            return
        if layout.along is not None:
            self._add_points(layout, files, layout.along, layout.id)
            return
        if layout.points > 1:
            kind, axis = self._axis(None, "", layout.path)
            spec = ModalitySpec(kind, files, "", "", "", layout.id.header, axis, sheet=layout.sheet)
            self._put(slug(stem(layout.path)), spec, layout.path, f"{layout.points} headers are numbers: an axis")
        columns = [column for column in layout.columns if column != layout.id and column.header]
        if len(columns) + 1 < len(layout.columns):
            self.warnings.append(f"a column of {layout.path} without a header is not kept")
        self._add_columns(layout.path, files, layout.id, columns, layout.sheet)

    def _add_columns(self, path: Path, files: str, identity: Column, columns: Sequence[Column], sheet: str) -> None:
        owned = with_uncertainties([column for column in columns if column.numeric])
        numeric = [column for column, _ in owned]
        for column, error in owned:
            unit, uncertain = self._unit(column, path), error.header if error else ""
            spec = ModalitySpec(
                Kind.SCALAR, files, unit, "", column.header, identity.header, uncertainty=uncertain, sheet=sheet
            )
            how = f"the only column of numbers in {path.name}" if len(numeric) == 1 else "a column of numbers"
            self._put(modality_name(column), spec, path, how, column)
        labels = [column.header for column in columns if not column.numeric and column.header]
        if len(numeric) > 1:
            listed = ", ".join(column.header for column in numeric)
            self.ambiguous.append(
                f"{path.name} has {len(numeric)} columns of numbers ({listed}): which of them were measured?"
            )
        if labels or len(numeric) > 1:
            spec = SpecimensSpec(files, identity.header, tuple(labels), sheet)
            self.tables.append((spec, [column.header for column in numeric] if len(numeric) > 1 else []))

    def _axis(self, column: Column | None, values: str, path: Path) -> tuple[Kind, AxisSpec]:
        if column is None or column.unit is None:
            self.warnings.append(
                f"the axis unit of {path} is not stated; axis = {{ unit = ... }} in {FILE_NAME} says it"
            )
        if column is None:
            return Kind.SPECTRUM, AxisSpec("axis", "", values)
        series = _SERIES.search(column.name) or (column.unit and is_time(column.unit))
        kind = Kind.SERIES if series else Kind.SPECTRUM
        return kind, AxisSpec(modality_name(column), self._unit(column, path), values)

    def _unit(self, column: Column | None, path: Path) -> str:
        if column is None or column.unit is None:
            return ""
        try:
            return canonical(column.unit)
        except UnitError as error:
            where = f"{path}: {column.header}"
            raise UnitError(error.what, where=where, expected=error.expected, next=error.next) from None

    def _put(self, name: str, spec: ModalitySpec, path: Path, how: str, column: Column | None = None) -> None:
        if name in self.modalities:
            name = slug(f"{name}_{spec.sheet or stem(path)}")
        if name in self.modalities:
            raise DatasetError(
                f"two different sets of measurements would both be called {name!r}",
                where=str(path),
                next=f"Describe them in {self.source.root / FILE_NAME} (see docs/ingest.md).",
            )
        self.modalities[name] = spec
        stated = column is not None and column.unit is not None
        unit = f"the unit {spec.unit or 'arbitrary'} is stated there" if stated else "no unit of the values is stated"
        unit = f"{unit}; {spec.unit} is a default" if spec.unit and not stated else unit
        self.reasons.append((f"modalities.{name}", f"{how}; {unit}"))
        if spec.axis is not None and not spec.axis.unit:
            self.reasons.append((f"modalities.{name}", "the unit of the axis is not stated: write it in axis"))

    def choose_specimens(self) -> SpecimensSpec | None:
        """The table that says most in words about the specimens."""
        if not self.tables:
            return None
        chosen, numbers = max(self.tables, key=lambda table: len(table[0].metadata))
        if chosen.id == STEM_ROW:
            self.reasons.append(
                ("specimens", f"{chosen.file} says this of each image or frame: stored, shown to no model")
            )
        elif chosen.metadata:
            self.reasons.append(("specimens", f"columns of text in {chosen.file} say how the specimens were made"))
        if numbers:
            listed = ", ".join(f'"{header}"' for header in (*chosen.metadata, *numbers))
            self.reasons.append(("specimens", "columns of numbers that say so too belong here, and not below:"))
            self.reasons.append(("specimens", f"metadata = [{listed}]"))
        for other, _ in self.tables:
            if other is not chosen and other.metadata:
                self.warnings.append(f"these columns of {other.file} are not kept: {', '.join(other.metadata)}")
        return chosen


def _without_strangers(layouts: Sequence[Layout]) -> list[Layout]:
    """Leave out single numbers that belong to no images: whose they are cannot be known."""
    found = [layout for layout in layouts if isinstance(layout, StackLayout)]
    images = {(layout.stem, layout.shape[0]) for layout in found if len(layout.shape) == 3}
    reason = "numbers without ids, and no images of the same name and number"
    return [
        Unrecognised(layout.path, reason)
        if isinstance(layout, StackLayout) and len(layout.shape) == 1 and (layout.stem, *layout.shape) not in images
        else layout
        for layout in layouts
    ]


def _sheets(layouts: Sequence[Layout]) -> list[Layout]:
    """Take workbooks apart; sheets of the same two columns are left out, since a curve is called after its file."""
    found: list[Layout] = []
    for layout in layouts:
        if not isinstance(layout, WorkbookLayout):
            found.append(layout)
            continue
        columns = [_columns(sheet) for sheet in layout.sheets if isinstance(sheet, CurveLayout)]
        for sheet in layout.sheets:
            alike = isinstance(sheet, CurveLayout) and columns.count(_columns(sheet)) > 1
            reason = "several sheets of the same two columns; save each as a file that is called after its specimen"
            found.append(Unrecognised(layout.path, reason) if alike else sheet)
    return found


def _columns(curve: CurveLayout) -> tuple[str, str]:
    return (curve.x.header if curve.x else "", curve.y.header if curve.y else "")


def _groups(layouts: Sequence[Layout]) -> list[list[Layout]]:
    """Files that hold the same modality: the same headers, and no specimen twice."""
    groups: dict[object, list[Layout]] = {}
    seen: dict[object, set[str]] = {}
    for layout in layouts:
        key = _signature(layout)
        ids = set(layout.ids) if isinstance(layout, TableLayout | ArraysLayout) else set[str]()
        if seen.get(key, set()) & ids:
            key = (key, layout.path)
        groups.setdefault(key, []).append(layout)
        seen.setdefault(key, set()).update(ids)
    return list(groups.values())


def _bare(column: Column) -> tuple[str, bool]:
    """What a column is called, whatever its unit; it is converted where one is stated."""
    return column.name, column.unit is not None


def _signature(layout: Layout) -> object:
    if isinstance(layout, CurveLayout):
        if layout.x is None or layout.y is None:
            return ("curve", layout.path.parent, layout.sheet)
        error = layout.uncertainty and _bare(layout.uncertainty)
        return ("curve", _bare(layout.x), _bare(layout.y), error, layout.specimens, layout.form, layout.sheet)
    if isinstance(layout, ColumnsLayout):
        return ("columns", layout.sheet, layout.x.header, *(y.header for y in layout.ys))
    if isinstance(layout, TableLayout):
        return ("table", layout.sheet, layout.points, *(column.header for column in layout.columns))
    if isinstance(layout, ArraysLayout):
        headers = (column.header for pair in layout.curves for column in pair)
        others = (column.header for column in (*layout.images, *layout.columns))
        return ("arrays", *headers, *others)
    if isinstance(layout, StackLayout):
        return ("stack", layout.family, layout.shape[1:], layout.content or layout.stem)
    if isinstance(layout, ImageLayout):
        return ("image", layout.path.parent, layout.path.suffix)
    if isinstance(layout, OutputLayout):
        return ("output", layout.specimens, layout.axis, layout.curves)
    return layout.path
