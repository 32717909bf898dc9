"""Fingerprint: what the specimens of one latent cluster have in common, across all modalities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from fingerprint.fingerprints.contradictions import find_contradictions
from fingerprint.fingerprints.description import MEASURED_COLUMN, Description, Fingerprint, Profile
from fingerprint.fingerprints.laws import law_curves, parameters_of
from fingerprint.fingerprints.pieces import pieces, snapshot
from fingerprint.fingerprints.predicted import choose_examples, empty_table, predict_piece
from fingerprint.fingerprints.profiles import ProfileSums, nearest_rows
from fingerprint.fingerprints.survey import Survey, joined, survey
from fingerprint.modality import Kind
from fingerprint.prediction.disagreement import mixture_weights
from fingerprint.prepare import Preparation
from fingerprint.prepare.preparation import Array
from fingerprint.run import Run
from fingerprint.store import Store

NEAREST = 5


def describe(run: Run, store: Store) -> Description:
    """Describe the clusters and specimens of a run.

    The store is read a piece at a time, so that what is held does not grow with the size of a curve or image; with as
    many threads as the run was trained with.

    Args:
        run: a trained run.
        store: the store that it was trained on; it is read at the run's snapshot.

    Raises:
        StoreError: the store is another one.
    """
    with threadpool_limits(run.recipe.training.threads):
        return _describe(run, store)


def _describe(run: Run, store: Store) -> Description:
    at = snapshot(run, store)
    specimens = sorted(run.parts)
    names = sorted(run.preparations)
    sums = {name: ProfileSums(run.preparations[name], len(run.metrics.clusters)) for name in names}
    targets = names if len(names) > 1 else []
    tables = {target: [empty_table(run, target)] for target in targets}
    seen: list[Survey] = []
    for piece in pieces(run, store, specimens):
        found = survey(run, piece, names)
        seen.append(found)
        for name in names:
            rows = found.present[name]
            sums[name].add(piece.physical.values[name][rows], found.own[rows])
        for target in targets:
            tables[target] += predict_piece(run, target, piece)
    whole = joined(seen)
    disagreement, contradictions = find_contradictions(
        specimens, run.parts, names, whole.alone, mixture_weights(run.model)
    )
    predictions = {target: _sorted(tables[target]) for target in targets}
    return Description(
        fingerprints=_fingerprints(run, store, specimens, whole, sums),
        specimens=_table(run, specimens, whole, disagreement, store.specimens(at)),
        predictions=predictions,
        examples={
            target: choose_examples(run, store, target, table)
            for target, table in predictions.items()
            if run.preparations[target].modality.kind is not Kind.SCALAR
        },
        present=whole.present,
        contradictions=contradictions,
    )


def _sorted(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of pieces and patterns as one, in order of specimen."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True).sort_values("specimen", ignore_index=True) if filled else tables[0]


def _table(
    run: Run, specimens: list[str], whole: Survey, disagreement: Array, metadata: Mapping[str, Mapping[str, object]]
) -> pd.DataFrame:
    columns: dict[str, object] = {
        "specimen": specimens,
        "part": [run.parts[specimen] for specimen in specimens],
        "cluster": whole.own.argmax(1),
    }
    axes = range(whole.latent.shape[1])
    columns |= {f"latent_{axis + 1}": whole.latent[:, axis] for axis in axes}
    columns |= {f"latent_sd_{axis + 1}": whole.latent_sd[:, axis] for axis in axes}
    columns |= {f"probability_{cluster}": column for cluster, column in enumerate(whole.averaged.T)}
    columns["disagreement"] = disagreement
    columns |= {MEASURED_COLUMN + name: values for name, values in whole.scalars.items()}
    for key in sorted({key for row in metadata.values() for key in row}):
        columns[f"metadata_{key}"] = [metadata.get(specimen, {}).get(key) for specimen in specimens]
    return pd.DataFrame(columns)


def _fingerprints(
    run: Run,
    store: Store,
    specimens: list[str],
    whole: Survey,
    sums: dict[str, ProfileSums],
) -> tuple[Fingerprint, ...]:
    prior, member = run.model.prior, run.info.map_member
    centres = prior.mean[member].double().cpu().numpy()
    sds = (0.5 * prior.log_variance[member]).exp().double().cpu().numpy()
    label = whole.own.argmax(1)
    inside = {each.index: np.flatnonzero(label == each.index) for each in run.metrics.clusters}
    nearest = {
        index: [specimens[row] for row in nearest_rows(whole.latent, centres[index], sds[index], rows, NEAREST)]
        for index, rows in inside.items()
    }
    laws = law_curves(run)
    measured = _measured(run, store, [specimen for each in nearest.values() for specimen in each])
    return tuple(
        Fingerprint(
            cluster=each,
            profiles={
                name: _profile(
                    run.preparations[name],
                    own,
                    each.index,
                    [measured[s][name] for s in nearest[each.index]],
                    laws[name][each.index] if name in laws else None,
                )
                for name, own in sums.items()
            },
            parameters=parameters_of(run, each.index),
            members=tuple(specimens[row] for row in inside[each.index]),
            nearest=tuple(nearest[each.index]),
            latent_mean=centres[each.index],
            latent_sd=sds[each.index],
        )
        for each in run.metrics.clusters
    )


def _measured(run: Run, store: Store, specimens: list[str]) -> dict[str, dict[str, Array]]:
    """What was measured of each specimen, in each way, [point]; nan where it was not."""
    return {
        specimen: {name: values[row] for name, values in piece.physical.values.items()}
        for piece in pieces(run, store, specimens)
        for row, specimen in enumerate(piece.physical.specimens)
    }


def _profile(
    preparation: Preparation, sums: ProfileSums, index: int, nearest: list[Array], law: Array | None
) -> Profile:
    return Profile(
        modality=preparation.modality,
        axis=preparation.grid,
        mean=sums.mean(index),
        sd=sums.sd(index),
        count=int(sums.count[index]),
        nearest=np.array(nearest).reshape(-1, *preparation.shape),
        law=law,
    )
