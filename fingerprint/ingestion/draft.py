"""A dataset.toml in the making: what has been guessed, why, and what is open."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from fingerprint.errors import DatasetError, UnitError
from fingerprint.ingestion.dataset import FILE_NAME, ID, STEM, STEM_ROW, AxisSpec, ModalitySpec, SpecimensSpec
from fingerprint.ingestion.name_patterns import patterns_that_agree
from fingerprint.ingestion.reader import Column, stem
from fingerprint.ingestion.sources import Source
from fingerprint.modality import Kind
from fingerprint.units import canonical, is_time, possible_units

_SERIES = re.compile(r"time|strain|temperature|displacement|cycle", re.IGNORECASE)
_SPELLED = str.maketrans(
    {"θ": "theta", "λ": "lambda", "ω": "omega", "ν": "nu", "σ": "sigma", "ε": "epsilon", "τ": "tau", "χ": "chi",
     "µ": "u", "μ": "u", "Δ": "delta", "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)  # fmt: skip
_COUNTED = re.compile(r"cycle|step|index|channel|pixel|m/z|iteration|frame|number|\bno\b", re.IGNORECASE)  # has no unit


def slug(name: str) -> str:
    """A name fit for a modality: "Raman shift" is raman_shift."""
    spelled = unicodedata.normalize("NFKD", name.strip().translate(_SPELLED)).encode("ascii", "replace").decode()
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", spelled).strip("_-").lower()
    return plain[:100] or "measurement"


def modality_name(column: Column) -> str:
    """What measurements in a column or dataset are called."""
    return slug(column.name)


@dataclass
class Draft:
    """What has been guessed so far of a folder.

    Attributes:
        source: the folder.
        modalities: by name.
        reasons: (section, sentence) for each guess.
        ignored: files that were not understood, and why.
        warnings: what the person should check.
        ambiguous: questions that only the person can answer.
        unstated: axes whose unit is not stated.
        looked_at: the names of the files at hand, without suffix.
        stems: those of each modality of one file per specimen.
        ids: those in each table.
        exclude: files that the pattern of the files at hand matches, and that are something else.
        tables: tables that say how specimens were made, each with its columns of numbers.
    """

    source: Source
    modalities: dict[str, ModalitySpec] = field(default_factory=dict[str, ModalitySpec])
    reasons: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ignored: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    warnings: list[str] = field(default_factory=list[str])
    exclude: tuple[str, ...] = ()
    ambiguous: list[str] = field(default_factory=list[str])
    looked_at: list[str] = field(default_factory=list[str])
    stems: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    ids: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    unstated: list[str] = field(default_factory=list[str])
    tables: list[tuple[SpecimensSpec, list[str]]] = field(default_factory=list[tuple[SpecimensSpec, list[str]]])

    def axis(self, column: Column | None, values: str, path: Path) -> tuple[Kind, AxisSpec]:
        """The axis that a column is, and what is measured over it; `values` is its place in the file."""
        if (column is None or column.unit is None) and not (column and _COUNTED.search(column.name)):
            self.warnings.append(
                f"the axis unit of {path} is not stated; axis = {{ unit = ... }} in {FILE_NAME} says it"
            )
            self.unstated.append(
                f"{path} does not say in which unit its axis{f' {column.name!r}' if column else ''} is"
            )
        if column is None:
            return Kind.SPECTRUM, AxisSpec("axis", "", values)
        series = _SERIES.search(column.name) or (column.unit and is_time(column.unit))
        kind = Kind.SERIES if series else Kind.SPECTRUM
        return kind, AxisSpec(modality_name(column), self.unit(column, path), values)

    def unit(self, column: Column | None, path: Path) -> str:
        """The unit that a column states in its one spelling; "" where it states none.

        Raises:
            UnitError: it is unknown.
        """
        if column is None or column.unit is None:
            possible = column.possible or possible_units(column.header) if column else ()
            if column and possible:
                listed = " or ".join(f'"{each}"' for each in possible)
                self.ambiguous.append(f"{path.name}: the unit of {column.header!r} may be {listed}.")
            return ""
        try:
            return canonical(column.unit)
        except UnitError as error:
            where = f"{path}: {column.header}"
            raise UnitError(error.what, where=where, expected=error.expected, next=error.next) from None

    def put(self, name: str, spec: ModalitySpec, path: Path, how: str, column: Column | None = None) -> None:
        """Take in a modality, and say how it was recognised.

        Raises:
            DatasetError: its name is taken.
        """
        if name in self.modalities:
            known = self.modalities[name]
            if (known.kind, known.values, known.specimens) == (spec.kind, spec.values, spec.specimens) and spec.values:
                self.warnings.append(
                    f"{path} holds {name} too, and is taken for another modality. If it is the same measured again: "
                    f'one table in {FILE_NAME}, whose files are both, and measurement = "{STEM}"'
                )
            first, name = name, slug(f"{name}_{spec.sheet or stem(path)}")
            if known.values != spec.values:
                self.warnings.append(
                    f"{path} holds {first}, too, but its columns or units are stated otherwise: it is kept apart, as "
                    f"{name}"
                )
        if name in self.modalities:
            raise DatasetError(
                f"two different sets of measurements would both be called {name!r}",
                where=str(path),
                next=f"Describe them in {self.source.root / FILE_NAME} (see docs/ingest.md).",
            )
        self.modalities[name] = msgspec.structs.replace(spec, exclude=self.exclude)
        if spec.specimens == STEM:
            self.stems[name] = self.looked_at
        if self.exclude:
            self.reasons.append((f"modalities.{name}", "the files in exclude look otherwise"))
        stated = column is not None and column.unit is not None
        unit = f"the unit {spec.unit or 'arbitrary'} is stated there" if stated else "no unit of the values is stated"
        unit = f"{unit}; {spec.unit} is a default" if spec.unit and not stated else unit
        self.reasons.append((f"modalities.{name}", f"{how}; {unit}"))
        if spec.axis is not None and not spec.axis.unit:
            self.reasons.append((f"modalities.{name}", "the unit of the axis is not stated: write it in axis"))

    def choose_patterns(self) -> None:
        """Take the part of the files' names that is known otherwise for the id, where the names share the rest."""
        whole = {name: stems for name, stems in self.stems.items() if self.modalities[name].specimens == STEM}
        for name, pattern in patterns_that_agree(whole, self.ids).items():
            self.modalities[name] = msgspec.structs.replace(self.modalities[name], specimens=pattern)
            self.reasons.append(
                (f"modalities.{name}", f"the ids at {ID} in the files' names are known from other files")
            )

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
