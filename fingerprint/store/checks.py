"""What may enter the store."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fingerprint.errors import DiskError, StoreError
from fingerprint.modality import Block, Modality, all_finite

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
RESERVED = "joint"


def check_name(name: str) -> None:
    """Refuse a modality whose name cannot name a folder.

    Raises:
        StoreError: naming the modality.
    """
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} cannot be the name of a modality",
            expected="Letters (a-z, A-Z), digits, _ and -, beginning with a letter or digit, 100 at most.",
            next="Rename it in dataset.toml.",
        )
    if name == RESERVED:
        raise StoreError(
            f"{name!r} cannot be the name of a modality: in the results of a run it stands for all modalities together",
            expected="Any other name.",
            next="Rename it in dataset.toml.",
        )


def check_once(name: str, ids: Iterable[tuple[str, str]], seen: set[tuple[str, str]]) -> None:
    """Refuse a second measurement of a specimen under the same id, and add these to those `seen` in a modality.

    Args:
        name: of the modality.
        ids: specimen, and the id within it ("" for one without).
        seen: likewise.

    Raises:
        StoreError: naming specimen and id.
    """
    for specimen, own in ids:
        if (specimen, own) in seen:
            raise StoreError(
                f"specimen {specimen!r} is measured twice" + (f" under the id {own!r}" if own else ""),
                where=f"modality {name}",
                expected="Of several measurements of a specimen, each has an id of its own.",
                next="Leave one out, or give each an id: the key measurement of dataset.toml.",
            )
        seen.add((specimen, own))


def check_metadata(metadata: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse metadata that cannot be kept as JSON.

    Raises:
        StoreError: naming specimen and key.
    """
    _check_ids(list(metadata), "the metadata")
    for specimen, facts in metadata.items():
        _check_facts(facts, "metadata", specimen)


def check_agreement(modalities: Iterable[Modality], known: Mapping[str, Modality]) -> None:
    """Refuse a modality that the store knows as something else.

    Raises:
        StoreError: saying both definitions.
    """
    by_folder = {name.casefold(): modality for name, modality in known.items()}
    for modality in modalities:
        stored = by_folder.get(modality.name.casefold())
        if stored is None:
            continue
        for field in ("name", "kind", "unit", "sign", "axis_unit"):
            ours, theirs = str(getattr(modality, field)), str(getattr(stored, field))
            if ours != theirs:
                raise StoreError(
                    f"{field.replace('_', ' ')} {ours!r} differs from what the store holds, {theirs!r}",
                    where=f"modality {modality.name}",
                    expected="The same kind, unit, sign and axis unit in every ingest of a modality.",
                    next="Correct dataset.toml or choose another name (what is stored: fingerprint info).",
                )


def check_block(modality: Modality, block: Block) -> None:
    """Refuse measurements that are not what the kind of their modality says.

    Raises:
        StoreError: naming the modality, and the specimen where it is about one.
    """
    where = f"modality {modality.name}"
    values, count = block.values, len(block.specimens)
    if values.ndim != modality.kind.dimensions or len(values) != count or values.dtype.kind not in "fiub":
        raise StoreError(
            f"values of shape {values.shape} and type {values.dtype} for {count} specimens",
            where=where,
            expected=f"Real numbers of {modality.kind.dimensions} dimensions for kind {modality.kind}.",
        )
    if 0 in values.shape[1:]:
        raise StoreError(f"measurements of shape {values.shape[1:]} have no points", where=where)
    if block.sources and len(block.sources) != count:
        raise StoreError(f"{len(block.sources)} sources for {count} specimens", where=where)
    _check_ids(block.specimens, where)
    _check_acts(block, where)
    if not all_finite(values):
        finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        specimen = block.specimens[int(np.argmin(finite))]
        raise StoreError(
            f"the measurement of specimen {specimen!r} has values that are not finite",
            where=where,
            expected="A measurement that is missing is left out.",
        )
    if modality.has_axis != (block.axis is not None):
        raise StoreError(f"kind {modality.kind} {'without' if modality.has_axis else 'with'} an axis", where=where)
    if block.uncertainty is not None:
        certain = np.isfinite(block.uncertainty) & (block.uncertainty.astype(np.float64) >= 0)
        if block.uncertainty.shape != values.shape or not certain.all():
            raise StoreError(
                "uncertainties do not fit the values, or are negative or not finite",
                where=where,
                expected="One standard uncertainty, 0 or more, for every value.",
            )
    if block.axis is not None:
        _check_axis(block.axis, values.shape[1], where)


def _check_acts(block: Block, where: str) -> None:
    """The ids of measurements, and what is known of each."""
    count = len(block.specimens)
    if len(block.measurements) not in (0, count) or len(block.facts) not in (0, count):
        raise StoreError(
            f"{len(block.measurements)} ids and {len(block.facts)} facts for {count} measurements", where=where
        )
    for specimen, own in block.ids:
        if not _is_unicode(own):
            raise StoreError(
                f"{own!r} cannot be the id of a measurement",
                where=f"{where}, specimen {specimen!r}",
                expected="Unicode text.",
            )
    for specimen, facts in zip(block.specimens, block.facts, strict=False):
        _check_facts(facts, f"{where}, fact", specimen)


def _check_facts(facts: Mapping[str, object], where: str, specimen: str) -> None:
    for key, value in facts.items():
        if not (value is None or type(value) in (str, int, float, bool)):
            raise StoreError(
                f"{value!r} is of type {type(value).__name__}",
                where=f"{where} {key} of specimen {specimen}",
                expected="Text, a number, true, false or nothing.",
            )


def _check_ids(specimens: Sequence[str], where: str) -> None:
    for specimen in specimens:
        if not specimen or not _is_unicode(specimen):
            raise StoreError(
                f"{specimen!r} cannot be the id of a specimen",
                where=where,
                expected="Unicode text, not empty.",
            )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_axis(axis: np.ndarray[tuple[int, ...], np.dtype[np.float64]], points: int, where: str) -> None:
    increasing = axis.ndim == 1 and bool(np.isfinite(axis).all()) and bool((np.diff(axis) > 0).all())
    if not increasing or axis.shape != (points,) or axis.dtype != np.float64:
        raise StoreError(
            f"an axis of shape {axis.shape} and type {axis.dtype} for {points} points",
            where=where,
            expected="One finite, strictly increasing float64 number per point.",
        )


def check_space(path: str, size: int) -> None:
    """Refuse, before it is written, the next piece of an append where it plainly does not fit on the disk.

    Measurements hardly compress, so that half of their size is the least that they need. What fits this test and fails
    later is refused as well, but the storage engine's own threads then complain on stderr too.

    Args:
        path: of the store; what is to go to an object-store URL waits in the folder for temporary files.
        size: of the values of the piece, in bytes.

    Raises:
        DiskError: less than half of that is free.
    """
    store = Path(tempfile.gettempdir() if "://" in path else path).absolute()
    folder = next(each for each in (store, *store.parents) if each.is_dir())
    free = shutil.disk_usage(folder).free
    if free < size / 2:
        raise DiskError(
            "the disk is full",
            where=str(store) if "://" in path else path,
            expected=f"The next {size / 1e6:.1f} MB of measurements need half of that at least, and "
            f"{free / 1e6:.1f} MB are free. Nothing was stored.",
            next="Free some space or choose another folder, then run the same command again.",
        )
