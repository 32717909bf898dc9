"""What a table of a folder suggests: scalars, spectra, curves with a row per point, metadata, several measurements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from fingerprint.ingestion.axis_names import is_called_axis
from fingerprint.ingestion.dataset import STEM, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.draft import Draft, modality_name, slug
from fingerprint.ingestion.reader import Column, TableLayout, stem
from fingerprint.ingestion.uncertainties import with_uncertainties
from fingerprint.modality import Kind


class TableGuesses(Draft):
    """The guesses about tables."""

    def add_table(self, layout: TableLayout, files: str) -> None:
        """A table: scalars, a spectrum whose axis is in the header, or a row per point."""
        if layout.id is None:
            listed = ", ".join(column.header or '""' for column in layout.columns[:12])
            reason = f"a table without a column of ids; its columns are {listed}"
            hint = f'name axis.values, values and specimens = "{STEM}" in dataset.toml if a row is a point of one curve'
            self.ignored.append((layout.path, f"{reason}: {hint}"))
            return
        if layout.along is not None:
            self._add_points(layout, files, layout.along, layout.id)
            return
        before, own = set(self.modalities), layout.measurement
        if layout.points > 1:
            corner = layout.id if is_called_axis(layout.id.header) and layout.id.unit is not None else None
            kind, axis = self.axis(corner, "", layout.path)
            spec = ModalitySpec(kind, files, "", "", "", layout.id.header, axis, sheet=layout.sheet)
            self.put(slug(stem(layout.path)), spec, layout.path, f"{layout.points} headers are numbers: an axis")
        columns = [column for column in layout.columns if column not in (layout.id, own) and column.header]
        if any(not column.header and column != layout.id for column in layout.columns):
            self.warnings.append(f"a column of {layout.path} without a header is not kept")
        numeric = with_uncertainties([column for column in columns if column.numeric])
        owned = [(column, error.header if error else "") for column, error in numeric]
        text = [(column, "") for column in columns if not column.numeric and column not in layout.varying]
        self.add_columns(layout.path, files, layout.id, [*owned, *text], layout.sheet)
        if own is None:
            return
        facts = tuple(column.header for column in layout.varying)
        for name in [name for name in self.modalities if name not in before]:
            spec = self.modalities[name]
            self.modalities[name] = msgspec.structs.replace(spec, measurement=own.header, facts=facts)
            why = f"the ids in {layout.id.header} repeat, and {own.header} tells their measurements apart"
            self.reasons.append((f"modalities.{name}", why))

    def add_columns(
        self,
        path: Path,
        files: str,
        identity: Column,
        columns: Sequence[tuple[Column, str]],
        sheet: str,
    ) -> None:
        """Scalars, each with the column of its uncertainty or "", and what else is said of specimens."""
        owned = [pair for pair in columns if pair[0].numeric]
        numeric = [column for column, _ in owned]
        for column, error in owned:
            unit = self.unit(column, path)
            spec = ModalitySpec(
                Kind.SCALAR, files, unit, "", column.header, identity.header, uncertainty=error, sheet=sheet
            )
            how = f"the only column of numbers in {path.name}" if len(numeric) == 1 else "a column of numbers"
            self.put(modality_name(column), spec, path, how, column)
        labels = [column.header for column, _ in columns if not column.numeric and column.header]
        if len(numeric) > 1:
            listed = ", ".join(column.header for column in numeric)
            self.ambiguous.append(
                f"{path.name} has {len(numeric)} columns of numbers ({listed}): which of them were measured?"
            )
        if labels or len(numeric) > 1:
            spec = SpecimensSpec(files, identity.header, tuple(labels), sheet)
            self.tables.append((spec, [column.header for column in numeric] if len(numeric) > 1 else []))

    def _add_points(self, layout: TableLayout, files: str, along: Column, identity: Column) -> None:
        """A row per point: the ids repeat, and one column rises or falls within each."""
        kind, axis = self.axis(along, along.header, layout.path)
        own = (along, identity, layout.measurement)
        numeric = [each for each in layout.columns if each.numeric and each not in own]
        for column, error in with_uncertainties(numeric):
            unit, uncertain = self.unit(column, layout.path), error.header if error else ""
            spec = ModalitySpec(
                kind,
                files,
                unit,
                "",
                column.header,
                identity.header,
                axis,
                uncertainty=uncertain,
                sheet=layout.sheet,
                measurement=layout.measurement.header if layout.measurement else "",
            )
            within = f"{identity.header} and {spec.measurement}" if spec.measurement else identity.header
            how = f"the ids in {within} repeat, and {along.header} rises or falls within each: a row per point"
            self.put(slug(column.name), spec, layout.path, how, column)
