"""One data set: its dataset.toml found or inferred, its claimed files read and checked; nothing stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fingerprint.errors import DatasetError, FingerprintError, ReadError, UnitError
from fingerprint.ingestion.conform import merge
from fingerprint.ingestion.dataset import FILE_NAME, DatasetSpec, ModalitySpec, dump_dataset, load_dataset
from fingerprint.ingestion.file_names import named_by_pattern, without_pattern
from fingerprint.ingestion.formats import find_format, format_of
from fingerprint.ingestion.inference import infer
from fingerprint.ingestion.reader import Cell, Layout, Request, Unrecognised
from fingerprint.ingestion.report import Ignored, Refused
from fingerprint.ingestion.shapes import shape_in_words
from fingerprint.ingestion.sources import Source, claims, described_by
from fingerprint.modality import Kind, RawModality

Metadata = dict[str, dict[str, Cell]]


@dataclass(frozen=True)
class Collected:
    """What one data set holds.

    Attributes:
        root: its folder.
        modalities: what was measured.
        metadata: specimen -> column -> value.
        refused: what could not be read, with the errors.
        files: what was read.
        unstated: axes whose unit nobody has stated.
    """

    root: Path
    modalities: tuple[RawModality, ...]
    metadata: Mapping[str, Mapping[str, Cell]]
    ignored: tuple[Ignored, ...]
    refused: tuple[tuple[Refused, FingerprintError], ...]
    files: tuple[Path, ...]
    dataset_toml: str
    inferred: bool
    warnings: tuple[str, ...]
    unstated: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Plan:
    spec: DatasetSpec
    toml: str
    where: str
    inferred: bool
    ignored: tuple[Ignored, ...] = ()
    refused: tuple[tuple[Refused, FingerprintError], ...] = ()
    warnings: tuple[str, ...] = ()
    unstated: tuple[str, ...] = ()


def collect(source: Source, dataset: Path | None) -> Collected:
    """Read all that a data set describes.

    Args:
        dataset: a dataset.toml from elsewhere; None to use the folder's own, or to infer one.

    Raises:
        DatasetError: the dataset.toml is wrong, or what the files mean is ambiguous.
        ReadError: nothing could be read at all.
    """
    plan = _plan(source, dataset)
    missing = frozenset(token.lower() for token in (*plan.spec.missing, "nan"))
    refused = list(plan.refused)
    claimed = claims(source, plan.spec, plan.where)
    modalities: list[RawModality] = []
    told: list[str] = []
    for name, files in claimed.items():
        raw = _read(name, plan.spec.modalities[name], files, missing, refused, told)
        if raw is not None:
            modalities.append(raw)
    metadata: Metadata = {}
    described: list[Path] = []
    if plan.spec.specimens is not None:
        described = described_by(source, plan.spec.specimens)
        for path in described:
            try:
                add_metadata(metadata, format_of(path).read_metadata(path, plan.spec.specimens, missing))
            except ReadError as error:
                refused.append(_refusal(path, error))
    if not modalities and refused:
        raise refused[0][1]
    used = {path for files in claimed.values() for path in files}.union(described)
    known = {each.file for each in plan.ignored} | {each.file for each, _ in refused}
    rest = [Ignored(str(path), "no modality claims it") for path in source.files if path not in used]
    return Collected(
        source.root,
        tuple(modalities),
        metadata,
        (*plan.ignored, *(each for each in rest if each.file not in known)),
        tuple({each.file + each.where: (each, error) for each, error in refused}.values()),
        tuple(sorted(path for path in used if str(path) not in {each.file for each, _ in refused})),
        plan.toml,
        plan.inferred,
        tuple(dict.fromkeys((*plan.warnings, *told, *_strangers(modalities)))),
        plan.unstated,
    )


def add_metadata(known: Metadata, more: Mapping[str, Mapping[str, Cell]]) -> None:
    """Add what another table says of specimens, key by key; what it leaves empty stays as it was known."""
    for specimen, row in more.items():
        own = known.setdefault(specimen, {})
        own.update({key: value for key, value in row.items() if value is not None or key not in own})


def _plan(source: Source, dataset: Path | None) -> _Plan:
    own = source.root / FILE_NAME
    # An empty one is what `ingest FOLDER --dry-run > FOLDER/dataset.toml` has just made: there is none yet.
    written = own.is_file() and own.stat().st_size > 0
    path = dataset if dataset is not None else own if written else None
    if path is not None:
        return _Plan(load_dataset(path), path.read_text(encoding="utf-8"), str(path), inferred=False)
    nested = sorted(each for each in source.root.rglob(FILE_NAME) if each != own) if source.whole else []
    if nested:
        raise DatasetError(
            f"{nested[0]} describes that folder only, and nothing describes {source.root}",
            next=f"fingerprint ingest {' '.join(str(each.parent) for each in nested)}",
        )
    layouts: list[Layout] = []
    refused: list[tuple[Refused, FingerprintError]] = []
    for file in source.files:
        family = find_format(file)
        try:
            unread = Unrecognised(file, "this type of file is not read")
            layouts.append(family.inspect(file) if family else unread)
        except ReadError as error:
            refused.append(_refusal(file, error))
    if refused and all(isinstance(layout, Unrecognised) for layout in layouts):
        raise refused[0][1]
    readable = tuple(layout.path for layout in layouts)
    inference = infer(replace(source, files=readable), layouts)
    return _Plan(
        inference.spec,
        dump_dataset(inference.spec, inference.reasons),
        f"{source.root} (inferred)",
        True,
        tuple(Ignored(str(path), reason) for path, reason in inference.ignored),
        tuple(refused),
        inference.warnings,
        inference.unstated,
    )


def _read(
    name: str,
    spec: ModalitySpec,
    files: list[Path],
    missing: frozenset[str],
    refused: list[tuple[Refused, FingerprintError]],
    told: list[str],
) -> RawModality | None:
    read: list[RawModality] = []
    shape: tuple[int, ...] = ()
    sources: dict[str, str] = {}
    in_file = without_pattern(spec)
    for path in files:
        try:
            raw = named_by_pattern(
                format_of(path).read(Request(path, name, in_file, missing, told.append)), path, spec.specimens
            )
            twice = next((specimen for specimen in raw.specimens if specimen in sources), None)
            if twice is not None:
                raise ReadError(
                    f"specimen {twice!r} was measured before, in {sources[twice]}",
                    where=str(path),
                    expected=f"One measurement of {name} per specimen.",
                )
            own = next((block.values.shape[1:] for block in raw.blocks), ())
            if spec.kind is Kind.IMAGE and shape and own not in ((), shape):
                raise ReadError(
                    f"its images are {shape_in_words(own)}, and those before {shape_in_words(shape)}",
                    where=str(path),
                    expected=f"One size for all images of {name}.",
                    next="Make them equal, or describe them as two modalities in dataset.toml.",
                )
            shape = shape or own
        except (ReadError, UnitError) as error:
            refused.append(_refusal(path, error))
            continue
        read.append(raw)
        sources.update((specimen, str(path)) for specimen in raw.specimens)
    return merge(spec.modality(name), read) if read else None


def _refusal(path: Path, error: FingerprintError) -> tuple[Refused, FingerprintError]:
    return Refused(str(path), error.where or str(path), error.what), error


def _strangers(modalities: list[RawModality]) -> list[str]:
    """Modalities that share no specimen: most often ids written in two ways."""
    return [
        f"no specimen of {first.modality.name} ({first.specimens[0]!r}, ...) was also measured in "
        f"{second.modality.name} ({second.specimens[0]!r}, ...): are the ids written alike? In dataset.toml, "
        'specimens = "{id}_raman" takes a part of each file\'s name.'
        for position, first in enumerate(modalities)
        for second in modalities[position + 1 :]
        if len(first) and len(second) and not set(first.specimens) & set(second.specimens)
    ]
