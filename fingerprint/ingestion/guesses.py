"""The guesses themselves, one for each way in which a file can look."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fingerprint.errors import DatasetError
from fingerprint.ingestion.dataset import COLUMN, FILE_NAME, GROUP, STEM, STEM_ROW, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.draft import modality_name, slug
from fingerprint.ingestion.reader import (
    ArraysLayout,
    Column,
    ColumnsLayout,
    CurveLayout,
    DescribedLayout,
    ImageLayout,
    Layout,
    OutputLayout,
    StackLayout,
    TableLayout,
    Unrecognised,
    WorkbookLayout,
    stem,
)
from fingerprint.ingestion.shapes import shape_in_words
from fingerprint.ingestion.sources import pattern_but, pattern_of
from fingerprint.ingestion.table_guesses import TableGuesses
from fingerprint.ingestion.uncertainties import with_uncertainties
from fingerprint.modality import Kind

_ID_OF = {
    GROUP: "a curve in each group, whose name is the id",
    STEM: "one curve; its id is the file's name",
    STEM_ROW: "a curve per row; its id is the file's name and the row",
}


class Guesses(TableGuesses):
    """A draft that takes in files, as each of them looks."""

    def add(self, group: Sequence[Layout]) -> None:
        """Take in files that look alike."""
        first = group[0]
        if isinstance(first, Unrecognised):
            self.ignored.append((first.path, first.reason))
            return
        paths = [layout.path for layout in group]
        files, self.exclude = pattern_of(self.source, paths), ()
        if files is None and isinstance(first, CurveLayout | ArraysLayout | ImageLayout | OutputLayout):
            files, self.exclude = pattern_but(self.source, paths) or (None, ())
        if files is None:
            raise DatasetError(
                f"{len(group)} files like {first.path.name} share no pattern that leaves the others out",
                where=str(self.source.root),
                next=f"Put them into a folder of their own, or describe them in {FILE_NAME}.",
            )
        self.looked_at = [stem(path) for path in paths]
        for layout in group:
            if isinstance(layout, TableLayout) and layout.id is not None:
                self.ids.append(layout.ids)
            self.warnings.extend(layout.notes if isinstance(layout, CurveLayout | ColumnsLayout | TableLayout) else ())
        if isinstance(first, CurveLayout):
            self._add_curve(first, files, len(group))
        elif isinstance(first, ColumnsLayout):
            self._add_several(first, files)
        elif isinstance(first, TableLayout):
            self.add_table(first, files)
        elif isinstance(first, StackLayout):
            self._add_stack(first, files)
        elif isinstance(first, ImageLayout):
            self._add_files_of_images(first, files, len(group))
        elif isinstance(first, WorkbookLayout):
            raise TypeError("a workbook is taken apart before")
        elif isinstance(first, OutputLayout):
            self._add_output(first, files)
        elif isinstance(first, DescribedLayout):
            self._add_described(first, files)
        else:
            axes = dict(reversed(first.curves))  # the first one where it is open which it is
            for values in dict.fromkeys(values for values, _ in first.curves):
                self._add_arrays(first, files, values, axes[values])
            for values in first.images:
                self._add_images(first, files, values)
            self.ignored.extend((first.path, f"dataset {reason}") for reason in first.unmatched)
            if first.ambiguous:
                self.ambiguous.append(f"{first.path.name} {first.ambiguous}")
            errors = dict(first.uncertainties)
            columns = [(each, errors.get(each.header, "")) for each in first.columns]
            self.add_columns(first.path, files, first.specimens, columns, "")

    def _add_curve(self, layout: CurveLayout, files: str, count: int) -> None:
        x, y = layout.x, layout.y
        name = slug(y.name if y else layout.path.parent.resolve().name)
        kind, axis = self.axis(x, "" if x is None else x.header, layout.path)
        error = layout.uncertainty.header if layout.uncertainty else ""
        unit, values = self.unit(y, layout.path), y.header if y else ""
        spec = ModalitySpec(
            kind, files, unit, "", values, layout.specimens, axis, uncertainty=error, sheet=layout.sheet
        )
        form = f"axis, values and their uncertainty ({error})" if error else layout.form
        how = f"{count} file(s) of {form}, one per specimen; its id is the file's name"
        if layout.specimens == STEM_ROW:
            how = f"{count} file(s) of {form} with several spectra; an id is the file's name and their number"
        self.put(name, spec, layout.path, how if y else f"{how}; no header, so the name is the folder's", y)

    def _add_several(self, layout: ColumnsLayout, files: str) -> None:
        """Several columns over one axis: each could be a specimen, or a quantity, or an uncertainty."""
        x, ys = layout.x, layout.ys
        kind, axis = self.axis(x, x.header, layout.path)
        name = slug(stem(layout.path) if layout.named else layout.path.parent.resolve().name)
        listed = ", ".join(y.header for y in ys)
        owned = with_uncertainties(ys)
        units = [y.unit for y, _ in owned]
        if layout.pairs:
            alike = len({y.header for y in ys}) == 1
            values, called = (ys[0].header, modality_name(ys[0])) if alike else ("", name)
            spec = ModalitySpec(
                kind, files, self.unit(ys[0], layout.path), "", values, COLUMN, axis, sheet=layout.sheet
            )
            self.put(called, spec, layout.path, f"{len(ys)} pairs of columns, each with a name: a specimen each", ys[0])
            if not alike:
                question = f"{layout.path.name} has {len(ys)} pairs of columns ({listed}): are they specimens?"
                self.ambiguous.append(question)
            return
        if layout.named and None not in units and len(set(units)) == len(units):
            for y, error in owned:
                uncertain = error.header if error else ""
                unit = self.unit(y, layout.path)
                spec = ModalitySpec(
                    kind, files, unit, "", y.header, STEM, axis, uncertainty=uncertain, sheet=layout.sheet
                )
                how = f"the columns over {x.header} are in different units, so quantities of one specimen"
                self.put(modality_name(y), spec, layout.path, f"{how}; its id is the file's name", y)
            return
        if layout.named:
            spec = ModalitySpec(kind, files, self.unit(ys[0], layout.path), "", "", COLUMN, axis, sheet=layout.sheet)
            self.put(name, spec, layout.path, f"each column over {x.header} is taken for a specimen", ys[0])
            other = f'if they are quantities of one specimen: values = "{ys[0].header}", specimens = "{STEM}"'
            self.reasons.append((f"modalities.{name}", other))
            question = f"{layout.path.name} has {len(ys)} columns over {x.header} ({listed}): are they specimens?"
        else:
            second = ys[1].header if len(ys) == 2 else ""
            spec = ModalitySpec(kind, files, "", "", ys[0].header, STEM, axis, uncertainty=second, sheet=layout.sheet)
            self.put(name, spec, layout.path, "the columns have no headers: say which is what", ys[0])
            question = f"{layout.path.name} has {1 + len(ys)} columns without headers: what are they?"
        self.ambiguous.append(question)

    def _add_arrays(self, layout: ArraysLayout, files: str, values: Column, axis: Column) -> None:
        kind, described = self.axis(axis, axis.header, layout.path)
        spec = ModalitySpec(
            kind,
            files,
            self.unit(values, layout.path),
            "",
            values.header,
            layout.specimens.header,
            described,
            uncertainty=dict(layout.uncertainties).get(values.header, ""),
        )
        found = _ID_OF.get(layout.specimens.header, f"a row per id in {layout.specimens.header}")
        how = f"{values.header} over {axis.header}: {found}{_and_uncertainty(spec)}"
        self.put(modality_name(values), spec, layout.path, how, values)

    def _add_images(self, layout: ArraysLayout, files: str, values: Column) -> None:
        unit, identity = self.unit(values, layout.path), layout.specimens.header
        error = dict(layout.uncertainties).get(values.header, "")
        spec = ModalitySpec(Kind.IMAGE, files, unit, "", values.header, identity, uncertainty=error)
        how = f"{values.header} has three dimensions, the first as long as {identity}: an image per id"
        how += _and_uncertainty(spec)
        self.put(modality_name(values), spec, layout.path, how, values)

    def _add_files_of_images(self, layout: ImageLayout, files: str, count: int) -> None:
        spec = ModalitySpec(Kind.IMAGE, files, specimens=STEM)
        pixels = shape_in_words(layout.shape)
        how = f"{count} image(s) of {pixels} pixels, one per specimen; its id is the file's name"
        self.put(slug(layout.path.resolve().parent.name), spec, layout.path, f"{how}; the name is the folder's")

    def _add_stack(self, layout: StackLayout, files: str) -> None:
        """Images are a modality; single numbers are metadata, since they are labels more often than measurements."""
        name = slug(layout.content or layout.stem)
        if len(layout.shape) == 1:
            self.tables.append((SpecimensSpec(files, STEM_ROW, (name,)), []))
            return
        spec = ModalitySpec(Kind.IMAGE, files, specimens=STEM_ROW)
        pixels = shape_in_words(layout.shape[1:])
        how = f"{layout.family} of {pixels} images; the id is the file's name and the row, as in {layout.stem}-00000"
        self.put(name, spec, layout.path, how)

    def _add_output(self, layout: OutputLayout, files: str) -> None:
        kind, axis = self.axis(layout.axis, layout.axis.header, layout.path)
        for column in layout.curves:
            unit = self.unit(column, layout.path)
            spec = ModalitySpec(kind, files, unit, "", column.header, layout.specimens, axis)
            self.put(slug(column.name), spec, layout.path, layout.origin, column if layout.certain else None)
        if not layout.measured:
            listed = ", ".join(column.header for column in layout.curves)
            self.ambiguous.append(f"{layout.path.name} has columns over {layout.axis.header} ({listed})")

    def _add_described(self, layout: DescribedLayout, files: str) -> None:
        for name, spec in layout.spec.modalities.items():
            unit = Column(spec.values, name, spec.unit, numeric=True, unique=False)
            own = msgspec.structs.replace(spec, files=files)
            self.put(name, own, layout.path, "the file itself says what it holds", unit)
        if layout.spec.specimens is not None:
            self.tables.append((msgspec.structs.replace(layout.spec.specimens, file=files), []))


def _and_uncertainty(spec: ModalitySpec) -> str:
    return f"; its uncertainty is {spec.uncertainty}, by its name or what the file says" if spec.uncertainty else ""
