"""The data of one training: read at a snapshot, split, prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fingerprint.errors import DataError, RecipeError
from fingerprint.modality import RawModality
from fingerprint.prepare import Preparation, Repeated, align, plan, prepare_modality, repeated, to_tensors
from fingerprint.recipe import Recipe
from fingerprint.store import Snapshot, Store
from fingerprint.training.evaluation import PartData
from fingerprint.training.split import Part, named_parts, split

LEAST_PER_CLUSTER = 2


class Measured(NamedTuple):
    """What the store holds of the modalities that a training uses.

    Attributes:
        raws: by modality.
        parts: the part of every specimen that has at least one of them.
    """

    raws: dict[str, RawModality]
    parts: dict[str, Part]

    def specimens(self, part: Part) -> list[str]:
        """The specimens of one part, sorted."""
        return sorted(specimen for specimen, own in self.parts.items() if own is part)

    def training_part(self) -> dict[str, RawModality]:
        """The training specimens' measurements alone: all that is ever fitted on."""
        chosen = set(self.specimens(Part.TRAIN))
        return {name: raw.keeping(chosen) for name, raw in self.raws.items()}


def read_measured(store: Store, recipe: Recipe, names: Sequence[str], at: Snapshot) -> Measured:
    """Read the modalities `names` and split their specimens.

    Raises:
        RecipeError: the recipe's group or split column is not among the metadata, or names no parts.
        StoreError: a modality is not in the store.
    """
    raws = {name: store.read(name, at=at) for name in names}
    specimens = sorted({specimen for raw in raws.values() for specimen in raw.specimens})
    training = recipe.training
    if training.split:
        return Measured(raws, named_parts(training.split, metadata_column(store, training.split, at), specimens))
    groups = metadata_column(store, training.group, at) if training.group else None
    return Measured(raws, split(specimens, training.split_seed, groups))


def choose_modalities(store: Store, recipe: Recipe, at: Snapshot, wanted: Sequence[str] | None = None) -> list[str]:
    """The modalities that are wanted, or those of the recipe, or all that training can take.

    Raises:
        DataError: there is none, or one that was named is not in the store.
    """
    held = store.modalities(at)
    for name in wanted or recipe.modalities:
        if name not in held:
            raise DataError(
                f"the store holds no modality {name!r}",
                where=store.path,
                expected=f"It holds: {', '.join(held) or 'nothing'}.",
                next="Ingest it first, or name others: fingerprint train --modalities A,B.",
            )
    names = list(wanted or recipe.modalities or held)
    if not names:
        raise DataError(
            "the store holds nothing to train on",
            where=store.path,
            next="Ingest first: fingerprint ingest FOLDER.",
        )
    return sorted(names)


def metadata_column(store: Store, column: str, at: Snapshot) -> dict[str, str]:
    """One metadata column as text, by specimen; specimens without a value are left out.

    Raises:
        RecipeError: no specimen has it.
    """
    metadata = store.specimens(at)
    found = {specimen: str(row[column]) for specimen, row in metadata.items() if row.get(column) is not None}
    if not found:
        known = sorted({key for row in metadata.values() for key in row})
        raise RecipeError(
            f"no specimen has metadata called {column!r}",
            expected=f"The store knows: {', '.join(known) or 'none'}.",
        )
    return found


def make_plan(recipe: Recipe, measured: Measured) -> Recipe:
    """Write out what the recipe leaves open, from the training part.

    Raises:
        DataError: there are too few specimens, for any training or for so many clusters, or too few with an expert.
    """
    specimens, clusters = len(measured.specimens(Part.TRAIN)), recipe.model.clusters
    planned = plan(recipe, measured.training_part(), specimens)
    if clusters * LEAST_PER_CLUSTER > specimens:
        raise DataError(
            f"{clusters} clusters are asked for, and the training part has {specimens} specimens",
            expected=f"At least {LEAST_PER_CLUSTER} specimens for each cluster.",
            next=f"Ask for fewer: fingerprint train --clusters {specimens // LEAST_PER_CLUSTER} at most.",
        )
    _check_experts(planned, measured)
    return planned


def _check_experts(recipe: Recipe, measured: Measured) -> None:
    """Refuse an expert in whose space there are too few specimens to look for clusters."""
    if recipe.prior.seeding not in ("expert", "random"):
        return
    needed = LEAST_PER_CLUSTER * recipe.model.clusters
    for name, raw in measured.training_part().items():
        count = len(raw.specimens)
        if recipe.modalities[name].has_expert and count < needed:
            raise DataError(
                f"{name!r} was measured of {count} training specimens, among which {recipe.model.clusters} clusters "
                "are looked for",
                expected=f"At least {needed} of them.",
                next="Measure more, ask for fewer clusters, or begin elsewhere: prior.seeding in the recipe.",
            )


def fit_preparations(recipe: Recipe, measured: Measured) -> dict[str, Preparation]:
    """Fit grids, scalings and bases on the training part."""
    return {
        name: prepare_modality(raw, recipe.modalities[name]) for name, raw in sorted(measured.training_part().items())
    }


def drop_unusable(
    measured: Measured, preparations: Mapping[str, Preparation]
) -> tuple[Measured, dict[str, dict[str, str]]]:
    """Leave out the measurements that cannot be brought on the grid or through the steps, and the specimens that have
    no other.

    Returns:
        What is kept, and by modality why measurements are left out, by specimen; of modalities of which there are such.
    """
    found = {name: preparations[name].usable(raw) for name, raw in measured.raws.items()}
    kept = {name: raw for name, (raw, _) in found.items()}
    known = {specimen for raw in kept.values() for specimen in raw.specimens}
    parts = {specimen: part for specimen, part in measured.parts.items() if specimen in known}
    return Measured(kept, parts), {name: left_out for name, (_, left_out) in found.items() if left_out}


def repeated_measurements(
    recipe: Recipe, measured: Measured, preparations: Mapping[str, Preparation], device: str
) -> dict[str, Repeated]:
    """The training part's single measurements, of the modalities that draw them and have several of any specimen."""
    specimens = measured.specimens(Part.TRAIN)
    drawn = {
        name: raw
        for name, raw in measured.training_part().items()
        if recipe.modalities[name].replicates == "draw" and len(raw.specimens) < len(raw)
    }
    return {name: repeated(raw, preparations[name], specimens, device) for name, raw in drawn.items()}


def part_data(measured: Measured, preparations: Mapping[str, Preparation], device: str) -> dict[Part, PartData]:
    """Every part as measured and as the model sees it, resident on the device."""
    result: dict[Part, PartData] = {}
    for part in Part:
        physical = align(measured.raws, preparations, measured.specimens(part))
        result[part] = PartData(physical, to_tensors(physical, preparations, device))
    return result
