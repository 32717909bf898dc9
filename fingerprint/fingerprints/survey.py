"""What is kept of every specimen of a run: where it lies, and in which clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fingerprint.fingerprints.pieces import Piece
from fingerprint.modality import Kind
from fingerprint.prediction import embed
from fingerprint.prediction.disagreement import alone
from fingerprint.prepare.preparation import Array
from fingerprint.run import Run


class Survey(NamedTuple):
    """Of some specimens, or of all.

    Attributes:
        latent, latent_sd: of the map member, [specimen, latent].
        own: responsibilities of the map member, [specimen, cluster].
        averaged: over members, [specimen, cluster].
        alone: given each modality alone, averaged over members, [modality, specimen, cluster].
        present: whether it was measured, by modality, [specimen].
        scalars: by modality, [specimen].
    """

    latent: Array
    latent_sd: Array
    own: Array
    averaged: Array
    alone: Array
    present: dict[str, NDArray[np.bool_]]
    scalars: dict[str, Array]


def survey(run: Run, piece: Piece, names: Sequence[str]) -> Survey:
    """Embed the specimens of a piece, from all that was measured and from each modality alone.

    Args:
        run: a trained run.
        piece: specimens.
        names: of its modalities, in the order in which `alone` has them.
    """
    embedding = embed(run.model, piece.tensors)
    member = run.info.map_member
    return Survey(
        latent=embedding.posterior.mean[member].double().cpu().numpy(),
        latent_sd=(0.5 * embedding.posterior.log_variance[member]).exp().double().cpu().numpy(),
        own=embedding.responsibilities[member].double().cpu().numpy(),
        averaged=embedding.responsibilities.mean(0).double().cpu().numpy(),
        alone=alone(run.model, piece.tensors, names),
        present={name: piece.physical.measured(name) for name in names},
        scalars={
            name: piece.physical.values[name][:, 0].copy()
            for name in names
            if run.preparations[name].modality.kind is Kind.SCALAR
        },
    )


def joined(seen: Sequence[Survey]) -> Survey:
    """Pieces as one.

    Args:
        seen: at least one.
    """
    first = seen[0]
    return Survey(
        latent=np.concatenate([each.latent for each in seen]),
        latent_sd=np.concatenate([each.latent_sd for each in seen]),
        own=np.concatenate([each.own for each in seen]),
        averaged=np.concatenate([each.averaged for each in seen]),
        alone=np.concatenate([each.alone for each in seen], axis=1),
        present={name: np.concatenate([each.present[name] for each in seen]) for name in first.present},
        scalars={name: np.concatenate([each.scalars[name] for each in seen]) for name in first.scalars},
    )
