"""dataset.toml, the facts about a folder: what was measured, in what units, and where it stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from fingerprint.choices import choices
from fingerprint.errors import DatasetError, UnitError
from fingerprint.modality import Kind, Modality
from fingerprint.units import canonical

FILE_NAME = "dataset.toml"
STEM = "{stem}"
FOLDER = "{folder}"
STEM_ROW = "{stem}-{row}"
GROUP = "{group}"
COLUMN = "{column}"
ID = "{id}"
MEASUREMENT = "{measurement}"
ROW = "{row}"
MISSING = ("", "nan", "na", "n/a", "null", "none", "-")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_T = TypeVar("_T", bound=msgspec.Struct)


class AxisSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The axis of a spectrum or series.

    Attributes:
        name: what it measures, such as "frequency".
        unit: "" where it is dimensionless or unknown.
        values: its HDF5 dataset or CSV column; "" for the first of two columns, and for a wide table. In an HDF5 path
            "*" stands for any one group.
        outside: as in `Modality`.
        repeated: "average" takes the mean of neighbouring points at the same place (text); "" refuses them.
    """

    name: str
    unit: str = ""
    values: str = ""
    outside: Literal["", "zero"] = ""
    repeated: Literal["", "average"] = ""


class ModalitySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[modalities.NAME]` table.

    Attributes:
        kind, unit, sign: as in `Modality`.
        files: a glob, relative to the data folder.
        exclude: globs of files that it matches and that are something else.
        values: HDF5 dataset or CSV column; "" for the second of two columns, for a wide table, and where nothing has a
            name: in IDX, .npy and images.
        specimens: HDF5 dataset or CSV column of the ids; "{stem}" takes the id from the file's name, "{folder}" from
            that of its folder, where a simulation code calls all its files alike; "{stem}-{row}" takes that of each
            row of an IDX file or HDF5 dataset, page of a TIFF or frame of an extended XYZ file, from the file's name
            and the row's number; "{group}" from the group that "*" in an HDF5 path stands for; "{column}" takes every
            column but the axis for a specimen, called as its header is. A pattern such as "{id}_raman" or "*-{id}-*"
            takes the part of the file's name that stands at {id}, and "{id}_{measurement}" also that at {measurement}.
        measurement: where a specimen has several, CSV column or HDF5 dataset of the id that each has within its
            specimen; "{stem}" takes it from the file's name, "{folder}" from that of its folder, a pattern such as
            "*_{measurement}" a part of the file's name; "{row}" from the number of a row, page or spectrum in its file.
        facts: what is known of each act of measuring: CSV columns, HDF5 datasets, and names under which something is
            stated above the numbers of a text file. They are stored, and never shown to a model.
        axis: of a spectrum or series; None for other kinds.
        decimal: the decimal mark of text files, "." or ","; "" finds it out.
        uncertainty: column of the standard uncertainty of the values; "" where there is none.
        sheet: of a workbook; "" for the only one that is not empty.
        colour: "luminance" takes that of coloured images; "" refuses them.
    """

    kind: Kind
    files: str
    unit: str = ""
    sign: str = ""
    values: str = ""
    specimens: str = STEM
    axis: AxisSpec | None = None
    decimal: Literal["", ".", ","] = ""
    uncertainty: str = ""
    sheet: str = ""
    colour: Literal["", "luminance"] = ""
    exclude: tuple[str, ...] = ()
    measurement: str = ""
    facts: tuple[str, ...] = ()

    @property
    def measurement_of_file(self) -> bool:
        """Whether no column says which measurement is which, but the file's name, its folder, or the place in it."""
        by_place = self.measurement in (STEM, FOLDER, ROW)
        return by_place or MEASUREMENT in self.specimens or MEASUREMENT in self.measurement

    def modality(self, name: str) -> Modality:
        """What these measurements are, with units in their one spelling."""
        known = Modality(name, self.kind, canonical(self.unit), self.sign)
        if self.axis is None:
            return known
        return replace(known, axis_name=self.axis.name, axis_unit=canonical(self.axis.unit), outside=self.axis.outside)


class SpecimensSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[specimens]` table: a file that says how the specimens were made.

    Attributes:
        file: a glob, relative to the data folder.
        id: its id column or dataset; "{stem}-{row}" for an IDX file, "{group}" and "{stem}" for HDF5.
        metadata: columns that are stored and never shown to a model.
        decimal: as in `ModalitySpec`.
        sheet: of a workbook; "" for the only one that is not empty.
        exclude: globs of files that it matches and that are something else.
    """

    file: str
    id: str
    metadata: tuple[str, ...] = ()
    sheet: str = ""
    decimal: Literal["", ".", ","] = ""
    exclude: tuple[str, ...] = ()


class DatasetSpec(msgspec.Struct, frozen=True):
    """A whole dataset.toml.

    Attributes:
        missing: what stands for "not measured", in any case; "nan" always does.
    """

    name: str = ""
    description: str = ""
    missing: tuple[str, ...] = MISSING
    specimens: SpecimensSpec | None = None
    modalities: Mapping[str, ModalitySpec] = {}


def load_dataset(path: Path) -> DatasetSpec:
    """Read a dataset.toml.

    Raises:
        DatasetError: it is missing, not TOML, or has an unknown key or an impossible value, which is named.
        UnitError: it names an unknown unit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DatasetError("there is no such file", where=str(path), next="Check the path.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"this is not TOML: {error}", where=str(path), next="Fix that line.") from None
    return parse_dataset(text, str(path))


def parse_dataset(text: str, where: str) -> DatasetSpec:
    """The text of a dataset.toml; `where` it stands, for messages.

    Raises:
        DatasetError: it is not TOML, or has an unknown key or an impossible value, which is named.
        UnitError: it names an unknown unit.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DatasetError(f"this is not TOML: {error}", where=where, next="Fix that line.") from None
    return _checked(table, where)


def _checked(table: dict[str, Any], path: str) -> DatasetSpec:
    known = ("name", "description", "missing", "specimens", "modalities")
    unknown = [key for key in table if key not in known]
    if unknown:
        raise DatasetError(f"unknown key {unknown[0]!r}", where=path, expected=f"Known are {', '.join(known)}.")
    modalities = table.get("modalities")
    if not isinstance(modalities, dict) or not modalities:
        raise DatasetError(
            "no modality is described",
            where=path,
            expected="At least one table [modalities.NAME] with kind, files, values and specimens.",
            next="Move the file away and see what fingerprint ingest FOLDER --dry-run writes.",
        )
    specimens = table.get("specimens")
    plain = {key: table[key] for key in ("name", "description", "missing") if key in table}
    spec = _convert(plain, DatasetSpec, path)
    return DatasetSpec(
        spec.name,
        spec.description,
        spec.missing,
        None if specimens is None else _convert(specimens, SpecimensSpec, f"{path}: [specimens]"),
        {name: _modality(name, content, path) for name, content in modalities.items()},
    )


def _modality(name: str, table: object, path: str) -> ModalitySpec:
    where = f"{path}: [modalities.{name}]"
    if not _NAME.fullmatch(name):
        raise DatasetError(
            f"{name!r} cannot name a modality",
            where=path,
            expected="A letter or digit, then letters, digits, '_' or '-'; 100 at most.",
        )
    spec = _convert(table, ModalitySpec, where)
    has_axis = spec.kind in (Kind.SPECTRUM, Kind.SERIES)
    if has_axis and spec.axis is None:
        example = 'axis = { name = "frequency", unit = "THz" }'
        raise DatasetError(f"a {spec.kind} needs an axis", where=where, expected=f"A line such as {example}")
    if not has_axis and spec.axis is not None:
        raise DatasetError(f"a {spec.kind} has no axis", where=where, next="Remove the key axis.")
    by_file = spec.specimens in (STEM, FOLDER) or ID in spec.specimens
    nameless = spec.specimens == STEM_ROW or (spec.kind is Kind.IMAGE and by_file)
    if not has_axis and not spec.values and not nameless:
        raise DatasetError(
            "the key values is missing",
            where=where,
            expected=f'The column or HDF5 dataset to read. IDX files have none, and need specimens = "{STEM_ROW}".',
        )
    if spec.colour and spec.kind is not Kind.IMAGE:
        raise DatasetError(f"a {spec.kind} has no colour", where=where, next="Remove the key colour.")
    _check_measurement(spec, where)
    if Path(spec.files).is_absolute():
        raise DatasetError("files is absolute", where=where, expected="A pattern relative to the data folder.")
    try:
        spec.modality(name)
    except UnitError as error:
        raise UnitError(error.what, where=where, expected=error.expected, next=error.next) from None
    return spec


def _check_measurement(spec: ModalitySpec, where: str) -> None:
    twice = [word for word in (ID, MEASUREMENT) if (spec.specimens + spec.measurement).count(word) > 1]
    if twice or (MEASUREMENT in spec.specimens and (spec.measurement or ID not in spec.specimens)):
        raise DatasetError(
            f"specimens = {spec.specimens!r} and measurement = {spec.measurement!r}",
            where=where,
            expected=f'{MEASUREMENT} once: in specimens beside {ID}, as in "{ID}_{MEASUREMENT}", or in measurement.',
        )
    if "{" in spec.measurement and not spec.measurement_of_file:
        raise DatasetError(
            f"measurement = {spec.measurement!r}",
            where=where,
            expected=f'A column, "{STEM}", "{FOLDER}", "{ROW}", or a pattern of names such as "*_{MEASUREMENT}".',
        )
    if spec.measurement == ROW and spec.specimens not in (STEM, FOLDER) and ID not in spec.specimens:
        raise DatasetError(
            f'measurement = "{ROW}" and specimens = {spec.specimens!r}',
            where=where,
            expected=f'Each row, page or spectrum of a file is one of its specimen: "{STEM}", "{FOLDER}" or "*_{ID}".',
        )


def _convert(table: object, kind: type[_T], where: str) -> _T:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        key = place.removesuffix("`")
        possible = ", ".join(f'"{each}"' for each in choices(kind, key)) if reason.startswith("Invalid") else ""
        raise DatasetError(
            (f"{reason} - at `{place}" if place else reason).replace("Object", "the table"),
            where=where,
            expected=f"{key} is one of {possible}." if possible else f"Known keys are {', '.join(_keys(kind))}.",
        ) from None


def _keys(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return kind.__struct_fields__
