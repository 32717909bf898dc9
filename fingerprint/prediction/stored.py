"""What a store holds of specimens, in a run's units."""

from __future__ import annotations

from collections.abc import Sequence

from fingerprint.errors import DataError
from fingerprint.ingestion import conform
from fingerprint.modality import RawModality
from fingerprint.run import Run
from fingerprint.store import Store


def read_stored(run: Run, store: Store, target: str, specimens: Sequence[str] | None = None) -> dict[str, RawModality]:
    """The measurements from which a run can predict `target`, by modality.

    Args:
        run: its modalities are read, apart from the target.
        store: any store, not only the one that the run was trained on.
        target: the modality to predict.
        specimens: ids; all that the store holds where None.

    Raises:
        DataError: the store has nothing of a specimen that the target can be predicted from.
        DatasetError, UnitError: the store means something else by a modality's name.
    """
    names = sorted((set(run.preparations) - {target}) & set(store.modalities()))
    raws = {name: conform(store.read(name, specimens=specimens), run.preparations[name].modality) for name in names}
    known = {each for raw in raws.values() for each in raw.specimens}
    missing = [each for each in specimens or [] if each not in known]
    if missing or not known:
        wanted = " or ".join(sorted(set(run.preparations) - {target}))
        raise DataError(
            f"the store holds no {wanted} of specimen {missing[0]!r}" if missing else f"the store holds no {wanted}",
            where=store.path,
            next="See what it holds: fingerprint info.",
        )
    return {name: raw for name, raw in raws.items() if len(raw)}
