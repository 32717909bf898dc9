"""The measurements of the first experiment with some of them hidden or corrupted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fingerprint.experiments.data import DIGIT, LINES, PART, filled_store, is_complete
from fingerprint.generators import mnist_lines
from fingerprint.ingestion import ingest_arrays
from fingerprint.ingestion.reader import Cell
from fingerprint.modality import RawModality
from fingerprint.store import Store, open_store
from fingerprint.training.split import Part

MODALITIES = LINES.modalities


@dataclass(frozen=True)
class Damage:
    """What is done to measurements before anything is learned from them.

    Attributes:
        hidden: share of the training specimens whose measurement is taken away, by modality; validation and test stay
            whole, and at most one modality of a specimen is hidden.
        corrupted: share of all specimens whose line has the slope of another digit.
        seed: of both.
    """

    hidden: dict[str, float] = field(default_factory=dict[str, float])
    corrupted: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be done."""
        if set(self.hidden) - set(MODALITIES) or not all(0 <= share <= 1 for share in self.hidden.values()):
            raise ValueError(f"hidden is {self.hidden}; it holds shares from 0 to 1 of {' and '.join(MODALITIES)}")
        if sum(self.hidden.values()) > 1:
            raise ValueError("more is hidden than there are specimens; each keeps one modality")

    @property
    def name(self) -> str:
        """Of the store; "whole" for no damage."""
        parts = [f"{name}-hidden-{share:g}" for name, share in sorted(self.hidden.items()) if share]
        parts += [f"line-corrupted-{self.corrupted:g}"] if self.corrupted else []
        parts += [f"seed-{self.seed}"] if parts and self.seed else []
        return "-".join(parts) or "whole"


def mnist_lines_store(folder: Path, source: Path | None, damage: Damage | None = None) -> Store:
    """A store of MNIST with lines, made where it is not there yet by the ordinary commands.

    Args:
        folder: holds the data set and its stores.
        source: a folder with MNIST's files; None downloads them.
        damage: what is hidden or corrupted.

    Raises:
        FingerprintError: the files cannot be had.
    """
    store = filled_store(LINES, folder, source)
    if damage is None or damage.name == "whole":
        return store
    path = folder / "stores" / damage.name
    if not is_complete(path, LINES):
        _damage(store, path, damage)
    return open_store(str(path))


def _damage(store: Store, path: Path, damage: Damage) -> None:
    metadata = store.specimens(store.snapshot())
    rng = np.random.default_rng([damage.seed, round(1000 * damage.corrupted)])
    specimens = sorted(metadata)
    wrong: dict[str, int] = {}
    if damage.corrupted:
        digits = np.array([int(str(metadata[each][DIGIT])) for each in specimens])
        changed = mnist_lines.corrupt(digits, damage.corrupted, damage.seed)
        wrong = {specimens[row]: int(changed[row] - digits[row]) for row in np.flatnonzero(changed != digits)}
    training = [each for each in specimens if metadata[each][PART] == Part.TRAIN]
    order = list(rng.permutation(len(training)))
    for name, raw in ((name, store.read(name)) for name in MODALITIES):
        count = round(damage.hidden.get(name, 0) * len(training))
        hidden = {training[order.pop()] for _ in range(count)}
        _store(path, raw, hidden, wrong if name == "line" else {}, metadata)


def _store(
    path: Path, raw: RawModality, hidden: set[str], wrong: dict[str, int], metadata: Mapping[str, Mapping[str, Cell]]
) -> None:
    (block,) = raw.blocks
    kept = [row for row, each in enumerate(block.specimens) if each not in hidden]
    ids = [block.specimens[row] for row in kept]
    values = block.values[np.array(kept)].astype(np.float32)
    for row, each in enumerate(ids):
        if each in wrong and block.axis is not None:
            values[row] += (wrong[each] * block.axis).astype(np.float32)
    own: dict[str, Mapping[str, Cell]] = {each: metadata[each] for each in ids}
    if wrong:
        own = {each: {**metadata[each], "corrupted": each in wrong} for each in ids}
    modality = raw.modality
    ingest_arrays(
        str(path),
        ids,
        block.axis,
        values,
        (modality.axis_unit, modality.unit) if modality.has_axis else modality.unit,
        name=modality.name,
        kind=modality.kind,
        axis_name=modality.axis_name or "axis",
        metadata=own,
    )
