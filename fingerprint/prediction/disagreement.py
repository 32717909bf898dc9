r"""Whether the modalities of a specimen belong together: a swapped sample, a wrong label, a corrupted measurement.

Each modality alone gives responsibilities $r_{mc} = p(c|X_m)$. If the M measured ones belong to one specimen, they
share its cluster and are independent but for that:

$$\frac{p(X_1..X_M)}{\prod_m p(X_m)} = S_M = \sum_c \pi_c \prod_m \frac{r_{mc}}{\pi_c}
  = \sum_c \pi_c^{1-M} \prod_m r_{mc}$$

If one of them, each as likely, is of another specimen, its cluster is independent of that of the others:

$$A = \frac{1}{M} \sum_k S_{M \setminus k}$$

Of two modalities A = 1: both choose their clusters independently. With $\rho$ the share of such specimens, the
probability that a specimen is one of them is

$$p = \rho A \,/\, (\rho A + (1 - \rho) S_M)$$

Where at most one modality tells anything, all others being $r = \pi$, S = A = 1 and p is $\rho$. A specimen is flagged
at p > 0.5. That says that its modalities contradict each other, not which is wrong, nor why: a measurement that the
model misreads looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingerprint.model import PIMA
from fingerprint.prediction.embedding import embed_alone
from fingerprint.prepare import Tensors
from fingerprint.prepare.preparation import Array

PRIOR = 0.01
MOST = 0.5
FLAGGED = 0.5
LEAST = 1e-30


@dataclass(frozen=True)
class Disagreement:
    """Of one specimen.

    Attributes:
        p: probability that its modalities do not belong together.
        flagged: whether p > 0.5.
        prior: the share of such specimens that is assumed.
    """

    p: float
    flagged: bool
    prior: float


def alone(model: PIMA, tensors: Tensors, names: Sequence[str]) -> Array:
    """Responsibilities given each modality alone, averaged over members; nan where it was not measured.

    Args:
        model: in evaluation mode.
        tensors: the specimens.
        names: of modalities.

    Returns:
        $r_{mc}$, [modality, specimen, cluster].
    """
    found = embed_alone(model, tensors, names).double().mean(1).cpu().numpy()
    missing = np.stack([tensors.present[name].cpu().numpy() == 0 for name in names])
    found[missing] = np.nan
    return found


def mixture_weights(model: PIMA) -> Array:
    r"""$\pi_c$, averaged over members, whose clusters have one order, [cluster]."""
    return model.prior.log_weights.double().exp().mean(0).cpu().numpy()


def evidence(responsibilities: Array, weights: Array) -> Array:
    r"""$\log(A / S_M)$: above 0 where the modalities speak against each other, [specimen].

    Args:
        responsibilities: $r_{mc}$, [modality, specimen, cluster] of at least 1e-30; nan where not measured.
        weights: $\pi_c$, [cluster].

    Returns:
        nan for specimens with fewer than two modalities.
    """
    log_weights = np.log(np.maximum(weights, LEAST))
    measured = ~np.isnan(responsibilities[..., 0])
    ratios = np.log(np.maximum(np.where(measured[..., None], responsibilities, weights), LEAST)) - log_weights
    together = log_weights + ratios.sum(0)
    without = np.logaddexp.reduce(together - ratios, axis=-1)
    count = measured.sum(0)
    odd = np.logaddexp.reduce(np.where(measured, without, -np.inf), axis=0) - np.log(np.maximum(count, 1))
    return np.where(count > 1, odd - np.logaddexp.reduce(together, axis=-1), np.nan)


def share(found: Array) -> float:
    r"""The $\rho$ of greatest likelihood, at most one half: where EM over the specimens ends.

    Args:
        found: `evidence` of specimens, [specimen]; nan counts for nothing.
    """
    excess = np.expm1(np.minimum(found[~np.isnan(found)], 500))
    low, high = 0.0, MOST
    for _ in range(60):  # the slope of the log-likelihood falls with rho
        middle = (low + high) / 2
        if (excess / (1 + middle * excess)).sum() > 0:
            low = middle
        else:
            high = middle
    return high


def probability(found: Array, rho: float = PRIOR) -> Array:
    """p of every specimen from its `evidence`; nan stays nan."""
    odds = np.log(max(rho, LEAST)) - np.log1p(-rho)
    return 1 / (1 + np.exp(np.minimum(-found - odds, 700)))


def judge_together(responsibilities: Array, weights: Array, prior: float = PRIOR) -> list[Disagreement | None]:
    """The disagreement of every specimen; None for one with fewer than two modalities.

    Args:
        responsibilities: as of `evidence`.
        weights: as of `evidence`.
        prior: the share of disagreeing specimens.
    """
    found = probability(evidence(responsibilities, weights), prior).tolist()
    return [None if p != p else Disagreement(p, p > FLAGGED, prior) for p in found]
