"""The specimens of a run whose modalities point to different clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fingerprint.fingerprints.description import Contradiction, Contradictions
from fingerprint.prediction.disagreement import FLAGGED, evidence, probability, share
from fingerprint.prepare.preparation import Array

WORST = 20


def find_contradictions(
    specimens: list[str], parts: Mapping[str, str], names: Sequence[str], responsibilities: Array, weights: Array
) -> tuple[Array, Contradictions | None]:
    """Judge all specimens of a run, with the share of disagreeing ones that they themselves make most likely.

    Args:
        specimens: ids, [specimen].
        parts: of the split.
        names: of the modalities, [modality].
        responsibilities: given each modality alone, [modality, specimen, cluster]; nan where not measured.
        weights: of the clusters, [cluster].

    Returns:
        The probability that the modalities of a specimen disagree, [specimen], nan with fewer than two; and the most
        extreme of those that do, None where no specimen has two.
    """
    found = evidence(responsibilities, weights)
    judged = int((~np.isnan(found)).sum())
    if not judged:
        return found, None
    rho = share(found)
    p = probability(found, rho)
    flagged = np.flatnonzero(p > FLAGGED)
    worst = flagged[np.argsort(-p[flagged], kind="stable")[:WORST]]
    told: list[Contradiction] = []
    for row in worst.tolist():
        clusters = {
            name: (int(own.argmax()), float(own.max()))
            for name, own in zip(names, responsibilities[:, row], strict=True)
            if not np.isnan(own[0])
        }
        told.append(Contradiction(specimens[row], parts[specimens[row]], float(p[row]), clusters))
    return p, Contradictions(judged, rho, len(flagged), tuple(told))
