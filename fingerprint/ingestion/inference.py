"""A folder without dataset.toml -> the dataset.toml that it suggests, with the reason for each guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fingerprint.errors import AmbiguousError, DatasetError
from fingerprint.ingestion.dataset import FILE_NAME, DatasetSpec
from fingerprint.ingestion.dataset_text import dump_dataset
from fingerprint.ingestion.draft import slug
from fingerprint.ingestion.grouping import groups
from fingerprint.ingestion.guesses import Guesses
from fingerprint.ingestion.reader import Layout
from fingerprint.ingestion.replicated import Found, declare_replicates, ids_of
from fingerprint.ingestion.sources import Source


@dataclass(frozen=True)
class Inference:
    """What a folder suggests.

    Attributes:
        spec: the dataset.toml.
        reasons: (section, sentence) for each guess, as `dump_dataset` takes them.
        ignored: files that were not understood, and why.
        warnings: what the person should check.
        unstated: axes whose unit is not stated, as what is asked about them.
    """

    spec: DatasetSpec
    reasons: tuple[tuple[str, str], ...]
    ignored: tuple[tuple[Path, str], ...]
    warnings: tuple[str, ...]
    unstated: tuple[str, ...] = ()


def infer(source: Source, layouts: Sequence[Layout]) -> Inference:
    """Guess what the files of a folder hold.

    Raises:
        DatasetError: nothing was recognised; or it is open which numbers were measured, and then the message
            holds a complete dataset.toml to correct.
        UnitError: a file states an unknown unit.
    """
    draft = Guesses(source)
    found: list[Found] = []
    for group in groups(layouts):
        before = set(draft.modalities)
        draft.add(group)
        found.append(Found(tuple(name for name in draft.modalities if name not in before), ids_of(group)))
    declare_replicates(draft, found)
    if not draft.modalities:
        said = [f"{path.name}: {reason}" for path, reason in draft.ignored[:10]]
        listed = "; ".join([*said, *draft.warnings[:10]])
        raise DatasetError(
            "no measurements were recognised",
            where=str(source.root),
            expected=f"Found {listed}." if listed else "Files of one of the kinds in docs/ingest.md.",
            next=f"Describe them in {source.root / FILE_NAME} (see docs/ingest.md).",
        )
    draft.choose_patterns()
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
    return Inference(spec, tuple(draft.reasons), tuple(draft.ignored), tuple(draft.warnings), tuple(draft.unstated))
