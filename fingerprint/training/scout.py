"""Scouting: where no expert tells the clusters, more of them are looked for first, and merged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from fingerprint.model import PIMA
from fingerprint.recipe import Recipe
from fingerprint.training.agreement import Labels
from fingerprint.training.alignment import cluster_logits
from fingerprint.training.batch import BatchSource
from fingerprint.training.state import TrainingState
from fingerprint.training.trainer import make_optimizer, run_epochs

CHUNK = 1024


def scout(
    recipe: Recipe,
    source: BatchSource,
    generators: Sequence[torch.Generator],
    on_epoch: Callable[[TrainingState], None],
) -> Int[Tensor, "seed specimen"]:
    """A first cluster of every training specimen.

    Cures alignment that settles with two true clusters in one and another in two: a model with more clusters than are
    wanted (`prior.scouts` times as many) is trained for `prior.scout_epochs`; few of its clusters are mixed, and those
    that are parts of one change places when the measurements are augmented. They are merged, greatest lift of such
    changes first, until as many are left as are wanted.

    Args:
        recipe: planned.
        source: of the training part's batches.
        generators: one per seed.
        on_epoch: told after every epoch.
    """
    wanted = recipe.model.clusters
    first = msgspec.structs.replace(
        recipe,
        model=msgspec.structs.replace(recipe.model, clusters=wanted * recipe.prior.scouts),
        prior=msgspec.structs.replace(recipe.prior, seeding="none", start=1.0),
        training=msgspec.structs.replace(recipe.training, epochs=recipe.prior.scout_epochs),
    )
    model = PIMA(first.model, first.modalities, source.shapes, generators, first.prior)
    state = TrainingState(model.to(source.has_expert.device), make_optimizer(model, first), generators)
    run_epochs(state, first, dataclasses.replace(source, recipe=first), source.train.subset([]), on_epoch)
    return _merged(model.eval(), source, generators, wanted, first.alignment.sharpness)


@torch.no_grad()
def _merged(
    model: PIMA, source: BatchSource, generators: Sequence[torch.Generator], wanted: int, sharpness: float
) -> Int[Tensor, "seed specimen"]:
    """The clusters of every specimen after merging."""
    clusters = model.prior.mean.shape[1]
    together = torch.zeros(model.seeds, clusters, clusters, dtype=torch.float64)
    labels: list[Tensor] = []
    for start in range(0, len(source.train), CHUNK):
        rows = torch.arange(start, min(start + CHUNK, len(source.train)), device=source.has_expert.device)
        batch = source.draw(rows.expand(model.seeds, -1), generators, joined=True)
        plain, changed = (
            torch.softmax(cluster_logits(model.prior.expected_log_density(q), model.prior, sharpness), -1)
            for q in (
                model.embed(values, batch.present, certainty=batch.certainty) for values in (batch.values, batch.seen)
            )
        )
        together += (plain.transpose(1, 2) @ changed).double().cpu()
        labels.append(plain.argmax(-1))
    found = torch.cat(labels, 1)
    groups = [merge_clusters(each.numpy(), wanted) for each in (together + together.transpose(1, 2)) / 2]
    return torch.as_tensor(np.stack(groups), device=found.device).gather(1, found)


def merge_clusters(together: Float[NDArray[np.float64], "cluster cluster"], wanted: int) -> Labels:
    r"""Merge the clusters that change places most, until as many are left as are wanted.

    The lift of two groups is $n_{ab} / (n_a n_b)$: how often a specimen is in one before a change and in the other
    after it, against what chance would give.

    Args:
        together: how many specimens go from each cluster to each, symmetric.
        wanted: how many groups to leave.

    Returns:
        The group of each cluster, [cluster]; a cluster without specimens goes where it is no group of its own.
    """
    total = together.sum(1)
    groups = [[int(cluster)] for cluster in np.flatnonzero(total > 1e-9 * total.sum())]
    while len(groups) > wanted:
        pairs = [(a, b) for a in range(len(groups)) for b in range(a)]
        lift = [
            together[np.ix_(groups[a], groups[b])].sum() / (total[groups[a]].sum() * total[groups[b]].sum())
            for a, b in pairs
        ]
        a, b = pairs[int(np.argmax(lift))]
        groups[b] += groups.pop(a)
    result = np.zeros(len(together), dtype=np.int64)
    for number, group in enumerate(groups):
        result[group] = number
    return result
