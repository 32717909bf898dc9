"""Fingerprint: what the specimens of one latent cluster have in common, across all modalities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fingerprint.errors import StoreError
from fingerprint.modality import Modality
from fingerprint.prediction import Prediction, embed, predict_raw
from fingerprint.prepare import Physical, align, to_tensors
from fingerprint.prepare.preparation import Array
from fingerprint.run import ClusterMetrics, Run
from fingerprint.store import Snapshot, Store

NEAREST = 5
MEASURED_COLUMN = "measured_"


@dataclass(frozen=True)
class Profile:
    """One modality over the specimens of a cluster, in physical units.

    Attributes:
        modality: what it is.
        axis: [point]; None for scalars.
        mean, sd: responsibility-weighted, [point].
        count: members of the cluster in which it was measured.

    Mean and sd are nan for a cluster to which no specimen belongs in the least.
    """

    modality: Modality
    axis: Array | None
    mean: Array
    sd: Array
    count: int


@dataclass(frozen=True)
class Fingerprint:
    """One cluster of the map member.

    Attributes:
        cluster: its index, weight, size and stability between members, over the training part.
        profiles: by modality, over all specimens of the run.
        members: ids of the specimens most probably in it, all parts of the split.
        nearest: the members whose latent points lie nearest to its centre, nearest first.
        latent_mean, latent_sd: of the cluster in the latent space, [latent].
    """

    cluster: ClusterMetrics
    profiles: dict[str, Profile]
    members: tuple[str, ...]
    nearest: tuple[str, ...]
    latent_mean: Array
    latent_sd: Array


@dataclass(frozen=True)
class Description:
    """A run seen through its store.

    Attributes:
        fingerprints: one per cluster.
        specimens: one row per specimen: `specimen`, `part`, `cluster`, `latent_1`.. and `latent_sd_1`.. of the map
            member, `probability_0`.. averaged over members, `measured_NAME` of every scalar, and
            `metadata_*`.
        predictions: by target, each specimen's from all other modalities that it has.
        measured: of the run's specimens, physical units on the common grids.
    """

    fingerprints: tuple[Fingerprint, ...]
    specimens: pd.DataFrame
    predictions: dict[str, tuple[Prediction, ...]]
    measured: Physical


def describe(run: Run, store: Store) -> Description:
    """Describe the clusters and specimens of a run.

    Args:
        run: a trained run.
        store: the store that it was trained on; it is read at the run's snapshot.

    Raises:
        StoreError: the store is another one.
    """
    at = _snapshot(run, store)
    raws = {name: store.read(name, at=at) for name in run.preparations}
    specimens = sorted(run.parts)
    measured = align(raws, run.preparations, specimens)
    embedding = embed(run.model, to_tensors(measured, run.preparations, next(run.model.parameters()).device))
    member = run.info.map_member
    latent = embedding.posterior.mean[member].double().cpu().numpy()
    latent_sd = (0.5 * embedding.posterior.log_variance[member]).exp().double().cpu().numpy()
    own = embedding.responsibilities[member].double().cpu().numpy()
    averaged = embedding.responsibilities.mean(0).double().cpu().numpy()
    fingerprints = tuple(_fingerprint(run, measured, latent, own, cluster) for cluster in run.metrics.clusters)

    columns: dict[str, object] = {
        "specimen": specimens,
        "part": [run.parts[specimen] for specimen in specimens],
        "cluster": own.argmax(1),
    }
    columns |= {f"latent_{axis + 1}": latent[:, axis] for axis in range(latent.shape[1])}
    columns |= {f"latent_sd_{axis + 1}": latent_sd[:, axis] for axis in range(latent.shape[1])}
    columns |= {f"probability_{cluster}": averaged[:, cluster] for cluster in range(averaged.shape[1])}
    for name, preparation in run.preparations.items():
        if preparation.grid is None:
            columns[MEASURED_COLUMN + name] = measured.values[name][:, 0]
    metadata = store.specimens(at)
    for key in sorted({key for row in metadata.values() for key in row}):
        columns[f"metadata_{key}"] = [metadata.get(specimen, {}).get(key) for specimen in specimens]
    predictions = {
        target: tuple(predict_raw(run, target, {n: raw for n, raw in raws.items() if n != target}))
        for target in run.preparations
        if len(run.preparations) > 1
    }
    return Description(fingerprints, pd.DataFrame(columns), predictions, measured)


def _snapshot(run: Run, store: Store) -> Snapshot:
    at = Snapshot(run.info.position, run.info.ingest)
    now = store.snapshot()
    if now.position < at.position or not any(entry.ingest == at.ingest for entry in store.log()):
        raise StoreError(
            "this is not the store that the run was trained on",
            where=store.path,
            expected=f"A store whose ledger has the ingest {at.ingest}.",
            next="Name it: --store PATH.",
        )
    return at


def _fingerprint(
    run: Run, measured: Physical, latent: Array, responsibilities: Array, cluster: ClusterMetrics
) -> Fingerprint:
    index = cluster.index
    prior, member = run.model.prior, run.info.map_member
    centre = prior.mean[member, index].double().cpu().numpy()
    sd = (0.5 * prior.log_variance[member, index]).exp().double().cpu().numpy()
    inside = np.flatnonzero(responsibilities.argmax(1) == index)
    distance = (((latent[inside] - centre) / sd) ** 2).sum(1)
    nearest = inside[np.argsort(distance, kind="stable")[:NEAREST]]
    profiles = {
        name: _profile(run, measured.rows(inside), measured, name, responsibilities[:, index])
        for name in sorted(run.preparations)
    }
    return Fingerprint(
        cluster=cluster,
        profiles=profiles,
        members=tuple(measured.specimens[row] for row in inside),
        nearest=tuple(measured.specimens[row] for row in nearest),
        latent_mean=centre,
        latent_sd=sd,
    )


def _profile(run: Run, members: Physical, measured: Physical, name: str, weight: NDArray[np.float64]) -> Profile:
    preparation = run.preparations[name]
    present = measured.measured(name)
    values = measured.values[name][present]
    total = weight[present].sum()
    share = weight[present] / total if total > 0 else np.full(len(values), np.nan)
    mean = share @ values
    sd = np.sqrt(share @ (values - mean) ** 2)
    return Profile(preparation.modality, preparation.grid, mean, sd, int(members.measured(name).sum()))
