"""What a store holds of specimens, in a run's units, and predictions from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fingerprint.errors import DataError
from fingerprint.ingestion import conform
from fingerprint.modality import RawModality
from fingerprint.prediction.predict import check_level, check_target, predict_raw
from fingerprint.prediction.records import Prediction, Predictions, Refusal
from fingerprint.run import Run
from fingerprint.store import Store

MOST_NUMBERS = 4_000_000  # read from the store at a time


def read_stored(run: Run, store: Store, target: str, specimens: Sequence[str] | None = None) -> dict[str, RawModality]:
    """The measurements from which a run can predict `target`, by modality; of unknown specimens there are none.

    Args:
        run: its modalities are read, apart from the target.
        store: any store, not only the one that the run was trained on.
        target: the modality to predict.
        specimens: ids; all that the store holds where None.

    Raises:
        DataError: the store has nothing at all that the target can be predicted from.
        DatasetError, UnitError: the store means something else by a modality's name.
    """
    names = sorted((set(run.preparations) - {target}) & set(store.modalities()))
    raws = {name: conform(store.read(name, specimens=specimens), run.preparations[name].source) for name in names}
    found = {name: raw for name, raw in raws.items() if len(raw)}
    if not names or (specimens is None and not found):
        raise _nothing(run, store, target)
    return found


def predict_stored(
    run: Run, store: Store, target: str, specimens: Sequence[str] | None = None, *, level: float | None = None
) -> Predictions:
    """Predict `target` for specimens of a store; one that cannot be predicted is refused and the others are answered.

    The store is read a piece at a time, and the answers are in the order asked for.

    Args:
        run: a trained run.
        store: any store, not only the one that the run was trained on.
        target: the modality to predict.
        specimens: ids; all that the store holds where None.
        level: of the interval; the run's own where None.

    Raises:
        DataError: the target is unknown, the level impossible, or the store has nothing to predict the target from.
        DatasetError, UnitError: the store means something else by a modality's name.
    """
    check_target(run, target)
    check_level(level)
    wanted = list(dict.fromkeys(store.specimens() if specimens is None else specimens))
    step = max(1, MOST_NUMBERS // sum(each.points for each in run.preparations.values()))
    answered: list[Prediction] = []
    refused: list[Refusal] = []
    for start in range(0, len(wanted), step):
        few = wanted[start : start + step]
        raws = read_stored(run, store, target, few)
        known = {specimen for raw in raws.values() for specimen in raw.specimens}
        if specimens is not None:
            refused += [_not_there(run, store, target, specimen) for specimen in few if specimen not in known]
        usable = {name: run.preparations[name].usable(raw) for name, raw in raws.items()}
        kept = {name: raw for name, (raw, _) in usable.items() if len(raw)}
        seen = {specimen for raw in kept.values() for specimen in raw.specimens}
        refused += _unusable({name: left_out for name, (_, left_out) in usable.items()}, seen)
        found = {each.specimen: each for each in predict_raw(run, target, kept, level=level)} if kept else {}
        answered += [found[specimen] for specimen in few if specimen in found]
    if specimens is None and not answered and not refused:
        raise _nothing(run, store, target)
    return Predictions(tuple(answered), tuple(refused))


def _not_there(run: Run, store: Store, target: str, specimen: str) -> Refusal:
    return Refusal(
        file="",
        where=store.path,
        reason=f"the store holds no {_sources(run, target)} of specimen {specimen!r}",
        expected="",
        next="See what it holds: fingerprint info.",
        specimen=specimen,
    )


def _nothing(run: Run, store: Store, target: str) -> DataError:
    return DataError(
        f"the store holds no {_sources(run, target)}", where=store.path, next="See what it holds: fingerprint info."
    )


def _unusable(left_out: Mapping[str, Mapping[str, str]], seen: set[str]) -> list[Refusal]:
    """One refusal for each specimen of which nothing can be used."""
    refused: dict[str, Refusal] = {}
    for name, reasons in left_out.items():
        for specimen, reason in reasons.items():
            if specimen not in seen:
                refused[specimen] = Refusal(
                    file="",
                    where=f"{name} of specimen {specimen}",
                    reason=reason,
                    expected="",
                    next="Leave the specimen out, or ingest another measurement of it.",
                    specimen=specimen,
                )
    return list(refused.values())


def _sources(run: Run, target: str) -> str:
    return " or ".join(sorted(set(run.preparations) - {target}))
